// actors/gate.hpp: the one door between the edge (net/) and the entities. No CAF here.
//
// The room: the edge gathers what one poll tick read into one vector of requests and submits it;
// answers and publications come back, already durable, on the lane's or an actor's thread and are
// posted to the io thread once per commit. Tokens are the edge's own correlation; an answer that
// does not come by the edge's deadline is "unknown", never "rejected".
#pragma once

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
};

/// unavailable: the journal cannot take it now (503, Retry-After). claim_taken: 409.
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
