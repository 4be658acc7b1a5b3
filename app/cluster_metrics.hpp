// app/cluster_metrics.hpp: what /metrics shows of a node's part in a cluster: mail, links, membership.
#pragma once

#include "app/node_cluster.hpp"
#include "runtime/metrics.hpp"

namespace rialto::app {

void add_cluster_metrics(runtime::metrics_registry& metrics, node_cluster& cluster);

} // namespace rialto::app
