// net/binance/stream_names.hpp: what a stream's name means: "btcusdt@depth@100ms", "!miniTicker@arr".
//
// The room: pure functions of texts. Names are case-sensitive and symbols in them are in lower case, as Binance has it.
#pragma once

#include "domain/candle.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::net::binance {

enum class stream_kind : std::uint8_t {
  trade = 1,
  aggregate_trade,
  kline,
  ticker,
  mini_ticker,
  all_tickers,
  all_mini_tickers,
  book_ticker,
  depth,         // differences
  partial_depth, // the best levels
  average_price
};

struct stream_topic {
  stream_kind kind = stream_kind::trade;
  std::string symbol{};                           // upper case; empty: every market
  candle_interval interval = candle_interval::s1; // of klines
  std::int64_t offset_ns = 0;                     // of klines: where their days begin
  std::uint32_t levels = 0;                       // of partial depth
  bool is_fast = false;                           // of depth: every 100 ms, else every second
  friend bool operator==(const stream_topic&, const stream_topic&) = default;
};

inline constexpr std::size_t stream_name_bytes_max = 64;

/// Empty: it is no stream's. Whether there is such a market is for the caller.
[[nodiscard]] std::optional<stream_topic> parse_stream_name(std::string_view name);
/// Whether a text is meant as a stream's name, right or wrong; clients connect at paths like /ws/0 too.
[[nodiscard]] bool looks_like_stream(std::string_view name);

/// The names that a connection asks for with its path and query: /ws/a/b, /stream?streams=a/b. `is_combined`: events are
/// wrapped with their stream's name.
struct stream_target {
  bool is_combined = false;
  std::vector<std::string_view> names; // into path and query, in order, empty ones left out
};
[[nodiscard]] bool is_stream_path(std::string_view path);
[[nodiscard]] stream_target parse_stream_target(std::string_view path, std::string_view streams);

} // namespace rialto::net::binance
