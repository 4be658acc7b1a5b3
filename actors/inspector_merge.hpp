// actors/inspector_merge.hpp: the answers of several inspectors (actors/inspector.hpp) as one. No CAF.
//
// The room: answers in, answer out; who is asked and how is elsewhere (actors/cluster/inspection.hpp).
//
//   G1  a node that was to answer is in the rows or in "unreachable" with why, never neither
//   G2  rows are in the asked order and at most as many as asked for; a tree is cut fairly, each node's from its end
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace rialto::actors {

/// What came of asking one node.
struct inspected_node {
  std::string name;
  nlohmann::ordered_json answer; // null: none
  std::string why;               // there is none
};

/// What a list holds when the question says nothing.
struct inspector_limits {
  static constexpr std::int64_t actors = 50, slow = 20, tree = 500;
};

/// Of a question whose answer is a list of rows: nodes, shards, journal, tree, actors, slow, where. `question` is one that a node has accepted.
/// `members`: what the asked node knows of all nodes, for `nodes`; else null.
[[nodiscard]] nlohmann::ordered_json merged_rows(const nlohmann::ordered_json& question,
                                                 std::vector<inspected_node> nodes,
                                                 const nlohmann::ordered_json& members);

/// Of {"query":"actor"}: the answer of the node that runs the entity (others may have an actor that only watches over its children there), with the
/// children that all know of. The first node wins among equals. An error if there is none.
[[nodiscard]] nlohmann::ordered_json merged_actor(std::vector<inspected_node> nodes);

/// Which node a change or a trace goes to, by the answers to {"query":"where"}.
struct actor_place {
  std::string node;
  nlohmann::ordered_json refusal; // an answer, if there is no such node
};
[[nodiscard]] actor_place place_of(const std::string& name,
                                   const std::vector<inspected_node>& nodes);

/// "no such actor runs", with who could not be asked.
[[nodiscard]] nlohmann::ordered_json no_such_actor(const char* field,
                                                   const std::vector<inspected_node>& nodes);
[[nodiscard]] nlohmann::ordered_json inspector_error(std::string_view field, std::string_view rule);
/// Of an answer that is an error; else empty.
[[nodiscard]] std::string rule_of(const nlohmann::ordered_json& answer);
[[nodiscard]] bool is_no_such_actor(const nlohmann::ordered_json& answer);

} // namespace rialto::actors
