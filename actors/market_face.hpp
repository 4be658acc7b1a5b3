// actors/market_face.hpp: what the public sees of one market: book, tape, ticker. Written by its
// market_data actor, read by the edge.
//
// The room: no CAF. Thread-safe: one mutex, held for the time of one publication or one snapshot.
// Everything in it is durable already: publications arrive behind the journal.
#pragma once

#include "actors/channel_log.hpp"
#include "domain/candle.hpp"

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace rialto::actors {

class market_face {
public:
  /// Its channels number above `sequence_base`.
  explicit market_face(const instrument& spec, std::uint64_t sequence_base = 0);

  /// Takes one publication; returns what to broadcast on book.SYM and trades.SYM.
  [[nodiscard]] std::vector<channel_message> apply(const market_publication& news) {
    return apply(news, nullptr);
  }
  /// The same, and what `news` changed, in numbers, if `listener` wants it: asked once the face has it.
  [[nodiscard]] std::vector<channel_message> apply(const market_publication& news,
                                                   const edge& listener, market_numbers& numbers);
  /// The ticker if it changed since the last call; called on a timer.
  [[nodiscard]] std::optional<channel_message> ticker_if_changed(timestamp_ns now);
  /// The last day's one-minute candles, oldest first, so that a restart keeps the 24 h statistics.
  void restore_day(const std::vector<candle>& minutes);
  [[nodiscard]] bool has_day() const;
  void set_stale(bool stale);
  /// The update continues what the face has; a face without a book follows nothing but a snapshot.
  [[nodiscard]] bool follows(std::uint64_t first_update) const;

  [[nodiscard]] instrument spec() const;
  /// Last trade, else a best quote, else 0.
  [[nodiscard]] price_ticks reference_price() const;
  [[nodiscard]] bool is_stale() const;
  [[nodiscard]] market_look look(timestamp_ns now, std::size_t levels_max) const;
  [[nodiscard]] channel_message book_snapshot(std::size_t levels_max = 1'000) const;
  [[nodiscard]] channel_message trades_snapshot() const; // the last 100, oldest first
  [[nodiscard]] channel_message ticker_snapshot(timestamp_ns now) const;
  [[nodiscard]] std::optional<std::vector<channel_message>> since(std::string_view channel,
                                                                  std::uint64_t sequence) const;

private:
  using bids = std::map<std::int64_t, std::int64_t, std::greater<>>; // ticks -> lots, best first
  using asks = std::map<std::int64_t, std::int64_t>;

  [[nodiscard]] std::vector<channel_message> apply(const market_publication& news,
                                                   face_change* change);
  void take_levels(const market_publication& news);
  void note_trade(const tape_entry& trade);
  /// The last 24 h as one candle.
  [[nodiscard]] candle day_of(timestamp_ns now) const;
  [[nodiscard]] std::string ticker_json(timestamp_ns now) const;
  [[nodiscard]] std::string trades_json(const std::vector<tape_entry>& trades) const;

  mutable std::mutex lock_;
  instrument spec_;
  bids bids_;
  asks asks_;
  std::uint64_t last_update_ = 0;
  std::deque<tape_entry> recent_; // at most 100
  std::deque<candle> minutes_;    // the last 24 h, at most 1,441; only minutes with trades
  price_ticks last_price_;
  std::optional<auction_view> auction_; // while one runs; the book may be crossed then
  bool stale_ = false, ticker_changed_ = true;
  channel_log book_log_, trades_log_, ticker_log_;
};

} // namespace rialto::actors
