// app/inspect_top.hpp: `rialto inspect top`: the busiest actors, refreshed in place.
//
// The room: what is shown is made of answers and a state (sort, kind, place in the list) without a terminal; run_top() joins
// it with one. Fits 80 x 24 and uses what more there is. When output is no terminal, one look is printed as plain text.
#pragma once

#include "app/inspect_text.hpp"
#include "app/terminal_screen.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace rialto::app {

/// Asks a node; throws std::runtime_error with a sentence when it does not answer.
using inspect_ask = std::function<inspect_json(const inspect_json& question)>;

class top_view {
public:
  static constexpr std::size_t head_lines = 4, rows_max = 1'000;

  /// How long to wait after a look that took so long: a second, and fifty times as long, so that looking at very many actors takes no more
  /// than a fiftieth of a node's core. Ten seconds at most.
  [[nodiscard]] static std::chrono::milliseconds pause_after(std::chrono::milliseconds took) {
    return std::clamp(50 * took, std::chrono::milliseconds(1'000),
                      std::chrono::milliseconds(10'000));
  }
  /// What to ask for the actors that fit.
  [[nodiscard]] inspect_json question(screen_size size) const;
  void take(const inspect_json& nodes, const inspect_json& shards, const inspect_json& actors);
  /// A sentence in place of what is old.
  void take_failure(std::string why) { failure_ = std::move(why); }
  /// Returns false when it is over.
  [[nodiscard]] bool press(const pressed& one, screen_size size);
  [[nodiscard]] std::vector<std::string> lines(screen_size size, bool is_plain = false) const;

private:
  [[nodiscard]] static std::size_t page(screen_size size) {
    return size.lines > head_lines + 1 ? size.lines - head_lines : 1;
  }
  [[nodiscard]] std::string row_text(const inspect_json& row, std::size_t columns) const;
  [[nodiscard]] std::string node_title() const;
  [[nodiscard]] std::string cluster_title() const;
  /// 0: rows are of one node, and do not name it.
  [[nodiscard]] std::size_t node_width() const;
  [[nodiscard]] std::size_t name_width(std::size_t columns) const;
  bool is_cluster_ = false;
  std::size_t sort_ = 0, first_ = 0;
  std::string kind_; // empty: all
  std::string failure_;
  inspect_json nodes_, shards_, actors_;
};

/// Until the user or a signal ends it. Returns the exit code.
[[nodiscard]] int run_top(const inspect_ask& ask);

} // namespace rialto::app
