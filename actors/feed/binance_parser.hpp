// actors/feed/binance_parser.hpp: one text as Binance sends it, into one feed message, or the field
// and the rule it breaks.
//
// The room: every byte is foreign. Combined-stream envelopes {"stream":..,"data":{..}}, bare
// payloads and the REST depth body are read; depthUpdate, trade, bookTicker and 24hrTicker are
// known, other kinds are ignored. Prices and sizes are decimal texts read exactly; no floating
// point. A field we need must be there once, with its own type; fields we do not need may be
// anything.
#pragma once

#include "domain/feed.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace rialto::actors {

/// The longest text that is read; a REST snapshot of 5,000 levels a side has 350 kB.
inline constexpr std::size_t feed_text_bytes_max = 1 << 20;
/// Levels of one message, both sides.
inline constexpr std::size_t feed_levels_max = 20'000;

enum class parse_result : std::uint8_t { message, ignored, refused };

/// Not safe between threads: keeps its buffers from text to text.
class binance_parser {
public:
  binance_parser();
  ~binance_parser();
  binance_parser(binance_parser&&) noexcept;
  binance_parser& operator=(binance_parser&&) noexcept;

  /// Reads one text into `out`. A bare REST snapshot names no symbol: it gets `snapshot_symbol`.
  /// Futures updates name their predecessor ("pu"): their first_update is pu + 1, so that one rule
  /// of continuity holds for both.
  [[nodiscard]] parse_result parse(std::string_view text, std::string_view snapshot_symbol,
                                   feed_message& out);
  /// After `refused`: the field and the rule, as "p: is not ...".
  [[nodiscard]] const std::string& why() const { return why_; }

private:
  struct machinery; // simdjson stays out of this header
  std::unique_ptr<machinery> machinery_;
  std::string why_;
};

} // namespace rialto::actors
