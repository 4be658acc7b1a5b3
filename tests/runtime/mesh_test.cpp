#include "runtime/mesh/mesh.hpp"
#include "tests/runtime/mesh_node.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

using namespace rialto::runtime;
using namespace rialto::testing;

namespace {

/// Resident memory of this process.
std::uint64_t resident_bytes() {
  std::ifstream facts("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  facts >> all >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// Sends it however full the link is.
void insist(mesh& links, cluster::incarnation to, const std::string& frame) {
  REQUIRE(eventually([&] { return links.send(to, frame); }));
}

/// Takes "0", "1", "2"... and counts what comes out of order.
struct order_check {
  std::atomic<std::uint64_t> next{0}, wrong{0};
  void operator()(std::string_view frame) {
    if (frame != std::to_string(next)) ++wrong;
    ++next;
  }
};

} // namespace

TEST_CASE("mesh: three nodes link up pairwise, one link a pair, and all hear all") {
  mesh_node one(1), two(2), three(3);
  REQUIRE(introduce({&one, &two, &three}));
  for (auto* from : {&one, &two, &three})
    for (auto* to : {&one, &two, &three})
      if (from != to) CHECK(from->links().send(to->id(), "from " + std::to_string(from->id())));
  for (auto* node : {&one, &two, &three}) {
    REQUIRE(eventually([&] { return node->heard_count() == 4; })); // two connected, two frames
    std::size_t frames = 0;
    for (const auto& [from, text] : node->heard())
      if (text == "from " + std::to_string(from)) ++frames;
    CHECK(frames == 2);
    for (const auto& link : node->links().statistics().links) {
      CHECK(link.connects == 1);
      CHECK(link.frames_sent == 1);
      CHECK(link.frames_received == 1);
    }
  }
}

TEST_CASE("mesh: 100,000 frames both ways arrive once and in order") {
  constexpr std::uint64_t frames = 100'000;
  order_check at_one, at_two;
  const auto small = [](mesh_options& options) {
    options.limits = {.queue_bytes = 1 << 20, .window_bytes = 256 << 10, .message_bytes = 32 << 10};
  };
  mesh_node one(1, small, [&](auto, std::string_view frame) { at_one(frame); });
  mesh_node two(2, small, [&](auto, std::string_view frame) { at_two(frame); });
  REQUIRE(introduce({&one, &two}));
  std::thread back([&] {
    for (std::uint64_t i = 0; i < frames; ++i) insist(two.links(), 1, std::to_string(i));
  });
  for (std::uint64_t i = 0; i < frames; ++i) insist(one.links(), 2, std::to_string(i));
  back.join();
  REQUIRE(eventually([&] { return at_one.next == frames && at_two.next == frames; }));
  CHECK(at_one.wrong == 0);
  CHECK(at_two.wrong == 0);
  const auto link = one.link_to(2);
  CHECK(link.frames_sent == frames);
  CHECK(link.frames_received == frames);
  CHECK(link.messages_sent < frames / 4); // many travel in one message
  CHECK(link.connects == 1);
  REQUIRE(eventually([&] { return one.link_to(2).unacknowledged_bytes == 0; }));
}

TEST_CASE("mesh: towards a peer that does not read memory is bounded and send() says no") {
  constexpr std::size_t queue = 4 << 20, window = 1 << 20;
  std::mutex gate;
  order_check heard;
  mesh_node one(1, [](mesh_options& options) {
    options.limits = {.queue_bytes = queue, .window_bytes = window, .message_bytes = 64 << 10};
  });
  std::unique_lock closed(gate);
  mesh_node two(2, {}, [&](auto, std::string_view frame) {
    const std::lock_guard pass(gate);
    heard(frame.substr(0, frame.find(' ')));
  });
  REQUIRE(introduce({&one, &two}));
  [[maybe_unused]] const auto before = resident_bytes();
  const std::string rest(10'000, 'x');
  std::uint64_t taken = 0, refused = 0;
  while (refused < 50'000) { // 500 MB offered at least
    if (one.links().send(2, std::to_string(taken) + ' ' + rest)) {
      ++taken;
    } else {
      ++refused;
    }
  }
  const auto link = one.link_to(2);
  CHECK(link.queued_bytes <= queue);
  CHECK(link.unacknowledged_bytes <= window);
  CHECK(link.refused_sends >= refused);
  CHECK(taken * rest.size() <= queue + window + rest.size());
#ifndef __SANITIZE_ADDRESS__ // which keeps what was freed for a while
  CHECK(resident_bytes() < before + 64'000'000);
#endif
  closed.unlock();
  REQUIRE(eventually([&] { return heard.next == taken; }));
  CHECK(heard.wrong == 0);
  CHECK(one.links().send(2, std::to_string(taken) + ' '));
  REQUIRE(eventually([&] { return heard.next == taken + 1; }));
}

TEST_CASE("mesh: a frame longer than the window, an unknown peer and itself are refused") {
  mesh_node one(1), two(2, [](mesh_options&options) { options.limits.window_bytes = 1'000; });
  CHECK_FALSE(one.links().send(2, "x"));
  REQUIRE(introduce({&one, &two}));
  CHECK_FALSE(two.links().send(1, std::string(997, 'x')));
  CHECK(two.links().send(1, std::string(996, 'x')));
  CHECK_FALSE(one.links().send(1, "x"));
  CHECK_FALSE(one.links().send(7, "x"));
}

TEST_CASE("mesh: a node that died comes back as another incarnation") {
  mesh_node one(1);
  auto two = std::make_unique<mesh_node>(2);
  REQUIRE(introduce({&one, two.get()}));
  CHECK(one.links().send(2, "to the first"));
  two.reset();
  REQUIRE(eventually([&] { return !one.links().is_connected(2); }));
  CHECK_FALSE(one.links().send(2, "to nobody"));
  mesh_node three(3);
  REQUIRE(introduce({&one, &three}));
  CHECK_FALSE(one.links().send(2, "no longer listed"));
  CHECK(one.links().send(3, "to the second"));
  REQUIRE(eventually([&] { return three.heard_count() == 2; }));
  CHECK(three.heard()[1].second == "to the second");
  using heard = std::vector<std::pair<cluster::incarnation, std::string>>;
  CHECK(one.heard() == heard{{2, "connected"}, {2, "closed"}, {3, "connected"}});
}

TEST_CASE("mesh: a process that joins again under a new incarnation is believed under it alone") {
  mesh_node one(1), two(2);
  REQUIRE(introduce({&one, &two}));
  two.links().set_self(5);
  REQUIRE(eventually([&] { return !one.links().is_connected(2); }));
  auto again = two.address();
  again.id = 5;
  one.links().set_peers({again});
  two.links().set_peers({one.address()});
  REQUIRE(eventually([&] { return one.links().is_connected(5) && two.links().is_connected(1); }));
  CHECK(one.links().send(5, "hello"));
  REQUIRE(eventually([&] { return two.heard().back().second == "hello"; }));
}

TEST_CASE("mesh: a peer that is no longer listed is let go by both") {
  mesh_node one(1), two(2);
  REQUIRE(introduce({&one, &two}));
  one.links().set_peers({});
  REQUIRE(eventually([&] { return one.heard().back().second == "closed"; }));
  REQUIRE(eventually([&] { return two.heard().back().second == "closed"; }));
  REQUIRE(eventually(
    [&] { return two.link_to(1).last_failure.find("not among the nodes") != std::string::npos; }));
  one.links().set_peers({two.address()});
  REQUIRE(eventually([&] { return one.links().is_connected(2) && two.links().is_connected(1); }));
}

TEST_CASE(
  "mesh: another protocol, cluster, incarnation or name is refused, and the reason is known") {
  mesh_node one(1);
  const auto refusal = [&](mesh_node& other, const peer_address& as) {
    one.links().set_peers({other.address()});
    other.links().set_peers({as});
    std::string why;
    CHECK(eventually([&] {
      why = other.link_to(as.id).last_failure;
      return !why.empty();
    }));
    CHECK_FALSE(one.links().is_connected(other.id()));
    return why;
  };
  mesh_node newer(2, [](mesh_options& options) { options.protocol = 77; });
  CHECK(refusal(newer, one.address()) ==
        "refused by the peer: this node speaks protocol 1, not 77");
  mesh_node strange(3, [](mesh_options& options) { options.cluster = "other"; });
  CHECK(refusal(strange, one.address()) == "refused by the peer: this node is of cluster \"test\"");
  mesh_node late(6);
  auto former = one.address();
  former.id = 5;
  CHECK(refusal(late, former) == "refused by the peer: this node is incarnation 1, not 5");
  auto renamed = one.address();
  renamed.name = "node-9";
  CHECK(refusal(late, renamed) == "TLS: hostname mismatch");
  CHECK(one.links().statistics().refused_hellos >= 3);
}

TEST_CASE("mesh: ends while links are up, peers are silent and dials are under way") {
  mesh_node one(9), two(2);
  REQUIRE(introduce({&one, &two}));
  const auto silent = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(silent, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  REQUIRE(::listen(silent, 16) == 0);
  socklen_t size = sizeof at;
  REQUIRE(::getsockname(silent, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  const auto address = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  one.links().set_peers({two.address(),
                         {3, "node-3", address},
                         {4, "node-4", address},
                         {5, "node-5", "no address"},
                         {6, "node-6", "127.0.0.1:1"}});
  REQUIRE(eventually([&] { return !one.link_to(5).last_failure.empty(); }));
  REQUIRE(eventually([&] { return !one.link_to(6).last_failure.empty(); }));
  CHECK(one.links().is_connected(2));
  for (int i = 0; i < 1'000; ++i) static_cast<void>(one.links().send(2, std::string(1'000, 'x')));
  ::close(silent);
}

#ifdef __SANITIZE_ADDRESS__
TEST_CASE("mesh: a heartbeat that comes while its system ends is not reported as a leak") {
  actor_registry registry;
  system_clock clock;
  for (int i = 0; i < 50; ++i) {
    caf::actor_system_config config;
    configure_mesh(config);
    config.set("middleman.heartbeat-interval", caf::timespan(std::chrono::microseconds(200)));
    config.set("scheduler.policy", caf::atom("sharing"));
    config.set("scheduler.max-threads", std::size_t{1});
    caf::actor_system system(config);
    mesh links(system, actor_surroundings{registry, clock},
               {.cluster = "test", .id = 1, .name = "node-1", .is_plain = true}, {});
    std::this_thread::sleep_for(std::chrono::milliseconds(2)); // some heartbeats
  }
  CHECK(__lsan_do_recoverable_leak_check() == 0);
}
#endif
