// domain/market.hpp: the state machine of one market: instrument, book, ids, and what accounts and
// the public are told.
//
// The room: commands and link messages come in, market events go out (market_events.hpp). The book
// and its rules are order_book.hpp's; here are the market's status, the messages an event posts,
// the answers, and the publication. Owned by one entity; models domain/machine.hpp.
//
//   K1  apply() posts: a trade tells each user side order_filled, order_closed tells order_ended,
//       order_changed and amend_refused tell order_amended; nothing else is posted
//   K2  house liquidity, handed-out ids, tape and publications are not history: hash and snapshot
//       hold the instrument, the orders, the ids' bounds, the last own price, the auction's end and
//       the halt's window only
//   K3  publications are numbered without gap from one snapshot to the next; the first after a
//       start is a snapshot, and nothing is published before an id is reserved
//
// Where each rule is: orders and answers market_orders.cpp, stops and trailing orders market_triggers.cpp, linked
// orders market_links.cpp, pegged ones market_pegs.cpp, the public face market_publication.cpp.
//
// Status: open trades. post_only: limit orders that do not take. cancel_only: cancels. halted:
// nothing. auction: limit orders that rest, amends and cancels; nothing trades before its end
// (market_auction.cpp). The mirrored market's depth and trades are laid in only while open.
//
//   K4  the status is auction exactly while auction_.until is set
//   K5  a pegged order rests, on its side and within its limit
#pragma once

#include "domain/machine.hpp"
#include "domain/order_book.hpp"
#include "domain/order_links.hpp"
#include "domain/peg_table.hpp"
#include "domain/trigger_book.hpp"

namespace rialto {

class market {
public:
  using command = market_command;
  using event = market_event;

  /// Tape lines kept for the next publish(); the oldest go when nobody publishes.
  static constexpr std::size_t tape_max = 1'000'000;
  /// What the feed showed to orders that follow the price is journaled as often, at most.
  static constexpr std::int64_t note_every_ns = 100'000'000;
  /// Pegged orders are moved as often, at most.
  static constexpr std::int64_t repeg_every_ns = 100'000'000;
  /// Levels a side in a market_view.
  static constexpr std::size_t view_levels_max = 5'000;

  explicit market(entity_id self) : self_{self.number()} {}

  [[nodiscard]] outcome execute(const command& cmd, timestamp_ns now, std::vector<event>& out,
                                std::vector<addressed_message>& posts);
  [[nodiscard]] outcome handle(const link_message& message, entity_id from,
                               const order_view& context, timestamp_ns now, std::vector<event>& out,
                               std::vector<addressed_message>& posts);
  void apply(const event& happened, timestamp_ns now, std::vector<addressed_message>& posts);
  /// When an order's time comes though nobody asks; 0: never. wake() ends what is due.
  [[nodiscard]] timestamp_ns wake_at() const;
  void wake(timestamp_ns now, std::vector<event>& out, std::vector<addressed_message>& posts);
  void publish(timestamp_ns now, std::vector<publication>& out);
  /// The next publication is the whole book.
  void publish_whole() { publishes_whole_ = true; }
  /// Takes over what a predecessor in the same process knew and the journal does not: id counters
  /// and house liquidity.
  void inherit(const market& predecessor);

  /// Not listed: no such market.
  [[nodiscard]] bool is_blank() const { return !spec_.market; }
  void encode(byte_writer& out) const;
  void decode(byte_reader& in);
  [[nodiscard]] std::uint64_t state_hash() const;
  void check_invariants() const;

  [[nodiscard]] const instrument& spec() const { return spec_; }
  [[nodiscard]] const order_book& book() const { return book_; }
  [[nodiscard]] const trigger_book& triggers() const { return triggers_; }
  [[nodiscard]] const order_links& links() const { return links_; }
  [[nodiscard]] const peg_table& pegs() const { return pegs_; }

private:
  struct step; // what one call appends to

  // market.cpp
  outcome run(const list_instrument& cmd, const step& at);
  outcome run(const change_instrument& cmd, const step& at);
  outcome run(const get_market& cmd, const step& at);
  outcome run(const mirror_depth& cmd, const step& at);
  outcome run(const mirror_trade& cmd, const step& at);
  outcome run(const mirror_reset& cmd, const step& at);
  outcome run(const republish& cmd, const step& at);
  void prepare(const step& at);
  void take(const instrument& spec);
  void finish(const step& at, std::size_t quiet_from = static_cast<std::size_t>(-1));

  // market_auction.cpp
  struct running_auction {
    timestamp_ns until; // 0: none runs
    auction_cause why = auction_cause::called;
    RIALTO_FIELDS(until, why)
  };
  /// The price a halt is measured from, and since when.
  struct price_window {
    timestamp_ns from;
    price_ticks price; // 0: none yet
    RIALTO_FIELDS(from, price)
  };
  [[nodiscard]] price_ticks reference_price() const;
  [[nodiscard]] reject_reason refusal_of_price(price_ticks price) const;
  void set_bounds(timestamp_ns now);
  [[nodiscard]] bool is_window_over(timestamp_ns now) const;
  void note_price(price_ticks price, timestamp_ns now);
  void start_auction(std::int64_t seconds, auction_cause why, const step& at);
  void halt_if_called(const step& at);
  void end_due_auction(const step& at);
  void end_auction(bool is_early, const step& at);
  void take(const auction_started& happened);
  void take(const auction_ended& happened, timestamp_ns now);
  [[nodiscard]] auction_view view_auction() const;

  // market_orders.cpp
  outcome run(const submit_order& order, const order_view& context, const step& at);
  outcome run(const amend_order& wish, const order_view& context, const step& at);
  outcome run(const cancel_order& wish, const order_view& context, const step& at);
  [[nodiscard]] reject_reason refusal_of(const submit_order& order) const;
  [[nodiscard]] order_view view_of(const submit_order& order, const order_view& context) const;
  [[nodiscard]] order_view view_of(order_handle at, const order_view& context) const;
  static void add_events(order_view& view, const step& at);

  // market_triggers.cpp
  [[nodiscard]] reject_reason flaw_of_trigger(const submit_order& order) const;
  void arm(const submit_order& order, const step& at);
  void disarm(order_id id, order_status status, reject_reason why, const step& at);
  void expire_refused(order_id id, const step& at);
  [[nodiscard]] order_view view_of(const trigger_book::waiting& one,
                                   const order_view& context) const;
  void end_expired(const step& at);
  void see(price_ticks last, const step& at);
  void take_due(price_ticks last, const step& at);
  void take_due_at_opening(const step& at);
  void see_feed(price_ticks last, const step& at);
  void note_extremes(const step& at);
  [[nodiscard]] bool send_next(const step& at);
  /// Of the tape where there is a feed; else of own trades, which alone are history.
  [[nodiscard]] price_ticks last_price() const {
    return spec_.mode == market_mode::mirrored && shown_price_.value != 0 ? shown_price_
                                                                          : last_price_;
  }

  // market_links.cpp
  outcome run(const submit_list& list, const order_view& context, const step& at);
  [[nodiscard]] reject_reason refusal_of(const submit_list& list) const;
  [[nodiscard]] bool is_known(order_id id) const;
  void enter(const submit_order& order, const step& at);
  void follow_links(const market_event& event, const step& at);
  void end_linked(order_id list, order_id besides, const step& at);
  [[nodiscard]] bool open_exits(const step& at);
  void open_exits(order_id list, const step& at);
  void enter_exit(const submit_order& exit, const step& at);

  // market_pegs.cpp
  [[nodiscard]] price_ticks place_of(const peg_table::pegged& one,
                                     const reference_prices& by) const;
  void enter_pegged(const submit_order& order, const step& at);
  void follow_pegged(const market_event& event);
  void move_pegged(const step& at);
  [[nodiscard]] bool may_move_pegged() const;

  // market_publication.cpp
  void print(const trade_executed& trade, timestamp_ns now);
  void print(const tape_entry& line);

  market_id self_;
  instrument spec_;
  order_book book_;
  market_ids ids_;
  trigger_book triggers_;
  order_links links_;
  peg_table pegs_;
  price_ticks last_price_; // of own trades
  running_auction auction_;
  price_window window_;

  // Not history (K2).
  price_ticks shown_price_; // of the tape's last line
  bool must_match_house_ = false;
  std::optional<auction_view> shown_auction_; // as last published
  std::vector<tape_entry> tape_;
  std::vector<level_name> touched_; // kept between publications for its memory
  bool publishes_whole_ = true, publishes_spec_ = true;
  price_ticks feed_low_, feed_high_; // of the feed, not noted yet; 0: nothing to note
  timestamp_ns noted_at_;
  bool pegs_are_due_ = true; // something may have moved since they were
  timestamp_ns pegs_moved_at_;
  std::vector<order_id> going_, beginning_; // of the step at hand
  std::size_t gone_ = 0;                    // of going_
  std::vector<order_id> opening_;           // lists whose entry has ended in this step
  bool is_uncrossing_ = false; // exits of what trades then come when the market is open
};

static_assert(machine<market>);

} // namespace rialto
