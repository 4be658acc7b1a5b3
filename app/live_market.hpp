// app/live_market.hpp: what a live market does to ours besides prices: instruments from the exchange's list, missing and corrected candles
// from its history.
//
// The room: glue. keep() and came_live() run on the REST client's thread, which may wait for the disk; followed() and unfollowed() on the
// feed actor's. What of the history is asked for, and when, says net/live/history_plan.
//   M1  a market is followed if it is mirrored and named in feed.symbols, or that is empty
//   M2  a market named in feed.symbols that is not mirrored becomes so once, at the start; an operator who changes it later is obeyed
#pragma once

#include "actors/feed/feed_source.hpp"
#include "actors/gate.hpp"
#include "actors/public_faces.hpp"
#include "net/live/exchange_info.hpp"
#include "net/live/history_plan.hpp"
#include "net/live/rest_client.hpp"
#include "runtime/clock.hpp"
#include "storage/tape_store.hpp"

#include <map>
#include <set>

namespace rialto::app {

class live_market {
public:
  live_market(std::vector<std::string> symbols, actors::gate& gate, storage::tape_store& tape,
              const actors::public_faces& faces, runtime::node_clock& clock)
      : symbols_(std::move(symbols)), gate_(gate), tape_(tape), faces_(faces), clock_(clock) {}
  /// Who is told of corrected candles; before the source begins.
  void connect(actors::edge& out) { out_ = &out; }
  /// Who else shall have candles of the past; before the source begins.
  void share_with(std::function<void(market_id, const std::vector<candle>&)> others) {
    share_ = std::move(others);
  }

  /// The symbols to follow, as the directory is now (M1).
  [[nodiscard]] std::vector<std::string> followed(const actors::directory& markets) const;
  /// Those that are mirrored and not followed: nobody says what they are worth.
  [[nodiscard]] std::vector<std::string> unfollowed(const actors::directory& markets) const;

  /// Called a few seconds after each minute: every 60th time, and again while something failed, asks what the exchange says of our
  /// symbols; and for candles that are due.
  void keep(net::rest_client& rest);
  /// The symbol's book came into step: what was missed before is asked for.
  void came_live(net::rest_client& rest, const std::string& symbol);

private:
  void take_info(const std::string& symbol, const net::rest_answer& answer);
  void list(const net::exchange_symbol& told);
  void update(const instrument& ours, const net::exchange_symbol& told);
  void say_once(const std::string& symbol, const std::string& what);
  struct history {
    net::history_plan plan;
    storage::candle_import sums; // of what the last look led to
  };
  [[nodiscard]] std::vector<std::string> mirrored(const actors::directory& markets,
                                                  bool are_followed) const;
  void fill(net::rest_client& rest, const std::string& symbol, history& of);
  void say_older(const instrument& spec, timestamp_ns asked_from);
  void look_through(const instrument& spec, net::minute_range where, history& of);
  void ask(net::rest_client& rest, const instrument& spec, history& of);
  [[nodiscard]] bool take_klines(const instrument& spec, net::minute_range asked,
                                 const net::rest_answer& answer, history& of);
  storage::candle_import store(const instrument& spec, const std::vector<candle>& rows);

  std::vector<std::string> symbols_;
  actors::gate& gate_;
  storage::tape_store& tape_;
  const actors::public_faces& faces_;
  runtime::node_clock& clock_;
  actors::edge* out_ = nullptr;
  std::function<void(market_id, const std::vector<candle>&)> share_;
  std::uint64_t minutes_ = 0;
  std::set<std::string> due_; // symbols whose information is still to come
  std::map<std::string, bool> was_trading_;
  std::map<std::string, std::string> said_;
  std::map<std::string, history> histories_; // of the symbols that are followed
};

} // namespace rialto::app
