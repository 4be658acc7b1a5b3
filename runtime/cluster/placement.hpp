// runtime/cluster/placement.hpp: which node should own which shard: a function of the rows.
//
// The room: everything is computed from the rows each time, so a new leader goes on where the former one stopped and
// asking twice changes nothing. The same rows give the same plan on every machine. No clock, thread, CAF or SQL.
//
//   P1  a shard whose owner is gone is given away at once, without a limit, with its epoch raised
//   P2  a planned move is begun by naming `next`; the owner itself passes the shard on, between two messages. Only
//       after `handover_ns` it is taken from it, and never while the leader's view has a gap: after a jump of the
//       database's clock a move that has just begun looks old, and its owner may not have read of it yet
//   P3  at most `moves_per_second` planned moves begin within any second of the database's clock, whoever leads, and
//       at most `moves_under_way_max` are under way. Moves off nodes that drain come before balance
//   P4  a shard goes to nodes of its role: users, trading, market data (storage/shard_map.hpp). With all moves done every node that is up and
//       has a role owns floor or ceiling of that role's share (of several together, if the same nodes have them), and no plan moves
//       more shards than that needs
//   P5  a change holds only for the row it was made from: it names the epoch and `next` it saw
#pragma once

#include "runtime/cluster/rows.hpp"

namespace rialto::runtime::cluster {

struct placement_options {
  std::uint32_t moves_per_second = 20;
  std::uint32_t moves_under_way_max = 20;
  std::int64_t handover_ns = 10'000'000'000;
  std::int64_t gather_ns = 1'000'000'000; // a cluster that starts waits for its nodes (leader, L5)
};

enum class change_reason : std::uint8_t {
  assigned,  // nobody that lives had it
  forced,    // the owner did not pass it on in time
  moved,     // a planned move begins: wish, drain or balance
  redirected // a planned move under way gets another target, or none
};

struct shard_change {
  shard_id shard = 0;
  storage::epoch seen_epoch = 0; // P5
  incarnation seen_next = nobody;
  incarnation seen_wanted = nobody;
  incarnation owner = nobody; // what the row shall say
  storage::epoch at_epoch = 0;
  incarnation next = nobody;
  incarnation wanted = nobody;
  change_reason why = change_reason::assigned;
  friend bool operator==(const shard_change&, const shard_change&) = default;
};

/// A wish that cannot be had: its target does not live, is not up or has not the role.
struct refused_move {
  shard_id shard = 0;
  incarnation wanted = nobody;
  friend bool operator==(const refused_move&, const refused_move&) = default;
};

struct placement_plan {
  std::vector<shard_change> changes; // at most one per shard
  std::vector<refused_move> refused; // their wishes are taken back by a change, too
};

/// The role whose nodes own a shard.
[[nodiscard]] role_set role_of(shard_id shard, std::size_t shard_count);
[[nodiscard]] bool may_own(const node_row& node, role_set role);
[[nodiscard]] placement_plan plan_placement(const cluster_rows& rows,
                                            const placement_options& options, bool has_gap = false);

} // namespace rialto::runtime::cluster
