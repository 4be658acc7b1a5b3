// tests/domain/slow_book.hpp: the rules of an own market, written to be obviously right: one
// vector of orders in the order they joined, and a linear scan for every question.
//
// It shares no code with domain/order_book: its fees, notionals and budgets are computed anew.
#pragma once

#include "domain/market_events.hpp"

#include <algorithm>
#include <vector>

namespace rialto::testing {

class slow_book {
public:
  struct resting {
    submit_order placed;                 // with its present price
    std::int64_t open = 0, executed = 0; // open: shown or not
    std::int64_t shown = 0, prevented = 0;
    [[nodiscard]] std::int64_t slice() const {
      const auto display = placed.rules ? placed.rules->display.value : 0;
      return display == 0 ? open : std::min(open, display);
    }
  };

  explicit slow_book(const instrument& spec) : spec_(spec) {}

  std::vector<market_event> submit(const submit_order& order) {
    events_.clear();
    const bool is_limit = order.type != order_type::market;
    if (order.type == order_type::post_only && !is_out_of_reach(order.way, order.price.value))
      return close(order, order_status::rejected, reject_reason::would_take);
    attempt with;
    with.order = order;
    with.left = order.size.value == 0 ? endless : order.size.value;
    if (!is_limit && order.quote_target.value > 0) with.budget = order.quote_target.value;
    if (!is_limit && order.spend_max.value > 0)
      with.budget = std::min(with.budget, order.spend_max.value);
    if (order.tif == time_in_force::fok && !would_trade(with, with.left))
      return close(order, order_status::expired, reject_reason::fok_unfillable);
    if (order.rules && order.rules->size_min.value > 0 &&
        !would_trade(with, order.rules->size_min.value))
      return close(order, order_status::expired, reject_reason::min_quantity_unfillable);
    const auto how = take(with);
    if (how == end::done) return events_;
    if (how == end::budget)
      return close(order, order_status::expired,
                   order.quote_target.value > 0 ? reject_reason::notional_too_small
                                                : reject_reason::none);
    if (how == end::self) return close(order, order_status::expired, reject_reason::self_trade);
    if (!is_limit) return close(order, order_status::expired, reject_reason::no_liquidity);
    if (order.tif != time_in_force::gtc)
      return close(order, order_status::expired, reject_reason::none);
    events_.push_back(order_rested{order.id,
                                   order.account,
                                   order.owner,
                                   order.way,
                                   order.price,
                                   {with.left},
                                   order.maker_fee,
                                   order.taker_fee,
                                   order.type == order_type::post_only,
                                   order.stp,
                                   {}});
    if (order.rules && order.rules->display.value > 0)
      std::get<order_rested>(events_.back()).rules = {order.rules->display, {}};
    resting one{order, with.left, with.executed, 0, with.prevented};
    one.shown = one.slice();
    orders_.push_back(one);
    return events_;
  }

  std::vector<market_event> amend(const amend_order& wish) {
    events_.clear();
    const auto at = find(wish.id);
    if (at == orders_.end() || at->placed.account != wish.account)
      return refuse(wish, {}, {}, reject_reason::unknown_order);
    const auto old_price = at->placed.price;
    const quantity_lots old_size{at->executed + at->prevented + at->open};
    const auto open = wish.size.value - at->executed - at->prevented;
    if (wish.size > spec_.quantity_max)
      return refuse(wish, old_price, old_size, reject_reason::quantity_invalid);
    if (open <= 0) return refuse(wish, old_price, old_size, reject_reason::amend_not_allowed);
    if (wish.price == old_price && open <= at->open) {
      at->open = open;
      at->shown = std::min(at->shown, open);
      events_.push_back(order_changed{wish.id, wish.account, wish.price, wish.size, {open}, true});
      return events_;
    }
    if (at->placed.type == order_type::post_only &&
        !is_out_of_reach(at->placed.way, wish.price.value))
      return refuse(wish, old_price, old_size, reject_reason::would_take);
    events_.push_back(order_changed{wish.id, wish.account, wish.price, wish.size, {open}, false});
    auto moved = *at;
    orders_.erase(at);
    moved.placed.price = wish.price;
    attempt with;
    with.order = moved.placed;
    with.order.quote_target = with.order.spend_max = {};
    with.left = open;
    with.order.rules.reset();
    const auto how = take(with);
    moved.executed += with.executed;
    moved.prevented += with.prevented;
    moved.open = with.left;
    moved.shown = moved.slice();
    if (how == end::self)
      return close(moved.placed, order_status::expired, reject_reason::self_trade);
    if (moved.open > 0) orders_.push_back(moved);
    return events_;
  }

  std::vector<market_event> cancel(const cancel_order& wish) {
    events_.clear();
    const auto at = find(wish.id);
    if (at == orders_.end() || at->placed.account != wish.account) return {};
    const auto order = at->placed;
    orders_.erase(at);
    return close(order, order_status::cancelled, reject_reason::none);
  }

  [[nodiscard]] std::vector<level_change> levels() const {
    std::vector<level_change> bids, asks;
    for (const auto& one : orders_) {
      auto& all = one.placed.way == side::buy ? bids : asks;
      const auto same = std::find_if(all.begin(), all.end(), [&](const level_change& level) {
        return level.price == one.placed.price;
      });
      if (same == all.end())
        all.push_back({one.placed.way, one.placed.price, {one.shown}});
      else
        same->size.value += one.shown;
    }
    std::sort(bids.begin(), bids.end(), [](auto& a, auto& b) { return a.price > b.price; });
    std::sort(asks.begin(), asks.end(), [](auto& a, auto& b) { return a.price < b.price; });
    bids.insert(bids.end(), asks.begin(), asks.end());
    return bids;
  }
  [[nodiscard]] const std::vector<resting>& orders() const { return orders_; }
  [[nodiscard]] bool rests(order_id id) const {
    return std::any_of(orders_.begin(), orders_.end(),
                       [&](const resting& one) { return one.placed.id == id; });
  }

private:
  static constexpr std::int64_t endless = std::int64_t{1} << 60;
  enum class end { done, budget, nobody, self };
  struct attempt {
    submit_order order;
    std::int64_t left = 0, budget = endless, executed = 0, prevented = 0;
  };

  [[nodiscard]] std::vector<resting>::iterator find(order_id id) {
    return std::find_if(orders_.begin(), orders_.end(),
                        [&](const resting& one) { return one.placed.id == id; });
  }
  /// The counterparty: best price, then the one that joined first.
  [[nodiscard]] std::vector<resting>::iterator best_against(side way) {
    auto best = orders_.end();
    for (auto at = orders_.begin(); at != orders_.end(); ++at) {
      if (at->placed.way == way) continue;
      if (best == orders_.end() || (way == side::buy ? at->placed.price < best->placed.price
                                                     : at->placed.price > best->placed.price))
        best = at;
    }
    return best;
  }
  [[nodiscard]] bool is_out_of_reach(side way, std::int64_t limit) {
    const auto best = best_against(way);
    if (best == orders_.end()) return true;
    return way == side::buy ? best->placed.price.value > limit : best->placed.price.value < limit;
  }
  [[nodiscard]] std::int64_t lot_cost(price_ticks price) const {
    return price.value *
           (spec_.tick_size.value * (spec_.lot_size.value / 100) / (units_per_whole / 100));
  }
  /// Of a rebate no more than the other pays.
  static rate_ppm paid_by(rate_ppm other, rate_ppm rate) {
    if (rate.value >= 0) return rate;
    return other.value <= 0 ? rate_ppm{} : rate_ppm{std::max(rate.value, -other.value)};
  }
  static std::int64_t fee(std::int64_t received, rate_ppm rate) {
    const auto product = static_cast<__int128>(received) * rate.value;
    if (product <= 0) return static_cast<std::int64_t>(product / 1'000'000);
    return static_cast<std::int64_t>((product + 999'999) / 1'000'000);
  }

  end take(attempt& with) {
    const auto way = with.order.way;
    const bool is_limit = with.order.type != order_type::market;
    const bool by_quote = with.order.quote_target.value > 0;
    for (;;) {
      const auto maker = best_against(way);
      if (maker == orders_.end()) return end::nobody;
      if (is_limit && is_out_of_reach(way, with.order.price.value)) return end::nobody;
      const auto price = maker->placed.price;
      const auto size = std::min({with.left, maker->shown, with.budget / lot_cost(price)});
      if (size == 0) return end::budget;
      if (with.order.stp != stp_mode::none && maker->placed.owner == with.order.owner) {
        if (prevent(with, maker, size)) return end::self;
        continue;
      }
      trade_executed trade;
      trade.trade = {++trades_};
      trade.taker = with.order.id;
      trade.taker_account = with.order.account;
      trade.taker_side = way;
      trade.maker = maker->placed.id;
      trade.maker_account = maker->placed.account;
      trade.price = price;
      trade.size = {size};
      trade.notional = {size * lot_cost(price)};
      trade.base = {size * spec_.lot_size.value};
      const auto taker_gets = way == side::buy ? trade.base : trade.notional;
      const auto maker_gets = way == side::buy ? trade.notional : trade.base;
      const auto taken = with.order.taker_fee, made = maker->placed.maker_fee;
      trade.taker_fee = {fee(taker_gets.value, paid_by(made, taken))};
      trade.maker_fee = {fee(maker_gets.value, paid_by(taken, made))};
      with.left -= size;
      with.executed += size;
      with.budget -= trade.notional.value;
      maker->executed += size;
      trade.maker_is_last = maker->open == size;
      take_off(maker, size);
      bool done = with.left == 0;
      if (by_quote && !done) {
        const auto next = best_against(way);
        done =
          with.budget == 0 || (next != orders_.end() && lot_cost(next->placed.price) > with.budget);
      }
      trade.taker_is_last = done;
      events_.push_back(trade);
      if (done) return end::done;
    }
  }

  /// The maker loses `size`; gone at zero, at the end of the queue when its slice is used up.
  void take_off(std::vector<resting>::iterator maker, std::int64_t size) {
    maker->open -= size;
    maker->shown -= size;
    if (maker->shown > 0) return;
    auto again = *maker;
    orders_.erase(maker);
    if (again.open == 0) return;
    again.shown = again.slice();
    orders_.push_back(again);
  }

  /// The taker may not go on.
  bool prevent(attempt& with, std::vector<resting>::iterator maker, std::int64_t size) {
    const auto mode = with.order.stp;
    const auto other = maker->placed;
    events_.push_back(trade_prevented{with.order.id,
                                      other.id,
                                      with.order.account,
                                      other.account,
                                      other.price,
                                      {size},
                                      mode == stp_mode::decrement});
    const auto close_maker = [&] {
      events_.push_back(
        order_closed{other.id, other.account, order_status::expired, reject_reason::self_trade});
    };
    if (mode == stp_mode::expire_maker || mode == stp_mode::expire_both) {
      orders_.erase(maker);
      close_maker();
      return mode == stp_mode::expire_both;
    }
    if (mode == stp_mode::expire_taker) return true;
    const bool ends = maker->open == size;
    maker->prevented += size;
    take_off(maker, size);
    if (ends) close_maker();
    with.left -= size;
    with.prevented += size;
    with.budget -= size * lot_cost(other.price);
    return with.left == 0;
  }

  /// Tried on a copy in which the owner's orders cannot be counted on.
  [[nodiscard]] bool would_trade(const attempt& with, std::int64_t size) const {
    auto trial = *this;
    auto wish = with;
    wish.left = size;
    if (wish.order.stp == stp_mode::decrement) wish.order.stp = stp_mode::expire_taker;
    return trial.take(wish) == end::done;
  }

  std::vector<market_event> close(const submit_order& order, order_status status,
                                  reject_reason why) {
    events_.push_back(order_closed{order.id, order.account, status, why});
    return events_;
  }
  std::vector<market_event> refuse(const amend_order& wish, price_ticks price, quantity_lots size,
                                   reject_reason why) {
    events_.push_back(amend_refused{wish.id, wish.account, price, size, why});
    return events_;
  }

  instrument spec_;
  std::vector<resting> orders_; // in the order they joined
  std::uint64_t trades_ = 0;
  std::vector<market_event> events_;
};

} // namespace rialto::testing
