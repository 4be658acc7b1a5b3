// runtime/mesh/mesh_client.hpp: a tool's way to a node: text in, text out, under a certificate of the cluster's authority.
//
// The room: what `rialto inspect` and `rialto cluster` stand on. It has an actor_system of its own and works when every
// edge of the cluster is down. One thread asks at a time.
#pragma once

#include "runtime/mesh/tls_context.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace rialto::runtime {

class mesh_client {
public:
  /// Reads the files; connects at the first request. Throws mesh_failure. `address` is "host:port" of a node's links.
  mesh_client(const tls_files& files, const std::string& address);
  ~mesh_client();
  mesh_client(const mesh_client&) = delete;
  mesh_client& operator=(const mesh_client&) = delete;

  /// For tests: to a mesh without TLS.
  [[nodiscard]] static std::unique_ptr<mesh_client> plain(const std::string& address);

  /// The node's answer; empty with a sentence in `why`. A connection that was lost is made again.
  [[nodiscard]] std::optional<std::string> ask(const std::string& request,
                                               std::chrono::milliseconds timeout, std::string& why);

private:
  mesh_client(std::shared_ptr<const tls_context> tls, const std::string& address);
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace rialto::runtime
