#include "domain/trigger_book.hpp"

#include "domain/assert.hpp"
#include "domain/order_rules.hpp"

#include <algorithm>

namespace rialto {

trigger_book::place trigger_book::place_of(const waiting& one) {
  const auto price = one.place.trigger.price.value;
  return {waits_to_rise(one.order) ? price : -price, one.place.number, one.place.id};
}

void trigger_book::insert(const submit_order& order, std::uint64_t number, price_ticks extreme) {
  const auto [at, is_new] = waiting_.try_emplace(order.id);
  RIALTO_ASSERT(is_new && waits(order.rules));
  auto& one = at->second;
  one.order = order;
  one.place.id = order.id;
  one.place.number = number;
  one.place.trigger = order.rules->trigger;
  if (extreme.value > 0)
    followers(order.way).add(one.place, extreme);
  else
    places_of(one).insert(place_of(one));
  if (order.rules->expires_at.value != 0) expiries_.emplace(order.rules->expires_at, order.id);
}

void trigger_book::add(const submit_order& order, price_ticks extreme) {
  insert(order, next_number_++, extreme);
}

void trigger_book::begin(order_id id, price_ticks extreme) {
  const auto at = waiting_.find(id);
  if (at == waiting_.end()) return;
  auto& one = at->second;
  places_of(one).erase(place_of(one)); // not there if it was taken
  followers(one.order.way).add(one.place, extreme);
}

void trigger_book::remove(order_id id) {
  const auto at = waiting_.find(id);
  if (at == waiting_.end()) return;
  auto& one = at->second;
  if (trailing_orders::follows(one.place))
    followers(one.order.way).remove(one.place);
  else
    places_of(one).erase(place_of(one)); // it is not there if it was taken as due
  if (one.order.rules->expires_at.value != 0) expiries_.erase({one.order.rules->expires_at, id});
  waiting_.erase(at);
}

void trigger_book::follow(price_ticks low, price_ticks high) {
  buys_.follow(low);
  sells_.follow(high);
}

void trigger_book::take_reached(places& from, std::int64_t here,
                                std::vector<trailing_orders::due>& out,
                                std::vector<order_id>& beginning) {
  while (!from.empty() && std::get<0>(*from.begin()) <= here) {
    const auto [price, number, id] = *from.begin();
    from.erase(from.begin());
    if (waiting_.at(id).place.trigger.follows())
      beginning.push_back(id);
    else
      out.push_back({{price}, number, id});
  }
}

void trigger_book::take_due(price_ticks last, std::vector<order_id>& going,
                            std::vector<order_id>& beginning) {
  using due = trailing_orders::due;
  const auto by_number = [](const due& a, const due& b) { return a.number < b.number; };
  std::vector<due> found;
  const auto move_out = [&](bool rising) {
    std::sort(found.begin(), found.end(), by_number);
    std::stable_sort(found.begin(), found.end(), [&](const due& a, const due& b) {
      return rising ? a.level < b.level : a.level > b.level;
    });
    for (const auto& one : found) going.push_back(one.id);
    found.clear();
  };
  take_reached(rising_, last.value, found, beginning);
  buys_.take_due(last, found);
  if (!found.empty()) move_out(true);
  take_reached(falling_, -last.value, found, beginning);
  for (auto& one : found) one.level = -one.level;
  sells_.take_due(last, found);
  if (!found.empty()) move_out(false);
}

// ---- snapshot

void trigger_book::encode(byte_writer& out) const {
  out.put(next_number_);
  out.put(static_cast<std::uint32_t>(waiting_.size()));
  for (const auto& [id, one] : waiting_) {
    out.put(one.order);
    out.put(one.place.number);
    const bool follows = trailing_orders::follows(one.place);
    out.put(follows ? extreme_of(one) : price_ticks{});
  }
}

void trigger_book::decode(byte_reader& in) {
  in.get(next_number_);
  std::set<std::uint64_t> numbers;
  for (auto count = in.get<std::uint32_t>(); count > 0 && !in.failed(); --count) {
    const auto order = in.get<submit_order>();
    const auto number = in.get<std::uint64_t>();
    const auto extreme = in.get<price_ticks>();
    const bool is_side = order.way == side::buy || order.way == side::sell;
    if (!waits(order.rules) || !is_side || !is_sound(order.rules->trigger) || !order.id ||
        waiting_.contains(order.id) || waiting_.size() >= orders_max || number >= next_number_ ||
        !numbers.insert(number).second || extreme.value < 0 || extreme.value > price_max ||
        (extreme.value > 0 && !order.rules->trigger.follows()) ||
        (extreme.value == 0 && order.rules->trigger.price.value == 0))
      return in.fail();
    insert(order, number, extreme);
  }
}

void trigger_book::check_invariants() const {
  RIALTO_ASSERT(waiting_.size() <= orders_max);
  std::size_t placed = 0, dated = 0;
  for (const auto& [id, one] : waiting_) {
    dated += one.order.rules->expires_at.value != 0;
    placed += trailing_orders::follows(one.place) ||
              (waits_to_rise(one.order) ? rising_ : falling_).contains(place_of(one));
  }
  RIALTO_ASSERT_VALUES(placed == waiting_.size(), placed, waiting_.size());
  RIALTO_ASSERT_VALUES(dated == expiries_.size(), dated, expiries_.size());
}

} // namespace rialto
