#include "app/cluster_status.hpp"

#include "app/count_text.hpp"
#include "runtime/cluster/membership.hpp"
#include "runtime/cluster/placement.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace rialto::app {

namespace {

using runtime::cluster::node_state;

constexpr std::pair<std::uint64_t, const char*> role_names[] = {
  {runtime::cluster::role_edge, "edge"},
  {runtime::cluster::role_users, "users"},
  {runtime::cluster::role_trading, "trading"},
  {runtime::cluster::role_market_data, "marketdata"}};

std::vector<std::string> roles_of(const storage::cluster_node& node) {
  return role_names_of(node.roles);
}

const char* state_of(const storage::cluster_node& node) {
  return node_state_name(static_cast<node_state>(node.state));
}

bool is_gone(const storage::cluster_node& node) {
  return static_cast<node_state>(node.state) == node_state::gone;
}

const storage::cluster_node* living(const storage::cluster_answer& seen, std::uint64_t id) {
  const auto at = std::find_if(seen.nodes.begin(), seen.nodes.end(),
                               [&](const auto& node) { return node.id == id && !is_gone(node); });
  return at == seen.nodes.end() ? nullptr : &*at;
}

std::vector<storage::cluster_node> by_name(const storage::cluster_answer& seen) {
  auto made = seen.nodes;
  std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return made;
}

/// Ascending by number.
std::vector<storage::cluster_shard> shards_of(const storage::cluster_answer& seen) {
  auto made = seen.changed_shards;
  std::sort(made.begin(), made.end(),
            [](const auto& a, const auto& b) { return a.shard < b.shard; });
  return made;
}

std::vector<storage::shard_id> owned(const std::vector<storage::cluster_shard>& shards,
                                     std::uint64_t by) {
  std::vector<storage::shard_id> made;
  for (const auto& one : shards)
    if (one.owner == by) made.push_back(one.shard);
  return made;
}

std::int64_t age_ms(const storage::cluster_answer& seen, timestamp_ns at) {
  return std::max<std::int64_t>(0, (seen.database_now.value - at.value) / 1'000'000);
}

/// "0.3 s", "12 min", "3 h", "9 d".
std::string age_text(std::int64_t ms) {
  if (ms < 100'000) return fmt::format("{}.{} s", ms / 1'000, ms % 1'000 / 100);
  if (ms < 7'200'000) return fmt::format("{} min", ms / 60'000);
  if (ms < 172'800'000) return fmt::format("{} h", ms / 3'600'000);
  return fmt::format("{} d", ms / 86'400'000);
}

using table_row = std::vector<std::string>;

/// Columns as wide as their widest text; the last one is not filled up.
std::string table_text(const std::vector<table_row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string made;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      made += fmt::format("{:<{}}  ", row[i], widths[i]);
    made += row.back() + '\n';
  }
  return made;
}

std::string nodes_text(const storage::cluster_answer& seen,
                       const std::vector<storage::cluster_shard>& shards) {
  if (seen.nodes.empty()) return "No node has joined yet.\n";
  std::vector<table_row> rows{
    {"NODE", "ID", "STATE", "RENEWED", "ROLES", "ADDRESS", "SHARDS", "WHICH"}};
  bool has_leader = false;
  for (const auto& node : by_name(seen)) {
    const bool leads = node.id == seen.leader;
    has_leader = has_leader || leads;
    const auto mine = owned(shards, node.id);
    const bool is_silent = !is_gone(node) && age_ms(seen, node.renewed_at) * 1'000'000 >=
                                               runtime::cluster::membership_times{}.lease_ns;
    rows.push_back({node.name + (leads ? " *" : ""), std::to_string(node.id),
                    std::string(state_of(node)) + (is_silent ? ", silent" : ""),
                    age_text(age_ms(seen, node.renewed_at)) + " ago",
                    fmt::format("{}", fmt::join(roles_of(node), ",")), node.address,
                    std::to_string(mine.size()), shard_ranges(mine)});
  }
  return table_text(rows) + (has_leader ? "* leads\n" : "Nobody leads at the moment.\n");
}

/// Of shards without an owner: what no node that is up offers to do.
std::string missing_roles(const storage::cluster_answer& seen,
                          const std::vector<storage::shard_id>& orphans) {
  std::uint64_t needed = 0, offered = 0;
  for (const auto shard : orphans)
    needed |= runtime::cluster::role_of(shard, seen.changed_shards.size());
  for (const auto& node : seen.nodes)
    if (static_cast<node_state>(node.state) == node_state::up) offered |= node.roles;
  const auto missing = role_names_of(needed & ~offered);
  return missing.empty() ? ""
                         : fmt::format("; no node that is up has the role {}",
                                       fmt::join(missing, " or the role "));
}

std::string moves_text(const storage::cluster_answer& seen,
                       const std::vector<storage::cluster_shard>& shards) {
  std::string made;
  for (const auto& one : shards)
    if (one.next != 0)
      made += fmt::format("  shard {}: {} to {}, for {}\n", one.shard, node_called(seen, one.owner),
                          node_called(seen, one.next), age_text(age_ms(seen, one.changed_at)));
  for (const auto& one : shards)
    if (one.wanted != 0)
      made += fmt::format("  shard {}: an operator wants it on {}\n", one.shard,
                          node_called(seen, one.wanted));
  return made.empty() ? "No move is under way.\n" : "Moves:\n" + made;
}

} // namespace

std::vector<std::string> role_names_of(std::uint64_t roles) {
  std::vector<std::string> made;
  for (const auto& [role, name] : role_names)
    if ((roles & role) != 0) made.emplace_back(name);
  return made;
}

const char* node_state_name(runtime::cluster::node_state state) {
  switch (state) {
  case node_state::joining: return "joining";
  case node_state::up: return "up";
  case node_state::draining: return "draining";
  case node_state::gone: return "gone";
  }
  return "unknown";
}

std::string shard_ranges(const std::vector<storage::shard_id>& ascending) {
  std::string made;
  for (std::size_t i = 0; i < ascending.size();) {
    auto last = i;
    while (last + 1 < ascending.size() && ascending[last + 1] == ascending[last] + 1) ++last;
    if (!made.empty()) made += ", ";
    made += std::to_string(ascending[i]);
    if (last > i) made += fmt::format("{}{}", last == i + 1 ? ", " : "-", ascending[last]);
    i = last + 1;
  }
  return made.empty() ? "none" : made;
}

const storage::cluster_node* find_node(const storage::cluster_answer& seen,
                                       const std::string& name) {
  const auto at = std::find_if(seen.nodes.begin(), seen.nodes.end(), [&](const auto& node) {
    return node.name == name && !is_gone(node);
  });
  return at == seen.nodes.end() ? nullptr : &*at;
}

const storage::cluster_shard* find_shard(const storage::cluster_answer& seen,
                                         storage::shard_id shard) {
  const auto at = std::find_if(seen.changed_shards.begin(), seen.changed_shards.end(),
                               [&](const auto& one) { return one.shard == shard; });
  return at == seen.changed_shards.end() ? nullptr : &*at;
}

std::string node_called(const storage::cluster_answer& seen, std::uint64_t id) {
  if (id == 0) return "nobody";
  const auto at = std::find_if(seen.nodes.begin(), seen.nodes.end(),
                               [&](const auto& node) { return node.id == id; });
  if (at == seen.nodes.end() || is_gone(*at)) return "a node that is gone";
  return at->name;
}

std::string move_problem(const storage::cluster_answer& seen, std::uint64_t shard,
                         const std::string& node) {
  const auto count = seen.changed_shards.size();
  if (shard >= count)
    return fmt::format("SHARD must be 0 to {}, the cluster has {}, not {}", count - 1,
                       counted(count, "shard"), shard);
  const auto* to = find_node(seen, node);
  if (to == nullptr) return fmt::format("no living node is called {}", node);
  if (static_cast<node_state>(to->state) != node_state::up)
    return fmt::format("{} is {}; only a node that is up takes shards", node, state_of(*to));
  const auto role = runtime::cluster::role_of(static_cast<storage::shard_id>(shard), count);
  if ((to->roles & role) == 0)
    return fmt::format("{} has not the role {}, which shard {} belongs to", node,
                       role_names_of(role).front(), shard);
  return {};
}

std::vector<storage::shard_id> shards_without_heir(const storage::cluster_answer& seen,
                                                   const storage::cluster_node& owner) {
  std::vector<storage::shard_id> made;
  for (const auto shard : owned(shards_of(seen), owner.id))
    if (std::none_of(seen.nodes.begin(), seen.nodes.end(), [&](const auto& node) {
          return node.id != owner.id && move_problem(seen, shard, node.name).empty();
        }))
      made.push_back(shard);
  return made;
}

std::string cluster_status_text(const storage::cluster_answer& seen) {
  if (!seen.exists) return "There is no cluster in this database: no node has ever joined.\n";
  const auto shards = shards_of(seen);
  const auto alive =
    std::count_if(seen.nodes.begin(), seen.nodes.end(), [](const auto& n) { return !is_gone(n); });
  std::vector<storage::shard_id> orphans;
  for (const auto& one : shards)
    if (living(seen, one.owner) == nullptr) orphans.push_back(one.shard);
  auto made =
    fmt::format("Cluster {}: {}, {} alive; {}\n", seen.cluster, counted(seen.nodes.size(), "node"),
                alive, counted(shards.size(), "shard"));
  made += orphans.empty()
            ? "Every shard has an owner.\n\n"
            : fmt::format("Without a living owner: {} ({}){}\n\n", counted(orphans.size(), "shard"),
                          shard_ranges(orphans), missing_roles(seen, orphans));
  return made + nodes_text(seen, shards) + '\n' + moves_text(seen, shards);
}

std::string cluster_status_json(const storage::cluster_answer& seen) {
  using nlohmann::json;
  const auto shards = shards_of(seen);
  const auto id_or_null = [](std::uint64_t id) { return id == 0 ? json() : json(id); };
  json made{{"exists", seen.exists},
            {"cluster", seen.exists ? json(seen.cluster) : json()},
            {"database_now_ns", seen.database_now.value},
            {"leader", id_or_null(seen.leader)},
            {"nodes", json::array()},
            {"shards", json::array()}};
  for (const auto& node : by_name(seen))
    made["nodes"].push_back({{"name", node.name},
                             {"id", node.id},
                             {"address", node.address},
                             {"roles", roles_of(node)},
                             {"state", state_of(node)},
                             {"renewed_ms_ago", age_ms(seen, node.renewed_at)},
                             {"leads", node.id == seen.leader},
                             {"shards", owned(shards, node.id)}});
  for (const auto& one : shards)
    made["shards"].push_back({{"shard", one.shard},
                              {"epoch", one.at_epoch},
                              {"owner", id_or_null(one.owner)},
                              {"next", id_or_null(one.next)},
                              {"wanted", id_or_null(one.wanted)},
                              {"is_owner_alive", living(seen, one.owner) != nullptr}});
  return made.dump();
}

} // namespace rialto::app
