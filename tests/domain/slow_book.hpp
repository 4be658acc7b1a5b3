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
    submit_order placed; // with its present price
    std::int64_t open = 0, executed = 0;
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
    if (order.tif == time_in_force::fok) {
      auto trial = *this; // try it on a copy
      auto trial_with = with;
      if (trial.take(trial_with) != end::done)
        return close(order, order_status::expired, reject_reason::fok_unfillable);
    }
    const auto how = take(with);
    if (how == end::done) return events_;
    if (how == end::budget)
      return close(order, order_status::expired,
                   order.quote_target.value > 0 ? reject_reason::notional_too_small
                                                : reject_reason::none);
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
                                   order.type == order_type::post_only});
    orders_.push_back({order, with.left, order.size.value - with.left});
    return events_;
  }

  std::vector<market_event> amend(const amend_order& wish) {
    events_.clear();
    const auto at = find(wish.id);
    if (at == orders_.end() || at->placed.account != wish.account)
      return refuse(wish, {}, {}, reject_reason::unknown_order);
    const auto old_price = at->placed.price;
    const quantity_lots old_size{at->executed + at->open};
    const auto open = wish.size.value - at->executed;
    if (wish.size > spec_.quantity_max)
      return refuse(wish, old_price, old_size, reject_reason::quantity_invalid);
    if (open <= 0) return refuse(wish, old_price, old_size, reject_reason::amend_not_allowed);
    if (wish.price == old_price && open <= at->open) {
      at->open = open;
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
    static_cast<void>(take(with));
    moved.executed += open - with.left;
    moved.open = with.left;
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
        all.push_back({one.placed.way, one.placed.price, {one.open}});
      else
        same->size.value += one.open;
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
  enum class end { done, budget, nobody };
  struct attempt {
    submit_order order;
    std::int64_t left = 0, budget = endless;
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
      const auto size = std::min({with.left, maker->open, with.budget / lot_cost(price)});
      if (size == 0) return end::budget;
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
      trade.taker_fee = {fee(taker_gets.value, with.order.taker_fee)};
      trade.maker_fee = {fee(maker_gets.value, maker->placed.maker_fee)};
      with.left -= size;
      with.budget -= trade.notional.value;
      maker->open -= size;
      maker->executed += size;
      trade.maker_is_last = maker->open == 0;
      if (maker->open == 0) orders_.erase(maker);
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
