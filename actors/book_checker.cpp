#include "actors/book_checker.hpp"

namespace rialto::actors {

namespace {

std::string name(order_id id) {
  return "P3 order " + std::to_string(id.value);
}

} // namespace

void book_checker::add(order_id id, side way, price_ticks price, quantity_lots open,
                       quantity_lots display) {
  auto& level = side_of(way)[rank(way, price)];
  const auto shown = display.value > 0 ? std::min(open, display) : open;
  level.push_back({id, shown, open - shown, display});
  places_[id] = {way, price, std::prev(level.end())};
}

void book_checker::remove(order_id id) {
  const auto at = places_.find(id);
  if (at == places_.end()) return;
  auto& levels = side_of(at->second.way);
  const auto level = levels.find(rank(at->second.way, at->second.price));
  level->second.erase(at->second.at);
  if (level->second.empty()) levels.erase(level);
  places_.erase(at);
}

/// `at` is gone when the order is added again.
void book_checker::queue_again(const place& at, price_ticks price, quantity_lots open) {
  const auto way = at.way;
  const auto [id, shown, reserve, display] = *at.at;
  remove(id);
  add(id, way, price, open, display);
}

std::string book_checker::take_off(order_id id, quantity_lots size, bool as_maker) {
  const auto at = places_.find(id);
  if (at == places_.end()) return {};
  auto& order = *at->second.at;
  const auto open = order.shown + order.reserve;
  if (size > open) return name(id) + " fills more than rests";
  if (size == open)
    remove(id);
  else if (as_maker && size < order.shown)
    order.shown -= size;
  else
    queue_again(at->second, at->second.price, open - size);
  return {};
}

std::string book_checker::take(const order_changed& changed) {
  const auto at = places_.find(changed.id);
  if (at == places_.end()) return name(changed.id) + " is changed and does not rest";
  auto& order = *at->second.at;
  if (changed.keeps_priority) {
    order.shown = std::min(order.shown, changed.open);
    order.reserve = changed.open - order.shown;
  } else {
    queue_again(at->second, changed.price, changed.open);
  }
  return {};
}

order_id book_checker::first_of(side way) const {
  const auto& orders = sides_[way == side::sell];
  return orders.empty() ? order_id{} : orders.begin()->second.front().id;
}

std::string book_checker::take_auction_trade(const trade_executed& trade) {
  if (!is_uncrossing()) return name(trade.taker) + " trades before its auction's end";
  if (trade.price != uncross_price_)
    return name(trade.taker) + " trades beside its auction's price";
  if (trade.taker < trade.maker) return name(trade.taker) + " is the older, and the taker";
  if (first_of(trade.taker_side) != trade.taker)
    return name(trade.taker) + " is not the first of its side";
  if (first_of(opposite(trade.taker_side)) != trade.maker)
    return name(trade.maker) + " is not the first of its side";
  for (const auto id : {trade.taker, trade.maker}) {
    const auto& at = places_.at(id);
    if (trade.size > at.at->shown) return name(id) + " fills more than it shows";
    if (at.way == side::buy ? at.price < trade.price : at.price > trade.price)
      return name(id) + " trades beyond its limit";
    if (auto wrong = take_off(id, trade.size, true); !wrong.empty()) return wrong;
  }
  return {};
}

std::string book_checker::take(const trade_executed& trade) {
  if (is_auction_) return take_auction_trade(trade);
  std::string wrong;
  if (trade.maker) {
    const auto& makers = side_of(opposite(trade.taker_side));
    if (!places_.contains(trade.maker)) return name(trade.maker) + " makes and does not rest";
    const auto first = makers.empty() ? order_id{} : makers.begin()->second.front().id;
    // Which of the users' orders the house takes first depends on what the journal does not hold.
    if (trade.taker && first != trade.maker)
      wrong = name(trade.maker) + " trades before order " + std::to_string(first.value);
    // A user takes a slice at most; the house's lots may stand between two of them.
    else if (trade.taker && trade.size > places_.at(trade.maker).at->shown)
      wrong = name(trade.maker) + " fills more than it shows";
    auto more = take_off(trade.maker, trade.size, true);
    if (wrong.empty()) wrong = std::move(more);
  }
  auto more = take_off(trade.taker, trade.size, false);
  return wrong.empty() ? more : wrong;
}

std::string book_checker::take(const market_event& happened) {
  if (const auto* rested = std::get_if<order_rested>(&happened)) {
    if (places_.contains(rested->id)) return name(rested->id) + " rests twice";
    add(rested->id, rested->way, rested->price, rested->open,
        rested->rules ? rested->rules->display : quantity_lots{});
  } else if (const auto* closed = std::get_if<order_closed>(&happened)) {
    remove(closed->id);
    limits_.erase(closed->id);
  } else if (const auto* changed = std::get_if<order_changed>(&happened)) {
    return take(*changed);
  } else if (const auto* trade = std::get_if<trade_executed>(&happened)) {
    return take(*trade);
  } else if (const auto* prevented = std::get_if<trade_prevented>(&happened)) {
    if (!prevented->reduces) return {};
    auto wrong = take_off(prevented->maker, prevented->size, true);
    auto more = take_off(prevented->taker, prevented->size, is_auction_);
    return wrong.empty() ? more : wrong;
  } else if (const auto* pegged = std::get_if<order_pegged>(&happened)) {
    limits_[pegged->id] = {pegged->way, pegged->limit};
  } else if (const auto* moved = std::get_if<order_repegged>(&happened)) {
    const auto at = places_.find(moved->id);
    const auto limit = limits_.find(moved->id);
    if (at == places_.end()) return name(moved->id) + " moves and does not rest";
    if (limit == limits_.end()) return name(moved->id) + " moves and is not pegged";
    const auto [way, price] = limit->second;
    if (way == side::buy ? moved->price > price : moved->price < price)
      return name(moved->id) + " moves beyond its limit";
    const auto& slice = *at->second.at;
    queue_again(at->second, moved->price, slice.shown + slice.reserve);
  } else if (std::holds_alternative<auction_started>(happened)) {
    is_auction_ = true;
  } else if (const auto* crossed = std::get_if<auction_uncrossed>(&happened)) {
    if (!is_auction_) return "P5 an auction ends that did not start";
    uncross_price_ = crossed->price;
  } else if (std::holds_alternative<auction_ended>(happened)) {
    is_auction_ = false;
    uncross_price_ = {};
  }
  return {};
}

std::string book_checker::check() const {
  if (is_auction_) return {};
  if (sides_[0].empty() || sides_[1].empty()) return {};
  const auto bid = -sides_[0].begin()->first, ask = sides_[1].begin()->first;
  if (bid < ask) return {};
  return "P5 the book is crossed: bid " + std::to_string(bid) + ", ask " + std::to_string(ask);
}

} // namespace rialto::actors
