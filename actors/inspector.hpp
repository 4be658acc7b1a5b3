// actors/inspector.hpp: answers questions about the actors of this node: JSON in, JSON out.
//
// The room: plain code that may wait for a shard's turn, so it runs on a thread that runs no actors; any number of threads at a time. It
// needs no edge. How questions get here (another node, the command line, the admin API) is not its business. Every row carries
// `node`; cluster/inspection.hpp asks several nodes and merges their answers (inspector_merge.hpp).
//
//   nodes, shards, journal, slow {limit}
//   tree   {root, depth, children, limit}
//   actors {kind, name, sort, limit}            name: part of it; sort: name, mailbox, rate, cpu, longest, memory, restarts, messages
//   actor  {name}
//   where  {name}                               whether it is here; holds: itself, and not only an actor above others of its name
//   trace  {name, after, limit, seconds}        keeps following for so many seconds; lines behind number `after`
//   kill, restart {name, who}                   logged with who asked, and who he says he is
//
// Each takes {scope, node}, too: this node answers for itself alone, and refuses what is meant for another.
// A question that cannot be answered gets {"error":{"field","rule"}}. Passwords, hashes, sealed secrets and whole API keys are in no answer.
#pragma once

#include "domain/ids.hpp"
#include "runtime/actor_registry.hpp"
#include "runtime/clock.hpp"

#include <caf/all.hpp>
#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::actors {

class inspector_question;

/// What the inspector looks at; outlives it.
struct inspector_surroundings {
  std::string node; // its name in every row
  runtime::actor_registry& registry;
  runtime::node_clock& clock;
  std::function<std::vector<caf::actor>()> shards; // their actors; invalid ones are passed over
  std::function<caf::actor()> root;                // the supervisor of the node's own parts
  std::function<void(nlohmann::ordered_json&)>
    put_node; // version, memory and the like into its row
  std::function<void(nlohmann::ordered_json&)> put_journal; // heads, waiting appends and the like
  /// Of a cluster: rows of an entity's children on other nodes (node, name, status, restarts, last_failure, away_since), `known` by itself or told.
  std::function<nlohmann::ordered_json(entity_id parent, const std::vector<entity_id>& known)>
    children_elsewhere = {};
  /// Of a cluster: entities with a child elsewhere that was given up.
  std::function<std::set<entity_id>()> degraded = {};
};

class inspector {
public:
  explicit inspector(inspector_surroundings around) : around_(std::move(around)) {}

  /// `who` asks, for the log of what changes something. Never throws.
  [[nodiscard]] std::string answer(std::string_view question, std::string_view who);

  static constexpr std::int64_t rows_max = 1'000;
  static constexpr std::int64_t lease_seconds = 5; // messages are measured so long after a look

private:
  using json = nlohmann::ordered_json;

  [[nodiscard]] json run(inspector_question& asked, std::string_view who);
  [[nodiscard]] json nodes();
  [[nodiscard]] json tree(inspector_question& asked);
  [[nodiscard]] json actors(inspector_question& asked);
  [[nodiscard]] json actor(inspector_question& asked);
  [[nodiscard]] json where(inspector_question& asked);
  [[nodiscard]] json trace(inspector_question& asked);
  [[nodiscard]] json slow(inspector_question& asked);
  [[nodiscard]] json shards();
  [[nodiscard]] json journal();
  [[nodiscard]] json kill(const std::string& name, std::string_view who);
  [[nodiscard]] json restart(const std::string& name, std::string_view who);

  [[nodiscard]] json row_of(const runtime::actor_info& actor) const;
  void put_entity(json& into, const runtime::actor_info& actor);
  void put_children(json& into, const runtime::actor_info& actor);
  void mark_degraded(json& rows) const;
  void put_order(json& into, const runtime::actor_info& actor);
  void weigh(std::size_t limit);
  void count_runs(std::vector<runtime::actor_info>& rows);

  inspector_surroundings around_;
};

} // namespace rialto::actors
