// What an account does by itself: guards that fire at their deadline, and mass cancels in bounded steps.
//
//   - A guard fires at the first wake at or after its deadline, and is gone then. A renewal may leave the deadline up to
//     1/32 of the timeout earlier than it asked for, never later; the answer says when it is.
//   - The newest connection of a session that arms holds its guard: the end of an older one changes nothing.
//   - A mass cancel means the orders open when it was asked: later ones are left alone.
#include "domain/account_timers.hpp"

#include "domain/account.hpp"
#include "domain/account_step.hpp"

#include <vector>

namespace rialto {

namespace {

using timers = account_timers;

bool is_meant(const open_order& order, market_id market, std::optional<side> way) {
  return (!market || order.market == market) && (!way || order.way == *way);
}

bool is_sound(const guard& wish) {
  const bool is_timer = wish.key.kind == guard_kind::timer;
  if (!is_timer && wish.key.kind != guard_kind::connection) return false;
  if (wish.timeout_ns < timers::timeout_ns_min || wish.timeout_ns > timers::timeout_ns_max)
    return false;
  return wish.grace_ns >= 0 && wish.grace_ns <= (is_timer ? 0 : timers::grace_ns_max);
}

bool is_held_by(const guard& one, std::uint64_t edge, std::uint64_t connection) {
  return one.edge == edge && one.connection == connection;
}

} // namespace

// ---- mass cancel

outcome account::run(const cancel_all& cmd, const step& at) {
  orders_view all;
  for (const auto& order : open_) {
    if (!is_meant(order.second, cmd.market, cmd.way)) continue;
    if (++all.asked <= cancels_max) all.orders.push_back(view_of(order));
  }
  if (all.asked == 0) return all;
  if (!cmd.name.empty())
    for (const auto& order : all.orders) cancel_names_[order.id] = cmd.name;
  const auto known = timers_.sweeps.find({cmd.market, cmd.way});
  const bool goes_on = known != timers_.sweeps.end() && known->second.until_gone;
  const auto last = open_.rbegin()->first;
  const auto through = all.asked <= cancels_max ? last : all.orders.back().id;
  settle(cancels_asked{cmd.market, cmd.way, {}, through, last, goes_on}, at);
  end_sliced(at);
  return all;
}

/// One more step of a mass cancel, about at most `most` orders. Returns how many.
std::size_t account::go_on(const sweep_key& key, std::size_t most, const step& at) {
  const auto [market, way] = key;
  const auto sweep = timers_.sweeps.at(key);
  auto through = sweep.last;
  std::size_t count = 0;
  for (auto next = open_.upper_bound(sweep.after); next != open_.end() && next->first <= sweep.last;
       ++next) {
    if (!is_meant(next->second, market, way)) continue;
    if (count == most) break;
    if (++count == most) through = next->first;
  }
  settle(cancels_asked{market, way, sweep.after, through, sweep.last, sweep.until_gone}, at);
  return count;
}

void account::take(const cancels_asked& one, timestamp_ns now, posts_type& posts) {
  bool found = false;
  for (auto next = open_.upper_bound(one.after); next != open_.end() && next->first <= one.through;
       ++next) {
    auto& order = next->second;
    if (!is_meant(order, one.market, one.way)) continue;
    found = true;
    order.is_cancelling = true;
    if (sliced_.contains(next->first)) continue; // no market knows it
    posts.push_back({entity_id{order.market}, cancel_order{next->first, self_}});
  }
  const sweep_key key{one.market, one.way};
  const bool is_through = one.through >= one.last;
  if (is_through && !one.until_gone) {
    timers_.sweeps.erase(key);
    return;
  }
  auto& sweep = timers_.sweeps[key];
  const bool found_before = one.after && sweep.found;
  if (is_through && !found && !found_before) {
    timers_.sweeps.erase(key);
    return;
  }
  sweep.after = is_through ? order_id{} : one.through;
  sweep.last = one.last;
  sweep.next_at = {is_through ? now.value + timers::again_ns : now.value};
  sweep.until_gone = one.until_gone;
  sweep.found = !is_through && (found || found_before);
}

// ---- guards

outcome account::run(const arm_guard& cmd, const step& at) {
  auto wish = cmd.wish;
  const auto known = timers_.guards.find(wish.key);
  const bool is_armed = known != timers_.guards.end();
  guards_view view{self_, {}};
  if (wish.timeout_ns == 0) {
    if (is_armed) settle(guard_disarmed{wish.key}, at);
    return view;
  }
  if (!is_sound(wish)) return refuse(reject_reason::timeout_invalid);
  if (!is_armed && !cmd.only_renews && timers_.guards.size() >= timers::guards_max)
    return refuse(reject_reason::too_many_guards);
  if (cmd.only_renews && (!is_armed || !is_held_by(known->second, wish.edge, wish.connection)))
    return view;
  wish.deadline = {at.now.value + wish.timeout_ns + wish.grace_ns};
  if (is_armed) {
    auto same = known->second;
    const auto moved_ns = wish.deadline.value - same.deadline.value;
    same.deadline = wish.deadline;
    if (same == wish && moved_ns >= 0 && moved_ns < wish.timeout_ns / timers::renewal_part)
      return guards_view{self_, {known->second}};
  }
  settle(guard_armed{wish}, at);
  view.guards.push_back(wish);
  return view;
}

outcome account::run(const close_connection& cmd, const step& at) {
  std::vector<guard> held;
  for (const auto& [key, one] : timers_.guards)
    if (key.kind == guard_kind::connection && is_held_by(one, cmd.edge, cmd.connection))
      held.push_back(one);
  guards_view waiting{self_, {}};
  for (auto& one : held) {
    if (one.grace_ns == 0 || one.deadline <= at.now) {
      settle(guard_fired{one.key}, at); // its cancels follow at the next wake, due at once
      continue;
    }
    one.deadline = std::min(one.deadline, timestamp_ns{at.now.value + one.grace_ns});
    settle(guard_armed{one}, at);
    waiting.guards.push_back(one);
  }
  return waiting;
}

outcome account::run(const get_guards&, const step&) {
  guards_view view{self_, {}};
  for (const auto& [key, one] : timers_.guards) view.guards.push_back(one);
  return view;
}

void account::take(const guard_armed& one, timestamp_ns, posts_type&) {
  timers_.guards.insert_or_assign(one.what.key, one.what);
}

void account::take(const guard_disarmed& one, timestamp_ns, posts_type&) {
  timers_.guards.erase(one.key);
}

void account::take(const guard_fired& one, timestamp_ns now, posts_type&) {
  timers_.guards.erase(one.key);
  if (!open_.empty()) {
    auto& sweep = timers_.sweeps[{one.key.market, {}}];
    sweep = {{}, open_.rbegin()->first, now, true, false};
  }
  if (!tells()) return;
  const auto told = news_.size();
  tell(order_change::none, nullptr, {}, now);
  if (news_.size() > told) std::get<account_publication>(news_.back()).fired = one.key;
}

// ---- time

timestamp_ns account::wake_at() const {
  const auto timers_next = timers_.next(), slice_next = next_slice_at();
  if (timers_next.value == 0 || slice_next.value == 0) return std::max(timers_next, slice_next);
  return std::min(timers_next, slice_next);
}

void account::wake(timestamp_ns now, std::vector<event>& out, posts_type& posts) {
  const step at{now, out, posts, {}};
  std::vector<guard_key> due;
  for (const auto& [key, one] : timers_.guards)
    if (one.deadline <= now) due.push_back(key);
  for (const auto& key : due) settle(guard_fired{key}, at);
  std::vector<sweep_key> waiting;
  for (const auto& [key, one] : timers_.sweeps)
    if (one.next_at <= now) waiting.push_back(key);
  auto left = timers::wake_cancels_max;
  for (const auto& key : waiting) {
    if (left == 0) break; // the others are still due at the next tick
    left -= go_on(key, left, at);
  }
  end_sliced(at); // what was cancelled sends no slice any more
  send_slices(at);
}

} // namespace rialto
