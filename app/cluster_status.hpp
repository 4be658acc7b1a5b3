// app/cluster_status.hpp: a cluster as its tables say it, for people and as JSON.
//
// The room: rows in, text out; no database, no node. What is missing is said: no cluster, no node, no move.
#pragma once

#include "runtime/cluster/rows.hpp"
#include "storage/cluster_store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace rialto::app {

[[nodiscard]] std::string cluster_status_text(const storage::cluster_answer& seen);
/// One object: cluster, leader, nodes (each with its shards), moves, and every shard.
[[nodiscard]] std::string cluster_status_json(const storage::cluster_answer& seen);

[[nodiscard]] std::vector<std::string> role_names_of(std::uint64_t roles);
/// joining, up, draining, gone.
[[nodiscard]] const char* node_state_name(runtime::cluster::node_state state);
/// "0-3, 7"; "none".
[[nodiscard]] std::string shard_ranges(const std::vector<storage::shard_id>& ascending);
/// The living node of that name.
[[nodiscard]] const storage::cluster_node* find_node(const storage::cluster_answer& seen,
                                                     const std::string& name);
[[nodiscard]] const storage::cluster_shard* find_shard(const storage::cluster_answer& seen,
                                                       storage::shard_id shard);
/// Its name, or "nobody", or "a node that is gone".
[[nodiscard]] std::string node_called(const storage::cluster_answer& seen, std::uint64_t id);
/// Why a shard cannot be moved to that node; empty: it can, or lies there already.
/// Shards of a node that no other node may have now.
[[nodiscard]] std::vector<storage::shard_id>
shards_without_heir(const storage::cluster_answer& seen, const storage::cluster_node& owner);
[[nodiscard]] std::string move_problem(const storage::cluster_answer& seen, std::uint64_t shard,
                                       const std::string& node);

} // namespace rialto::app
