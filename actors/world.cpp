#include "actors/world.hpp"

namespace rialto::actors {

namespace {
template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>; // said for compilers before aggregate deduction
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

bool trading_world::is_write(const command& cmd) const {
  return std::visit(overloaded{
                      [](const account_command& one) {
                        return !std::holds_alternative<get_balances>(one.body) &&
                               !std::holds_alternative<get_order>(one.body) &&
                               !std::holds_alternative<get_orders>(one.body) &&
                               !std::holds_alternative<get_guards>(one.body);
                      },
                      [](const market_command& one) {
                        return std::holds_alternative<list_instrument>(one) ||
                               std::holds_alternative<change_instrument>(one);
                      },
                      [](const user_command& one) {
                        return !std::holds_alternative<get_credentials>(one) &&
                               !std::holds_alternative<check_session>(one) &&
                               !std::holds_alternative<get_user>(one);
                      },
                    },
                    cmd);
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
