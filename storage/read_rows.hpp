// storage/read_rows.hpp: single rows of the read models' file, found by id.
//
// The room: statements and decoding, no paging. Belongs to one connection; calls happen within a
// read transaction of the caller.
#pragma once

#include "storage/read_entries.hpp"
#include "storage/sqlite.hpp"

#include <unordered_map>
#include <utility>

namespace rialto::storage {

struct final_order {
  order_view view;              // without fills
  std::uint64_t previous = 0;   // the account's order that became final before it
  std::uint64_t last_entry = 0; // its newest fill
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

private:
  [[nodiscard]] const asset_pair& assets_of(market_id market);

  statement find_order_, find_entry_, find_heads_, find_open_, find_market_;
  std::unordered_map<market_id, asset_pair> markets_; // order never matters: looked up only
};

} // namespace rialto::storage
