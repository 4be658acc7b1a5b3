#include "app/journal_tools.hpp"

#include "domain/time_text.hpp"
#include "storage/event_codec.hpp"
#include "storage/journal.hpp"
#include "storage/record.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace rialto::app {

namespace {

constexpr storage::shard_id only_shard = 0;

/// Calls take(position, blob) for every row.
template <class Take>
void read_rows(storage::journal& store, Take&& take) {
  store.read(only_shard, 1, [&](storage::position at, std::string_view blob) {
    take(at, blob);
    return true;
  });
}

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

/// "market/BTCUSDT" by the instrument_listed events; entity_id{} if there is none.
entity_id find_symbol(storage::journal& store, std::string_view symbol) {
  const auto owner = store.find_claim("symbol:" + std::string(symbol));
  return owner ? *owner : entity_id{};
}

} // namespace

int journal_dump(const std::string& data_directory, const std::string& stream) {
  try {
    const auto store = storage::open_sqlite_journal(data_directory);
    entity_id wanted;
    if (stream != "all") {
      wanted = parse_entity_id(stream);
      if (!wanted && stream.starts_with("market/"))
        wanted = find_symbol(*store, std::string_view(stream).substr(7));
      if (!wanted) {
        fmt::print(
          stderr,
          "rialto journal dump: no stream \"{}\": say account/N, user/N, market/SYMBOL or all\n",
          stream);
        return 1;
      }
    }
    bool found = false;
    read_rows(*store, [&](storage::position at, std::string_view blob) {
      const auto records = storage::read_blob(blob);
      if (!records)
        throw storage::journal_error("row " + std::to_string(at) +
                                     " is damaged; run rialto journal verify");
      for (const auto& one : *records) {
        if (wanted && one.stream != wanted) continue;
        found = true;
        print_record(one);
      }
    });
    if (found || !wanted) return 0;
    fmt::print(stderr, "rialto journal dump: stream \"{}\" has no events\n", stream);
    return 1;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "rialto journal dump: {}\n", problem.what());
    return 2;
  }
}

} // namespace rialto::app
