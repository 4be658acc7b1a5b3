#include "app/cluster_members.hpp"

#include "app/cluster_status.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace rialto::app {

namespace {

using json = nlohmann::ordered_json;
using runtime::cluster::node_state;

constexpr std::int64_t ms_ns = 1'000'000;

const char* lease_name(runtime::cluster::own_lease lease) {
  switch (lease) {
  case runtime::cluster::own_lease::none: return "none";
  case runtime::cluster::own_lease::confirmed: return "confirmed";
  case runtime::cluster::own_lease::unconfirmed: return "unconfirmed";
  case runtime::cluster::own_lease::lost: return "lost";
  }
  return "unknown";
}

const runtime::link_statistics* link_to(const runtime::mesh_statistics& links, std::uint64_t id) {
  const auto at = std::find_if(links.links.begin(), links.links.end(),
                               [id](const auto& one) { return one.peer.id == id; });
  return at == links.links.end() ? nullptr : &*at;
}

std::string state_of_link(const runtime::link_statistics* link) {
  if (link == nullptr) return "none";
  if (link->is_connected) return "connected";
  return link->last_failure.empty() ? "none" : "none: " + link->last_failure;
}

} // namespace

json cluster_member_rows(const runtime::cluster_status& seen,
                         const runtime::mesh_statistics& links) {
  auto nodes = seen.nodes;
  std::sort(nodes.begin(), nodes.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  auto rows = json::array();
  for (const auto& one : nodes) {
    std::vector<storage::shard_id> owned;
    std::uint64_t coming = 0;
    for (const auto& shard : seen.shards) {
      if (shard.owner == one.id) owned.push_back(shard.shard);
      if (shard.next == one.id) ++coming;
    }
    // As old as the last answer of the database, too.
    const auto renewed_ago =
      std::max<std::int64_t>(0, seen.database_now.value - one.renewed_at.value +
                                  std::max<std::int64_t>(0, seen.answered_ago_ns));
    json row{{"node", one.name},
             {"state", nullptr}, // the merge says it
             {"membership", node_state_name(one.state)},
             {"leads", one.id == seen.leader},
             {"draining", one.state == node_state::draining},
             {"lease_age_ms", renewed_ago / ms_ns},
             {"roles", role_names_of(one.roles)},
             {"shards", owned.size()},
             {"shard_ranges", shard_ranges(owned)},
             {"shards_coming", coming},
             {"address", one.address},
             {"incarnation", one.id}};
    if (one.id == seen.me)
      row["own_lease"] = lease_name(seen.lease);
    else
      row["link"] = state_of_link(link_to(links, one.id));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string link_trouble_of(const runtime::mesh_statistics& links, const std::string& node) {
  const auto at = std::find_if(links.links.begin(), links.links.end(),
                               [&](const auto& one) { return one.peer.name == node; });
  return at == links.links.end() || at->is_connected ? std::string{} : at->last_failure;
}

} // namespace rialto::app
