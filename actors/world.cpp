#include "actors/world.hpp"

#include "actors/command_kinds.hpp"

namespace rialto::actors {

namespace {
template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>; // said for compilers before aggregate deduction

template <class... Kinds, class Body>
bool is_one_of(const Body& body) {
  return (std::holds_alternative<Kinds>(body) || ...);
}
} // namespace

std::unique_ptr<trading_world::entity_type> trading_world::make(entity_id id) const {
  switch (id.kind()) {
  case entity_kind::user: return std::make_unique<trading_entity<user>>(id);
  case entity_kind::account: return std::make_unique<trading_entity<account>>(id);
  case entity_kind::market: return std::make_unique<trading_entity<market>>(id);
  case entity_kind::order: // its account keeps it
  case entity_kind::none: break;
  }
  throw std::invalid_argument("no such kind of entity: " + to_string(id));
}

bool trading_world::may_passivate(const entity_type& one) const {
  if (one.self().kind() != entity_kind::account) return one.self().kind() != entity_kind::market;
  return static_cast<const trading_entity<account>&>(one).state().sliced().empty();
}

bool is_write(const entity_command& cmd) {
  return std::visit(
    overloaded{
      [](const account_command& one) {
        return !is_one_of<get_balances, get_order, get_orders, get_account, get_guards, get_volumes,
                          get_positions, get_order_by_client_id, get_order_counts>(one.body);
      },
      [](const market_command& one) { return is_one_of<list_instrument, change_instrument>(one); },
      [](const user_command& one) {
        return !is_one_of<get_credentials, check_session, get_user, get_api_key, get_api_keys>(one);
      },
    },
    cmd);
}

bool trading_world::is_write(const command& cmd) const {
  return actors::is_write(cmd);
}

bool trading_world::creates(const command& cmd) const {
  if (const auto* one = std::get_if<market_command>(&cmd))
    return std::holds_alternative<list_instrument>(*one);
  if (const auto* one = std::get_if<user_command>(&cmd))
    return std::holds_alternative<register_user>(*one);
  return false;
}

void trading_world::retire(std::unique_ptr<entity_type> dropped) {
  if (dropped->self().kind() == entity_kind::market) retired_[dropped->self()] = std::move(dropped);
}

void trading_world::revive(entity_type& successor) {
  const auto at = retired_.find(successor.self());
  if (at == retired_.end()) return;
  auto& fresh = static_cast<trading_entity<market>&>(successor).state();
  fresh.inherit(static_cast<trading_entity<market>&>(*at->second).state());
  retired_.erase(at);
}

} // namespace rialto::actors
