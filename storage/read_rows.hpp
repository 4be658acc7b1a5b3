// storage/read_rows.hpp: single rows of the read models' file, found by id.
//
// The room: statements and decoding, no paging. Belongs to one connection; calls happen within a
// read transaction of the caller.
#pragma once

#include "storage/account_flows.hpp"
#include "storage/read_entries.hpp"
#include "storage/sqlite.hpp"

#include <utility>

namespace rialto::storage {

/// The bytes of a row of `orders`.
struct final_order {
  order_view view;              // without fills
  std::uint64_t previous = 0;   // the account's order that became final before it
  std::uint64_t last_entry = 0; // its newest fill
  RIALTO_FIELDS(view, previous, last_entry)
};

class row_reader {
public:
  explicit row_reader(database& file);

  /// The newest final order and entry of an account; where a scan begins when it is 0.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> heads_of(account_id account);
  /// The newest fill of an order, final or open; 0: none.
  [[nodiscard]] std::uint64_t last_fill_of(order_id id);
  /// The final order with the highest id that is not above `id`.
  [[nodiscard]] std::optional<final_order> order_at(std::uint64_t id);
  /// The entry with the highest id that is not above `id`.
  [[nodiscard]] std::optional<entry> entry_at(std::uint64_t id);

  /// What the account had booked before `end`.
  [[nodiscard]] account_flows flows_before(account_id account, timestamp_ns end);

private:
  statement find_order_, find_entry_, find_heads_, find_open_, find_mark_before_, find_mark_from_;
};

} // namespace rialto::storage
