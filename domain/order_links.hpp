// domain/order_links.hpp: orders that end one another, and exits that wait for their entry: the memory of it.
//
// The room: who is linked to whom, and what an entry brought so far; all of it history. It decides nothing:
// domain/market_links.cpp does.
//
//   OCO      two orders, one in the book and one that waits for its price (or both wait)
//   entry    an order with one or two exits (OTO, bracket), which come to the market when it has ended
#pragma once

#include "domain/bytes.hpp"
#include "domain/market_events.hpp"

#include <map>

namespace rialto {

struct linked_orders {
  order_id list;
  account_id account;
  order_id entry;                    // 0: none, or it has ended
  std::vector<submit_order> pending; // exits that are not in the market yet
  std::vector<order_id> legs;        // orders in the market that end one another
  quantity_lots filled;              // of the entry
  amount_units proceeds; // what that brought after fees, capped: base for a buy, quote for a sell
  RIALTO_FIELDS(list, account, entry, pending, legs, filled, proceeds)
};

class order_links {
public:
  static constexpr std::size_t lists_max = 100'000;

  [[nodiscard]] bool empty() const { return lists_.empty(); }
  [[nodiscard]] std::size_t size() const { return lists_.size(); }
  [[nodiscard]] std::size_t pending_count() const;
  /// The list an order is linked in, if it still is.
  [[nodiscard]] const linked_orders* find(order_id order) const;
  [[nodiscard]] const linked_orders* find_list(order_id list) const;
  /// An exit that is not in the market yet.
  [[nodiscard]] const submit_order* find_pending(order_id order) const;

  // ---- past events
  void apply(const list_linked& happened);
  void apply(const trade_executed& happened);
  void apply(const order_closed& happened);
  void apply(const exits_sized& happened);

  void encode(byte_writer& out) const;
  void decode(byte_reader& in);
  void check_invariants() const;

private:
  void take_fill(order_id order, const trade_executed& happened, bool is_maker);
  void take_out(linked_orders& from, order_id order);
  void drop_if_done(order_id list);

  std::map<order_id, linked_orders> lists_;
  std::map<order_id, order_id> list_of_; // every linked order
};

} // namespace rialto
