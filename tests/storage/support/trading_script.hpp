// tests/storage/support/trading_script.hpp: a journal of a small exchange, made event by event, and
// what its read models must show.
//
// The room: events only, no state machine: what is projected is exactly what a test wrote. The
// script keeps its own books (domain/ledger.hpp over every event) and its own lists of orders and
// executions, in the plainest way.
#pragma once

#include "domain/ledger.hpp"
#include "storage/event_codec.hpp"
#include "storage/read_models.hpp"
#include "storage/record.hpp"

#include <map>
#include <string>
#include <vector>

namespace rialto::storage {

class trading_script {
public:
  static constexpr std::int64_t lot = 1'000, per_tick_lot = 10; // of every market

  /// Closes the row that is being filled; a row without records is not made.
  void end_row() {
    if (!row_.empty()) rows_.push_back(row_.finish());
  }
  [[nodiscard]] const std::vector<std::string>& rows() {
    end_row();
    return rows_;
  }

  user_id add_user(const std::string& email, user_role role = user_role::trader) {
    const user_id id{++users_};
    add(entity_id(id), user_event{user_registered{id, email, "hash", role}});
    users.insert(users.begin(), {id, email, role, now_, user_status::active, {}});
    return id;
  }
  void change_status(user_id who, user_status status) {
    add(entity_id(who), user_event{user_status_changed{status, {1}}});
  }
  account_id add_account(user_id owner, const std::string& label) {
    const account_id id{++accounts_};
    add(entity_id(owner), user_event{account_added{id, label}});
    add(id, account_event{account_opened{id, owner, label}});
    return id;
  }
  market_id add_market(const std::string& base, const std::string& quote) {
    instrument spec;
    spec.market = {++markets_};
    spec.symbol = base + quote;
    spec.base = base;
    spec.quote = quote;
    spec.lot_size = {lot};
    assets_[spec.market] = {base, quote};
    add(entity_id(spec.market), market_event{instrument_listed{spec}});
    return spec.market;
  }
  void transfer(account_id account, transfer_kind kind, const std::string& asset,
                std::int64_t amount, const std::string& reference) {
    add(account, account_event{transferred{kind, asset, {amount}, reference}});
  }
  /// A limit order; `size` in lots.
  order_id place(account_id account, market_id market, side way, std::int64_t price,
                 std::int64_t size, const std::string& client_order_id = {}) {
    order_placed placed;
    placed.order.id = {1'000'000 + ++orders_};
    placed.order.account = account;
    placed.order.way = way;
    placed.order.price = {price};
    placed.order.size = {size};
    placed.market = market;
    placed.client_order_id = client_order_id;
    placed.base = assets_[market].first;
    placed.quote = assets_[market].second;
    placed.hold = {way == side::buy ? price * size * per_tick_lot : size * lot};
    placed.units_per_tick_lot = per_tick_lot;
    placed.lot_size = {lot};
    placed.order.created_at = {now_.value + 1}; // of this event
    add(account, account_event{placed});
    auto& view = open[placed.order.id];
    view.id = placed.order.id;
    view.account = account;
    view.market = market;
    view.client_order_id = client_order_id;
    view.way = way;
    view.price = {price};
    view.size = {size};
    view.created_at = view.updated_at = now_;
    return view.id;
  }
  /// Changes the size; the hold follows.
  void amend(order_id id, std::int64_t size) {
    auto& view = open.at(id);
    const auto& asset = held_asset(view);
    const auto more = (size - view.size.value) * held_per_lot(view);
    add(view.account,
        account_event{amend_requested{id, view.price, {size}, {more > 0 ? more : 0}, asset}});
    view.size = {size};
    add(view.account,
        account_event{amend_settled{
          id, view.price, {size}, reject_reason::none, asset, {more < 0 ? -more : 0}}});
    view.updated_at = now_;
  }
  /// Both orders trade `size` lots at the maker's price; taker 0: the house takes.
  void trade(order_id maker, order_id taker, std::int64_t size) {
    const auto& made = open.at(maker);
    const auto price = made.price;
    trade_executed one;
    one.trade = {++trades_};
    one.maker = maker;
    one.taker = taker;
    one.maker_account = made.account;
    one.taker_side = opposite(made.way);
    one.price = price;
    one.size = {size};
    one.notional = {price.value * size * per_tick_lot};
    one.base = {size * lot};
    add(entity_id(made.market), market_event{one});
    settle(maker, one, true);
    if (taker) settle(taker, one, false);
  }
  void end(order_id id, order_status status, reject_reason reason = reject_reason::none) {
    auto& view = open.at(id);
    const auto rest = (view.size - view.executed).value * held_per_lot(view);
    add(view.account, account_event{order_done{id, status, reason, held_asset(view), {rest}}});
    view.status = status;
    view.reason = reason;
    view.updated_at = now_;
    close(id);
  }

  // What must be found, kept while the script is written.
  ledger books;
  std::map<order_id, order_view> open;   // with their fills
  std::vector<order_view> final_orders;  // newest first, with their fills
  std::vector<execution_row> executions; // newest first
  std::vector<user_row> users;           // newest first

private:
  void add(entity_id stream, const account_event& event) {
    books.post(postings_of(event, {stream.number()}));
    add_record(stream, event);
  }
  void add(entity_id stream, const market_event& event) {
    const auto& assets = assets_[{stream.number()}];
    books.post(postings_of(event, {stream.number()}, assets.first, assets.second));
    add_record(stream, event);
  }
  void add(entity_id stream, const user_event& event) { add_record(stream, event); }
  template <class Event>
  void add_record(entity_id stream, const Event& event) {
    now_.value += 1;
    record made;
    made.stream = stream;
    made.first_event = ++events_[stream];
    made.at = now_;
    made.event_count = 1;
    encode_event(event, made.events);
    row_.add(made);
  }
  [[nodiscard]] const std::string& held_asset(const order_view& view) {
    return view.way == side::buy ? assets_[view.market].second : assets_[view.market].first;
  }
  [[nodiscard]] static std::int64_t held_per_lot(const order_view& view) {
    return view.way == side::buy ? view.price.value * per_tick_lot : lot;
  }
  void settle(order_id id, const trade_executed& one, bool is_maker) {
    auto& view = open.at(id);
    const bool buys = view.way == side::buy;
    const auto received = buys ? one.base.value : one.notional.value;
    fill_settled settled;
    settled.id = id;
    settled.market = view.market;
    settled.way = view.way;
    settled.fill = {one.trade,          one.price, one.size,        one.notional,
                    {received / 1'000}, is_maker,  {now_.value - 1}};
    settled.base = one.base;
    settled.is_last = view.executed + one.size == view.size;
    settled.base_asset = assets_[view.market].first;
    settled.quote_asset = assets_[view.market].second;
    if (buys) settled.released = {(view.price - one.price).value * one.size.value * per_tick_lot};
    add(view.account, account_event{settled});
    view.executed += one.size;
    view.executed_quote += one.notional;
    view.updated_at = now_;
    view.status = settled.is_last ? order_status::filled : order_status::partially_filled;
    view.fills.push_back(settled.fill);
    executions.insert(executions.begin(),
                      {events_[view.account], view.account, id, view.market, view.way, settled.fill,
                       buys ? settled.base_asset : settled.quote_asset});
    if (settled.is_last) close(id);
  }
  void close(order_id id) {
    const auto at = open.find(id);
    final_orders.insert(final_orders.begin(), at->second);
    open.erase(at);
  }

  std::uint64_t users_ = 0, accounts_ = 0, markets_ = 0, orders_ = 0, trades_ = 0;
  std::map<market_id, std::pair<std::string, std::string>> assets_;
  std::map<entity_id, std::uint64_t> events_;
  timestamp_ns now_{1'000};
  blob_writer row_;
  std::vector<std::string> rows_;
};

} // namespace rialto::storage
