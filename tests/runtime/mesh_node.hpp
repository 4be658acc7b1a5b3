// tests/runtime/mesh_node.hpp: a node that is nothing but its mesh, several to a process, and certificates for it.
#pragma once

#include "runtime/mesh/certificates.hpp"
#include "runtime/mesh/mesh.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rialto::testing {

class scratch_folder {
public:
  scratch_folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "rialto-mesh-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~scratch_folder() { std::filesystem::remove_all(path_); }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

/// Certificates of one authority, made at the first need.
class test_authority {
public:
  test_authority() { runtime::make_authority(folder_ / "ca"); }
  [[nodiscard]] runtime::tls_files files(const std::string& node) {
    const auto found = made_.find(node);
    if (found != made_.end()) return found->second;
    return made_[node] = runtime::issue_certificate(folder_ / "ca", node, folder_ / node);
  }

private:
  scratch_folder folder_;
  std::map<std::string, runtime::tls_files> made_;
};

/// The authority of all tests that need no other.
inline test_authority& cluster_authority() {
  static test_authority one;
  return one;
}

/// Waits until it is so; a machine that is slow makes it late, not wrong.
inline bool eventually(const std::function<bool()>& is_so,
                       std::chrono::seconds patience = std::chrono::seconds(60)) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

class mesh_node {
public:
  using incarnation = runtime::cluster::incarnation;
  using wish = std::function<void(runtime::mesh_options&)>;
  using listener = std::function<void(incarnation, std::string_view)>;

  explicit mesh_node(incarnation id, const wish& change = {}, listener on_frame = {},
                     decltype(runtime::mesh_callbacks::on_ask) on_ask = {},
                     std::chrono::milliseconds silence_max = std::chrono::minutes(2))
      : id_(id), name_("node-" + std::to_string(id)), on_frame_(std::move(on_frame)) {
    runtime::configure_mesh(config_);
    // A machine that starves a node must not look like a cut to a test that is about something else.
    config_.set("middleman.connection-timeout", caf::timespan(silence_max));
    config_.set("scheduler.policy", caf::atom("sharing"));
    config_.set("scheduler.max-threads", std::size_t{1});
    system_ = std::make_unique<caf::actor_system>(config_);
    runtime::mesh_options options{.cluster = "test", .id = id, .name = name_};
    options.tls = cluster_authority().files(name_);
    if (change) change(options);
    links_ = std::make_unique<runtime::mesh>(
      *system_, runtime::actor_surroundings{registry_, clock_}, options,
      runtime::mesh_callbacks{
        [this](incarnation from, std::string_view frame) { note_frame(from, frame); },
        [this](incarnation peer, runtime::link_state now) { note_link(peer, now); },
        std::move(on_ask)});
  }

  [[nodiscard]] runtime::mesh& links() { return *links_; }
  [[nodiscard]] caf::actor_system& system() { return *system_; }
  [[nodiscard]] incarnation id() const { return id_; }
  [[nodiscard]] runtime::peer_address address() const { return at(links_->port()); }
  [[nodiscard]] runtime::peer_address at(std::uint16_t port) const {
    return {id_, name_, "127.0.0.1:" + std::to_string(port)};
  }
  [[nodiscard]] runtime::link_statistics link_to(incarnation peer) const {
    for (auto& one : links_->statistics().links)
      if (one.peer.id == peer) return one;
    return {};
  }
  /// Frames so far, of all peers, "connected" and "closed" among them with the peer's number.
  [[nodiscard]] std::vector<std::pair<incarnation, std::string>> heard() const {
    const std::lock_guard hold(lock_);
    return heard_;
  }
  [[nodiscard]] std::size_t heard_count() const {
    const std::lock_guard hold(lock_);
    return heard_.size();
  }

private:
  void note_frame(incarnation from, std::string_view frame) {
    if (on_frame_) return on_frame_(from, frame);
    const std::lock_guard hold(lock_);
    heard_.emplace_back(from, frame);
  }
  void note_link(incarnation peer, runtime::link_state now) {
    const std::lock_guard hold(lock_);
    heard_.emplace_back(peer, now == runtime::link_state::connected ? "connected" : "closed");
  }

  incarnation id_;
  std::string name_;
  listener on_frame_;
  mutable std::mutex lock_;
  std::vector<std::pair<incarnation, std::string>> heard_;
  runtime::actor_registry registry_;
  runtime::system_clock clock_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<runtime::mesh> links_;
};

/// Every node learns of every other; returns whether all links came about.
inline bool introduce(const std::vector<mesh_node*>& nodes) {
  std::vector<runtime::peer_address> all;
  for (auto* node : nodes) all.push_back(node->address());
  for (auto* node : nodes) node->links().set_peers(all);
  return eventually([&] {
    for (auto* one : nodes)
      for (auto* other : nodes)
        if (one != other && !one->links().is_connected(other->id())) return false;
    return true;
  });
}

} // namespace rialto::testing
