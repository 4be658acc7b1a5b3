// actors/cluster/inspection.hpp: a question to the inspector, answered for all nodes of a cluster: asked of each, and merged. No CAF.
//
// The room: JSON in, JSON out, as actors/inspector.hpp has it. May wait for other nodes, so it runs on a thread that may; any number of them at a time.
// Above the fields of inspector.hpp a question may say
//
//   scope  "cluster" (the default) or "node": this node alone
//   node   one node alone, by its name
//
//   I1  a question that goes to another node says "scope":"node", so it goes no further
//   I2  a change goes to one node, or to none
#pragma once

#include "actors/cluster/questions.hpp"
#include "actors/inspector_merge.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace rialto::actors {

struct inspection_surroundings {
  std::string node; // this one's name
  /// This node's own answer.
  std::function<std::string(std::string_view question, std::string_view who)> local;
  /// What this node knows of all, itself included, one object a node: node, membership (joining, up, draining, gone), incarnation, and more.
  std::function<nlohmann::ordered_json()> members;
  /// Why there is no link to a node, as far as it is known; may be empty.
  std::function<std::string(const std::string& node)> link_trouble = {};
};

class cluster_inspection {
public:
  cluster_inspection(inspection_surroundings around, cluster_questions& questions)
      : around_(std::move(around)), questions_(questions) {}

  /// Never throws.
  [[nodiscard]] std::string answer(std::string_view question, std::string_view who);

private:
  using json = nlohmann::ordered_json;
  [[nodiscard]] json run(std::string_view text, std::string_view who);
  /// Of these nodes, this one's own first if it is among them.
  [[nodiscard]] std::vector<inspected_node> ask(const std::vector<asked_node>& nodes, json question,
                                                std::string_view who);
  [[nodiscard]] json change(const std::vector<asked_node>& nodes, const json& question,
                            std::string_view who);
  [[nodiscard]] json own(const json& question, std::string_view who) const;

  const inspection_surroundings around_;
  cluster_questions& questions_;
};

} // namespace rialto::actors
