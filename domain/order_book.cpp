#include "domain/order_book.hpp"

#include <limits>

namespace rialto {

void order_book::set_terms(const instrument& spec) {
  units_per_tick_lot_ = spec.units_per_tick_lot();
  lot_size_ = spec.lot_size.value;
  is_auction_ = spec.status == market_status::auction;
  if (spec.band.value == 0 && spec.halt_move.value == 0) bounds_ = {};
  const bool open = spec.mode == market_mode::mirrored && spec.status == market_status::open;
  if (spec.mode != market_mode::mirrored) drop_house();
  if (open != house_open_) touched_all_ = true;
  house_open_ = open;
}

// ---- past events

void order_book::apply(const order_rested& happened) {
  const auto at = orders_.add(happened.id, happened.open,
                              {happened.account,
                               happened.owner,
                               {happened.maker_fee, happened.taker_fee},
                               happened.stp,
                               happened.post_only});
  if (taking_ == happened.id && (taken_.executed.value > 0 || taken_.prevented.value > 0))
    take_over(orders_.obtain_extra(at));
  taking_ = {};
  if (happened.rules) {
    auto& extra = orders_.obtain_extra(at);
    extra.display = happened.rules->display;
    extra.expires_at = happened.rules->expires_at;
    if (extra.expires_at.value != 0) expiries_.emplace(extra.expires_at, happened.id);
    show(at, happened.open);
  }
  link(at, happened.way, happened.price);
}

/// What it did before it came to rest.
void order_book::take_over(order_extra& extra) const {
  extra.executed = taken_.executed;
  extra.quote = taken_.quote;
  extra.prevented = taken_.prevented;
}

void order_book::apply(const trade_executed& happened) {
  change(happened, happened.maker ? orders_.find(happened.maker) : no_order,
         happened.taker ? orders_.find(happened.taker) : no_order);
}

void order_book::apply(const order_closed& happened) {
  if (taking_ == happened.id) taking_ = {};
  if (const auto at = orders_.find(happened.id); at != no_order) remove(at);
}

void order_book::apply(const order_repegged& happened) {
  const auto at = orders_.find(happened.id);
  RIALTO_ASSERT(at != no_order);
  const auto open = orders_.open(at);
  change(order_changed{happened.id, account(at), happened.price, open, open, false}, at);
}

void order_book::apply(const order_changed& happened) {
  const auto at = orders_.find(happened.id);
  RIALTO_ASSERT(at != no_order);
  change(happened, at);
}

void order_book::change(const trade_executed& happened, order_handle maker, order_handle taker) {
  if (happened.maker) fill(maker, happened.size, happened.notional, part::maker);
  if (!happened.taker) return;
  if (taker != no_order)
    return fill(taker, happened.size, happened.notional,
                is_auction_ ? part::maker : part::taker); // it was amended, or stands in its place
  note_taking(happened.taker);
  taken_.executed += happened.size;
  taken_.quote += happened.notional;
  if (happened.taker_is_last) taking_ = {};
}

void order_book::apply(const trade_prevented& happened) {
  change(happened, orders_.find(happened.maker), orders_.find(happened.taker));
}

void order_book::change(const trade_prevented& happened, order_handle maker, order_handle taker) {
  if (taker == no_order) note_taking(happened.taker);
  if (!happened.reduces) return;
  if (maker != no_order) reduce(maker, happened.size, part::maker);
  if (taker != no_order)
    reduce(taker, happened.size, is_auction_ ? part::maker : part::taker);
  else
    taken_.prevented += happened.size;
}

void order_book::note_taking(order_id taker) {
  if (taking_ == taker) return;
  taking_ = taker;
  taken_ = {};
}

void order_book::change(const order_changed& happened, order_handle at) {
  auto& order = orders_[at];
  if (happened.keeps_priority) return show_less(at, happened.open);
  const auto way = levels_[order.level].way;
  unlink(at);
  show(at, happened.open);
  link(at, way, happened.price);
}

void order_book::fill(order_handle at, quantity_lots size, amount_units notional, part as) {
  RIALTO_ASSERT(at != no_order);
  const auto open = orders_.open(at);
  RIALTO_ASSERT_VALUES(size.value > 0 && size <= open, size.value, open.value);
  if (size == open) return remove(at);
  auto& extra = orders_.obtain_extra(at);
  extra.executed += size;
  extra.quote += notional;
  take_off(at, size, as);
}

/// Its open quantity falls, not to zero. A maker keeps its place while a part of its slice is left; a taker, which
/// has just come to its place, shows a fresh slice.
void order_book::take_off(order_handle at, quantity_lots size, part as) {
  auto& order = orders_[at];
  if (as == part::taker || size >= order.open) return queue_again(at, orders_.open(at) - size);
  order.open -= size;
  auto& level = levels_[order.level];
  level.own -= size;
  touch(level);
}

/// Stands at the end of its level's queue with this open quantity: so an iceberg shows its next slice.
void order_book::queue_again(order_handle at, quantity_lots open) {
  const auto& level = levels_[orders_[at].level];
  const auto way = level.way;
  const auto price = level.price;
  unlink(at);
  show(at, open);
  link(at, way, price);
}

/// Its open quantity, before it is linked: what is beyond its display goes to the reserve.
void order_book::show(order_handle at, quantity_lots open) {
  auto& order = orders_[at];
  order.open = open;
  if (!order.has_extra()) return;
  auto& extra = orders_.obtain_extra(at);
  if (extra.display.value > 0) order.open = std::min(open, extra.display);
  extra.reserve = open - order.open;
}

/// A slice that was partly taken, as a snapshot has it.
void order_book::show_slice(order_handle at, quantity_lots shown) {
  auto& order = orders_[at];
  auto& level = levels_[order.level];
  const auto less = order.open - shown;
  order.open = shown;
  orders_.obtain_extra(at).reserve += less;
  level.own -= less;
  level.hidden += less;
}

/// Its open quantity falls, in its place in the queue: first what is not shown goes.
void order_book::show_less(order_handle at, quantity_lots open) {
  auto& order = orders_[at];
  auto& level = levels_[order.level];
  level.own -= order.open;
  level.hidden -= orders_.reserve(at);
  order.open = std::min(order.open, open);
  if (order.has_extra()) orders_.obtain_extra(at).reserve = open - order.open;
  level.own += order.open;
  level.hidden += orders_.reserve(at);
  touch(level);
}

/// Loses what it would have traded with its owner; what loses all is closed by the next event.
void order_book::reduce(order_handle at, quantity_lots size, part as) {
  orders_.obtain_extra(at).prevented += size;
  if (size < orders_.open(at)) take_off(at, size, as);
}

void order_book::remove(order_handle at) {
  unlink(at);
  if (orders_[at].has_extra())
    if (const auto when = orders_.extra(at).expires_at; when.value != 0)
      expiries_.erase({when, orders_[at].id});
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
  orders_.mark(at, level.house_eaten + level.house().value);
  if (level.last == no_order)
    level.first = at;
  else
    orders_[level.last].next = at;
  level.last = at;
  ++level.orders;
  level.own += order.open;
  level.hidden += orders_.reserve(at);
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
  level.hidden -= orders_.reserve(at);
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
  return {
    std::max<std::int64_t>(0, orders_.house_mark(at) - levels_[orders_[at].level].house_eaten)};
}

void order_book::read_levels(side way, std::size_t count_max,
                             std::vector<level_change>& out) const {
  for (auto at = levels_.best(way); at != no_level && count_max > 0; at = levels_.worse(at)) {
    const auto& level = levels_[at];
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
  order_rested rested; // its open quantity is what it shows
  quantity_lots reserve, executed, prevented;
  amount_units quote;
  RIALTO_FIELDS(rested, reserve, executed, prevented, quote)
};

/// No book writes this; what only the book can tell is asked there.
bool is_garbled(const order_record& one) {
  const auto& rested = one.rested;
  const auto is_rate = [](rate_ppm rate) {
    return rate.value >= -1'000'000 && rate.value <= 1'000'000;
  };
  const auto is_size = [](quantity_lots size) {
    return size.value >= 0 && size.value <= order_book::level_lots_max;
  };
  const auto rules = rested.rules.value_or(resting_rules{});
  return (rested.way != side::buy && rested.way != side::sell) || !rested.id ||
         rested.account.value > entity_number_max || rested.owner.value > entity_number_max ||
         !is_rate(rested.maker_fee) || !is_rate(rested.taker_fee) ||
         rested.stp > stp_mode::decrement || !is_size(one.reserve) || !is_size(one.executed) ||
         !is_size(one.prevented) || one.quote.value < 0 || !is_size(rules.display) ||
         rules.expires_at.value < 0 || (one.reserve.value > 0 && rules.display.value == 0) ||
         (rules.display.value > 0 && rested.open > rules.display);
}
} // namespace

void order_book::encode(byte_writer& out) const {
  out.put(orders_.count());
  for (const auto way : {side::buy, side::sell}) {
    for (auto index = levels_.best(way); index != no_level; index = levels_.worse(index)) {
      const auto& level = levels_[index];
      for (auto at = level.first; at != no_order; at = orders_[at].next) {
        const auto& order = orders_[at];
        const auto fees = orders_.fees(at);
        const auto& extra = orders_.extra(at);
        order_record one{{order.id,
                          account(at),
                          owner(at),
                          way,
                          level.price,
                          order.open,
                          fees.maker,
                          fees.taker,
                          order.post_only(),
                          order.stp(),
                          {}},
                         extra.reserve,
                         extra.executed,
                         extra.prevented,
                         extra.quote};
        if (extra.display.value != 0 || extra.expires_at.value != 0)
          one.rested.rules = {extra.display, extra.expires_at};
        out.put(one);
      }
    }
  }
}

void order_book::decode(byte_reader& in) {
  for (auto count = in.get<std::uint32_t>(); count > 0 && !in.failed(); --count) {
    auto one = in.get<order_record>();
    auto& rested = one.rested;
    if (is_garbled(one)) return in.fail();
    const auto shown = rested.open;
    rested.open += one.reserve;
    if (flaw_of(rested.price, rested.open, rested.way) != reject_reason::none ||
        (!is_auction_ && would_take(rested.way, rested.price)) ||
        orders_.find(rested.id) != no_order || orders_.is_full())
      return in.fail();
    taking_ = rested.id;
    taken_ = {one.executed, one.quote, one.prevented, {}, {}, {}, {}};
    apply(rested);
    const auto at = orders_.find(rested.id);
    if (!stays_countable(at, rested.price)) return in.fail();
    if (orders_[at].open != shown) show_slice(at, shown);
  }
}

// ---- invariants

void order_book::check_invariants() const {
  RIALTO_ASSERT(!taking_); // I4
  const auto bid = best(side::buy), ask = best(side::sell);
  if (bid != no_level && ask != no_level && !is_auction_)
    RIALTO_ASSERT_VALUES(levels_[bid].price < levels_[ask].price, levels_[bid].price.value,
                         levels_[ask].price.value); // I1
  std::uint32_t orders = 0;
  for (const auto way : {side::buy, side::sell}) {
    std::size_t house = 0;
    auto rank = std::numeric_limits<std::int64_t>::max();
    for (auto index = levels_.best(way); index != no_level; index = levels_.worse(index)) {
      const auto& level = levels_[index];
      RIALTO_ASSERT(level_table::rank_of(way, level.price) < rank);
      rank = level_table::rank_of(way, level.price);
      RIALTO_ASSERT(levels_.find(way, level.price) == index);
      RIALTO_ASSERT(level.way == way && !level.is_empty());
      RIALTO_ASSERT_VALUES(level.taken.value >= 0, level.taken.value, level.price.value); // I3
      RIALTO_ASSERT_VALUES(level.taken <= level.shown, level.taken.value, level.shown.value);
      house += level.shown.value > 0;
      quantity_lots own, hidden, before;
      std::uint32_t count = 0;
      auto previous = no_order;
      for (auto at = level.first; at != no_order; previous = at, at = orders_[at].next, ++count) {
        const auto& order = orders_[at];
        RIALTO_ASSERT(order.previous == previous && order.level == index); // I2
        RIALTO_ASSERT(orders_.find(order.id) == at);
        RIALTO_ASSERT_VALUES(order.open.value > 0, order.open.value, order.id.value);
        RIALTO_ASSERT(orders_.extra(at).executed.value >= 0);
        RIALTO_ASSERT(orders_.reserve(at).value >= 0);
        RIALTO_ASSERT_VALUES(stays_countable(at, level.price), order.id.value,
                             orders_.extra(at).quote.value); // I5
        hidden += orders_.reserve(at);
        RIALTO_ASSERT_VALUES(ahead(at) <= level.house(), ahead(at).value, level.house().value);
        RIALTO_ASSERT_VALUES(ahead(at) >= before, ahead(at).value, before.value);
        before = ahead(at);
        own += order.open;
      }
      RIALTO_ASSERT(previous == level.last);
      RIALTO_ASSERT_VALUES(count == level.orders, count, level.orders);
      RIALTO_ASSERT_VALUES(own == level.own, own.value, level.own.value);
      RIALTO_ASSERT_VALUES(hidden == level.hidden, hidden.value, level.hidden.value);
      orders += count;
    }
    RIALTO_ASSERT_VALUES(house == house_levels_[way == side::sell], house,
                         house_levels_[way == side::sell]);
  }
  RIALTO_ASSERT_VALUES(orders == orders_.count(), orders, orders_.count());
}

} // namespace rialto
