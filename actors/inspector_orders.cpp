// What the inspector changes: an actor is ended as a fault would, or started afresh. Logged with who asked.
#include "actors/inspector.hpp"
#include "actors/inspector_question.hpp"
#include "actors/shard_question.hpp"
#include "runtime/log.hpp"
#include "runtime/supervisor.hpp"

#include <nlohmann/json.hpp>

namespace rialto::actors {

namespace {

bool is_entity(entity_id id) {
  return id && id.kind() != entity_kind::order;
}

/// What else stands on them cannot go on without them.
void refuse_foundations(const std::string& name, const std::string& kind) {
  if (kind == "shard" || name == "node")
    throw inspector_refusal("name", "the node stands on it: restart the node instead");
}

} // namespace

inspector::json inspector::kill(const std::string& name, std::string_view who) {
  const auto entry = around_.registry.entry(name);
  if (!entry) throw inspector_refusal("name", "no such actor runs");
  refuse_foundations(name, entry->kind);
  const auto why = "killed by " + std::string(who);
  runtime::log_warning("inspector", "{} {}", name, why);
  const auto id = parse_entity_id(name);
  if (is_entity(id)) {
    bool is_done = false;
    for (const auto& shard : around_.shards()) {
      const auto killed = ask_shard(shard, [id, why](const shard_inside& inside) {
        if (!inside.entities.is_active(id)) return false;
        inside.entities.kill(id, why, inside.now);
        return true;
      });
      is_done = is_done || (killed && *killed);
    }
    if (!is_done) throw inspector_refusal("name", "its entity is not in memory");
  } else if (entry->door) {
    entry->door->end(why);
  } else {
    throw inspector_refusal("name", "it cannot be ended from outside");
  }
  return {{"name", name}, {"done", "killed"}};
}

inspector::json inspector::restart(const std::string& name, std::string_view who) {
  const auto found = around_.registry.find(name);
  if (!found) throw inspector_refusal("name", "no such actor runs, nor was one given up");
  refuse_foundations(name, found->kind);
  runtime::log_warning("inspector", "{} restarted by {}", name, who);
  const json done{{"name", name}, {"done", "restarted"}};
  const auto id = parse_entity_id(name);
  if (is_entity(id)) {
    for (const auto& shard : around_.shards()) {
      const auto is_here = ask_shard(shard, [id](const shard_inside& inside) {
        return inside.entities.restart(id, inside.now);
      });
      if (is_here && *is_here) return done;
    }
    throw inspector_refusal("name", "its entity is not in memory, or just being registered");
  }
  if (found->parent == "node" && around_.root) {
    caf::anon_send(around_.root(), runtime::restart_now{name});
    return done;
  }
  const auto entry = around_.registry.entry(name);
  if (!entry || !entry->door)
    throw inspector_refusal("name", "its supervisor has given it up: restart " + found->parent);
  entry->door->end("restarted by " + std::string(who)); // its supervisor starts it again
  return done;
}

} // namespace rialto::actors
