// runtime/mesh/certificates.hpp: makes the cluster's authority and the certificates it issues. OpenSSL, no CAF.
//
// The room: files of mode 0600, whole or not at all, never over one that is there. EC P-256 with SHA-256. Who holds
// authority-key.pem can let anybody in: it is needed to issue and belongs on no node. There is no list of revoked
// certificates: after a theft make a new authority and issue anew.
#pragma once

#include "runtime/mesh/tls_context.hpp"

#include <string>

namespace rialto::runtime {

inline constexpr int authority_days = 3'650, certificate_days = 730;

/// Makes DIRECTORY (if need be) with authority.pem and authority-key.pem. Throws mesh_failure.
void make_authority(const std::string& directory);

/// Why this is no name for a node; empty if it is one: 1 to 63 letters, digits, points, hyphens and underscores, a letter
/// or digit first.
[[nodiscard]] std::string flaw_of_node_name(const std::string& name);

/// Makes NODE.pem and NODE-key.pem in `out`, and a copy of authority.pem beside them; returns their paths. Throws mesh_failure.
tls_files issue_certificate(const std::string& authority_directory, const std::string& node,
                            const std::string& out);

} // namespace rialto::runtime
