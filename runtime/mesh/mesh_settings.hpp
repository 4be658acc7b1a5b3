// runtime/mesh/mesh_settings.hpp: what of a mesh is said by the node's settings.
//
// The room: one function. Whether the files are there and good is said by tls_context.
#pragma once

#include "runtime/mesh/tls_context.hpp"
#include "runtime/settings_list.hpp"

namespace rialto::runtime {

[[nodiscard]] inline tls_files tls_files_of(const node_settings& settings) {
  return {*settings.cluster_certificate, *settings.cluster_key, *settings.cluster_authority};
}

} // namespace rialto::runtime
