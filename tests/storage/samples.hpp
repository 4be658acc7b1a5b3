// tests/storage/samples.hpp: events and records made from a seed, by walking their field lists.
#pragma once

#include "domain/account_events.hpp"
#include "domain/market_events.hpp"
#include "domain/user_events.hpp"
#include "storage/event_codec.hpp"
#include "storage/record.hpp"

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace rialto::storage {

/// 1..count, or the one in RIALTO_SEED, so that a failure can be run again alone.
inline std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("RIALTO_SEED")) return {std::strtoull(one, nullptr, 10)};
  std::vector<std::uint64_t> all;
  for (std::uint64_t seed = 1; seed <= count; ++seed) all.push_back(seed);
  return all;
}

using random_source = std::mt19937_64;

template <class T>
void fill(T& x, random_source& from) {
  if constexpr (std::is_same_v<T, bool>) {
    x = (from() & 1) != 0;
  } else if constexpr (std::is_enum_v<T>) {
    x = static_cast<T>(1 + from() % 2); // the first two enumerators of each
  } else if constexpr (std::is_integral_v<T>) {
    x = static_cast<T>(from() >> (from() % 64)); // small numbers as likely as large ones
  } else if constexpr (std::is_same_v<T, std::string>) {
    x.clear();
    for (auto n = from() % 20; n > 0; --n) x += static_cast<char>(' ' + from() % 90);
  } else if constexpr (requires { x.emplace_back(); }) {
    x.clear();
    for (auto n = from() % 4; n > 0; --n) fill(x.emplace_back(), from);
  } else if constexpr (requires { x.has_value(); }) {
    x.reset();
    if (from() % 2 == 0) fill(x.emplace(), from);
  } else if constexpr (has_fields<T>) {
    std::apply([&](auto&... field) { (fill(field, from), ...); }, x.fields());
  } else {
    fill(x.value, from);
  }
}
inline void fill(login_failed&, random_source&) {}

/// The event's alternative `index`, filled.
template <class Event>
Event sample_event(std::size_t index, random_source& from) {
  Event event;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((I == index ? fill(event.template emplace<I>(), from) : void()), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Event>>{});
  return event;
}

template <class Event>
std::string encoded(const Event& event) {
  std::string bytes;
  encode_event(event, bytes);
  return bytes;
}

inline record sample_record(random_source& from) {
  record made;
  made.stream = entity_id(account_id{1 + from() % 50});
  made.first_event = 1 + from() % 1'000;
  made.at = {static_cast<std::int64_t>(from() >> 1)};
  if (from() % 2 == 0) made.cause = {entity_id(market_id{1 + from() % 5}), 1 + from() % 100};
  for (auto n = from() % 3; n > 0; --n)
    made.acknowledged.push_back({entity_id(market_id{n}), from() % 100});
  made.event_count = static_cast<std::uint32_t>(from() % 3);
  for (std::uint32_t i = 0; i < made.event_count; ++i)
    encode_event(sample_event<account_event>(from() % std::variant_size_v<account_event>, from),
                 made.events);
  return made;
}

inline std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

inline std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::strtoul(std::string(text.substr(i, 2)).c_str(), nullptr, 16));
  return bytes;
}

} // namespace rialto::storage
