// net/binance/depth_window.hpp: changes of a book gathered between two events of a depth stream.
//
// The room: pure. Totals are absolute, so of several changes of one level the last one counts.
//
//   W1  each window that was taken begins at the update after the end of the one before: nothing is missing or twice
//   W2  a window without an update is not taken; its levels, if any, wait for the next update
//   W3  at most the levels that changed are held: a book's size at worst
#pragma once

#include "actors/gate.hpp"

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace rialto::net::binance {

struct depth_event {
  std::uint64_t first = 0, last = 0; // updates
  std::vector<level_change> bids, asks;
};

class depth_window {
public:
  /// False if updates are missing before it; nothing that follows can make up for them.
  [[nodiscard]] bool take(const actors::face_change& change);
  /// What came since the last call; empty: no update.
  [[nodiscard]] std::optional<depth_event> close();

private:
  std::uint64_t first_ = 0, last_ = 0; // of this window; first_ 0: no update yet
  std::map<std::pair<side, std::int64_t>, quantity_lots> levels_;
};

} // namespace rialto::net::binance
