// Who has no certificate of the cluster's authority, breaks the connection, or talks nonsense.
#include "runtime/mesh/messages.hpp"
#include "runtime/mesh/transport.hpp"
#include "tests/runtime/mesh_node.hpp"

#include <caf/scoped_actor.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

using namespace rialto::runtime;
using namespace rialto::testing;

namespace {

int connect_to(std::uint16_t port) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  REQUIRE(::connect(made, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  return made;
}

/// Whether the other side ends the connection.
bool is_ended(int socket) {
  char bytes[4'096];
  pollfd one{socket, POLLIN, 0};
  while (::poll(&one, 1, 30'000) == 1)
    if (::recv(socket, bytes, sizeof bytes, 0) <= 0) return true;
  return false;
}

/// Passes bytes between two nodes, until it is told to cut or to hold them.
class wire {
public:
  explicit wire(std::uint16_t to) : to_(to) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listening_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(::listen(listening_, 64) == 0);
    socklen_t size = sizeof at;
    REQUIRE(::getsockname(listening_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~wire() {
    is_over_ = true;
    thread_.join();
    cut_all();
    ::close(listening_);
  }
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void cut() { wants_cut_ = true; }
  void hold(bool on) { is_holding_ = on; }

private:
  void run() {
    while (!is_over_) {
      if (wants_cut_.exchange(false)) cut_all();
      if (is_holding_) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        continue;
      }
      std::vector<pollfd> all{{listening_, POLLIN, 0}};
      for (const auto& [one, other] : pairs_) {
        all.push_back({one, POLLIN, 0});
        all.push_back({other, POLLIN, 0});
      }
      ::poll(all.data(), all.size(), 5);
      if (all[0].revents != 0) {
        const int from = ::accept(listening_, nullptr, nullptr);
        pairs_.emplace_back(from, connect_to(to_));
      }
      for (std::size_t i = 1; i < all.size(); ++i)
        if (all[i].revents != 0) pass(all[i].fd, all[i % 2 == 1 ? i + 1 : i - 1].fd);
    }
  }
  static void pass(int from, int to) {
    char bytes[65'536];
    const auto got = ::recv(from, bytes, sizeof bytes, 0);
    if (got <= 0) {
      ::shutdown(to, SHUT_WR);
      return;
    }
    for (ssize_t done = 0; done < got;) {
      const auto sent =
        ::send(to, bytes + done, static_cast<std::size_t>(got - done), MSG_NOSIGNAL);
      if (sent <= 0) return;
      done += sent;
    }
  }
  void cut_all() {
    for (const auto& [one, other] : pairs_) {
      ::close(one);
      ::close(other);
    }
    pairs_.clear();
  }

  std::uint16_t to_, port_ = 0;
  int listening_ = -1;
  std::vector<std::pair<int, int>> pairs_;
  std::atomic<bool> is_over_{false}, wants_cut_{false}, is_holding_{false};
  std::thread thread_;
};

/// Whether a link still comes about and carries a frame.
void check_alive(mesh_node& node) {
  mesh_node fresh(99);
  auto before = node.heard_count();
  REQUIRE(introduce({&node, &fresh}));
  CHECK(fresh.links().send(node.id(), "still there"));
  CHECK(eventually([&] { return node.heard_count() >= before + 2; }));
}

} // namespace

TEST_CASE("mesh: a certificate of another authority gets no link, and the mesh goes on") {
  test_authority other;
  mesh_node one(1);
  mesh_node stranger(2, [&](mesh_options& options) { options.tls = other.files("node-2"); });
  one.links().set_peers({stranger.address()});
  stranger.links().set_peers({one.address()});
  REQUIRE(eventually([&] { return !stranger.link_to(1).last_failure.empty(); }));
  CHECK(stranger.link_to(1).last_failure.starts_with("TLS: "));

  // One that believes us, but is not believed.
  tls_files mixed = other.files("node-3");
  scratch_folder folder;
  std::ofstream(folder / "both.pem")
    << std::ifstream(mixed.authority).rdbuf()
    << std::ifstream(cluster_authority().files("node-1").authority).rdbuf();
  mixed.authority = folder / "both.pem";
  mesh_node sly(3, [&](mesh_options& options) { options.tls = mixed; });
  one.links().set_peers({sly.address()});
  sly.links().set_peers({one.address()});
  REQUIRE(eventually([&] { return !sly.link_to(1).last_failure.empty(); }));
  REQUIRE(eventually([&] { return one.links().statistics().refused_handshakes > 0; }));
  CHECK_FALSE(one.links().is_connected(2));
  CHECK_FALSE(one.links().is_connected(3));
  check_alive(one);
}

TEST_CASE("mesh: a node without TLS gets no link to one with it") {
  mesh_node one(1);
  mesh_node plain(2, [](mesh_options& options) { options.is_plain = true; });
  one.links().set_peers({plain.address()});
  plain.links().set_peers({one.address()});
  REQUIRE(eventually([&] { return one.links().statistics().refused_handshakes > 0; }));
  REQUIRE(eventually([&] { return !plain.link_to(1).last_failure.empty(); }));
  CHECK_FALSE(one.links().is_connected(2));
  check_alive(one);
}

TEST_CASE("mesh: without certificates there is no mesh, unless it is asked to be plain") {
  CHECK_THROWS_AS(mesh_node(1, [](mesh_options& options) { options.tls = {}; }), mesh_failure);
  mesh_node one(1, [](mesh_options& options) { options.is_plain = true; });
  mesh_node two(2, [](mesh_options& options) { options.is_plain = true; });
  CHECK(introduce({&one, &two}));
}

TEST_CASE("mesh: random bytes end the connection they came on and nothing else") {
  mesh_node one(1);
  std::mt19937_64 random(7);
  for (int i = 0; i < 50; ++i) {
    const int socket = connect_to(one.links().port());
    std::string bytes(1 + random() % 5'000, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    if (i % 2 == 0) bytes.replace(0, std::min<std::size_t>(3, bytes.size()), "\x16\x03\x01");
    static_cast<void>(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    ::shutdown(socket, SHUT_WR);
    CHECK(is_ended(socket));
    ::close(socket);
  }
  check_alive(one);
}

TEST_CASE("mesh: strangers that say nothing make room for others and are ended") {
  mesh_node one(1);
  std::vector<int> silent;
  for (std::size_t i = 0; i < strangers_max + 10; ++i)
    silent.push_back(connect_to(one.links().port()));
  CHECK(is_ended(silent.front())); // one too many came
  check_alive(one);
  CHECK(is_ended(silent.back())); // its time was over
  for (const int socket : silent) ::close(socket);
}

namespace {

/// Says what is no part of the mesh's protocol. A class: CAF's spawn of a function reads through a null pointer, which checked builds refuse.
class stray_talker : public caf::event_based_actor {
public:
  stray_talker(caf::actor_config& config, caf::io::scribe_ptr scribe)
      : event_based_actor(config), scribe_(std::move(scribe)) {}

protected:
  caf::behavior make_behavior() override {
    request(broker_of(system()), caf::infinite, caf::connect_atom_v, scribe_, scribe_->port())
      .then(
        [this](const caf::node_id&, const caf::strong_actor_ptr& node,
               const std::set<std::string>&) {
          const auto to = caf::actor_cast<caf::actor>(node);
          send(to, 42);
          send(to, std::string("text"));
          send(to, mesh_frames{7, 0, 0, "x"});
          send(to, mesh_welcome{7, 1});
        },
        [](const caf::error&) {});
    return {};
  }

private:
  caf::io::scribe_ptr scribe_;
};

} // namespace

TEST_CASE("mesh: messages that nobody knows are dropped and counted") {
  const auto plain = [](mesh_options& options) { options.is_plain = true; };
  mesh_node one(1, plain), two(2, plain);
  REQUIRE(introduce({&one, &two}));
  std::atomic<bool> stopping{false};
  mesh_node tool(3, plain);
  auto got =
    dial(loop_of(tool.system()), {.to = {"127.0.0.1", one.links().port()}}, nullptr, stopping);
  REQUIRE(got.scribe);
  const auto talker = tool.system().spawn<stray_talker>(std::move(got.scribe));
  CHECK(eventually([&] { return one.links().statistics().unknown_messages >= 4; }));
  CHECK(one.links().is_connected(2));
  CHECK(one.links().send(2, "goes on"));
  CHECK(eventually([&] { return two.heard().back().second == "goes on"; }));
}

TEST_CASE("mesh: across cuts no frame comes twice, late or out of order") {
  // Each frame says how many periods its sender had seen; the receiver checks against its own.
  std::mutex lock;
  std::uint64_t last = 0, wrong = 0, heard = 0;
  mesh_node one(1, {}, [&](auto, std::string_view frame) {
    const auto number = std::stoull(std::string(frame));
    const std::lock_guard hold(lock);
    ++heard;
    if (number <= last) ++wrong;
    last = number;
  });
  wire between(one.links().port());
  mesh_node two(2);
  one.links().set_peers({two.address()});
  two.links().set_peers({one.at(between.port())});
  std::atomic<bool> is_over{false};
  std::thread sender([&] {
    std::uint64_t next = 0;
    while (!is_over) {
      if (two.links().send(1, std::to_string(next + 1))) {
        ++next;
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (std::uint64_t period = 1; period <= 8; ++period) {
    CHECK(
      eventually([&] { return two.link_to(1).connects >= period && two.links().is_connected(1); }));
    const auto so_far = [&] {
      const std::lock_guard hold(lock);
      return heard;
    };
    const auto before = so_far();
    CHECK(eventually([&] { return so_far() > before + 1'000; }));
    between.cut();
  }
  is_over = true;
  sender.join();
  CHECK(eventually([&] { return one.link_to(2).connects >= 8; }));
  const std::lock_guard hold(lock);
  CHECK(wrong == 0);
}

TEST_CASE("mesh: a peer that falls silent is noticed, and found again when it speaks") {
  mesh_node one(1, {}, {}, {}, std::chrono::seconds(2));
  wire between(one.links().port());
  mesh_node two(2, {}, {}, {}, std::chrono::seconds(2));
  one.links().set_peers({two.address()});
  two.links().set_peers({one.at(between.port())});
  REQUIRE(eventually([&] { return two.links().is_connected(1) && one.links().is_connected(2); }));
  between.hold(true);
  CHECK(two.links().send(1, "lost on the way, or not"));
  REQUIRE(eventually([&] { return !two.links().is_connected(1) && !one.links().is_connected(2); }));
  between.hold(false);
  REQUIRE(eventually([&] { return two.links().is_connected(1) && one.links().is_connected(2); }));
  CHECK(two.links().send(1, "found again"));
  CHECK(eventually([&] { return one.heard().back().second == "found again"; }));
}
