#include "domain/market.hpp"

#include "domain/market_step.hpp"

namespace rialto {

namespace {

rejection refuse(reject_reason why) {
  return {why, {}};
}

/// Of an auction; 0: as the instrument says.
bool is_duration(std::int64_t seconds) {
  return seconds >= 0 && seconds <= instrument::span_seconds_max;
}

void post(std::vector<addressed_message>& posts, account_id to, link_message body) {
  posts.push_back({entity_id{to}, std::move(body)});
}

/// K1: what an event tells the accounts.
void post_messages(const market_event& happened, timestamp_ns now,
                   std::vector<addressed_message>& posts) {
  if (const auto* trade = std::get_if<trade_executed>(&happened)) {
    fill_view fill{trade->trade, trade->price, trade->size, trade->notional, {}, false, now};
    if (trade->taker) {
      fill.fee = trade->taker_fee;
      post(posts, trade->taker_account,
           order_filled{trade->taker, trade->taker_account, fill, trade->taker_is_last});
    }
    if (trade->maker) {
      fill.fee = trade->maker_fee;
      fill.is_maker = true;
      post(posts, trade->maker_account,
           order_filled{trade->maker, trade->maker_account, fill, trade->maker_is_last});
    }
  } else if (const auto* closed = std::get_if<order_closed>(&happened)) {
    post(posts, closed->account,
         order_ended{closed->id, closed->account, closed->status, closed->reason});
  } else if (const auto* prevented = std::get_if<trade_prevented>(&happened)) {
    if (!prevented->reduces) return;
    post(posts, prevented->taker_account,
         order_reduced{prevented->taker, prevented->taker_account, prevented->size});
    post(posts, prevented->maker_account,
         order_reduced{prevented->maker, prevented->maker_account, prevented->size});
  } else if (const auto* changed = std::get_if<order_changed>(&happened)) {
    post(posts, changed->account,
         order_amended{changed->id, changed->account, changed->price, changed->size,
                       reject_reason::none});
  } else if (const auto* refused = std::get_if<amend_refused>(&happened)) {
    post(
      posts, refused->account,
      order_amended{refused->id, refused->account, refused->price, refused->size, refused->reason});
  } else if (const auto* triggered = std::get_if<order_triggered>(&happened)) {
    post(posts, triggered->account, order_activated{triggered->id, triggered->account});
  } else if (const auto* sized = std::get_if<exits_sized>(&happened)) {
    post(posts, sized->account, exits_opened{sized->list, sized->account, sized->size});
  }
}

} // namespace

outcome market::execute(const command& cmd, timestamp_ns now, std::vector<event>& out,
                        std::vector<addressed_message>& posts) {
  step at{now, out, posts, out.size(), out.size()};
  prepare(at);
  at.first = out.size();
  pegs_are_due_ = true;
  return std::visit([&](const auto& one) { return run(one, at); }, cmd);
}

outcome market::handle(const link_message& message, entity_id, const order_view& context,
                       timestamp_ns now, std::vector<event>& out,
                       std::vector<addressed_message>& posts) {
  step at{now, out, posts, out.size(), out.size()};
  prepare(at);
  at.first = out.size();
  pegs_are_due_ = true;
  if (const auto* order = std::get_if<submit_order>(&message)) return run(*order, context, at);
  if (const auto* list = std::get_if<submit_list>(&message)) return run(*list, context, at);
  if (const auto* wish = std::get_if<amend_order>(&message)) return run(*wish, context, at);
  if (const auto* wish = std::get_if<cancel_order>(&message)) return run(*wish, context, at);
  return refuse(reject_reason::unknown_order); // no other message is for a market
}

void market::wake(timestamp_ns now, std::vector<event>& out,
                  std::vector<addressed_message>& posts) {
  const step at{now, out, posts, out.size(), out.size()};
  prepare(at);
  finish(at);
  if (out.size() > at.first) pegs_are_due_ = true;
}

void market::apply(const event& happened, timestamp_ns now, std::vector<addressed_message>& posts) {
  struct visitor {
    market& to;
    timestamp_ns now;
    void operator()(const instrument_listed& one) const { to.take(one.spec); }
    void operator()(const instrument_changed& one) const { to.take(one.spec); }
    void operator()(const order_rested& one) const { to.book_.apply(one); }
    void operator()(const trade_executed& one) const {
      to.book_.apply(one);
      to.note_price(one.price, now);
      to.triggers_.follow(one.price, one.price);
      to.links_.apply(one);
      to.pegs_.apply(one);
    }
    void operator()(const order_closed& one) const {
      to.book_.apply(one);
      to.pegs_.apply(one);
      to.triggers_.remove(one.id);
      to.links_.apply(one);
    }
    void operator()(const list_linked& one) const { to.links_.apply(one); }
    void operator()(const exits_sized& one) const { to.links_.apply(one); }
    void operator()(const order_changed& one) const { to.book_.apply(one); }
    void operator()(const amend_refused&) const {}
    void operator()(const trade_prevented& one) const { to.book_.apply(one); }
    void operator()(const ids_reserved& one) const { to.ids_.apply(one); }
    void operator()(const order_armed& one) const { to.triggers_.add(one.order, one.extreme); }
    void operator()(const trail_begun& one) const { to.triggers_.begin(one.id, one.extreme); }
    void operator()(const order_triggered& one) const { to.triggers_.remove(one.id); }
    void operator()(const extremes_noted& one) const { to.triggers_.follow(one.low, one.high); }
    void operator()(const order_pegged& one) const { to.pegs_.add(one); }
    void operator()(const order_repegged& one) const { to.book_.apply(one); }
    void operator()(const auction_started& one) const { to.take(one); }
    void operator()(const auction_uncrossed&) const {}
    void operator()(const auction_ended& one) const { to.take(one, now); }
  };
  std::visit(visitor{*this, now}, happened);
  post_messages(happened, now, posts);
}

/// Every step begins with ids at hand, an auction ended and orders expired whose time has come, and a
/// book that the house does not cross.
void market::prepare(const step& at) {
  if (is_blank()) return;
  ids_.prepare(at.out);
  end_due_auction(at);
  book_.expire(at.now, at.out);
  end_expired(at);
  if (at.now.value >= noted_at_.value + note_every_ns) note_extremes(at);
  if (must_match_house_) {
    must_match_house_ = false;
    book_.match_house(ids_, at.out);
  }
  if (at.finished < at.out.size()) finish(at);
  move_pegged(at);
  set_bounds(at.now);
}

/// The step's book events are in the book already; here the rest of the machine takes them, and orders whose price
/// came go into the book. Trades there are from `quiet_from` on are part of a feed's line and not printed again.
/// May be called more than once in a step.
void market::finish(const step& at, std::size_t quiet_from) {
  const auto quiet_to = at.out.size();
  auto& i = at.finished;
  do {
    for (; i < at.out.size(); ++i) {
      post_messages(at.out[i], at.now, at.posts);
      if (!pegs_.empty()) follow_pegged(at.out[i]);
      if (!links_.empty()) follow_links(at.out[i], at);
      const auto* trade = std::get_if<trade_executed>(&at.out[i]);
      if (trade == nullptr) continue;
      note_price(trade->price, at.now);
      if (i < quiet_from || i >= quiet_to) print(*trade, at.now);
      if (!triggers_.empty()) see(last_price_, at);
    }
  } while ((!is_uncrossing_ && open_exits(at)) || send_next(at));
}

void market::take(const instrument& spec) {
  if (spec.halt_move.value == 0) window_ = {};
  spec_ = spec;
  book_.set_terms(spec);
  publishes_spec_ = true;
}

outcome market::run(const list_instrument& cmd, const step& at) {
  if (!is_blank()) {
    finish(at);
    return refuse(reject_reason::already_exists);
  }
  if (cmd.spec.market != self_ || !check(cmd.spec).empty() || !is_duration(cmd.auction_seconds))
    return refuse(reject_reason::instrument_invalid);
  at.out.push_back(instrument_listed{cmd.spec});
  take(cmd.spec);
  if (spec_.status == market_status::auction)
    start_auction(cmd.auction_seconds != 0 ? cmd.auction_seconds : spec_.halt_seconds,
                  auction_cause::called, at);
  ids_.prepare(at.out);
  finish(at);
  return done{};
}

outcome market::run(const change_instrument& cmd, const step& at) {
  const auto& next = cmd.spec;
  const bool same_units = next.market == spec_.market && next.symbol == spec_.symbol &&
                          next.base == spec_.base && next.quote == spec_.quote &&
                          next.tick_size == spec_.tick_size && next.lot_size == spec_.lot_size;
  if (is_blank()) return refuse(reject_reason::unknown_market);
  if (!same_units || !check(next).empty() || !is_duration(cmd.auction_seconds)) {
    finish(at);
    return refuse(reject_reason::instrument_invalid);
  }
  const bool runs = auction_.until.value != 0, is_wanted = next.status == market_status::auction;
  if (runs && !is_wanted && next.status != market_status::open) {
    finish(at);
    return refuse(reject_reason::auction_running); // the book may be crossed
  }
  if (runs && !is_wanted) end_auction(true, at);
  if (next != spec_) {
    const bool opens = next.status == market_status::open && spec_.status != market_status::open;
    at.out.push_back(instrument_changed{next});
    take(next);
    book_.match_house(ids_, at.out); // it may have been opened
    if (opens) take_due_at_opening(at);
  }
  if (is_wanted && (!runs || cmd.auction_seconds != 0))
    start_auction(cmd.auction_seconds != 0 ? cmd.auction_seconds : spec_.halt_seconds,
                  auction_cause::called, at);
  finish(at);
  return done{};
}

outcome market::run(const get_market&, const step& at) {
  if (is_blank()) return refuse(reject_reason::unknown_market);
  finish(at);
  market_view view;
  view.spec = spec_;
  view.last_update = ids_.last_update();
  book_.read_levels(side::buy, view_levels_max, view.levels);
  book_.read_levels(side::sell, view_levels_max, view.levels);
  view.own_orders = book_.order_count();
  view.last_price = last_price();
  if (auction_.until.value != 0) view.auction = view_auction();
  return view;
}

outcome market::run(const mirror_depth& cmd, const step& at) {
  if (is_blank()) return refuse(reject_reason::unknown_market);
  if (spec_.mode == market_mode::mirrored) book_.lay_depth(cmd, ids_, at.out);
  finish(at);
  if (spec_.mode != market_mode::mirrored) return refuse(reject_reason::instrument_invalid);
  return done{};
}

outcome market::run(const mirror_trade& cmd, const step& at) {
  if (is_blank()) return refuse(reject_reason::unknown_market);
  if (spec_.mode != market_mode::mirrored || cmd.price.value <= 0 || cmd.size.value <= 0) {
    finish(at);
    return refuse(reject_reason::instrument_invalid);
  }
  const auto number = ids_.take_trade(at.out);
  print({number, cmd.price, cmd.size, cmd.buyer_is_maker, cmd.at.value != 0 ? cmd.at : at.now});
  see_feed(cmd.price, at);
  const auto quiet_from = at.out.size();
  book_.lay_trade(cmd, ids_, at.out);
  finish(at, quiet_from);
  return done{};
}

outcome market::run(const mirror_reset&, const step& at) {
  if (is_blank()) return refuse(reject_reason::unknown_market);
  book_.drop_house();
  finish(at);
  return done{};
}

outcome market::run(const republish&, const step& at) {
  if (is_blank()) return refuse(reject_reason::unknown_market);
  publishes_whole_ = true;
  finish(at);
  return done{};
}

void market::inherit(const market& predecessor) {
  if (is_blank() || predecessor.is_blank()) return;
  ids_.inherit(predecessor.ids_);
  shown_price_ = predecessor.shown_price_;
  if (spec_.mode != market_mode::mirrored) return;
  book_.inherit_house(predecessor.book_);
  must_match_house_ = true;
}

// ---- snapshot

void market::encode(byte_writer& out) const {
  out.put(spec_);
  out.put(ids_.bounds());
  out.put(last_price_);
  out.put(auction_);
  out.put(window_);
  book_.encode(out);
  triggers_.encode(out);
  links_.encode(out);
  pegs_.encode(out);
}

void market::decode(byte_reader& in) {
  const auto spec = in.get<instrument>();
  ids_.apply(in.get<ids_reserved>());
  in.get(last_price_);
  in.get(auction_);
  in.get(window_);
  if (last_price_.value < 0 || window_.price.value < 0) return in.fail();
  if (spec.market) {
    if (spec.market != self_ || !check(spec).empty()) return in.fail();
    const auto window = window_;
    take(spec);
    window_ = window;
  }
  if (auction_.until.value < 0 ||
      (spec_.status == market_status::auction) != (auction_.until.value != 0))
    return in.fail();
  book_.decode(in);
  triggers_.decode(in);
  links_.decode(in);
  pegs_.decode(in);
  if (!in.failed() && !pegs_.fits(book_)) return in.fail();
  if (is_blank() && (book_.order_count() > 0 || !triggers_.empty() || !links_.empty())) in.fail();
}

std::uint64_t market::state_hash() const {
  std::string bytes;
  byte_writer out(bytes);
  encode(out);
  return hash64(bytes);
}

void market::check_invariants() const {
  RIALTO_ASSERT(is_blank() || spec_.market == self_);
  RIALTO_ASSERT(is_blank() || check(spec_).empty());
  RIALTO_ASSERT((spec_.status == market_status::auction) == (auction_.until.value != 0)); // K4
  RIALTO_ASSERT(tape_.size() <= tape_max);
  if (!must_match_house_) book_.check_invariants();
  triggers_.check_invariants();
  links_.check_invariants();
  RIALTO_ASSERT(pegs_.fits(book_)); // K5
}

} // namespace rialto
