// domain/account.hpp: the state machine of one trading account: balances, holds, open orders.
//
// The room: commands and link messages come in, account events go out (account_events.hpp). An order's
// funds are held here before any market sees it; markets answer over links and their answers settle it.
// Owned by one entity; models domain/machine.hpp.
//
//   A1  available >= 0 and hold >= 0 for every asset
//   A2  an asset's hold is the sum of what open orders and lists hold of it
//   A3  a limit order without a pending amend holds exactly what its open quantity can cost; linked orders that
//       share a hold (account_lists.cpp) have none of their own; what a slice holds its parent does not
//   A4  a "no" is a rejection and no event; a message about an order that is not open changes nothing
//   A5  a marked command that did something is remembered with what it did, in the same record, until its request's
//       time is over; until then the same mark does nothing again (request_marks.hpp)
//
// place_order asks in this order, and the first "no" is the answer:
//   1 the account exists; the terms are those of a market        unknown_account, instrument_invalid
//   2 client order id: within 24 h, same body: the order's state as it is now; other body, or still the
//     id of an open order after 24 h: client_order_id_reused. By the rule open_unique: an open order has it
//   3 order id unused, open orders, orders of a day and of ten seconds  already_exists, too_many_open_orders, ...
//   4 market status                                  market_halted, market_cancel_only, market_post_only
//   5 rules, slicing; price, quantity, notional       slicing_invalid, price_invalid, quantity_invalid, ...
//     and the market's filters (order_filters.hpp)    price_outside_range, too_many_orders_here, ...
//   6 funds                                           insufficient_balance
#pragma once

#include "domain/account_balances.hpp"
#include "domain/account_history.hpp"
#include "domain/account_timers.hpp"
#include "domain/machine.hpp"
#include "domain/open_counts.hpp"
#include "domain/position.hpp"
#include "domain/request_marks.hpp"
#include "domain/sliced_orders.hpp"
#include "domain/traded_volume.hpp"

#include <map>
#include <optional>

namespace rialto {

/// An open order. Assets are indices into the account's balances.
struct open_order {
  market_id market;
  side way = side::buy;
  order_type type = order_type::limit;
  time_in_force tif = time_in_force::gtc;
  bool is_amending = false, is_cancelling = false; // asked of the market, not answered
  price_ticks price;
  quantity_lots size; // 0: by quote
  amount_units quote_quantity;
  quantity_lots executed, prevented;
  amount_units executed_quote;
  timestamp_ns created_at, updated_at;
  amount_units hold, lot_size;
  std::int64_t units_per_tick_lot = 0;
  account_balances::index base = 0, quote = 0;
  std::string client_order_id;
  stp_mode stp = stp_mode::none;
  std::optional<order_rules> rules;
  bool is_triggered = false; // what it waited for has come
  order_id list;             // of linked orders; 0: none
  bool is_pending = false;   // an exit whose entry has not ended
  order_id parent;           // of a slice; 0: none
  RIALTO_FIELDS(market, way, type, tif, is_amending, is_cancelling, price, size, quote_quantity,
                executed, prevented, executed_quote, created_at, updated_at, hold, lot_size,
                units_per_tick_lot, base, quote, client_order_id, stp, rules, is_triggered, list,
                is_pending, parent)

  [[nodiscard]] account_balances::index held_asset() const {
    return way == side::buy ? quote : base;
  }
  [[nodiscard]] bool has_limit() const { return type != order_type::market; }
  [[nodiscard]] std::optional<amount_units> base_of(quantity_lots lots) const;
  /// What a limit order's open quantity can cost at `limit` with total quantity `total`.
  [[nodiscard]] std::optional<amount_units> need(price_ticks limit, quantity_lots total) const;
};

/// Linked orders while they share a hold: two of which one goes, or exits, whose hold is what their entry brings.
struct order_list {
  order_id entry;             // 0: none, or it has ended
  std::vector<order_id> legs; // those that share
  account_balances::index asset = 0;
  amount_units hold;
  RIALTO_FIELDS(entry, legs, asset, hold)
};

class account {
public:
  using command = account_command;
  using event = account_event;

  static constexpr std::size_t cancels_max = 1'000;        // of one cancel_all at once
  static constexpr std::size_t orders_view_max = 100'000;  // of one get_orders, the oldest
  static constexpr std::size_t publications_max = 100'000; // kept for the next publish()
  static constexpr std::size_t assets_max = 10'000;        // by deposits
  static constexpr std::size_t reference_bytes_max = 64;

  explicit account(entity_id self) : self_{self.number()} {}

  [[nodiscard]] outcome execute(const command& cmd, timestamp_ns now, std::vector<event>& out,
                                std::vector<addressed_message>& posts);
  [[nodiscard]] outcome handle(const link_message& message, entity_id from,
                               const order_view& context, timestamp_ns now, std::vector<event>& out,
                               std::vector<addressed_message>& posts);
  void apply(const event& happened, timestamp_ns now, std::vector<addressed_message>& posts);
  void publish(timestamp_ns now, std::vector<publication>& out);
  /// When it must go on by itself, 0: never; wake() does what is due.
  [[nodiscard]] timestamp_ns wake_at() const;
  void wake(timestamp_ns now, std::vector<event>& out, std::vector<addressed_message>& posts);
  /// The next publication says where the stream stands now.
  void publish_whole() { mark_ = told_; }
  /// The number its stream is at: a message that changed nothing takes one too.
  void stand_at(std::uint64_t event_number) { events_ = event_number; }

  [[nodiscard]] bool is_blank() const { return !is_open_; }
  void encode(byte_writer& out) const;
  void decode(byte_reader& in);
  [[nodiscard]] std::uint64_t state_hash() const;
  void check_invariants() const;

  [[nodiscard]] user_id owner() const { return owner_; } // 0: not open yet
  [[nodiscard]] const account_balances& balances() const { return balances_; }
  [[nodiscard]] const std::map<order_id, open_order>& open_orders() const { return open_; }
  [[nodiscard]] const sliced_orders& sliced() const { return sliced_; }
  [[nodiscard]] const traded_volume& volume() const { return volume_; }
  [[nodiscard]] const std::map<market_id, position>& positions() const { return positions_; }

private:
  using orders =
    std::map<order_id, open_order>; // rising ids: a new one goes to the end; oldest first
  using posts_type = std::vector<addressed_message>;
  struct step { // what one call appends to
    timestamp_ns now;
    std::vector<event>& out;
    posts_type& posts;
    account_limits limits;
  };
  enum class funds : std::uint8_t { now, later }; // later: an exit, paid by its entry
  struct placement {                              // the decision on a place_order
    reject_reason why = reject_reason::none;
    amount_units hold;
    quantity_lots size; // most that may trade; 0: no such bound
  };

  // account.cpp
  outcome run(const transfer& cmd, const step& at);
  outcome run(const configure_account& cmd, const step& at);
  outcome run(const get_account& cmd, const step& at);
  outcome run(const get_balances& cmd, const step& at);
  outcome run(const get_order& cmd, const step& at);
  outcome run(const get_orders& cmd, const step& at);
  outcome run(const get_volumes& cmd, const step& at);
  outcome run(const get_positions& cmd, const step& at);
  outcome run(const get_order_by_client_id& cmd, const step& at);
  outcome run(const get_order_counts& cmd, const step& at);
  outcome run_marked(const account_command& cmd, const step& at);
  [[nodiscard]] order_view view_of(orders::const_reference order) const;
  [[nodiscard]] position_view view_of(market_id market, const position& one) const;
  struct flaw { // the first invariant that does not hold; no rule: all do
    const char* rule = nullptr;
    std::int64_t left = 0, right = 0;
  };
  [[nodiscard]] flaw find_flaw() const;
  [[nodiscard]] rejection refuse(reject_reason why, order_id about = {}) const;
  template <class Event>
  void settle(Event happened, const step& at);

  // account_orders.cpp
  outcome run(const place_order& cmd, const step& at);
  outcome run(const amend& cmd, const step& at);
  outcome run(const cancel& cmd, const step& at);
  outcome run(const cancel_by_client_id& cmd, const step& at);
  [[nodiscard]] order_id find_by_client_id(const std::string& id) const;
  [[nodiscard]] reject_reason refusal_of(const place_order& cmd, const step& at) const;
  [[nodiscard]] submit_order submit_of(const place_order& cmd, const placement& decided,
                                       const step& at) const;
  [[nodiscard]] reject_reason refusal_of_filters(const place_order& cmd) const;
  [[nodiscard]] order_counts counts(timestamp_ns now) const;
  [[nodiscard]] placement decide(const place_order& cmd, funds from) const;
  [[nodiscard]] placement decide_limit(const place_order& cmd, funds from) const;
  [[nodiscard]] placement decide_market(const place_order& cmd, funds from) const;
  [[nodiscard]] order_view view_of(const client_entry& entry, const place_order& cmd) const;

  template <class Placed>
  open_order& open_order_of(const submit_order& wish, const Placed& one, timestamp_ns now);
  template <class Placed>
  void remember_id(order_id order, const Placed& one, timestamp_ns now);
  void note_opened(const open_order& order, timestamp_ns now);

  // account_lists.cpp
  outcome run(const place_list& cmd, const step& at);
  [[nodiscard]] reject_reason refusal_of(const place_list& cmd, const step& at) const;
  [[nodiscard]] orders_view views_of_list(order_id list) const;
  [[nodiscard]] const order_list* shared_by(order_id id, const open_order& order) const;
  [[nodiscard]] order_list* shared_by(order_id id, const open_order& order);
  [[nodiscard]] amount_units kept_of(order_id id, const open_order& order,
                                     amount_units received) const;
  [[nodiscard]] amount_units released_at_end(order_id id, const open_order& order) const;
  [[nodiscard]] amount_units need_of(const open_order& order, quantity_lots size,
                                     amount_units all) const;
  void take_message(const exits_opened& message, entity_id from, const step& at);
  void take(const list_placed& one, timestamp_ns now, posts_type& posts);
  void take(const exits_settled& one, timestamp_ns now, posts_type& posts);
  void leave_list(order_id id, const open_order& order, bool was_ended);
  /// Tells with `news` that no order of the list is open any more, if so.
  void note_list_end(order_id list, account_publication* news) const;

  // account_slices.cpp
  [[nodiscard]] reject_reason refusal_of_slicing(const place_order& cmd, const step& at) const;
  [[nodiscard]] bool is_reserved(order_id id) const;
  outcome place_sliced(const place_order& cmd, const placement& decided, const step& at);
  outcome cancel_sliced(order_id id, const step& at);
  [[nodiscard]] std::optional<slicing_view> slicing_of(order_id id) const;
  [[nodiscard]] timestamp_ns next_slice_at() const;
  void send_slices(const step& at);
  void send_slice(order_id parent, std::uint32_t number, const step& at);
  /// Ends those of which no slice is open and none will follow.
  void end_sliced(const step& at);
  void end_if_over(order_id parent, const step& at);
  void take(const sliced_order_placed& one, timestamp_ns now, posts_type& posts);
  void take(const slice_placed& one, timestamp_ns now, posts_type& posts);
  void take(const slice_passed& one, timestamp_ns now, posts_type& posts);
  void note_slice_fill(const open_order& slice, const fill_view& fill, timestamp_ns now);
  void note_slice_cut(const open_order& slice, quantity_lots size, timestamp_ns now);
  void note_slice_end(const open_order& slice);

  // account_timers.cpp
  outcome run(const cancel_all& cmd, const step& at);
  outcome run(const arm_guard& cmd, const step& at);
  outcome run(const close_connection& cmd, const step& at);
  outcome run(const get_guards& cmd, const step& at);
  std::size_t go_on(const sweep_key& key, std::size_t most, const step& at);
  void take(const guard_armed& one, timestamp_ns now, posts_type& posts);
  void take(const guard_disarmed& one, timestamp_ns now, posts_type& posts);
  void take(const guard_fired& one, timestamp_ns now, posts_type& posts);
  void take(const cancels_asked& one, timestamp_ns now, posts_type& posts);

  // account_settlement.cpp
  void take_message(const open_account& message, entity_id from, const step& at);
  void take_message(const order_filled& message, entity_id from, const step& at);
  void take_message(const order_ended& message, entity_id from, const step& at);
  void take_message(const order_amended& message, entity_id from, const step& at);
  void take_message(const order_reduced& message, entity_id from, const step& at);
  void take_message(const order_activated& message, entity_id from, const step& at);
  /// The order a message is about, if it is open and its market says so.
  template <class Message>
  [[nodiscard]] const open_order* find_open(const Message& message, entity_id from) const;

  // account_apply.cpp
  void take(const account_opened& one, timestamp_ns now, posts_type& posts);
  void take(const order_placed& one, timestamp_ns now, posts_type& posts);
  void take(const amend_requested& one, timestamp_ns now, posts_type& posts);
  void take(const cancel_requested& one, timestamp_ns now, posts_type& posts);
  void take(const fill_settled& one, timestamp_ns now, posts_type& posts);
  void take(const order_done& one, timestamp_ns now, posts_type& posts);
  void take(const amend_settled& one, timestamp_ns now, posts_type& posts);
  void take(const order_cut& one, timestamp_ns now, posts_type& posts);
  void take(const trigger_noted& one, timestamp_ns now, posts_type& posts);
  void take(const account_configured& one, timestamp_ns now, posts_type& posts);
  void take(const transferred& one, timestamp_ns now, posts_type& posts);
  void take(const request_executed& one, timestamp_ns now, posts_type& posts);
  void close(orders::iterator at, order_view last);
  /// Notes that the event of now is told to the owner's streams; false while events are replayed.
  bool tells() {
    told_ = events_;
    return is_live_;
  }
  /// While live: tells the owner's streams of an order (or none) and of balances. Null: nothing was told.
  account_publication* tell(order_change what, const order_view* order,
                            std::initializer_list<account_balances::index> changed,
                            timestamp_ns now);

  account_id self_;
  bool is_open_ = false;
  user_id owner_;
  std::string label_;
  stp_mode stp_ = stp_mode::none; // of orders that name none
  std::uint64_t events_ = 0;      // the number of the last one in its stream
  std::uint64_t told_ = 0;        // the last of them that the streams are told of
  account_balances balances_;
  orders open_;
  std::map<order_id, order_list> lists_;
  sliced_orders sliced_; // of open_
  client_ids client_ids_;
  daily_orders daily_;
  burst_orders burst_;
  request_marks marks_;
  final_orders final_;
  transfer_log transfers_;
  account_timers timers_;
  traded_volume volume_;
  std::map<market_id, position> positions_; // of every market it ever traded in

  // Not history.
  open_counts counts_;                           // of open_
  bool is_live_ = false;                         // apply() came from execute() or handle()
  std::map<order_id, std::string> cancel_names_; // of open orders; for the streams alone
  std::vector<publication> news_;
  std::optional<std::uint64_t> mark_; // to be told before them
};

static_assert(machine<account>);

} // namespace rialto
