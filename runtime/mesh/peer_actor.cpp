#include "runtime/mesh/peer_actor.hpp"

#include "runtime/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

namespace rialto::runtime {

using namespace std::chrono_literals;

namespace {

constexpr auto tick_every = 250ms;

std::uint64_t drawn() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::max<std::uint64_t>(engine(), 1);
}

void count(std::atomic<std::uint64_t>& counter, std::uint64_t more) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

} // namespace

peer_actor::peer_actor(caf::actor_config& config, actor_surroundings around,
                       std::shared_ptr<mesh_state> shared, std::shared_ptr<mesh_link> link)
    : tracked_actor(config, around, "mesh_link",
                    fmt::format("mesh/{}/{}", link->peer.name, link->peer.id), "mesh"),
      shared_(std::move(shared)), link_(std::move(link)), self_(shared_->self.load()),
      broker_(broker_of(system())) {
  set_default_handler(
    [this](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
      shared_->unknown_messages.fetch_add(1, std::memory_order_relaxed);
      return caf::make_error(caf::sec::unexpected_message);
    });
  set_down_handler([this](const caf::down_msg& down) {
    if (remote_ && down.source == remote_.address()) close(reason_text(down.reason));
  });
  set_exit_handler([this](const caf::exit_msg& message) {
    is_ending_ = true;
    close("this node ends the link");
    quit(message.reason);
  });
}

void peer_actor::on_exit() {
  is_ending_ = true;
  close("this node ends the link");
  broker_ = remote_ = host_ = nullptr;
  tracked_actor::on_exit();
}

caf::behavior peer_actor::behave() {
  if (dials()) begin_dial();
  delayed_send(this, tick_every, link_tick{});
  return {
    [this](frames_waiting) { send_waiting(); },
    [this](const mesh_frames& message) { take(message); },
    [this](const mesh_credit& credit) {
      if (remote_ && credit.session == session_) acknowledged(credit.taken);
    },
    [this](const hello_arrived& hello) { answer_hello(hello); },
    [this](const mesh_welcome& welcome) {
      if (greeting_ == 0 || welcome.session != greeting_) return;
      const auto session = std::exchange(greeting_, 0);
      host_ = nullptr;
      connected(caf::actor_cast<caf::actor>(current_sender()), session, welcome.window_bytes);
    },
    [this](const mesh_refusal& refusal) {
      if (greeting_ == 0 || refusal.session != greeting_) return;
      failed(attempt_, "refused by the peer: " + refusal.reason);
    },
    [this](const mesh_bye& bye) {
      if (remote_ && bye.session == session_) close("the peer ended the link");
    },
    [this](const dial_now& due) {
      if (due.attempt == attempt_ && !remote_) begin_dial();
    },
    [this](const dial_ended& end) {
      if (end.attempt != attempt_ || remote_) return;
      if (end.scribe) {
        greet(end.scribe);
      } else {
        failed(end.attempt, end.failure);
      }
    },
    [this](link_tick) { tick(); },
  };
}

// -- dialing -------------------------------------------------------------------------------------

void peer_actor::begin_dial() {
  const auto attempt = ++attempt_;
  const auto& options = shared_->options;
  auto job = [shared = shared_, peer = link_->peer, attempt,
              self = caf::actor_cast<caf::actor>(this), within = options.dial_timeout] {
    const auto to = read_host_port(peer.address);
    auto got = to.port == 0 ? dialed{nullptr, fmt::format("\"{}\" is not host:port", peer.address)}
                            : dial(loop_of(shared->system), {to, peer.name, within}, shared->tls,
                                   shared->stopping);
    caf::anon_send(self, dial_ended{attempt, std::move(got.scribe), std::move(got.failure)});
  };
  if (!shared_->dialing.post(std::move(job))) failed(attempt, "too many peers are being dialed");
}

/// CAF's own handshake, which brings the actor that the peer publishes, then ours.
void peer_actor::greet(caf::io::scribe_ptr scribe) {
  const auto attempt = attempt_;
  const auto port = scribe->port();
  request(broker_, caf::infinite, caf::connect_atom_v, std::move(scribe), port)
    .then(
      [this, attempt](const caf::node_id&, const caf::strong_actor_ptr& host,
                      const std::set<std::string>&) {
        if (attempt != attempt_ || remote_) return;
        if (!host) return failed(attempt, "the peer publishes nothing");
        host_ = caf::actor_cast<caf::actor>(host);
        greeting_ = drawn();
        greeted_at_ = around().clock.monotonic_ns();
        send(host_,
             mesh_hello{shared_->options.protocol, shared_->options.cluster, shared_->options.name,
                        self_, link_->peer.id, greeting_, shared_->options.limits.window_bytes});
      },
      [this, attempt](const caf::error& why) {
        failed(attempt, "CAF's handshake ended: " + caf::to_string(why) +
                          " (does the peer know this node's authority?)");
      });
}

void peer_actor::failed(std::uint64_t attempt, const std::string& why) {
  if (attempt != attempt_ || remote_) return;
  ++attempt_;
  greeting_ = 0;
  host_ = nullptr;
  if (link_->last_failure() != why)
    log_info("mesh", "no link to {} ({}) at {}: {}", link_->peer.name, link_->peer.id,
             link_->peer.address, why);
  link_->set_failure(why);
  plan_dial();
}

/// The first time at once (CAF's handshake fails when a heartbeat falls into it), then ever later, up to retry_max, and
/// between half and all of that, so that nodes do not dial in step.
void peer_actor::plan_dial() {
  const auto shift = std::min<std::uint64_t>(failures_++, 16);
  const auto full = std::min<std::int64_t>(shared_->options.retry_min.count() << shift,
                                           shared_->options.retry_max.count());
  const auto wait =
    shift == 0
      ? 1
      : full / 2 + static_cast<std::int64_t>(drawn() % static_cast<std::uint64_t>(full / 2 + 1));
  delayed_send(this, std::chrono::milliseconds(wait), dial_now{attempt_});
}

// -- sessions ------------------------------------------------------------------------------------

/// mesh_actor has checked protocol, cluster and incarnation.
void peer_actor::answer_hello(const hello_arrived& hello) {
  if (dials()) {
    send(hello.from,
         mesh_refusal{hello.said.session, "the node with the greater incarnation dials"});
    return;
  }
  close("the peer dialed again");
  send(hello.from, mesh_welcome{hello.said.session, shared_->options.limits.window_bytes});
  connected(hello.from, hello.said.session, hello.said.window_bytes);
}

void peer_actor::connected(caf::actor remote, std::uint64_t session, std::uint64_t window) {
  close("the peer dialed again");
  remote_ = std::move(remote);
  monitor(remote_);
  session_ = session;
  peer_window_ = window;
  expected_ = taken_ = told_ = 0;
  connected_at_ = around().clock.monotonic_ns();
  link_->queue.open();
  link_->is_connected = true;
  count(link_->connects, 1);
  log_info("mesh", "linked to {} ({})", link_->peer.name, link_->peer.id);
  if (shared_->callbacks.on_peer) shared_->callbacks.on_peer(link_->peer.id, link_state::connected);
  send_waiting();
}

void peer_actor::close(const std::string& why) {
  if (!remote_) return;
  send(remote_, mesh_bye{session_});
  demonitor(remote_);
  remote_ = nullptr;
  session_ = 0;
  link_->is_connected = false;
  link_->queue.close();
  link_->set_failure(why);
  log_info("mesh", "the link to {} ({}) ended: {}", link_->peer.name, link_->peer.id, why);
  if (shared_->callbacks.on_peer) shared_->callbacks.on_peer(link_->peer.id, link_state::closed);
  ++attempt_;
  if (around().clock.monotonic_ns() - connected_at_ >
      std::chrono::nanoseconds(shared_->options.retry_max).count())
    failures_ = 0; // a link that ends at once is no success
  if (dials() && !is_ending_) plan_dial();
}

void peer_actor::tick() {
  delayed_send(this, tick_every, link_tick{});
  const auto waited = around().clock.monotonic_ns() - greeted_at_;
  if (greeting_ != 0 && waited > std::chrono::nanoseconds(shared_->options.dial_timeout).count())
    failed(attempt_, "no answer to the hello");
  if (remote_ && taken_ != told_) {
    told_ = taken_;
    send(remote_, mesh_credit{session_, taken_});
  }
}

// -- frames --------------------------------------------------------------------------------------

void peer_actor::send_waiting() {
  if (!remote_) return;
  while (auto batch = link_->queue.take()) {
    count(link_->frames_sent, batch->count);
    count(link_->bytes_sent, batch->bytes.size());
    count(link_->messages_sent, 1);
    told_ = taken_;
    send(remote_, mesh_frames{session_, batch->first, taken_, std::move(batch->bytes)});
  }
}

void peer_actor::acknowledged(std::uint64_t bytes) {
  if (!link_->queue.acknowledge(bytes)) return close("the peer acknowledged what was never sent");
  send_waiting();
}

void peer_actor::take(const mesh_frames& message) {
  if (!remote_ || message.session != session_) {
    // It believes in a link that this side has given up: without a word it would for ever.
    if (current_sender())
      send(caf::actor_cast<caf::actor>(current_sender()), mesh_bye{message.session});
    return;
  }
  if (message.first != expected_) return close("frames are missing");
  count(link_->messages_received, 1);
  count(link_->bytes_received, message.bytes.size());
  deliver(message.bytes);
  if (!remote_) return; // a frame was malformed
  taken_ += message.bytes.size();
  acknowledged(message.taken);
  if (!remote_ || taken_ - told_ < peer_window_ / 4) return;
  told_ = taken_;
  send(remote_, mesh_credit{session_, taken_});
}

void peer_actor::deliver(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto frame = next_frame(bytes);
    if (!frame) return close("a message holds half a frame");
    ++expected_;
    count(link_->frames_received, 1);
    if (shared_->callbacks.on_frame) shared_->callbacks.on_frame(link_->peer.id, *frame);
  }
}

} // namespace rialto::runtime
