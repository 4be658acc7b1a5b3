// An order that goes to the market in slices (TWAP, VWAP): when a slice is sent, how large it is, how the whole ends.
//
//   - The whole order's hold is taken when it is placed. A slice takes its part over; what it did not trade goes back.
//   - A slice is a limit order at the whole's price, immediate or cancel: so it is never in a book, and nobody has to
//     cancel it. Its size is what should have been sent by now, less what was executed, prevented or is in flight. What
//     one slice did not trade is thus in the next one, and the last takes all that is left.
//   - Below the market's smallest quantity or notional nothing is sent; it is in the next one. After the last it expires.
//   - When several are due at once, after a stop, only the newest is sent: its target includes the others'.
//   - It ends when all is traded, or it was cancelled, or the last slice was due; in each case once no slice is open.
#include "domain/account.hpp"
#include "domain/account_step.hpp"

#include <algorithm>

namespace rialto {

// ---- place and cancel

reject_reason account::refusal_of_slicing(const place_order& cmd, const step& at) const {
  const auto& how = *cmd.slicing;
  const bool is_plain =
    cmd.type == order_type::limit && cmd.tif == time_in_force::gtc && !cmd.rules;
  if (!is_plain || !is_sound(how)) return reject_reason::slicing_invalid;
  if (how.start_at.value != 0 &&
      (how.start_at < at.now || how.start_at.value > at.now.value + order_slicing::delay_ns_max))
    return reject_reason::slicing_invalid;
  if (sliced_.size() >= sliced_orders_max) return reject_reason::too_many_sliced;
  if (daily_.count(at.now) + how.slices >= at.limits.orders_per_day_max)
    return reject_reason::
      too_many_orders_today; // its slices count as they are sent, and are never refused
  const auto next = open_.lower_bound(cmd.id);
  if (next != open_.end() && next->first.value <= cmd.id.value + how.slices)
    return reject_reason::already_exists;
  return reject_reason::none;
}

/// Whether an id is a slice's of an open order.
bool account::is_reserved(order_id id) const {
  auto next = sliced_.upper_bound(id);
  if (next == sliced_.begin()) return false;
  --next;
  return id.value <= next->first.value + next->second.slicing.slices;
}

outcome account::place_sliced(const place_order& cmd, const placement& decided, const step& at) {
  const auto& terms = cmd.terms;
  sliced_order_placed placed;
  placed.order = submit_of(cmd, decided, at);
  placed.slicing = *cmd.slicing;
  if (placed.slicing.start_at.value == 0) placed.slicing.start_at = at.now;
  placed.market = terms.market;
  placed.client_order_id = cmd.client_order_id;
  placed.body_hash = cmd.body_hash;
  placed.base = terms.base;
  placed.quote = terms.quote;
  placed.hold = decided.hold;
  placed.units_per_tick_lot = terms.units_per_tick_lot;
  placed.lot_size = terms.lot_size;
  placed.quantity_min = terms.quantity_min;
  placed.notional_min = terms.notional_min;
  settle(std::move(placed), at);
  return view_of(*open_.find(cmd.id));
}

/// Ends it at once, or when the slice has ended that is on its way. Outcome: the order as it is now.
outcome account::cancel_sliced(order_id id, const step& at) {
  if (!open_.at(id).is_cancelling) settle(cancel_requested{id}, at);
  end_if_over(id, at);
  if (const auto known = open_.find(id); known != open_.end()) return view_of(*known);
  return *final_.find(id);
}

std::optional<slicing_view> account::slicing_of(order_id id) const {
  const auto at = sliced_.find(id);
  if (at == sliced_.end()) return {};
  const auto& one = at->second;
  const auto& how = one.slicing;
  slicing_view view;
  view.kind = how.kind;
  view.is_by_volume = !how.weights.empty();
  view.start_at = how.start_at;
  view.end_at = {how.start_at.value + how.duration_ns};
  view.slices = how.slices;
  view.sent = one.sent;
  if (!open_.at(id).is_cancelling) view.next_at = one.next_at();
  return view;
}

// ---- slices

timestamp_ns account::next_slice_at() const {
  timestamp_ns first;
  for (const auto& [id, one] : sliced_) {
    const auto next = one.next_at();
    if (next.value == 0 || open_.at(id).is_cancelling) continue;
    if (first.value == 0 || next < first) first = next;
  }
  return first;
}

/// Every slice that is due; at most one of each order.
void account::send_slices(const step& at) {
  std::vector<std::pair<order_id, std::uint32_t>> due;
  for (const auto& [id, one] : sliced_)
    if (const auto number = newest_due(one.slicing, at.now);
        number > one.done && !open_.at(id).is_cancelling)
      due.emplace_back(id, number);
  for (const auto& [parent, number] : due) {
    send_slice(parent, number, at);
    end_if_over(parent, at);
  }
}

void account::send_slice(order_id parent, std::uint32_t number, const step& at) {
  const auto& whole = open_.at(parent);
  const auto& mine = sliced_.at(parent);
  const auto size = slice_target(mine.slicing, whole.size, number) - whole.executed -
                    whole.prevented - mine.in_flight;
  const auto cost = notional(whole.price, size, whole.units_per_tick_lot);
  if (size.value <= 0 || size < mine.quantity_min || !cost || *cost < mine.notional_min) {
    settle(slice_passed{parent, number}, at);
    return;
  }
  slice_placed placed{parent, number, mine.wish, {}};
  placed.order.id = mine.id_of(number);
  placed.order.size = size;
  placed.order.tif = time_in_force::ioc;
  placed.order.created_at = at.now;
  placed.hold = whole.way == side::buy ? *cost : *whole.base_of(size);
  settle(std::move(placed), at);
}

// ---- the end

void account::end_sliced(const step& at) {
  if (sliced_.empty()) return;
  std::vector<order_id> all;
  for (const auto& [id, one] : sliced_) all.push_back(id);
  for (const auto id : all) end_if_over(id, at);
}

void account::end_if_over(order_id parent, const step& at) {
  const auto mine = sliced_.find(parent);
  if (mine == sliced_.end() || mine->second.open != 0) return;
  const auto& whole = open_.at(parent);
  const bool is_filled = whole.executed == whole.size;
  const bool is_used_up = whole.executed + whole.prevented == whole.size;
  if (!is_used_up && !whole.is_cancelling && mine->second.done < mine->second.slicing.slices)
    return;
  const auto status = is_filled             ? order_status::filled
                      : whole.is_cancelling ? order_status::cancelled
                                            : order_status::expired;
  const auto why = is_used_up && !is_filled ? reject_reason::self_trade : reject_reason::none;
  settle(order_done{parent, status, why, balances_[whole.held_asset()].asset, whole.hold}, at);
}

// ---- past events

void account::take(const slice_placed& one, timestamp_ns now, posts_type& posts) {
  const auto mine = sliced_.find(one.parent);
  const auto whole = open_.find(one.parent);
  if (mine == sliced_.end() || whole == open_.end()) return;
  auto& order = open_[one.order.id];
  order = whole->second; // market, side, price and what its amounts are reckoned with
  order.parent = one.parent;
  order.client_order_id.clear();
  order.tif = one.order.tif;
  order.size = one.order.size;
  order.executed = order.prevented = {};
  order.executed_quote = {};
  order.created_at = order.updated_at = now;
  order.hold = one.hold;
  whole->second.hold -= one.hold;
  auto& state = mine->second;
  state.done = one.number;
  ++state.sent;
  ++state.open;
  state.in_flight += one.order.size;
  note_opened(order, now);
  posts.push_back({entity_id{order.market}, one.order});
  if (!tells()) return;
  const auto view = view_of(*open_.find(one.order.id));
  tell(order_change::placed, &view, {}, now);
  const auto parent = view_of(*whole);
  tell(order_change::none, &parent, {}, now);
}

void account::take(const slice_passed& one, timestamp_ns, posts_type&) {
  if (const auto mine = sliced_.find(one.parent); mine != sliced_.end())
    mine->second.done = one.number;
}

/// A slice's fill is its parent's too; in the streams it is the slice's alone.
void account::note_slice_fill(const open_order& slice, const fill_view& fill, timestamp_ns now) {
  const auto mine = sliced_.find(slice.parent);
  const auto whole = open_.find(slice.parent);
  if (mine == sliced_.end() || whole == open_.end()) return;
  mine->second.in_flight -= fill.size;
  whole->second.executed += fill.size;
  whole->second.executed_quote =
    capped(wide_units{whole->second.executed_quote.value} + fill.notional.value);
  whole->second.updated_at = now;
  if (!tells()) return;
  const auto view = view_of(*whole);
  tell(order_change::none, &view, {}, now);
}

void account::note_slice_cut(const open_order& slice, quantity_lots size, timestamp_ns now) {
  const auto mine = sliced_.find(slice.parent);
  const auto whole = open_.find(slice.parent);
  if (mine == sliced_.end() || whole == open_.end()) return;
  mine->second.in_flight -= size;
  whole->second.prevented += size;
  whole->second.updated_at = now;
}

void account::note_slice_end(const open_order& slice) {
  const auto mine = sliced_.find(slice.parent);
  const auto whole = open_.find(slice.parent);
  if (mine == sliced_.end() || whole == open_.end()) return;
  --mine->second.open;
  mine->second.in_flight -= slice.size - slice.executed - slice.prevented;
  whole->second.hold += slice.hold;
}

} // namespace rialto
