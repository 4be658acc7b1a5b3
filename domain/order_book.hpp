// domain/order_book.hpp: the orders that rest in one market, the house liquidity laid into it, and
// the rules of price-time priority between them.
//
// The room: decisions append market events that are already applied; apply() takes a past one. No
// accounts, no messages, no publication: domain/market.hpp adds those. Where each rule is:
//   order_book_taking.cpp  what an incoming or amended order takes, rests, expires
//   order_book_self_trade.cpp  what happens instead of a trade with oneself
//   order_book_mirror.cpp  the mirrored market: its depth, its trades, the place in its queue
//   order_book_auction.cpp  the call auction: its price, and the trades at it
//   order_book.cpp         the state that events make, snapshot, hash, invariants
//
// Checked by check_invariants():
//   I1  the best bid is below the best ask, house liquidity that can be taken included; except
//       during an auction
//   I2  a level's totals and links equal its orders; the id index finds each of them
//   I3  0 <= taken <= shown; house lots ahead of an order never exceed those there, and never fall
//       from one order of a queue to the next
//   I4  between two steps no order is half taken
//   I5  what a resting order has executed and what it has open at its price are an amount together
// House liquidity is not history: apply() does not move it, encode() and hash leave it out.
#pragma once

#include "domain/bytes.hpp"
#include "domain/instrument.hpp"
#include "domain/level_table.hpp"
#include "domain/market_ids.hpp"

#include <limits>
#include <optional>
#include <set>
#include <utility>

namespace rialto {

struct level_name {
  side way = side::buy;
  price_ticks price;
  friend bool operator==(const level_name&, const level_name&) = default;
};

/// At which prices orders may trade. A trade beyond the halt's is not made and calls for a halt;
/// what would be beyond the band's expires.
struct price_bounds {
  static constexpr price_ticks price_max{std::numeric_limits<std::int64_t>::max()};
  price_ticks band_low, band_high = price_max, halt_low, halt_high = price_max;
};

class order_book {
public:
  using events = std::vector<market_event>;

  static constexpr std::size_t touched_max = 65'536; // beyond it the whole book counts as touched
  static constexpr std::size_t house_levels_max = 50'000;               // a side; the worst go
  static constexpr std::int64_t house_lots_max = std::int64_t{1} << 52; // a level; cut to it
  static constexpr std::int64_t level_lots_max = std::int64_t{1} << 62; // own orders of a level

  /// Takes the units of a tick and a lot, and whether house liquidity may trade (mirrored, open).
  void set_terms(const instrument& spec);
  /// Holds for the orders that follow.
  void set_bounds(const price_bounds& bounds) { bounds_ = bounds; }

  // ---- decisions on orders
  /// The order must not rest here. Ends in trades and at most one of: order_rested, order_closed.
  void submit(const submit_order& order, market_ids& ids, events& out);
  /// `may_take`: whether a new price that crosses may trade (else it is refused market_post_only).
  void amend(order_handle at, const amend_order& wish, bool may_take, market_ids& ids, events& out);
  void cancel(order_handle at, events& out, reject_reason why = reject_reason::none);
  /// Ends the orders whose time has come.
  void expire(timestamp_ns now, events& out);
  /// When the next one's time comes; 0: never.
  [[nodiscard]] timestamp_ns next_expiry() const {
    return expiries_.empty() ? timestamp_ns{} : expiries_.begin()->first;
  }
  /// Why the book takes no such order at all; what it meets there is not asked.
  [[nodiscard]] reject_reason flaw_of(const submit_order& order) const;
  /// Why no order of this size may rest at this price.
  [[nodiscard]] reject_reason flaw_of(price_ticks price, quantity_lots size, side way) const;
  /// What a resting order has executed and what it has open at this price are an amount together.
  [[nodiscard]] bool stays_countable(order_handle at, price_ticks price) const;
  /// A limit order at this price would trade at once.
  [[nodiscard]] bool would_take(side way, price_ticks price) const;

  /// An order met a trade beyond the halt's bounds since the last call.
  [[nodiscard]] bool take_halt_call() { return std::exchange(halt_called_, false); }

  // ---- the auction (set_terms says whether one runs)
  /// `reference`: the last price, 0 if there is none.
  [[nodiscard]] auction_quote quote_auction(price_ticks reference) const;
  /// Trades until nothing is crossed.
  void uncross(price_ticks reference, market_ids& ids, events& out);

  // ---- the mirrored market
  void lay_depth(const mirror_depth& news, market_ids& ids, events& out);
  void lay_trade(const mirror_trade& news, market_ids& ids, events& out);
  /// Fills own orders that house liquidity crosses, after the house moved or was opened.
  void match_house(market_ids& ids, events& out);
  void drop_house();
  /// Takes over a predecessor's house; match_house() must follow. Own orders stand behind all of
  /// it.
  void inherit_house(const order_book& predecessor);

  // ---- memory
  /// Who knows what comes next asks early for what find() will touch: its entry first, some work later the order.
  void fetch_entry(order_id id) const { orders_.fetch_entry(id); }
  void fetch_order(order_id id) const { orders_.fetch_order(id); }

  // ---- past events
  void apply(const order_rested& happened);
  void apply(const trade_executed& happened);
  void apply(const order_closed& happened);
  void apply(const order_changed& happened);
  void apply(const trade_prevented& happened);
  void apply(const order_repegged& happened);

  // ---- reads
  [[nodiscard]] order_handle find(order_id id) const { return orders_.find(id); }
  [[nodiscard]] const resting_order& order(order_handle at) const { return orders_[at]; }
  [[nodiscard]] account_id account(order_handle at) const { return orders_[at].account(); }
  [[nodiscard]] user_id owner(order_handle at) const { return orders_[at].owner(); }
  [[nodiscard]] const order_extra& extra(order_handle at) const { return orders_.extra(at); }
  /// Open, shown or not.
  [[nodiscard]] quantity_lots open(order_handle at) const { return orders_.open(at); }
  [[nodiscard]] const price_level& level(level_index at) const { return levels_[at]; }
  [[nodiscard]] const level_table& levels() const { return levels_; }
  /// What the mirrored market shows was laid and not dropped since.
  [[nodiscard]] bool is_house_synchronised() const { return house_synchronised_; }
  [[nodiscard]] std::uint32_t order_count() const { return orders_.count(); }
  /// The largest number that ever rested at once, which memory is kept for.
  [[nodiscard]] std::size_t orders_most() const { return orders_.most(); }
  /// Memory of the resting orders, without their levels.
  [[nodiscard]] std::size_t order_bytes() const { return orders_.bytes(); }
  /// House lots that stand before an order.
  [[nodiscard]] quantity_lots ahead(order_handle at) const;
  /// What can be traded with at a level: own orders and available house lots.
  [[nodiscard]] quantity_lots liquid(const price_level& level) const {
    return house_open_ ? level.own + level.house() : level.own;
  }
  /// The best level with something to trade; no_level if there is none.
  [[nodiscard]] level_index best(side way) const {
    auto at = levels_.best(way);
    while (at != no_level && liquid(levels_[at]).value == 0) at = levels_.worse(at);
    return at;
  }
  /// Appends up to `count_max` levels of a side with something to trade, best first.
  void read_levels(side way, std::size_t count_max, std::vector<level_change>& out) const;

  // ---- what changed
  /// Moves out the names of levels whose total may have changed; false if too many did: read all.
  [[nodiscard]] bool take_touched(std::vector<level_name>& out);
  [[nodiscard]] quantity_lots total(const level_name& name) const;

  void encode(byte_writer& out) const;
  void decode(byte_reader& in);
  void check_invariants() const;

private:
  struct taker;
  struct ending { // new_order: it has not ended
    order_status status = order_status::new_order;
    reject_reason why = reject_reason::none;
  };
  enum class part : std::uint8_t { maker, taker };
  enum class stop : std::uint8_t { done, budget, liquidity, self_trade };

  // order_book_taking.cpp
  static void add_closed(order_id id, account_id account, order_status status, reject_reason why,
                         events& out);
  void end(order_handle at, order_status status, reject_reason why, events& out);
  [[nodiscard]] ending submit_taking(const submit_order& order, quantity_lots& left,
                                     market_ids& ids, events& out);
  [[nodiscard]] stop take(taker& by, market_ids& ids, events& out);
  [[nodiscard]] bool is_fillable(const taker& by) const;
  [[nodiscard]] bool is_spent(const taker& by, level_index at, quantity_lots size,
                              amount_units left) const;
  trade_executed& add_trade(price_ticks price, quantity_lots size, side taker_side, rate_ppm taken,
                            rate_ppm made, market_ids& ids, events& out) const;
  void fill_by_house(order_handle at, quantity_lots size, market_ids& ids, events& out);

  // order_book_self_trade.cpp
  [[nodiscard]] bool is_own(const taker& by, order_handle maker) const;
  [[nodiscard]] std::optional<stop> prevent(taker& by, order_handle maker, events& out);
  [[nodiscard]] bool is_fillable_among_own(const taker& by) const;
  [[nodiscard]] quantity_lots offered_to(const taker& by, level_index at, bool& meets) const;

  // order_book_auction.cpp
  void bound(taker& by) const;
  [[nodiscard]] bool starts_beyond_halt(const taker& by);
  [[nodiscard]] reject_reason bound_met(const taker& by, bool has_limit, price_ticks limit);
  void uncross_at(price_ticks price, market_ids& ids, events& out);
  void trade_in_auction(order_handle younger, order_handle older, price_ticks price,
                        quantity_lots size, market_ids& ids, events& out);
  void prevent_in_auction(order_handle younger, order_handle older, price_ticks price,
                          quantity_lots size, events& out);

  // order_book_mirror.cpp
  void set_house(side way, price_ticks price, quantity_lots size);
  void drop_crossed(side way, price_ticks price);
  void drop_absent(const mirror_depth& snapshot);
  [[nodiscard]] bool make_room(side way, price_ticks price);
  void queue_behind_house();
  void eat_house(level_index at, quantity_lots size);

  // order_book.cpp
  void change(const trade_executed& happened, order_handle maker, order_handle taker);
  void change(const order_changed& happened, order_handle at);
  void change(const trade_prevented& happened, order_handle maker, order_handle taker);
  void note_taking(order_id taker);
  void take_over(order_extra& extra) const;
  void fill(order_handle at, quantity_lots size, amount_units notional, part as);
  void reduce(order_handle at, quantity_lots size, part as);
  void take_off(order_handle at, quantity_lots size, part as);
  void queue_again(order_handle at, quantity_lots open);
  void show(order_handle at, quantity_lots open);
  void show_less(order_handle at, quantity_lots open);
  void show_slice(order_handle at, quantity_lots shown);
  void remove(order_handle at);
  void link(order_handle at, side way, price_ticks price);
  void unlink(order_handle at);
  void touch(price_level& level);
  void drop_if_empty(level_index at);

  order_table orders_;
  level_table levels_;
  std::int64_t units_per_tick_lot_ = 1, lot_size_ = 1;
  bool house_open_ = false;
  bool is_auction_ = false;
  bool halt_called_ = false;
  price_bounds bounds_;
  bool house_synchronised_ = false; // a snapshot was laid since the house was last dropped
  std::size_t house_levels_[2] = {0, 0};
  std::set<std::pair<timestamp_ns, order_id>> expiries_; // of GTD orders

  // The incoming order between its trades and what ends it.
  order_id taking_;
  order_extra taken_;

  std::vector<level_name> touched_;
  bool touched_all_ = true;
};

} // namespace rialto
