// app/cluster_members.hpp: the nodes of a cluster as this one's driver knows them, for the inspector: also those that are down.
//
// The room: a status in, rows out (actors/cluster/inspection.hpp says what a row must have).
#pragma once

#include "runtime/cluster_driver.hpp"
#include "runtime/mesh/mesh.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace rialto::app {

/// One object a node, ascending by name.
[[nodiscard]] nlohmann::ordered_json cluster_member_rows(const runtime::cluster_status& seen,
                                                         const runtime::mesh_statistics& links);
/// Why there is no link to the node of that name; empty: there is one, or nothing is known.
[[nodiscard]] std::string link_trouble_of(const runtime::mesh_statistics& links,
                                          const std::string& node);

} // namespace rialto::app
