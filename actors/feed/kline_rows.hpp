// actors/feed/kline_rows.hpp: candles of another venue, from their bytes to ours.
//
// The room: pure; every byte is foreign. Three forms are known, all through kline_cells.hpp:
//   - Binance public data CSV, with or without its header line: 11 or 12 columns
//   - the answer of GET /api/v3/klines: a JSON list of rows of 11 or 12, numbers or texts
//   - rows of six, [open time, open, high, low, close, volume], as CSV or JSON
// Times are milliseconds, or microseconds from 10^14 on. Decimals are read exactly from their text,
// an exponent included; nothing goes through floating point.
//   R1  a candle handed out has: an open time on the interval and above the one before; prices
//       above 0 and on the instrument's ticks; low <= open, close <= high; taker_buy_volume <= volume
//   R2  a row that breaks a rule is refused whole, told as "line 7: high: rule" and counted; the
//       rows after it are read. A price between two ticks is refused: a rounded one would be a
//       price that nobody paid. A volume is floored to the lot, as the mirror's sizes are; counted
//   R3  a form that breaks (not a list of lists, too many fields, cut short) ends the reading
//   R4  a row identical to the one before it is counted as repeated, one that ends after `closed_by` as
//       unfinished; neither is handed out
// What a row of six does not say (trades, quote volume, taker's volume) is 0.
#pragma once

#include "actors/feed/kline_cells.hpp"
#include "domain/candle.hpp"
#include "domain/instrument.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace rialto::actors {

struct kline_counts {
  std::uint64_t rows = 0;       // without the header; the sum of the next four
  std::uint64_t taken = 0;      // handed out
  std::uint64_t refused = 0;    // break a rule
  std::uint64_t repeated = 0;   // equal to the row before
  std::uint64_t unfinished = 0; // their end is after closed_by
  std::uint64_t floored = 0;    // of the taken: a volume that was between two lots
};

class kline_reader {
public:
  static constexpr std::size_t refusals_max = 10; // told in words; all are counted

  /// `spec` and `interval` say how to read; what ends after `closed_by` may still change.
  kline_reader(const instrument& spec, candle_interval interval, timestamp_ns closed_by);

  /// Reads the next piece of the file, cut anywhere, and appends the candles that became whole.
  /// False: the form is broken, why() says where; what was appended before is sound.
  [[nodiscard]] bool take(std::string_view bytes, std::vector<candle>& out);
  /// No more bytes come. False as above.
  [[nodiscard]] bool finish(std::vector<candle>& out);

  [[nodiscard]] const kline_counts& counts() const { return counts_; }
  /// The first refused rows, as "row 7: open: is not above 0".
  [[nodiscard]] const std::vector<std::string>& refusals() const { return refusals_; }
  [[nodiscard]] const std::string& why() const { return cells_.why(); }

private:
  void take_row(std::vector<candle>& out);
  [[nodiscard]] bool is_header() const;
  [[nodiscard]] candle read_row(bool& is_floored) const;

  instrument spec_;
  candle_interval interval_;
  timestamp_ns closed_by_;
  kline_cells cells_;
  kline_counts counts_;
  std::vector<std::string> refusals_;
  std::optional<candle> last_; // the newest handed out
  bool is_first_ = true;
};

/// A whole text at once, such as an answer's body. Empty: `why` says what is broken, a refused row
/// included.
[[nodiscard]] std::optional<std::vector<candle>>
read_klines(std::string_view text, const instrument& spec, candle_interval interval,
            timestamp_ns closed_by, std::string& why);

} // namespace rialto::actors
