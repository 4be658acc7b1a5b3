// app/node_inspection.hpp: the inspector of this node, and what the node says of itself in its answers.
//
// Owned by serve(); asked from any thread that runs no actors, between the core's start and stop.
#pragma once

#include "actors/inspector.hpp"
#include "app/node_core.hpp"

#include <mutex>

namespace rialto::app {

class node_inspection {
public:
  /// The core outlives it.
  explicit node_inspection(node_core& core);
  [[nodiscard]] actors::inspector& inspector() { return inspector_; }

private:
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
};

} // namespace rialto::app
