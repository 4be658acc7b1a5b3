// actors/gate.hpp: the one door between the edge (net/) and the entities. No CAF here.
//
// The room: the edge gathers what one poll tick read into one vector of requests and submits it;
// answers and publications come back, already durable, on the lane's or an actor's thread and are
// posted to the io thread once per commit. Tokens are the edge's own correlation; an answer that
// does not come by the edge's deadline is "unknown", never "rejected".
#pragma once

#include "domain/candle.hpp"
#include "domain/outcome.hpp"
#include "storage/journal.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rialto::actors {

using entity_command = std::variant<account_command, market_command, user_command>;

/// token 0: no answer wanted.
struct request {
  std::uint64_t token = 0;
  entity_id to;
  entity_command command;
  std::vector<storage::claim> claims; // rare: register, list an instrument
  RIALTO_FIELDS(token, to, command, claims)
};

/// unavailable: the journal or the entity's node cannot take it now (503, Retry-After). claim_taken: 409.
/// no_such_entity: 404. unknown: submitted, fate not known (never report it as rejected).
enum class delivery : std::uint8_t {
  done,
  unavailable,
  busy,
  claim_taken,
  no_such_entity,
  unknown
};

struct answer {
  std::uint64_t token = 0;
  delivery how = delivery::done;
  outcome result; // meaningful when how == done
  RIALTO_FIELDS(token, how, result)
};

/// What leaves together after one commit.
struct release {
  std::vector<answer> answers;
  std::vector<publication> publications;
};

/// Reads of every instrument, by symbol and id. Replaced whole on a change; shared by all threads.
struct market_entry {
  instrument spec;
  price_ticks reference_price; // as of the last refresh
  bool is_stale = false;       // mirrored and its feed is out of sync
};
struct directory {
  std::map<std::string, market_entry, std::less<>> by_symbol;
  std::map<market_id, std::string> symbols;
  [[nodiscard]] const market_entry* find(std::string_view symbol) const;
  [[nodiscard]] const market_entry* find(market_id id) const;
};

/// What the public sees of a market now, in numbers.
struct market_look {
  instrument spec;
  std::uint64_t last_update = 0;
  std::vector<level_change> bids, asks;   // best first
  price_ticks last_price, previous_close; // before the last day; 0: unknown
  std::optional<tape_entry> last_trade;   // since the node began
  candle day; // of the last 24 h; open_time is its first minute's, trades 0 when there were none
  bool is_stale = false;
};

/// What one publication changed in a market's public face, in numbers.
struct face_change {
  timestamp_ns at;
  std::uint64_t first_update = 0,
                last_update = 0;    // contiguous from one to the next; 0: the book is as it was
  std::vector<level_change> levels; // new totals, each level once
  level_change bid, ask;            // the best ones now; size 0: none
  std::vector<tape_entry> trades;
};
/// Candles that closed, oldest first.
struct closed_candles {
  candle_interval interval = candle_interval::s1;
  std::vector<candle> candles;
  std::vector<std::uint64_t> last_trades{}; // of each candle; 0: it has none, or unknown
};
/// What is new of one market, for who speaks other words than channels.
struct market_numbers {
  market_id market;
  std::vector<face_change> changes;
  std::vector<closed_candles> candles;
};
/// A candle that has not closed.
struct live_candle {
  candle now;
  std::uint64_t last_trade = 0; // in it; 0: unknown
};

/// A public market data message, serialised once; `bytes` is a JSON text shared by all its
/// receivers.
struct channel_message {
  std::string channel;        // "book.BTCUSDT"
  std::uint64_t sequence = 0; // without gap while the node runs; above all of its earlier lives
  std::shared_ptr<const std::string> bytes;
  bool conflate = false; // a newer one of the channel replaces it (ticker)
};

/// The edge's half: called from other threads, must only post.
class edge {
public:
  virtual ~edge() = default;
  virtual void deliver(std::shared_ptr<release> what) = 0;
  virtual void broadcast(std::vector<channel_message> messages) = 0;
  /// Whether anybody listens to a market's numbers. Asked when a change is in the market's face already, so who begins to listen and
  /// then looks at the face misses nothing.
  [[nodiscard]] virtual bool wants(market_id) const { return false; }
  virtual void publish(std::shared_ptr<const market_numbers>) {}
  /// Publications of users and accounts may be missing: what is known of them is to be asked anew.
  /// No default: an edge that stands before another and forgets to pass it on leaves clients with what is not true any more.
  virtual void news_lost() = 0;
};

/// The actors' half, safe from any thread.
class gate {
public:
  virtual ~gate() = default;
  /// One CAF message for all of them.
  virtual void submit(std::vector<request> requests) = 0;
  [[nodiscard]] virtual std::shared_ptr<const directory> markets() const = 0;
  /// Node-drawn ids: unique, rising. The first of `count` in a row, at most order_ids_max.
  [[nodiscard]] virtual order_id next_order_id(std::uint32_t count) = 0;
  [[nodiscard]] order_id next_order_id() { return next_order_id(1); }
  static constexpr std::uint32_t order_ids_max = 1 + order_slicing::slices_max;
  [[nodiscard]] virtual std::uint64_t
  next_id(std::string_view sequence) = 0; // "user", "account", "market", "session"
  /// Blocking: call it on a worker thread.
  [[nodiscard]] virtual std::optional<entity_id> find_claim(std::string_view key) = 0;
  /// The current snapshot message and recent history of a public channel, for a subscriber; empty:
  /// no such channel.
  [[nodiscard]] virtual std::optional<channel_message>
  channel_snapshot(std::string_view channel) const = 0;
  /// At most `levels_max` levels a side; empty: no such market.
  [[nodiscard]] virtual std::optional<market_look> look(std::string_view symbol,
                                                        std::size_t levels_max) const = 0;
  /// The candle of now, in an interval that is stored.
  [[nodiscard]] virtual std::optional<candle> running_candle(market_id market,
                                                             candle_interval interval) const = 0;
  /// The same with what a candle does not keep.
  [[nodiscard]] virtual std::optional<live_candle> live_candle_of(market_id market,
                                                                  candle_interval interval) const {
    const auto now = running_candle(market, interval);
    return now ? std::optional{live_candle{*now, 0}} : std::nullopt;
  }
  /// Messages of a channel after `sequence`, if all of them are still kept; empty optional: too
  /// old, take the snapshot.
  [[nodiscard]] virtual std::optional<std::vector<channel_message>>
  channel_since(std::string_view channel, std::uint64_t sequence) const = 0;
  /// Has `then` run, on any thread, once lists show everything that is durable now. False, and `then` is not kept, when there is nothing to
  /// wait for or the lists lag too far behind to wait.
  [[nodiscard]] virtual bool wait_for_lists(std::function<void()> then) = 0;
  /// False with the reason while the node cannot trade (journal down, recovering).
  [[nodiscard]] virtual bool is_ready(std::string& why) const = 0;
};

} // namespace rialto::actors
