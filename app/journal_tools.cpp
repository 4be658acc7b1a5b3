#include "app/journal_tools.hpp"

#include "app/commands.hpp"
#include "domain/time_text.hpp"
#include "storage/event_codec.hpp"
#include "storage/postgres_reader.hpp"
#include "storage/record.hpp"
#include "storage/shard_map.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <optional>

namespace rialto::app {

namespace {

constexpr storage::shard_id only_shard = 0; // of an embedded journal

template <class Event>
void print_events(const storage::record& one) {
  byte_reader in(one.events);
  for (std::uint32_t i = 0; i < one.event_count; ++i) {
    Event event;
    if (!storage::decode_event(in, event)) {
      fmt::print("{{\"stream\":\"{}\",\"number\":{},\"damaged\":true}}\n", to_string(one.stream),
                 one.first_event + i);
      return;
    }
    fmt::print("{{\"stream\":\"{}\",\"number\":{},\"time\":\"{}\",\"data\":{}}}\n",
               to_string(one.stream), one.first_event + i, format_time(one.at),
               storage::event_to_json(event));
  }
}

void print_record(const storage::record& one) {
  if (one.event_count == 0) {
    fmt::print("{{\"stream\":\"{}\",\"number\":{},\"time\":\"{}\",\"data\":{{\"event\":\"message_"
               "taken\",\"from\":\"{}\",\"message\":{}}}}}\n",
               to_string(one.stream), one.first_event, format_time(one.at),
               to_string(one.cause.peer), one.cause.number);
    return;
  }
  switch (one.stream.kind()) {
  case entity_kind::user: return print_events<user_event>(one);
  case entity_kind::account: return print_events<account_event>(one);
  case entity_kind::market: return print_events<market_event>(one);
  case entity_kind::order:
  case entity_kind::none: return;
  }
}

/// Events of one stream, or of all if it is entity_id{}.
class event_printer {
public:
  explicit event_printer(entity_id wanted) : wanted_(wanted) {}
  void take(const std::string& row, std::string_view blob) {
    const auto records = wanted_ ? storage::read_blob(blob, wanted_) : storage::read_blob(blob);
    if (!records) throw storage::journal_error(row + " is damaged; run rialto journal verify");
    for (const auto& one : *records) print_record(one);
    found_ = found_ || !records->empty();
  }
  /// The exit code.
  [[nodiscard]] int finish(const std::string& stream) const {
    if (found_ || !wanted_) return 0;
    fmt::print(stderr, "rialto journal dump: stream \"{}\" has no events\n", stream);
    return exit_failed;
  }

private:
  entity_id wanted_;
  bool found_ = false;
};

/// Empty, and complained about, if there is no such stream; "market/BTCUSDT" by the claim of its symbol.
template <class Journal>
std::optional<entity_id> find_stream(Journal& store, const std::string& stream) {
  if (stream == "all") return entity_id{};
  auto wanted = parse_entity_id(stream);
  if (!wanted && stream.starts_with("market/"))
    wanted = store.find_claim("symbol:" + stream.substr(7)).value_or(entity_id{});
  if (wanted) return wanted;
  fmt::print(stderr,
             "rialto journal dump: no stream \"{}\": say account/N, user/N, market/SYMBOL or all\n",
             stream);
  return std::nullopt;
}

int fail(const std::exception& problem) {
  fmt::print(stderr, "rialto journal dump: {}\n", problem.what());
  return 2;
}

} // namespace

int journal_dump(const std::string& data_directory, const std::string& stream) try {
  const auto store = storage::open_sqlite_journal(data_directory);
  const auto wanted = find_stream(*store, stream);
  if (!wanted) return exit_failed;
  event_printer out(*wanted);
  store->read(only_shard, 1, [&](storage::position at, std::string_view blob) {
    out.take("row " + std::to_string(at), blob);
    return true;
  });
  return out.finish(stream);
} catch (const std::exception& problem) {
  return fail(problem);
}

int postgres_journal_dump(const std::string& address, const std::string& stream) try {
  storage::postgres_reader store(address);
  const auto wanted = find_stream(store, stream);
  if (!wanted) return exit_failed;
  const auto shard_count = store.shard_count();
  event_printer out(*wanted);
  for (const auto& [shard, last] : store.cut()) {
    if (*wanted && shard_count && storage::shard_of(*wanted, *shard_count) != shard) continue;
    auto rows = store.rows(shard, last);
    for (storage::position next = 1; const auto row = rows.next(); ++next) {
      const auto name = fmt::format("row {} of shard {}", next, shard);
      if (row->at != next)
        throw storage::journal_error(name + " is missing; run rialto journal verify");
      out.take(name, row->blob);
    }
  }
  return out.finish(stream);
} catch (const std::exception& problem) {
  return fail(problem);
}

} // namespace rialto::app
