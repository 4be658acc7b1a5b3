// storage/projected_orders.hpp: orders between their placement and their end.
//
// The room: an order that is placed and final within one transaction touches the file once, with
// its final row. One that stays open is written to `open_orders` at the end of each transaction
// that changed it, so the projector can be stopped after any. At most `cached_max` of them stay in
// memory between transactions; the others are read back when an event names them.
#pragma once

#include "domain/bytes.hpp"
#include "domain/order.hpp"
#include "storage/projected_accounts.hpp"

namespace rialto::storage {

struct projected_order {
  order_view view;              // without fills
  std::uint64_t last_entry = 0; // head of its chain of fills
  RIALTO_FIELDS(view, last_entry)
};

class projected_orders {
public:
  static constexpr std::size_t cached_max = 100'000;

  explicit projected_orders(database& file);

  void place(projected_order order);
  /// To be changed; nullptr if it is not open. Valid until the next call.
  [[nodiscard]] projected_order* find(order_id id);
  /// Writes the final row of an order that find() gave and puts it at the head of its account's
  /// chain.
  void close(const projected_order& order, projected_accounts::state& account);
  /// Writes what stays open; within the transaction.
  void save();
  void forget();

private:
  struct slot {
    projected_order order;
    bool is_stored = false, is_dirty = false;
  };
  void mark(order_id id, slot& one);

  std::unordered_map<order_id, slot> cached_; // order never matters: rows are keyed
  std::vector<order_id> dirty_;
  std::string bytes_;
  database& file_;
  statement insert_final_, save_open_, load_open_, drop_open_;
};

} // namespace rialto::storage
