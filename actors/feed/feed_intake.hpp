// actors/feed/feed_intake.hpp: everything between a received text and the news for the markets:
// parsed, synchronised, counted. Replay and the live client share it; only the socket differs.
//
// The room: pure; time is a parameter. One binance_parser, and per symbol a depth_sync, a feed_book and a touch_check: a book whose best
// prices are not the source's at the same update is lost, and begins anew.
#pragma once

#include "actors/feed/binance_parser.hpp"
#include "actors/feed/depth_sync.hpp"
#include "actors/feed/feed_book.hpp"
#include "actors/feed/feed_report.hpp"
#include "actors/feed/touch_check.hpp"

#include <map>

namespace rialto::actors {

/// Symbols of one feed; messages of further ones are ignored.
inline constexpr std::size_t feed_symbols_max = 10'000;
/// REST snapshots whose symbol could not be told yet; beyond that the oldest is given up.
inline constexpr std::size_t feed_unclaimed_snapshots_max = 8;

class feed_intake {
public:
  /// keep: a message's time is what the source says. restamp: it is the time of its arrival, so
  /// that a recording of another year makes one tape with today's trades.
  enum class times : std::uint8_t { keep, restamp };
  /// anybody: symbols are made known by their messages, a bare snapshot by its ids (recordings). expected: only what was expected is
  /// believed, and snapshots only by name (live).
  enum class symbols : std::uint8_t { anybody, expected };
  explicit feed_intake(times how, symbols who = symbols::anybody) : times_(how), who_(who) {}

  /// Takes one text received at `now`. `snapshot_symbol`: whose book was asked for, where the
  /// text is a REST snapshot; empty: a recording does not say it, so it goes to the one symbol
  /// whose update ids are near.
  parse_result take(std::string_view text, std::string_view snapshot_symbol, timestamp_ns now,
                    std::vector<feed_news>& out);
  /// Why the last text was refused.
  [[nodiscard]] const std::string& why() const { return why_; }
  /// Whose the last text was that take() called a message; empty: a snapshot that nobody claimed.
  [[nodiscard]] const std::string& last_symbol() const { return last_symbol_; }

  /// Hands out the whole book of a symbol in step. False: it is not in step.
  bool hand_out_book(std::string_view symbol, std::vector<feed_news>& out) const;
  /// Symbols whose snapshot is to be asked for now; see depth_sync::wants_snapshot().
  [[nodiscard]] std::vector<std::string> wanted_snapshots(timestamp_ns now);
  /// The same of one symbol.
  [[nodiscard]] bool wants_snapshot(std::string_view symbol, timestamp_ns now);
  /// Makes sure the symbol is known, so that its snapshot is asked for before its first update.
  void expect(std::string_view symbol);
  /// What is known of the symbol's book may be wrong or old: it begins anew with the next snapshot. The counters stay.
  void lose_book(std::string_view symbol, std::vector<feed_news>& out);
  /// Forgets the symbol and its counters.
  void drop(std::string_view symbol, std::vector<feed_news>& out);
  /// The counters of each symbol, by name; the state says only live or syncing.
  [[nodiscard]] std::vector<stream_report> symbol_reports() const;

  [[nodiscard]] bool is_synchronised(std::string_view symbol) const;
  /// Null: never heard of.
  [[nodiscard]] const feed_book* book(std::string_view symbol) const;
  /// The counters of everything taken in so far.
  [[nodiscard]] const feed_status& status() const { return status_; }

private:
  struct place {
    depth_sync sync;
    feed_book book;
    touch_check check;
    std::uint64_t last_trade = 0;
    stream_report report;
  };

  place* place_of(std::string_view symbol);
  void note(place& at, const std::string& symbol, timestamp_ns said, timestamp_ns now);
  void judge(place& at, const std::string& symbol, touch_check::verdict found,
             std::vector<feed_news>& out);
  void sort_in(feed_snapshot whole, std::vector<feed_news>& out);
  void sort_in(feed_depth update, std::vector<feed_news>& out);
  void sort_in(feed_trade trade, std::vector<feed_news>& out);
  void sort_in(feed_ticker ticker, std::vector<feed_news>& out);
  void sort_in(feed_statistics numbers, std::vector<feed_news>& out);
  template <class Message>
  void synchronise(place& at, Message message, std::vector<feed_news>& out);
  [[nodiscard]] std::string owner_of(const feed_snapshot& whole) const;
  void claim_snapshots(std::vector<feed_news>& out);

  times times_;
  symbols who_;
  std::string why_, last_symbol_;
  binance_parser parser_;
  std::map<std::string, place, std::less<>> places_;
  std::vector<feed_snapshot> unclaimed_;
  feed_status status_;
};

} // namespace rialto::actors
