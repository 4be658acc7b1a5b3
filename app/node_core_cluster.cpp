// app/node_core_cluster.cpp: what a node does otherwise when it is one of several.
#include "app/bootstrap.hpp"
#include "app/cluster_metrics.hpp"
#include "app/node_parts.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <unistd.h>
#include <vector>

namespace rialto::app {

using namespace std::chrono_literals;

namespace {
constexpr auto usable_within = 60s;
constexpr auto ask_again_after = 5s; // longer than requests wait for an owner
constexpr auto tell_after = 5s;

/// A signal that serve() will find.
bool is_stop_asked() {
  sigset_t waiting;
  sigemptyset(&waiting);
  sigpending(&waiting);
  return sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1;
}
} // namespace

/// Shards come as soon as their actor is there.
void node_core::join_cluster(actors::edge& out) {
  auto& all = *parts_;
  const auto until = std::chrono::steady_clock::now() + usable_within;
  while (!all.gate.shard()) {
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("the actors do not start; see the log");
    std::this_thread::sleep_for(1ms);
  }
  all.cluster->on_left = [&all](runtime::leave_reason why) {
    all.gate.set_ready(false, "the node has left the cluster");
    if (why == runtime::leave_reason::drained)
      ::kill(::getpid(), SIGTERM);
    else
      all.fail();
  };
  // An operator's drain ends the process, as a signal does.
  all.cluster->on_emptied = [] { ::kill(::getpid(), SIGTERM); };
  all.cluster->attach({all.router, all.faces, *all.projection, [&all] { return all.gate.shard(); },
                       *all.tape, out,
                       all.settings.feed_source->source != runtime::feed_choice::kind::none});
  all.gate.forward(
    [&all](std::vector<actors::request> requests) { all.cluster->submit(std::move(requests)); });
  add_cluster_metrics(all.metrics, *all.cluster);
  wait_until_usable();
  all.gate.set_ready(true, "");
}

/// A new cluster gets its administrator and its first instruments from the node that leads. Usable: they are there, and show their faces to a node that
/// shows markets.
void node_core::wait_until_usable() {
  auto& all = *parts_;
  const auto mode = first_market_mode(all.settings);
  const auto until = std::chrono::steady_clock::now() + usable_within;
  auto ask_at = std::chrono::steady_clock::now(), tell_at = ask_at + tell_after;
  for (;; std::this_thread::sleep_for(20ms)) {
    const auto now = std::chrono::steady_clock::now();
    if (is_stop_asked()) throw std::runtime_error("asked to stop before the node was ready");
    if (now > until)
      throw std::runtime_error("the cluster's markets do not show within 60 s; see the log");
    const bool has_begun = all.store->find_claim("email:" + std::string(admin_email)).has_value();
    const auto first = usual_instruments(mode);
    const auto shown = all.faces.markets();
    const bool is_shown = std::all_of(first.begin(), first.end(), [&](const instrument& one) {
      return shown->find(one.symbol) != nullptr;
    });
    if (has_begun && (is_shown || !all.cluster->shows_markets())) return;
    if (now > tell_at) {
      tell_at = now + tell_after;
      std::size_t orphans = 0;
      for (storage::shard_id shard = 0; shard < all.shard_count; ++shard)
        orphans += all.cluster->driver().route_of(shard).owner == runtime::cluster::nobody;
      if (orphans > 0)
        runtime::log_warning("node",
                             "this node waits: {} shards have no owner; rialto cluster status says "
                             "which role is missing",
                             orphans);
    }
    if (!all.cluster->leads() || now < ask_at) continue;
    ask_at = now + ask_again_after;
    auto requests = first_requests(all.gate, all.directory, mode);
    if (!requests.empty()) all.gate.submit(std::move(requests));
  }
}

/// Lists of an edge follow rows that other nodes write. A journal that ends before what they show has lost rows: what this node knows is
/// not what happened any more, so it ends, and its lists with it.
void node_core::follow_heads() {
  auto& all = *parts_;
  std::vector<storage::position> shown(all.shard_count); // before the look: the journal had these
  for (storage::shard_id shard = 0; shard < all.shard_count; ++shard)
    shown[shard] = all.projection->projected(shard);
  const auto rows = all.store->last_rows();
  for (storage::shard_id shard = 0; shard < all.shard_count; ++shard) {
    const auto found = rows.find(shard);
    const auto last = found == rows.end() ? 0 : found->second;
    all.projection->note_head(shard, last);
    if (last >= shown[shard] || all.has_lost_rows.exchange(true)) continue;
    runtime::log_error("node",
                       "shard {} ends at row {} of the journal, this node has seen row {}: an old "
                       "copy of the journal was put back, or a standby that lagged took over; the "
                       "node ends, and makes its lists anew when it starts",
                       shard, last, shown[shard]);
    all.fail();
  }
}

/// The last look of a node that has failed: that may be why, and its lists must know.
void node_core::look_for_lost_rows() {
  try {
    follow_heads();
  } catch (const std::exception& problem) {
    runtime::log_warning("node", "whether its lists are of this journal is not known: {}",
                         problem.what());
  }
}

void node_core::drain() {
  auto& all = *parts_;
  if (!all.cluster) return;
  all.gate.set_ready(false, "draining");
  const std::chrono::seconds within(*all.settings.cluster_drain_seconds);
  if (within.count() > 0 && !all.cluster->drain(within))
    runtime::log_warning(
      "node", "not all shards were handed over within {} s; they move when this node is gone",
      within.count());
}

void node_core::leave() {
  if (parts_->cluster) parts_->cluster->leave();
}

node_cluster* node_core::cluster() {
  return parts_->cluster.get();
}

} // namespace rialto::app
