// actors/world.hpp: joins the runtime's shard to what trades: which machine an entity is, what a
// command may do. No CAF.
#pragma once

#include "actors/gate.hpp"
#include "domain/account.hpp"
#include "domain/market.hpp"
#include "domain/user.hpp"
#include "runtime/shard.hpp"

#include <map>

namespace rialto::actors {

/// The traits runtime::shard<trading_world> asks for.
class trading_world {
public:
  using command = entity_command;
  using message = link_message;
  using context = order_view; // what a sender lets the answering receiver know of an order
  using outcome = rialto::outcome;
  using publication = rialto::publication;
  using answer = actors::answer;
  using delivery = actors::delivery;
  using request = actors::request;
  using entity_type = runtime::entity_base<trading_world>;

  [[nodiscard]] static const context* forwarded(const outcome& result) {
    const auto* on = std::get_if<rialto::forwarded>(&result);
    return on == nullptr ? nullptr : &on->order;
  }

  [[nodiscard]] std::unique_ptr<entity_type> make(entity_id id) const;
  /// A user's or an administrator's command that may append. Feeds are not: house liquidity is not
  /// journaled.
  [[nodiscard]] bool is_write(const command& cmd) const;
  /// May bring a new entity into being.
  [[nodiscard]] bool creates(const command& cmd) const;
  [[nodiscard]] bool creates(const message& body) const {
    return std::holds_alternative<open_account>(body);
  }
  /// Markets stay: their mirror is not in the journal. So do accounts with orders that go in slices: no market knows
  /// those, and they are addressable as all others.
  [[nodiscard]] bool may_passivate(const entity_type& one) const;
  /// A dropped market hands its number counters to its successor in the same process, so that ids
  /// are not skipped by the million and market data flows on while the journal refuses writes.
  void retire(std::unique_ptr<entity_type> dropped);
  void revive(entity_type& successor);

private:
  std::map<entity_id, std::unique_ptr<entity_type>> retired_; // markets only
};

using trading_shard = runtime::shard<trading_world>;

template <class Machine>
using trading_entity = runtime::entity<trading_world, Machine>;

} // namespace rialto::actors
