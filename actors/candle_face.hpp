// actors/candle_face.hpp: the running candles of one market in every interval, as the public sees
// them. No CAF; thread-safe.
#pragma once

#include "actors/channel_log.hpp"
#include "domain/candle.hpp"

#include <array>
#include <mutex>
#include <vector>

namespace rialto::actors {

class candle_face {
public:
  /// Its channels number above `sequence_base`.
  explicit candle_face(const instrument& spec, std::uint64_t sequence_base = 0);

  /// Takes trades; closed candles are appended to `closed` and to the messages to broadcast.
  void add(const std::vector<tape_entry>& trades, std::vector<closed_candles>& closed,
           std::vector<channel_message>& out);
  /// When the first of them was made whose candle of one second has closed; 0: none.
  [[nodiscard]] timestamp_ns first_late(const std::vector<tape_entry>& trades) const;
  /// Time passes: closes what is due and emits the running candles that changed since the last call
  /// (those may be conflated).
  void advance(timestamp_ns now, std::vector<closed_candles>& closed,
               std::vector<channel_message>& out);
  /// Closed candles that were corrected: appended to the messages to broadcast.
  void correct(candle_interval interval, const std::vector<candle>& corrected,
               std::vector<channel_message>& out);
  /// As candle_builder::set_deaf, of every interval.
  void set_deaf(bool is_deaf, timestamp_ns now);
  /// Goes on from a stored candle that was still open.
  void resume(candle_interval interval, const candle& open);
  /// Trades up to this one are counted already.
  void leave_out(std::uint64_t last_trade);

  [[nodiscard]] std::optional<candle> current(candle_interval interval) const;
  [[nodiscard]] std::optional<live_candle> live(candle_interval interval) const;
  [[nodiscard]] std::optional<channel_message> snapshot(std::string_view channel) const;
  [[nodiscard]] std::optional<std::vector<channel_message>> since(std::string_view channel,
                                                                  std::uint64_t sequence) const;
  /// The running candles, to be stored at shutdown and now and then.
  [[nodiscard]] std::vector<closed_candles> running() const;

private:
  struct series {
    candle_interval interval;
    candle_builder builder;
    channel_log log;
    bool changed = false;
    std::uint64_t last_trade = 0; // of the running candle; 0: none since the node began
    timestamp_ns closed_to{};     // the end of the newest closed one: no trade opens it again
  };
  struct closing { // of one series
    std::vector<candle> candles;
    std::vector<std::uint64_t> last_trades;
  };
  void note_closed(series& one, closing& made, std::vector<closed_candles>& closed,
                   std::vector<channel_message>& out);
  /// The newly closed ones get their last trade.
  static void note_trades(series& one, closing& made);
  [[nodiscard]] std::string json(const candle& one, candle_interval interval, bool is_closed) const;

  mutable std::mutex lock_;
  instrument spec_;
  std::vector<series> series_;
  std::uint64_t counted_ = 0; // trades up to this one are in what was resumed
};

/// One candle as the API shows it: times as text, prices and volumes as decimals; "partial" and
/// "corrected" are there when they are true.
[[nodiscard]] std::string candle_json(const candle& one, candle_interval interval,
                                      const instrument& spec, bool is_closed);

} // namespace rialto::actors
