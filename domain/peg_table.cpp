#include "domain/peg_table.hpp"

#include "domain/order_rules.hpp"

#include <algorithm>

namespace rialto {

reference_prices peg_table::references(const order_book& book) const {
  std::map<price_ticks, quantity_lots> pegged[2]; // of a side, what of a level is not a reference
  for (const auto& [id, one] : orders_)
    if (const auto at = book.find(id); at != no_order)
      pegged[one.way == side::buy ? 0 : 1][book.level(book.order(at).level).price] += book.open(at);
  const auto best = [&](side way) {
    auto& mine = pegged[way == side::buy ? 0 : 1];
    for (auto at = book.levels().best(way); at != no_level; at = book.levels().worse(at)) {
      const auto& level = book.level(at);
      const auto others = book.liquid(level) + level.hidden;
      const auto found = mine.find(level.price);
      if (others > (found == mine.end() ? quantity_lots{} : found->second)) return level.price;
    }
    return price_ticks{};
  };
  return {best(side::buy), best(side::sell)};
}

price_ticks peg_table::wish_of(const pegged& one, const reference_prices& by) {
  const bool buys = one.way == side::buy;
  const auto own = buys ? by.bid.value : by.ask.value, other = buys ? by.ask.value : by.bid.value;
  std::int64_t reference = 0;
  switch (one.peg.kind) {
  case peg_kind::primary: reference = own; break;
  case peg_kind::market: reference = other; break;
  case peg_kind::mid:
    if (own != 0 && other != 0) // away from the other side
      reference = buys ? own + (other - own) / 2 : other + (own - other + 1) / 2;
    break;
  case peg_kind::none: break;
  }
  if (reference == 0) return {};
  if (buys)
    return {std::max<std::int64_t>(std::min(reference - one.peg.offset.value, one.limit.value), 0)};
  return {std::max(reference + one.peg.offset.value, one.limit.value)};
}

void peg_table::decode(byte_reader& in) {
  in.get(orders_);
  if (orders_.size() > orders_max) {
    orders_.clear();
    in.fail();
  }
}

bool peg_table::fits(const order_book& book) const {
  return std::all_of(orders_.begin(), orders_.end(), [&](const auto& entry) {
    const auto& [id, one] = entry;
    const auto at = book.find(id);
    if (at == no_order || one.peg.kind == peg_kind::none || !is_sound(one.peg)) return false;
    const auto& level = book.level(book.order(at).level);
    return level.way == one.way &&
           (one.way == side::buy ? level.price <= one.limit : level.price >= one.limit);
  });
}

} // namespace rialto
