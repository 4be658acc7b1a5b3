// app/inspect_service.hpp: the door of an embedded node for `rialto inspect`: CAF over mutual TLS on a port of its own.
//
// The room: DATA/inspect holds an authority, certificates for the node and for a tool, and the address it listens at, all made anew at each
// start and readable by the node's user alone: who may read the data directory gets in, nobody else. No edge has a part in it.
// A node of a cluster answers on its mesh instead, under the cluster's authority.
#pragma once

#include "runtime/mesh/tls_context.hpp"
#include "runtime/tracked_actor.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace rialto::app {

/// Where a tool finds the way into an embedded node.
struct inspect_files {
  runtime::tls_files tls; // of the tool
  std::string address;    // file with "host:port"
};
[[nodiscard]] inspect_files inspect_files_of(const std::string& data_directory);

/// Answers a question; may wait.
using inspect_answers = std::function<std::string(std::string_view question, std::string_view who)>;

class inspect_service {
public:
  /// Throws std::runtime_error with a sentence that names the setting.
  inspect_service(caf::actor_system& system, runtime::actor_surroundings around,
                  inspect_answers answers, const std::string& data_directory,
                  const std::string& listen);
  /// Before the actor system's actors are waited for.
  ~inspect_service();
  inspect_service(const inspect_service&) = delete;
  inspect_service& operator=(const inspect_service&) = delete;

  [[nodiscard]] std::uint16_t port() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace rialto::app
