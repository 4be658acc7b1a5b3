#include "app/journal_stats.hpp"

#include "app/count_text.hpp"
#include "domain/time_text.hpp"
#include "storage/event_tags.hpp"
#include "storage/record.hpp"
#include "storage/sqlite_journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>

namespace rialto::app {

namespace {

constexpr storage::shard_id only_shard = 0;
constexpr std::int64_t day_ns = 86'400'000'000'000;

struct row_sums {
  std::uint64_t rows = 0, records = 0, events = 0, orders = 0, bytes = 0;
  void add(const row_sums& other) {
    rows += other.rows;
    records += other.records;
    events += other.events;
    orders += other.orders;
    bytes += other.bytes;
  }
};

/// Placed orders among some events, without decoding them.
std::uint64_t orders_in(std::string_view events) {
  std::uint64_t found = 0;
  for (byte_reader in(events); in.left() > 0;) {
    found += in.get<std::uint16_t>() == storage::tag_of<order_placed>.tag ? 1 : 0;
    static_cast<void>(in.get<std::uint8_t>());
    static_cast<void>(in.take(in.get<std::uint32_t>()));
  }
  return found;
}

struct journal_sums {
  row_sums all, archived;
  std::vector<storage::record_frame> records;          // of the row at hand
  std::deque<std::pair<std::int64_t, row_sums>> hours; // of the last day and a bit
  timestamp_ns first, last;

  void take(storage::position at, std::string_view blob, storage::position archived_last) {
    if (!storage::frame_blob(blob, records))
      throw storage::journal_error("row " + std::to_string(at) +
                                   " is damaged; run rialto journal verify");
    row_sums row{.rows = 1, .records = records.size(), .bytes = blob.size()};
    for (const auto& one : records) {
      row.events += one.event_count;
      row.orders += orders_in(one.events);
      if (first.value == 0) first = one.at;
      last = std::max(last, one.at);
    }
    all.add(row);
    if (at <= archived_last) archived.add(row);
    const auto hour = last.value / (day_ns / 24);
    if (hours.empty() || hours.back().first != hour) hours.push_back({hour, {}});
    hours.back().second.add(row);
    while (hours.front().first + 24 < hour) hours.pop_front();
  }
  /// Rows of the newest full hours, 24 at most, as so much a day; empty before there is one.
  [[nodiscard]] std::optional<row_sums> a_day() const {
    row_sums sum;
    if (hours.size() < 2) return std::nullopt;
    for (std::size_t i = 0; i + 1 < hours.size(); ++i) sum.add(hours[i].second);
    const auto span = static_cast<std::uint64_t>(hours.back().first - hours.front().first);
    for (auto* one : {&sum.rows, &sum.records, &sum.events, &sum.orders, &sum.bytes})
      *one = *one * 24 / span;
    return sum;
  }
};

std::uint64_t size_of(const std::string& path) {
  std::error_code absent;
  const auto size = std::filesystem::file_size(path, absent);
  return absent ? 0 : size;
}

std::string each(std::uint64_t bytes, std::uint64_t orders) {
  return orders == 0
           ? "-"
           : fmt::format("{:.0f}", static_cast<double>(bytes) / static_cast<double>(orders));
}

void print(const journal_sums& sums, storage::sqlite_journal& store, const std::string& data) {
  const auto& all = sums.all;
  fmt::print("journal      {}, {}, {}, {}: {}\n", counted(all.rows, "row"),
             counted(all.records, "record"), counted(all.events, "event"),
             counted(all.orders, "order"), counted(all.bytes, "byte"));
  if (all.rows > 0)
    fmt::print("             from {} to {}\n", format_time(sums.first), format_time(sums.last));
  const auto [first, last] = store.table_rows(only_shard);
  const auto [file, free] = store.file_bytes();
  fmt::print("table        rows {} to {}; journal.sqlite has {}, {} of them free for new rows\n",
             grouped(first), grouped(last), counted(file, "byte"), grouped(free));
  std::uint64_t stored = 0;
  const auto directory = data + "/archive";
  const auto files = storage::list_archives(directory);
  for (const auto& one : files) stored += size_of(directory + "/" + storage::archive_name(one));
  fmt::print("archives     {}, {}: {} in {} ({})\n", counted(files.size(), "file"),
             counted(sums.archived.rows, "row"), counted(sums.archived.bytes, "byte"),
             grouped(stored), ratio(sums.archived.bytes, stored));
  const auto lists = size_of(data + "/read.sqlite");
  fmt::print("read models  {} in read.sqlite, {} in tape.sqlite\n", counted(lists, "byte"),
             grouped(size_of(data + "/tape.sqlite")));
  fmt::print("an order     {} bytes in the journal, {} archived, {} in read.sqlite\n",
             each(all.bytes, all.orders), each(stored, sums.archived.orders),
             each(lists, all.orders));
  if (const auto day = sums.a_day())
    fmt::print("a day        {} and {}, as in the newest full hours (24 at most)\n",
               counted(day->orders, "order"), counted(day->bytes, "byte"));
}

} // namespace

int journal_stats(const std::string& data_directory) {
  try {
    storage::sqlite_journal store(data_directory);
    journal_sums sums;
    const auto archived = store.archived(only_shard);
    store.read(only_shard, 1, [&](storage::position at, std::string_view blob) {
      sums.take(at, blob, archived);
      return true;
    });
    print(sums, store, data_directory);
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "rialto journal stats: {}\n", problem.what());
    return 2;
  }
}

} // namespace rialto::app
