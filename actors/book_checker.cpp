#include "actors/book_checker.hpp"

namespace rialto::actors {

void book_checker::add(order_id id, side way, price_ticks price, quantity_lots open) {
  auto& level = side_of(way)[rank(way, price)];
  level.push_back({id, open});
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

std::string book_checker::fill(order_id id, quantity_lots size) {
  const auto at = places_.find(id);
  if (at == places_.end()) return {};
  auto& open = at->second.at->open;
  if (size > open) return "P3 order " + std::to_string(id.value) + " fills more than rests";
  open -= size;
  if (open.value == 0) remove(id);
  return {};
}

std::string book_checker::take(const market_event& happened) {
  if (const auto* rested = std::get_if<order_rested>(&happened)) {
    if (places_.contains(rested->id))
      return "P3 order " + std::to_string(rested->id.value) + " rests twice";
    add(rested->id, rested->way, rested->price, rested->open);
  } else if (const auto* closed = std::get_if<order_closed>(&happened)) {
    remove(closed->id);
  } else if (const auto* changed = std::get_if<order_changed>(&happened)) {
    const auto at = places_.find(changed->id);
    if (at == places_.end())
      return "P3 order " + std::to_string(changed->id.value) + " is changed and does not rest";
    if (changed->keeps_priority) {
      at->second.at->open = changed->open;
    } else {
      const auto way = at->second.way;
      remove(changed->id);
      add(changed->id, way, changed->price, changed->open);
    }
  } else if (const auto* trade = std::get_if<trade_executed>(&happened)) {
    std::string wrong;
    if (trade->maker) {
      const auto& makers = side_of(opposite(trade->taker_side));
      if (!places_.contains(trade->maker))
        return "P3 order " + std::to_string(trade->maker.value) + " makes and does not rest";
      const auto first = makers.empty() ? order_id{} : makers.begin()->second.front().id;
      // Which of the users' orders the house takes first depends on what the journal does not hold.
      if (trade->taker && first != trade->maker)
        wrong = "P3 order " + std::to_string(trade->maker.value) + " trades before order " +
                std::to_string(first.value);
    }
    for (const auto id : {trade->maker, trade->taker})
      if (auto more = fill(id, trade->size); wrong.empty()) wrong = std::move(more);
    return wrong;
  }
  return {};
}

std::string book_checker::check() const {
  if (sides_[0].empty() || sides_[1].empty()) return {};
  const auto bid = -sides_[0].begin()->first, ask = sides_[1].begin()->first;
  if (bid < ask) return {};
  return "P5 the book is crossed: bid " + std::to_string(bid) + ", ask " + std::to_string(ask);
}

} // namespace rialto::actors
