#include "actors/journal_checker.hpp"

#include "domain/trade_fees.hpp"

#include <algorithm>

namespace rialto::actors {

namespace {
constexpr std::size_t violations_max = 100;

std::string name_of_row(storage::shard_id shard, storage::position at) {
  return (shard == 0 ? "" : "shard " + std::to_string(shard) + " ") + "row " + std::to_string(at);
}
} // namespace

void journal_checker::violation(const std::string& where, const std::string& what) {
  if (violations_.size() < violations_max) violations_.push_back(where + ": " + what);
}

void journal_checker::take(storage::shard_id shard, storage::position at, std::string_view blob) {
  for (const auto& one : open(shard, at, blob)) take(shard, at, one);
}

std::vector<storage::record> journal_checker::open(storage::shard_id shard, storage::position at,
                                                   std::string_view blob) {
  ++rows;
  const auto where = name_of_row(shard, at);
  auto& last = last_rows_[shard];
  if (at != last + 1) violation(where, "P6 follows row " + std::to_string(last));
  last = at;
  if (auto found = storage::read_blob(blob)) return std::move(*found);
  violation(where, "its checksum or framing is wrong");
  return {};
}

bool journal_checker::is_cause_known(const storage::record& one) const {
  if (!one.cause.peer) return true;
  const auto* const sender = find(one.cause.peer);
  return sender != nullptr && sender->links_out().last(one.stream) >= one.cause.number;
}

void journal_checker::take(storage::shard_id shard, storage::position at,
                           const storage::record& one) {
  ++records;
  events += one.event_count;
  const auto where = name_of_row(shard, at) + " " + to_string(one.stream) + " event " +
                     std::to_string(one.first_event);
  if (const auto home = homes_.try_emplace(one.stream, shard).first->second; home != shard)
    violation(where, "P8 the stream is written in shard " + std::to_string(home));
  auto& entity = entities_[one.stream];
  if (!entity) entity = world_.make(one.stream);
  if (one.first_event != entity->event_number() + 1)
    return violation(where, "P6 follows event " + std::to_string(entity->event_number()));
  if (one.at < entity->last_time()) violation(where, "P6 its time goes back");
  if (one.cause.peer) {
    auto& last = causes_[{one.stream, one.cause.peer}];
    if (one.cause.number != last + 1)
      violation(where, "P6 takes message " + std::to_string(one.cause.number) + " of " +
                         to_string(one.cause.peer) + " after " + std::to_string(last));
    last = one.cause.number;
    if (!is_cause_known(one))
      violation(where, "P6 takes message " + std::to_string(last) + " of " +
                         to_string(one.cause.peer) + ", which never sent it");
  }
  switch (one.stream.kind()) {
  case entity_kind::account: decode<account_event>(one, where); break;
  case entity_kind::market: decode<market_event>(one, where); break;
  case entity_kind::user: decode<user_event>(one, where); break;
  case entity_kind::order:
  case entity_kind::none: return violation(where, "a stream of no kind that has one");
  }
  if (one.stream.kind() == entity_kind::market)
    if (const auto wrong = resting_[{one.stream.number()}].check(); !wrong.empty())
      violation(where, wrong);
  replay(*entity, one, where);
  check_snapshots(*entity, where);
  if (!each_record_) return;
  check_entity(*entity, where);
  if (const auto wrong = books_.check(); !wrong.empty()) violation(where, "P1 " + wrong);
}

void journal_checker::replay(trading_world::entity_type& entity, const storage::record& one,
                             const std::string& where) {
  const bool threw = assert_throws(true);
  try {
    if (!entity.replay(one)) violation(where, "P7 does not replay");
  } catch (const std::exception& problem) {
    violation(where, std::string("P7 does not replay: ") + problem.what());
  }
  assert_throws(threw);
}

void journal_checker::check_entity(const trading_world::entity_type& entity,
                                   const std::string& where) {
  const bool threw = assert_throws(true);
  try {
    entity.check_invariants();
  } catch (const std::exception& problem) {
    violation(where, std::string("P2 ") + problem.what());
  }
  assert_throws(threw);
}

void journal_checker::check_snapshots(const trading_world::entity_type& entity,
                                      const std::string& where) {
  const auto at = expected_.find(entity.self());
  if (at == expected_.end()) return;
  std::erase_if(at->second, [&](const storage::snapshot& made) {
    if (made.event_number > entity.event_number()) return false;
    auto copy = world_.make(made.entity);
    if (!copy->restore(made))
      violation(where, "P7 the snapshot does not restore");
    else if (made.event_number != entity.event_number())
      violation(where, "P7 the snapshot at event " + std::to_string(made.event_number) +
                         " is within a record");
    else if (copy->state_hash() != entity.state_hash())
      violation(where, "P7 the snapshot differs from the replay");
    return true;
  });
}

template <class Event>
void journal_checker::decode(const storage::record& one, const std::string& where) {
  byte_reader in(one.events);
  for (std::uint32_t i = 0; i < one.event_count; ++i) {
    Event event;
    if (!storage::decode_event(in, event)) return violation(where, "an event does not decode");
    check_event(one.stream, event, where);
  }
}

void journal_checker::check_event(entity_id stream, const account_event& event,
                                  const std::string& where) {
  books_.post(postings_of(event, {stream.number()}));
  if (const auto* placed = std::get_if<order_placed>(&event)) {
    const auto [at, is_new] = orders_.try_emplace(placed->order.id);
    if (!is_new)
      return violation(where,
                       "P4 order " + std::to_string(placed->order.id.value) + " is placed twice");
    at->second.order = placed->order;
    at->second.market = placed->market;
    at->second.units_per_tick_lot = placed->units_per_tick_lot;
  } else if (const auto* sliced = std::get_if<sliced_order_placed>(&event)) {
    const auto [at, is_new] = orders_.try_emplace(sliced->order.id);
    if (!is_new)
      return violation(where,
                       "P4 order " + std::to_string(sliced->order.id.value) + " is placed twice");
    at->second.order = sliced->order;
    at->second.market = sliced->market;
    at->second.units_per_tick_lot = sliced->units_per_tick_lot;
    at->second.is_sliced = true;
  } else if (const auto* slice = std::get_if<slice_placed>(&event)) {
    const auto [at, is_new] = orders_.try_emplace(slice->order.id);
    const auto id = std::to_string(slice->order.id.value);
    if (!is_new) return violation(where, "P4 order " + id + " is placed twice");
    const auto whole = orders_.find(slice->parent);
    if (whole == orders_.end() || !whole->second.is_sliced)
      return violation(where, "P4 order " + id + " is a slice of none");
    at->second = {slice->order, whole->second.market, {}, {}, {}, whole->second.units_per_tick_lot};
    at->second.parent = slice->parent;
    ++slices;
  } else if (const auto* linked = std::get_if<list_placed>(&event)) {
    for (const auto& order : linked->orders) {
      const auto [at, is_new] = orders_.try_emplace(order.id);
      if (!is_new)
        return violation(where, "P4 order " + std::to_string(order.id.value) + " is placed twice");
      at->second = {order, linked->market, {}, {}, {}, linked->units_per_tick_lot};
      if (!linked->has_entry || order.id != linked->list) at->second.shares = linked->list;
    }
  } else if (const auto* settled = std::get_if<fill_settled>(&event)) {
    const auto at = orders_.find(settled->id);
    if (at == orders_.end()) return violation(where, "P3 a fill of an order that was never placed");
    at->second.settled += settled->fill.size;
    if (at->second.settled > at->second.traded)
      violation(where, "P3 more is settled than was traded");
    if (at->second.parent) orders_.at(at->second.parent).settled += settled->fill.size;
  } else if (const auto* amended = std::get_if<amend_settled>(&event);
             amended != nullptr && amended->reason == reject_reason::none) {
    if (const auto at = orders_.find(amended->id); at != orders_.end())
      at->second.order.price = amended->price, at->second.order.size = amended->size;
  }
}

void journal_checker::check_event(entity_id stream, const market_event& event,
                                  const std::string& where) {
  const market_id market{stream.number()};
  if (const auto* listed = std::get_if<instrument_listed>(&event))
    instruments_[market] = listed->spec;
  if (const auto* changed = std::get_if<instrument_changed>(&event))
    instruments_[market] = changed->spec;
  auctions += std::holds_alternative<auction_ended>(event);
  const auto spec = instruments_.find(market);
  if (spec == instruments_.end())
    return violation(where, "an event of a market before its instrument");
  books_.post(postings_of(event, market, spec->second.base, spec->second.quote));
  if (const auto wrong = resting_[market].take(event); !wrong.empty()) violation(where, wrong);
  if (const auto* armed = std::get_if<order_armed>(&event)) {
    if (const auto at = orders_.find(armed->order.id); at != orders_.end())
      at->second.is_waiting = true;
  } else if (const auto* triggered = std::get_if<order_triggered>(&event)) {
    if (const auto at = orders_.find(triggered->id); at != orders_.end())
      at->second.is_waiting = false;
  } else if (const auto* moved = std::get_if<order_changed>(&event)) {
    if (const auto at = orders_.find(moved->id); at != orders_.end())
      at->second.order.price = moved->price, at->second.order.size = moved->size;
  } else if (const auto* trade = std::get_if<trade_executed>(&event)) {
    ++trades;
    const auto value = notional(trade->price, trade->size, spec->second);
    if (trade->size.value <= 0 || !value || *value != trade->notional)
      violation(where, "P3 the notional is not price x size");
    if (base_amount(trade->size, spec->second) != trade->base)
      violation(where, "P3 the base amount is not size x lot");
    if (!trade->taker && !trade->maker) violation(where, "P3 the house traded with itself");
    if (trade->taker) check_leg(*trade, trade->taker, true, where);
    if (trade->maker) check_leg(*trade, trade->maker, false, where);
  }
}

void journal_checker::check_leg(const trade_executed& trade, order_id id, bool is_taker,
                                const std::string& where) {
  const auto at = orders_.find(id);
  if (at == orders_.end())
    return violation(where,
                     "P3 order " + std::to_string(id.value) + " trades but was never placed");
  auto& mine = at->second;
  const auto way = is_taker ? trade.taker_side : opposite(trade.taker_side);
  if (mine.is_waiting)
    violation(where, "P3 order " + std::to_string(id.value) + " trades before its trigger");
  if (mine.order.way != way) violation(where, "P3 the wrong side trades");
  mine.traded += trade.size;
  mine.traded_quote += trade.notional;
  if (
    mine
      .shares) { // of two of which one goes, or of exits, both together trade no more than one may
    auto& together = lists_[mine.shares];
    together += trade.size;
    if (together > mine.order.size)
      violation(where,
                "P3 list " + std::to_string(mine.shares.value) + " is filled beyond its size");
  }
  if (mine.parent) {
    auto& whole = orders_.at(mine.parent);
    whole.traded += trade.size;
    whole.traded_quote = capped(wide_units{whole.traded_quote.value} + trade.notional.value);
    if (whole.traded > whole.order.size)
      violation(where, "P3 order " + std::to_string(mine.parent.value) +
                         " is filled beyond its size by its slices");
  }
  if (mine.order.size.value != 0 && mine.traded > mine.order.size)
    violation(where, "P3 order " + std::to_string(id.value) + " is filled beyond its size");
  if (mine.order.spend_max.value != 0 && mine.traded_quote > mine.order.spend_max)
    violation(where, "P3 spends more than it holds");
  if (mine.order.price.value != 0 &&
      (way == side::buy ? trade.price > mine.order.price : trade.price < mine.order.price))
    violation(where, "P3 order " + std::to_string(id.value) + " trades beyond its limit");
  const auto rate_of = [&](const submit_order& order, bool as_taker) {
    return as_taker && !resting_[mine.market].is_uncrossing() ? order.taker_fee : order.maker_fee;
  };
  const auto other = orders_.find(is_taker ? trade.maker : trade.taker);
  const auto theirs = other == orders_.end() ? rate_ppm{} : rate_of(other->second.order, !is_taker);
  const auto rate = rate_of(mine.order, is_taker);
  const auto received = way == side::buy ? trade.base : trade.notional;
  const auto fee = is_taker ? trade.taker_fee : trade.maker_fee;
  // Trades of before a rebate was bounded have the whole of it.
  if (fee != fee_on(received, rate_against(theirs, rate)) && fee != fee_on(received, rate))
    violation(where, "P3 the fee is not the stamped rate's");
}

bool journal_checker::is_drained() const {
  // An acknowledgement rides on the sender's next record, so a drained link is one whose receiver
  // has taken the last number.
  for (const auto& [id, entity] : entities_)
    for (const auto& sent : entity->links_out().cursors()) {
      const auto taken = causes_.find({sent.peer, id});
      if (taken == causes_.end() || taken->second != sent.number) return false;
    }
  return true;
}

/// What was sent and never taken.
void journal_checker::check_links() {
  for (const auto& [id, entity] : entities_)
    for (const auto& sent : entity->links_out().cursors()) {
      const auto at = causes_.find({sent.peer, id});
      const auto taken = at == causes_.end() ? 0 : at->second;
      if (taken != sent.number)
        violation("drained", "P4 " + to_string(id) + " sent " + std::to_string(sent.number) +
                               " messages to " + to_string(sent.peer) + ", which took " +
                               std::to_string(taken));
    }
}

void journal_checker::finish(bool must_be_drained) {
  for (const auto& [id, entity] : entities_) check_entity(*entity, to_string(id));
  if (const auto wrong = books_.check(); !wrong.empty()) violation("end", "P1 " + wrong);
  for (const auto& [id, left] : expected_)
    for (const auto& made : left)
      violation("end", "P7 the snapshot of " + to_string(id) + " at event " +
                         std::to_string(made.event_number) + " is ahead of the journal");
  if (must_be_drained) check_links();
  if (!must_be_drained && !is_drained()) return;
  for (const auto& [account, asset, amount] : books_.balances())
    if (account.kind == ledger_kind::clearing && amount.value != 0)
      violation("drained",
                "P1 " + to_string(account) + " " + asset + " holds " + format_amount(amount));
  check_open_orders();
  for (const auto& [id, mine] : orders_)
    if (mine.traded != mine.settled)
      violation("drained", "P3 order " + std::to_string(id.value) + " traded what was not settled");
}

/// Nothing is on its way, so accounts and markets must agree.
void journal_checker::check_open_orders() {
  std::size_t open = 0, resting = 0;
  for (const auto& [id, entity] : entities_) {
    if (id.kind() == entity_kind::market) {
      const auto& there = static_cast<const trading_entity<market>&>(*entity).state();
      resting +=
        there.book().order_count() + there.triggers().size() + there.links().pending_count();
    }
    if (id.kind() != entity_kind::account) continue;
    for (const auto& [number, order] :
         static_cast<const trading_entity<account>&>(*entity).state().open_orders()) {
      const auto what = "P4 order " + std::to_string(number.value);
      if (const auto known = orders_.find(number);
          known != orders_.end() && known->second.is_sliced) {
        if (order.executed != known->second.settled)
          violation("drained", what + " has executed what its slices have not");
        continue; // no market knows it
      }
      ++open;
      const auto* const there = find(order.market);
      if (there == nullptr) {
        violation("drained", what + " is open and its market does not exist");
        continue;
      }
      const auto& its_market = static_cast<const trading_entity<market>&>(*there).state();
      const auto& book = its_market.book();
      const auto at = book.find(number);
      if (const auto* waiting = its_market.triggers().find(number); waiting != nullptr) {
        if (order.is_triggered)
          violation("drained", what + " waits in its market, not in its account");
      } else if (its_market.links().find_pending(number) != nullptr) {
        if (!order.is_pending)
          violation("drained", what + " is pending in its market, not in its account");
      } else if (at == no_order)
        violation("drained", what + " is open in its account and not in its market");
      else if (book.open(at) != order.size - order.executed - order.prevented)
        violation("drained", what + " is not as large in its market as in its account");
    }
  }
  if (open != resting)
    violation("drained", "P4 " + std::to_string(resting) + " orders rest in markets, " +
                           std::to_string(open) + " are open in accounts");
}

std::uint64_t journal_checker::state_hash() const {
  std::string states;
  for (const auto& [id, entity] : entities_) byte_writer(states).put(entity->state_hash());
  return hash64(states);
}

std::uint64_t journal_checker::state_hash(entity_id id) const {
  const auto at = entities_.find(id);
  return at == entities_.end() ? 0 : at->second->state_hash();
}

const trading_world::entity_type* journal_checker::find(entity_id id) const {
  const auto at = entities_.find(id);
  return at == entities_.end() ? nullptr : at->second.get();
}

} // namespace rialto::actors
