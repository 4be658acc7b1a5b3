// app/node_inspection.hpp: the inspector of this node, of its cluster if it is in one, and what the node says of itself in its answers.
//
// Owned by serve(); asked from any thread that runs no actors, between the core's start and stop.
#pragma once

#include "actors/cluster/inspection.hpp"
#include "actors/inspector.hpp"
#include "app/node_core.hpp"
#include "runtime/worker_pool.hpp"

#include <mutex>
#include <optional>

namespace rialto::app {

class node_inspection {
public:
  /// The core outlives it. `node`: its name in the cluster; empty: it is in none.
  node_inspection(node_core& core, const std::string& node);
  /// For all nodes. May wait for them.
  [[nodiscard]] std::string answer(std::string_view question, std::string_view who);
  /// For this node alone.
  [[nodiscard]] std::string own_answer(std::string_view question, std::string_view who) {
    return inspector_.answer(question, who);
  }
  /// The same as answer(), on a thread of its own; `then` is called there, or at once with a refusal.
  void ask(std::string question, std::string who, std::function<void(std::string)> then);
  /// No `then` is called after this.
  void stop() { asked_.stop(); }

private:
  [[nodiscard]] actors::inspector_surroundings surroundings(const std::string& name);
  void put_node(nlohmann::ordered_json& row);
  void put_journal(nlohmann::ordered_json& row) const;
  /// Share of one processor that the process took since the look before, half a second ago at least.
  [[nodiscard]] double cpu_percent();

  node_core& core_;
  const std::int64_t started_ns_;
  std::mutex lock_;
  std::int64_t looked_at_ns_, cpu_seen_ns_ = 0;
  double cpu_percent_ = 0;
  actors::inspector inspector_;
  std::optional<actors::cluster_inspection> cluster_;
  static constexpr std::size_t questions_max = 16;
  runtime::worker_pool asked_{"inspect-api", 2, questions_max, runtime::when_stopped::drop_waiting};
};

} // namespace rialto::app
