#include "actors/entity_words.hpp"

#include "domain/words.hpp"
#include "storage/json_fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>
#include <typeinfo>

namespace rialto::actors {

namespace {

using json = nlohmann::ordered_json;

template <class Fields>
json fields_of(const Fields& one) {
  return json::parse(storage::fields_to_json(one));
}

std::string wide_text(wide_units units) {
  return fmt::format("{}", static_cast<__int128>(units));
}

json state_of(const account& one) {
  json made{{"owner", to_string(entity_id(one.owner()))}};
  auto& balances = made["balances"] = json::array();
  const auto& all = one.balances();
  for (std::uint32_t i = 0; i < all.size() && i < state_items_max; ++i)
    balances.push_back({{"asset", all[i].asset},
                        {"available", wide_text(all[i].available)},
                        {"hold", wide_text(all[i].hold)}});
  made["balances_count"] = all.size();
  auto& orders = made["open_orders"] = json::array();
  for (const auto& [id, order] : one.open_orders()) {
    if (orders.size() == state_items_max) break;
    json row{{"id", id.value}};
    row.update(fields_of(order));
    orders.push_back(std::move(row));
  }
  made["open_orders_count"] = one.open_orders().size();
  auto& positions = made["positions"] = json::array();
  for (const auto& [market, held] : one.positions()) {
    if (positions.size() == state_items_max) break;
    positions.push_back({{"market", to_string(entity_id(market))},
                         {"quantity", held.quantity().value},
                         {"cost", wide_text(held.cost())},
                         {"realised", wide_text(held.realised())}});
  }
  made["positions_count"] = one.positions().size();
  return made;
}

json levels_of(const order_book& book, side way) {
  std::vector<level_change> levels;
  book.read_levels(way, state_items_max, levels);
  auto all = json::array();
  for (const auto& level : levels) all.push_back({level.price.value, level.size.value});
  return all;
}

json state_of(const market& one) {
  json made{{"instrument", fields_of(one.spec())}};
  made["orders_count"] = one.book().order_count();
  made["house_synchronised"] = one.book().is_house_synchronised();
  made["bids"] = levels_of(one.book(), side::buy); // price in ticks, quantity in lots
  made["asks"] = levels_of(one.book(), side::sell);
  made["waiting_triggers_count"] = one.triggers().size();
  made["linked_lists_count"] = one.links().size();
  made["pegged_count"] = one.pegs().size();
  return made;
}

/// Asked as a question is, of a copy: a user shows itself no other way, and so never its hashes.
json state_of(const user& one, timestamp_ns now) {
  user copy = one;
  std::vector<user_event> events;
  std::vector<addressed_message> posts;
  const auto ask = [&](user_command question) {
    return copy.execute(question, now, events, posts);
  };
  json made;
  const auto found = ask(get_user{});
  if (const auto* const view = std::get_if<user_view>(&found)) {
    made["email"] = view->email;
    made["role"] = to_text(view->role);
    made["status"] = to_text(view->status);
    made["created_at"] = view->created_at.value;
    auto& accounts = made["accounts"] = json::array();
    for (const auto& each : view->accounts)
      accounts.push_back({{"account", to_string(entity_id(each.account))}, {"label", each.label}});
  }
  const auto credentials = ask(get_credentials{});
  if (const auto* const view = std::get_if<credentials_view>(&credentials))
    made["locked"] = view->locked;
  auto& keys = made["api_keys"] = json::array();
  const auto owned = ask(get_api_keys{});
  if (const auto* const view = std::get_if<api_keys_view>(&owned))
    for (const auto& each : view->keys) {
      auto row = fields_of(each);
      row["key"] = each.key.substr(0, 6) + "...";
      row.erase("secret"); // and the field list leaves it out
      keys.push_back(std::move(row));
    }
  return made;
}

template <class Held>
std::string words_of(const Held& held) {
  if constexpr (has_fields<Held>) return storage::fields_to_json(held);
  return {};
}
std::string words_of(const submit_order& one) {
  return fmt::format("order/{} of account/{}: {} {} {} at {}", one.id.value, one.account.value,
                     to_text(one.way), to_text(one.type), one.size.value, one.price.value);
}
std::string words_of(const place_order& one) {
  return fmt::format("order/{} in market/{}: {} {} {} at {}", one.id.value, one.terms.market.value,
                     to_text(one.way), to_text(one.type), one.size.value, one.price.value);
}
std::string words_of(const amend& one) {
  return fmt::format("order/{}: {} at {}", one.id.value, one.size.value, one.price.value);
}
std::string words_of(const cancel& one) {
  return fmt::format("order/{}", one.id.value);
}
std::string words_of(const get_order& one) {
  return fmt::format("order/{}", one.id.value);
}
std::string words_of(const transfer& one) {
  return fmt::format("{} {} {}", to_text(one.kind), one.amount.value, one.asset);
}
std::string words_of(const mirror_depth&) {
  return "levels of the mirrored market";
}
// Carry hashes and keys: only that they came is told.
std::string words_of(const register_user&) {
  return {};
}
std::string words_of(const start_session&) {
  return {};
}
std::string words_of(const rotate_session&) {
  return {};
}
std::string words_of(const add_api_key& one) {
  return one.what.label;
}

} // namespace

nlohmann::ordered_json state_of(const trading_world::entity_type& one) {
  switch (one.self().kind()) {
  case entity_kind::account:
    return state_of(static_cast<const trading_entity<account>&>(one).state());
  case entity_kind::market:
    return state_of(static_cast<const trading_entity<market>&>(one).state());
  case entity_kind::user:
    return state_of(static_cast<const trading_entity<user>&>(one).state(), one.last_time());
  case entity_kind::order:
  case entity_kind::none: break;
  }
  return nullptr;
}

nlohmann::ordered_json order_of(const trading_world::entity_type& holder, order_id id) {
  if (holder.self().kind() != entity_kind::account) return nullptr;
  const auto& open = static_cast<const trading_entity<account>&>(holder).state().open_orders();
  const auto at = open.find(id);
  if (at == open.end()) return nullptr;
  json made{{"id", id.value}};
  made.update(fields_of(at->second));
  return made;
}

nlohmann::ordered_json links_of(const trading_world::entity_type& one) {
  struct outgoing {
    std::uint64_t count = 0, oldest = 0;
  };
  std::map<entity_id, outgoing> waiting;
  one.links_out().for_each_waiting([&](entity_id to, const auto& message) {
    auto& at = waiting[to];
    if (at.count++ == 0) at.oldest = message.number;
  });
  auto made = json::array();
  for (const auto& cursor : one.links_out().cursors()) {
    if (made.size() == state_items_max) break;
    const auto& at = waiting[cursor.peer];
    made.push_back({{"to", to_string(cursor.peer)},
                    {"sent", cursor.number},
                    {"unacknowledged", at.count},
                    {"oldest_unacknowledged", at.oldest}});
  }
  return made;
}

std::uint64_t memory_of(const runtime::slot_look<trading_world>& at) {
  constexpr std::uint64_t order_bytes = sizeof(open_order) + 96, resting_bytes = 160,
                          entity_bytes = 1'000, user_bytes = 4'000;
  if (at.live == nullptr) return 0;
  // A state in memory is about as large as its snapshot; what came since is counted where that is cheap.
  auto bytes = entity_bytes + at.snapshot_bytes;
  switch (at.id.kind()) {
  case entity_kind::account:
    bytes += order_bytes *
             static_cast<const trading_entity<account>&>(*at.live).state().open_orders().size();
    break;
  case entity_kind::market:
    bytes += resting_bytes *
             static_cast<const trading_entity<market>&>(*at.live).state().book().orders_most();
    break;
  case entity_kind::user: bytes = std::max(bytes, user_bytes); break;
  case entity_kind::order:
  case entity_kind::none: break;
  }
  return bytes;
}

const char* type_of(const entity_command& one) {
  return std::visit(
    [](const auto& to) {
      if constexpr (requires { to.body; })
        return std::visit([](const auto& body) { return typeid(body).name(); }, to.body);
      else
        return std::visit([](const auto& body) { return typeid(body).name(); }, to);
    },
    one);
}

const char* type_of(const link_message& one) {
  return std::visit([](const auto& body) { return typeid(body).name(); }, one);
}

std::string text_of(const entity_command& one) {
  return std::visit(
    [](const auto& to) {
      if constexpr (requires { to.body; })
        return std::visit([](const auto& body) { return words_of(body); }, to.body);
      else
        return std::visit([](const auto& body) { return words_of(body); }, to);
    },
    one);
}

std::string text_of(const link_message& one) {
  return std::visit([](const auto& body) { return words_of(body); }, one);
}

} // namespace rialto::actors
