// When a market does not trade as it comes: price bands, the volatility halt, the call auction.
//
// Reference price: of the last trade; in a mirrored market of the last trade of the tape, its own or
// the feed's, since the start; where there is none there is no band. It is the price before the
// order came, so one order is judged by one price however much it trades.
//
// Band: a limit further than `band` from it, above or below, is rejected when an order is placed or
// its price amended. A taking order buys no higher and sells no lower than the band's ends; what is
// left beyond expires. Both say price_outside_band.
//
// Halt: time is cut into windows, the next one beginning with the first trade after
// halt_window_seconds have passed; a window's price is that of the last trade before it, and of the
// market's first trade or of an auction's end otherwise. A trade further than `halt_move` from it
// is not made: an auction of halt_seconds starts in the same step. Of the order that met it, what
// may rest does; the rest expires market_auction.
//
// Auction: by a halt, or by an operator who gives the market this status. Its state is history, and
// its end an alarm (wake_at), so a restart changes nothing. At its end the book is uncrossed
// (order_book_auction.cpp) and the market is open; the window begins with what came out, and orders
// that waited for that price go. Those whose turn comes after a halt join its auction, as far as they
// may rest.
#include "domain/market_step.hpp"

#include <tuple>

namespace rialto {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

/// The prices no further than a share from one.
std::pair<price_ticks, price_ticks> around(price_ticks middle, rate_ppm share) {
  const auto most = price_bounds::price_max.value;
  const auto room =
    static_cast<std::int64_t>(static_cast<__int128>(middle.value) * share.value / 1'000'000);
  return {{middle.value - room}, {middle.value > most - room ? most : middle.value + room}};
}

} // namespace

price_ticks market::reference_price() const {
  return spec_.mode == market_mode::mirrored ? shown_price_ : last_price_;
}

reject_reason market::refusal_of_price(price_ticks price) const {
  const auto reference = reference_price();
  if (spec_.band.value == 0 || reference.value == 0) return reject_reason::none;
  const auto [low, high] = around(reference, spec_.band);
  return price < low || price > high ? reject_reason::price_outside_band : reject_reason::none;
}

void market::set_bounds(timestamp_ns now) {
  if (spec_.band.value == 0 && spec_.halt_move.value == 0) return; // take() has lifted them
  price_bounds bounds;
  if (const auto reference = reference_price(); spec_.band.value != 0 && reference.value != 0)
    std::tie(bounds.band_low, bounds.band_high) = around(reference, spec_.band);
  const auto start = is_window_over(now) ? last_price_ : window_.price;
  if (spec_.halt_move.value != 0 && start.value != 0)
    std::tie(bounds.halt_low, bounds.halt_high) = around(start, spec_.halt_move);
  book_.set_bounds(bounds);
}

bool market::is_window_over(timestamp_ns now) const {
  return window_.price.value == 0 ||
         now.value - window_.from.value >= spec_.halt_window_seconds * second_ns;
}

/// Of a trade that happened.
void market::note_price(price_ticks price, timestamp_ns now) {
  if (spec_.halt_move.value != 0 && is_window_over(now))
    window_ = {now, last_price_.value != 0 ? last_price_ : price};
  last_price_ = price;
}

// ---- the auction

void market::start_auction(std::int64_t seconds, auction_cause why, const step& at) {
  const auction_started started{{at.now.value + seconds * second_ns}, why};
  at.out.push_back(started);
  take(started);
}

void market::halt_if_called(const step& at) {
  if (book_.take_halt_call()) start_auction(spec_.halt_seconds, auction_cause::volatility, at);
}

/// A step's first act. What expires at the same instant has expired before.
void market::end_due_auction(const step& at) {
  if (auction_.until.value == 0 || at.now < auction_.until) return;
  book_.expire(auction_.until, at.out);
  end_auction(false, at);
}

void market::end_auction(bool is_early, const step& at) {
  book_.uncross(last_price_, ids_, at.out);
  is_uncrossing_ = true;
  finish(at); // the window begins with the price that came out
  is_uncrossing_ = false;
  const auction_ended ended{is_early};
  at.out.push_back(ended);
  take(ended, at.now);
  take_due_at_opening(at); // the trades have moved the extremes already
}

void market::take(const auction_started& happened) {
  auction_ = {happened.until, happened.why};
  auto spec = spec_;
  spec.status = market_status::auction;
  take(spec);
}

void market::take(const auction_ended&, timestamp_ns now) {
  auction_ = {};
  auto spec = spec_;
  spec.status = market_status::open;
  take(spec);
  if (spec_.halt_move.value != 0) window_ = {now, last_price_};
}

auction_view market::view_auction() const {
  return {auction_.until, auction_.why, book_.quote_auction(last_price_)};
}

} // namespace rialto
