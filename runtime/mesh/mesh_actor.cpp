#include "runtime/mesh/mesh_actor.hpp"

#include "runtime/log.hpp"
#include "runtime/mesh/peer_actor.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::runtime {

using namespace std::chrono_literals;

namespace {

constexpr auto tick_every = 500ms, restart_after = 1'000ms;
constexpr std::int64_t answer_ns_max = 60'000'000'000;
constexpr std::size_t logged_max = 1'000;

} // namespace

mesh_actor::mesh_actor(caf::actor_config& config, actor_surroundings around,
                       std::shared_ptr<mesh_state> shared)
    : tracked_actor(config, around, "mesh", "mesh", "node"), shared_(std::move(shared)) {
  set_default_handler(
    [this](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
      shared_->unknown_messages.fetch_add(1, std::memory_order_relaxed);
      return caf::make_error(caf::sec::unexpected_message);
    });
  set_down_handler([this](const caf::down_msg& down) { ended(down); });
  set_exit_handler([this](const caf::exit_msg&) {
    is_ending_ = true;
    for (auto& one : children_) send_exit(one.running, caf::exit_reason::user_shutdown);
    if (children_.empty()) quit();
  });
}

void mesh_actor::on_exit() {
  children_.clear();
  questions_.clear();
  tracked_actor::on_exit();
  const std::lock_guard hold(shared_->gone_lock);
  shared_->is_gone = true;
  shared_->gone_wake.notify_all();
}

caf::behavior mesh_actor::behave() {
  delayed_send(this, tick_every, mesh_tick{});
  return {
    [this](links_changed) { follow_table(); },
    [this](const mesh_hello& hello) { greeted(hello); },
    [this](const mesh_ask& ask) { asked(ask); },
    [this](const ask_answered& answer) {
      const auto found = questions_.find(answer.id);
      if (found == questions_.end()) return;
      send(found->second.from, mesh_answer{found->second.number, true, answer.text});
      questions_.erase(found);
    },
    [this](mesh_tick) {
      delayed_send(this, tick_every, mesh_tick{});
      shared_->room->expire();
      expire();
    },
  };
}

// -- links ---------------------------------------------------------------------------------------

void mesh_actor::follow_table() {
  if (is_ending_) return;
  std::map<cluster::incarnation, std::shared_ptr<mesh_link>> wanted;
  {
    const std::shared_lock hold(shared_->lock);
    wanted = shared_->links;
  }
  for (auto& one : children_) {
    const auto found = wanted.find(one.link->peer.id);
    if (found != wanted.end() && found->second == one.link) {
      wanted.erase(found);
    } else {
      send_exit(one.running, caf::exit_reason::user_shutdown);
    }
  }
  for (const auto& entry : wanted) {
    const auto& link = entry.second;
    // One that still ends has its callbacks before its successor's: ended() comes back here.
    const auto is_same = [&](const child& one) { return one.link->peer.id == link->peer.id; };
    if (std::any_of(children_.begin(), children_.end(), is_same)) continue;
    auto made = spawn<peer_actor>(around(), shared_, link);
    monitor(made);
    {
      const std::unique_lock hold(shared_->lock);
      link->keeper = made;
    }
    children_.push_back({std::move(made), link});
  }
}

void mesh_actor::ended(const caf::down_msg& down) {
  const auto found = std::find_if(children_.begin(), children_.end(), [&](const child& one) {
    return one.running.address() == down.source;
  });
  if (found == children_.end()) return;
  const bool is_failure = down.reason && down.reason != caf::exit_reason::user_shutdown;
  if (is_failure) {
    const auto why = reason_text(down.reason);
    const auto name = fmt::format("mesh/{}/{}", found->link->peer.name, found->link->peer.id);
    log_error("mesh", "{} failed: {}", name, why);
    around().registry.note_failure(name, "mesh_link", "mesh", why);
  }
  {
    const std::unique_lock hold(shared_->lock);
    found->link->keeper = nullptr;
  }
  children_.erase(found);
  if (is_ending_) {
    if (children_.empty()) quit();
  } else if (is_failure) {
    delayed_send(this, restart_after, links_changed{});
  } else {
    follow_table();
  }
}

std::string mesh_actor::flaw_of(const mesh_hello& hello) const {
  const auto& mine = shared_->options;
  const auto self = shared_->self.load();
  if (hello.protocol != mine.protocol)
    return fmt::format("this node speaks protocol {}, not {}", mine.protocol, hello.protocol);
  if (hello.cluster != mine.cluster)
    return fmt::format("this node is of cluster \"{}\"", mine.cluster);
  if (self == cluster::nobody || hello.to != self)
    return fmt::format("this node is incarnation {}, not {}", self, hello.to);
  return {};
}

void mesh_actor::greeted(const mesh_hello& hello) {
  if (!current_sender()) return;
  const auto from = caf::actor_cast<caf::actor>(current_sender());
  auto flaw = flaw_of(hello);
  caf::actor keeper;
  if (flaw.empty()) {
    const std::shared_lock hold(shared_->lock);
    const auto found = shared_->links.find(hello.from);
    if (found != shared_->links.end() && found->second->peer.name == hello.name)
      keeper = found->second->keeper;
  }
  if (keeper) {
    send(keeper, hello_arrived{hello, from});
    return;
  }
  shared_->refused_hellos.fetch_add(1, std::memory_order_relaxed);
  // A node that has just joined is often a moment ahead of this one's list: no line in the log.
  const bool is_news = !flaw.empty() && logged_.size() < logged_max &&
                       logged_.insert(fmt::format("{}/{}", hello.from, flaw)).second;
  if (is_news)
    log_warning("mesh", "a hello of {} ({}) is refused: {}", hello.name.substr(0, 64), hello.from,
                flaw);
  if (flaw.empty()) flaw = "not among the nodes that this one knows";
  send(from, mesh_refusal{hello.session, flaw});
}

// -- tools ---------------------------------------------------------------------------------------

void mesh_actor::asked(const mesh_ask& ask) {
  if (!current_sender()) return;
  const auto from = caf::actor_cast<caf::actor>(current_sender());
  std::string no;
  if (ask.protocol != shared_->options.protocol) {
    no =
      fmt::format("this node speaks protocol {}, not {}", shared_->options.protocol, ask.protocol);
  } else if (!shared_->callbacks.on_ask) {
    no = "this node answers no tools";
  } else if (questions_.size() >= shared_->options.asks_max) {
    no = fmt::format("{} requests are being answered already; try again", questions_.size());
  }
  if (!no.empty()) {
    shared_->refused_asks.fetch_add(1, std::memory_order_relaxed);
    send(from, mesh_answer{ask.number, false, no});
    return;
  }
  shared_->asks.fetch_add(1, std::memory_order_relaxed);
  const auto id = next_question_++;
  questions_[id] = {from, ask.number, around().clock.monotonic_ns()};
  // The answer may come after the mesh has gone: it holds the state, and finds no desk there.
  shared_->callbacks.on_ask(ask.text, [shared = shared_, id](std::string text) {
    const std::lock_guard hold(shared->desk_lock);
    if (shared->desk) caf::anon_send(shared->desk, ask_answered{id, std::move(text)});
  });
}

/// A request that nobody answers must not keep its place for ever.
void mesh_actor::expire() {
  const auto now = around().clock.monotonic_ns();
  for (auto one = questions_.begin(); one != questions_.end();) {
    if (now - one->second.asked_at <= answer_ns_max) {
      ++one;
      continue;
    }
    send(one->second.from, mesh_answer{one->second.number, false, "the node did not answer"});
    one = questions_.erase(one);
  }
}

} // namespace rialto::runtime
