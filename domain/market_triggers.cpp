// Orders that wait for a price: how they come to wait, when they go, and what becomes of them.
//
//   - The price is that of the last trade: of our users, or of the mirrored market's feed. It counts while the market
//     is open; an order whose price has come while it was not goes when it opens, at the price that is the last then
//     (a mirrored market that has seen no trade of its feed since the start: with the first one).
//   - An order whose price has come already is refused (would_trigger); one that follows begins at once then. Without
//     a trade so far nothing can follow (no_liquidity), the others wait.
//   - Who is due goes after the taking order has ended, one after the other (trigger_book.hpp has the order), each as
//     if it had just come: its trades may make more due. Each goes once, so this ends after as many as wait.
//   - What the market refuses then (a post-only order that would take, a limit outside the band) expires with the
//     reason.
//   - An order begins to follow with the trade that came to its price.
//   - Extremes follow from own trades. Those of the feed are noted at most every 100 ms, and before an order goes or
//     comes because of them: so much a crash may forget.
#include "domain/market_step.hpp"
#include "domain/order_rules.hpp"

namespace rialto {

reject_reason market::flaw_of_trigger(const submit_order& order) const {
  const auto& trigger = order.rules->trigger;
  if (triggers_.size() >= trigger_book::orders_max) return reject_reason::too_many_triggers;
  const auto last = last_price();
  if (last.value == 0)
    return trigger.price.value == 0 ? reject_reason::no_liquidity : reject_reason::none;
  return !trigger.follows() && trigger_book::is_reached(order, last) ? reject_reason::would_trigger
                                                                     : reject_reason::none;
}

void market::arm(const submit_order& order, const step& at) {
  const auto& trigger = order.rules->trigger;
  const auto last = last_price();
  price_ticks extreme;
  if (trigger.follows() && last.value != 0 &&
      (trigger.price.value == 0 || trigger_book::is_reached(order, last)))
    extreme = last;
  note_extremes(at); // they were there before it
  at.out.push_back(order_armed{order, extreme});
  triggers_.add(order, extreme);
}

void market::disarm(order_id id, order_status status, reject_reason why, const step& at) {
  const auto account = triggers_.find(id)->order.account;
  at.out.push_back(order_closed{id, account, status, why});
  triggers_.remove(id);
}

void market::end_expired(const step& at) {
  for (auto id = triggers_.find_expired(at.now); id; id = triggers_.find_expired(at.now))
    disarm(id, order_status::expired, reject_reason::none, at);
}

/// An own trade's price: who follows it, and who is due.
void market::see(price_ticks last, const step& at) {
  triggers_.follow(last, last);
  if (spec_.status == market_status::open) take_due(last, at);
}

void market::take_due(price_ticks last, const step& at) {
  const auto before = beginning_.size();
  triggers_.take_due(last, going_, beginning_);
  if (beginning_.size() == before) return;
  note_extremes(at); // they were there before
  for (auto i = before; i < beginning_.size(); ++i) triggers_.begin(beginning_[i], last);
}

/// The market has been opened: who waited for the price that is the last now goes.
void market::take_due_at_opening(const step& at) {
  const auto last = spec_.mode == market_mode::mirrored ? shown_price_ : last_price_;
  if (!triggers_.empty() && last.value != 0) take_due(last, at);
}

void market::see_feed(price_ticks last, const step& at) {
  if (triggers_.empty() || spec_.status != market_status::open) return;
  feed_low_ = feed_low_.value == 0 ? last : std::min(feed_low_, last);
  feed_high_ = std::max(feed_high_, last);
  if (!triggers_.would_follow(feed_low_, feed_high_))
    feed_low_ = feed_high_ = {};
  else if (at.now.value >= noted_at_.value + note_every_ns ||
           triggers_.might_go(feed_low_, feed_high_, last))
    note_extremes(at);
  take_due(last, at);
}

void market::note_extremes(const step& at) {
  if (feed_high_.value == 0) return;
  at.out.push_back(extremes_noted{feed_low_, feed_high_});
  triggers_.follow(feed_low_, feed_high_);
  feed_low_ = feed_high_ = {};
  noted_at_ = at.now;
}

/// Says who began to follow, and sends the next that is due into the book; false if nobody is.
bool market::send_next(const step& at) {
  for (const auto id : beginning_) {
    const auto* one = triggers_.find(id);
    if (one == nullptr || !trailing_orders::follows(one->place)) continue; // gone, or due already
    at.out.push_back(trail_begun{id, triggers_.extreme_of(*one)});
  }
  beginning_.clear();
  while (gone_ < going_.size()) {
    const auto id = going_[gone_++];
    const auto* one = triggers_.find(id);
    if (one == nullptr) continue; // cancelled by another's going
    auto order = one->order;
    order.rules->trigger = {};
    at.out.push_back(order_triggered{id, order.account, last_price()});
    triggers_.remove(id);
    if (const auto* list = links_.find(id); list != nullptr && list->entry != id)
      end_linked(list->list, id, at);
    if (const auto why = refusal_of(order); why != reject_reason::none) {
      at.out.push_back(order_closed{id, order.account, order_status::expired, why});
      return true;
    }
    set_bounds(at.now);
    book_.submit(order, ids_, at.out);
    expire_refused(id, at);
    halt_if_called(at);
    return true;
  }
  going_.clear();
  gone_ = 0;
  return false;
}

/// What the book has just refused was accepted long ago.
void market::expire_refused(order_id id, const step& at) {
  if (auto* closed = std::get_if<order_closed>(&at.out.back());
      closed != nullptr && closed->id == id && closed->status == order_status::rejected)
    closed->status = order_status::expired;
}

order_view market::view_of(const trigger_book::waiting& one, const order_view& context) const {
  auto view = view_of(one.order, context);
  view.is_triggered = false;
  return view;
}

timestamp_ns market::wake_at() const {
  auto next = book_.next_expiry();
  const auto take = [&](timestamp_ns when) {
    if (when.value != 0 && (next.value == 0 || when < next)) next = when;
  };
  take(auction_.until);
  take(triggers_.next_expiry());
  if (feed_high_.value != 0) take({noted_at_.value + note_every_ns});
  if (may_move_pegged()) take({pegs_moved_at_.value + repeg_every_ns});
  return next;
}

} // namespace rialto
