#include "domain/order_book.hpp"

#include <limits>

namespace rialto {

void order_book::set_terms(const instrument& spec) {
  units_per_tick_lot_ = spec.units_per_tick_lot();
  lot_size_ = spec.lot_size.value;
  const bool open = spec.mode == market_mode::mirrored && spec.status == market_status::open;
  if (spec.mode != market_mode::mirrored) drop_house();
  if (open != house_open_) touched_all_ = true;
  house_open_ = open;
}

// ---- past events

void order_book::apply(const order_rested& happened) {
  resting_order order;
  order.id = happened.id;
  order.account = happened.account;
  order.owner = happened.owner;
  order.open = happened.open;
  if (taking_ == happened.id) {
    order.executed = taking_executed_;
    order.executed_quote = taking_quote_;
  }
  taking_ = {};
  order.maker_ppm = static_cast<std::int32_t>(happened.maker_fee.value);
  order.taker_ppm = static_cast<std::int32_t>(happened.taker_fee.value);
  order.post_only = happened.post_only;
  link(orders_.add(order), happened.way, happened.price);
}

void order_book::apply(const trade_executed& happened) {
  change(happened, happened.maker ? orders_.find(happened.maker) : no_order,
         happened.taker ? orders_.find(happened.taker) : no_order);
}

void order_book::apply(const order_closed& happened) {
  if (taking_ == happened.id) taking_ = {};
  if (const auto at = orders_.find(happened.id); at != no_order) remove(at);
}

void order_book::apply(const order_changed& happened) {
  const auto at = orders_.find(happened.id);
  RIALTO_ASSERT(at != no_order);
  change(happened, at);
}

void order_book::change(const trade_executed& happened, order_handle maker, order_handle taker) {
  if (happened.maker) fill(maker, happened.size, happened.notional);
  if (!happened.taker) return;
  if (taker != no_order) return fill(taker, happened.size, happened.notional); // it was amended
  if (taking_ != happened.taker) {
    taking_ = happened.taker;
    taking_executed_ = {};
    taking_quote_ = {};
  }
  taking_executed_ += happened.size;
  taking_quote_ += happened.notional;
  if (happened.taker_is_last) taking_ = {};
}

void order_book::change(const order_changed& happened, order_handle at) {
  auto& order = orders_[at];
  if (happened.keeps_priority) {
    auto& level = levels_[order.level];
    level.own = level.own - order.open + happened.open;
    order.open = happened.open;
    touch(level);
    return;
  }
  const auto way = levels_[order.level].way;
  unlink(at);
  order.open = happened.open;
  link(at, way, happened.price);
}

void order_book::fill(order_handle at, quantity_lots size, amount_units notional) {
  RIALTO_ASSERT(at != no_order);
  auto& order = orders_[at];
  RIALTO_ASSERT_VALUES(size.value > 0 && size <= order.open, size.value, order.open.value);
  if (size == order.open) return remove(at);
  order.open -= size;
  order.executed += size;
  order.executed_quote += notional;
  auto& level = levels_[order.level];
  level.own -= size;
  touch(level);
}

void order_book::remove(order_handle at) {
  unlink(at);
  orders_.remove(at);
}

/// Puts an order at the end of its level's queue, behind the house lots that are there.
void order_book::link(order_handle at, side way, price_ticks price) {
  const auto index = levels_.obtain(way, price);
  auto& order = orders_[at];
  auto& level = levels_[index];
  order.level = index;
  order.previous = level.last;
  order.next = no_order;
  order.house_mark = level.house_eaten + level.house().value;
  if (level.last == no_order)
    level.first = at;
  else
    orders_[level.last].next = at;
  level.last = at;
  ++level.orders;
  level.own += order.open;
  touch(level);
}

void order_book::unlink(order_handle at) {
  const auto& order = orders_[at];
  auto& level = levels_[order.level];
  if (order.previous == no_order)
    level.first = order.next;
  else
    orders_[order.previous].next = order.next;
  if (order.next == no_order)
    level.last = order.previous;
  else
    orders_[order.next].previous = order.previous;
  --level.orders;
  level.own -= order.open;
  touch(level);
  drop_if_empty(order.level);
}

void order_book::touch(price_level& level) {
  if (level.is_touched || touched_all_) return;
  if (touched_.size() >= touched_max) {
    touched_all_ = true;
    return;
  }
  level.is_touched = true;
  touched_.push_back({level.way, level.price});
}

void order_book::drop_if_empty(level_index at) {
  if (levels_[at].is_empty()) levels_.remove(at);
}

// ---- reads

quantity_lots order_book::ahead(order_handle at) const {
  const auto& order = orders_[at];
  return {std::max<std::int64_t>(0, order.house_mark - levels_[order.level].house_eaten)};
}

level_index order_book::best(side way) const {
  const auto& keys = levels_.keys(way);
  for (auto at = keys.rbegin(); at != keys.rend(); ++at)
    if (liquid(levels_[at->at]).value > 0) return at->at;
  return no_level;
}

void order_book::read_levels(side way, std::size_t count_max,
                             std::vector<level_change>& out) const {
  const auto& keys = levels_.keys(way);
  for (auto at = keys.rbegin(); at != keys.rend() && count_max > 0; ++at) {
    const auto& level = levels_[at->at];
    if (liquid(level).value == 0) continue;
    out.push_back({way, level.price, liquid(level)});
    --count_max;
  }
}

bool order_book::take_touched(std::vector<level_name>& out) {
  out.clear();
  const bool all = touched_all_;
  touched_all_ = false;
  for (const auto& name : touched_)
    if (const auto at = levels_.find(name.way, name.price); at != no_level)
      levels_[at].is_touched = false;
  if (!all) out.swap(touched_);
  touched_.clear();
  return !all;
}

quantity_lots order_book::total(const level_name& name) const {
  const auto at = levels_.find(name.way, name.price);
  return at == no_level ? quantity_lots{} : liquid(levels_[at]);
}

// ---- snapshot

namespace {
/// One resting order as a snapshot holds it; they stand in book order.
struct order_record {
  order_rested rested;
  quantity_lots executed;
  amount_units executed_quote;
  RIALTO_FIELDS(rested, executed, executed_quote)
};

/// No book writes this; what only the book can tell is asked there.
bool is_garbled(const order_record& one) {
  const auto& rested = one.rested;
  const auto is_rate = [](rate_ppm rate) {
    return rate.value >= -1'000'000 && rate.value <= 1'000'000;
  };
  return (rested.way != side::buy && rested.way != side::sell) || !rested.id ||
         !is_rate(rested.maker_fee) || !is_rate(rested.taker_fee) || one.executed.value < 0 ||
         one.executed.value > order_book::level_lots_max || one.executed_quote.value < 0;
}
} // namespace

void order_book::encode(byte_writer& out) const {
  out.put(orders_.count());
  for (const auto way : {side::buy, side::sell}) {
    const auto& keys = levels_.keys(way);
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
      const auto& level = levels_[key->at];
      for (auto at = level.first; at != no_order; at = orders_[at].next) {
        const auto& order = orders_[at];
        out.put(order_record{{order.id,
                              order.account,
                              order.owner,
                              way,
                              level.price,
                              order.open,
                              {order.maker_ppm},
                              {order.taker_ppm},
                              order.post_only},
                             order.executed,
                             order.executed_quote});
      }
    }
  }
}

void order_book::decode(byte_reader& in) {
  for (auto count = in.get<std::uint32_t>(); count > 0 && !in.failed(); --count) {
    const auto one = in.get<order_record>();
    const auto& rested = one.rested;
    if (is_garbled(one) || flaw_of(rested.price, rested.open, rested.way) != reject_reason::none ||
        would_take(rested.way, rested.price) || orders_.find(rested.id) != no_order ||
        orders_.is_full())
      return in.fail();
    taking_ = rested.id;
    taking_executed_ = one.executed;
    taking_quote_ = one.executed_quote;
    apply(rested);
  }
}

// ---- invariants

void order_book::check_invariants() const {
  RIALTO_ASSERT(!taking_); // I4
  const auto bid = best(side::buy), ask = best(side::sell);
  if (bid != no_level && ask != no_level)
    RIALTO_ASSERT_VALUES(levels_[bid].price < levels_[ask].price, levels_[bid].price.value,
                         levels_[ask].price.value); // I1
  std::uint32_t orders = 0;
  for (const auto way : {side::buy, side::sell}) {
    std::size_t house = 0;
    std::int64_t rank = std::numeric_limits<std::int64_t>::min();
    for (const auto& key : levels_.keys(way)) {
      const auto& level = levels_[key.at];
      RIALTO_ASSERT(key.rank > rank && key.rank == level_table::rank_of(way, level.price));
      rank = key.rank;
      RIALTO_ASSERT(level.way == way && !level.is_empty());
      RIALTO_ASSERT_VALUES(level.taken.value >= 0, level.taken.value, level.price.value); // I3
      RIALTO_ASSERT_VALUES(level.taken <= level.shown, level.taken.value, level.shown.value);
      house += level.shown.value > 0;
      quantity_lots own, before;
      std::uint32_t count = 0;
      auto previous = no_order;
      for (auto at = level.first; at != no_order; previous = at, at = orders_[at].next, ++count) {
        const auto& order = orders_[at];
        RIALTO_ASSERT(order.previous == previous && order.level == key.at); // I2
        RIALTO_ASSERT(orders_.find(order.id) == at);
        RIALTO_ASSERT_VALUES(order.open.value > 0, order.open.value, order.id.value);
        RIALTO_ASSERT(order.executed.value >= 0);
        RIALTO_ASSERT_VALUES(ahead(at) <= level.house(), ahead(at).value, level.house().value);
        RIALTO_ASSERT_VALUES(ahead(at) >= before, ahead(at).value, before.value);
        before = ahead(at);
        own += order.open;
      }
      RIALTO_ASSERT(previous == level.last);
      RIALTO_ASSERT_VALUES(count == level.orders, count, level.orders);
      RIALTO_ASSERT_VALUES(own == level.own, own.value, level.own.value);
      orders += count;
    }
    RIALTO_ASSERT_VALUES(house == house_levels_[way == side::sell], house,
                         house_levels_[way == side::sell]);
  }
  RIALTO_ASSERT_VALUES(orders == orders_.count(), orders, orders_.count());
}

} // namespace rialto
