#include "runtime/mesh/mesh_client.hpp"

#include "runtime/mesh/mesh.hpp"
#include "runtime/mesh/messages.hpp"
#include "runtime/mesh/transport.hpp"
#include "runtime/tracked_actor.hpp"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace rialto::runtime {

namespace {

using steady = std::chrono::steady_clock;
constexpr std::chrono::milliseconds retry_after{20};

/// What the asking thread waits for; the actor fills it in.
struct outcome {
  std::mutex lock;
  std::condition_variable wake;
  bool is_done = false, is_answered = false, is_retryable = false;
  std::string text;

  void finish(bool answered, std::string said, bool retryable = false) {
    const std::lock_guard hold(lock);
    if (is_done) return;
    is_done = true;
    is_answered = answered;
    is_retryable = retryable;
    text = std::move(said);
    wake.notify_all();
  }
};

/// To the actor: one request, and a connection if there was none.
struct client_request {
  std::shared_ptr<outcome> into;
  std::string text;
  caf::io::scribe_ptr scribe;
};

} // namespace

} // namespace rialto::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::client_request)

namespace rialto::runtime {

namespace {

class client_actor final : public tracked_actor {
public:
  client_actor(caf::actor_config& config, actor_surroundings around, std::atomic<bool>& is_linked)
      : tracked_actor(config, around, "mesh_client", "mesh_client", "tool"), is_linked_(is_linked) {
    set_down_handler([this](const caf::down_msg& down) {
      if (!node_ || down.source != node_.address()) return;
      node_ = nullptr;
      is_linked_ = false;
      fail("the node went away");
    });
  }

protected:
  caf::behavior behave() override {
    return {
      [this](const client_request& ask) {
        fail("another request came");
        asked_ = ask.into;
        text_ = ask.text;
        if (ask.scribe) return connect(ask.scribe);
        send_request();
      },
      [this](const mesh_answer& answer) {
        if (answer.number != number_ || !asked_) return;
        asked_->finish(answer.is_answered, answer.text);
        asked_ = nullptr;
      },
    };
  }
  void on_exit() override {
    fail("the client ends");
    node_ = nullptr;
    tracked_actor::on_exit();
  }

private:
  void connect(caf::io::scribe_ptr scribe) {
    const auto port = scribe->port();
    node_ = nullptr;
    request(broker_of(system()), caf::infinite, caf::connect_atom_v, std::move(scribe), port)
      .then(
        [this](const caf::node_id&, const caf::strong_actor_ptr& node,
               const std::set<std::string>&) {
          if (!node) return fail("the node publishes nothing");
          node_ = caf::actor_cast<caf::actor>(node);
          monitor(node_);
          is_linked_ = true;
          send_request();
        },
        [this](const caf::error& why) {
          // A heartbeat fell into CAF's handshake, or the node does not know our authority.
          fail("the node ended the connection: " + caf::to_string(why), true);
        });
  }
  void send_request() {
    if (!asked_) return;
    if (!node_) return fail("the connection was lost", true);
    send(node_, mesh_ask{mesh_protocol, ++number_, text_});
  }
  void fail(const std::string& why, bool is_retryable = false) {
    if (asked_) asked_->finish(false, why, is_retryable);
    asked_ = nullptr;
  }

  std::atomic<bool>& is_linked_;
  caf::actor node_;
  std::shared_ptr<outcome> asked_;
  std::string text_;
  std::uint64_t number_ = 0;
};

} // namespace

struct mesh_client::parts {
  std::shared_ptr<const tls_context> tls;
  std::string address;
  host_port at;
  actor_registry registry;
  system_clock clock;
  std::atomic<bool> is_linked{false};
  const std::atomic<bool> stopping{false};
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  caf::actor actor;
};

mesh_client::mesh_client(std::shared_ptr<const tls_context> tls, const std::string& address)
    : parts_(std::make_unique<parts>()) {
  auto& all = *parts_;
  all.tls = std::move(tls);
  all.address = address;
  all.at = read_host_port(address);
  if (all.at.port == 0) throw mesh_failure(fmt::format("\"{}\" is not host:port", address));
  configure_mesh(all.config);
  all.config.set("scheduler.policy", caf::atom("sharing"));
  all.config.set("scheduler.max-threads", std::size_t{1});
  all.system = std::make_unique<caf::actor_system>(all.config);
  excuse_broker(*all.system);
  all.actor =
    all.system->spawn<client_actor>(actor_surroundings{all.registry, all.clock}, all.is_linked);
  caf::logger::set_current_actor_system(nullptr); // as in mesh.cpp
}

mesh_client::mesh_client(const tls_files& files, const std::string& address)
    : mesh_client(std::make_shared<const tls_context>(files), address) {}

std::unique_ptr<mesh_client> mesh_client::plain(const std::string& address) {
  return std::unique_ptr<mesh_client>(
    new mesh_client(std::shared_ptr<const tls_context>{}, address));
}

mesh_client::~mesh_client() {
  caf::anon_send_exit(parts_->actor, caf::exit_reason::user_shutdown);
  parts_->actor = nullptr;
}

std::optional<std::string> mesh_client::ask(const std::string& request,
                                            std::chrono::milliseconds timeout, std::string& why) {
  auto& all = *parts_;
  const auto until = steady::now() + timeout;
  why.clear();
  for (;; std::this_thread::sleep_for(retry_after)) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - steady::now());
    if (left.count() <= 0) {
      if (why.empty()) why = fmt::format("no answer within {} ms", timeout.count());
      return std::nullopt;
    }
    const auto wanted = std::make_shared<outcome>();
    caf::io::scribe_ptr scribe;
    if (!all.is_linked) {
      auto got = dial(loop_of(*all.system), {all.at, {}, left}, all.tls, all.stopping);
      if (!got.scribe) {
        why = fmt::format("{}: {}", all.address, got.failure);
        return std::nullopt;
      }
      scribe = std::move(got.scribe);
    }
    caf::anon_send(all.actor, client_request{wanted, request, std::move(scribe)});
    std::unique_lock hold(wanted->lock);
    if (!wanted->wake.wait_until(hold, until, [&] { return wanted->is_done; })) {
      why = fmt::format("{}: no answer within {} ms", all.address, timeout.count());
      return std::nullopt;
    }
    if (wanted->is_answered) return std::move(wanted->text);
    why = fmt::format("{}: {}", all.address, wanted->text);
    if (!wanted->is_retryable) return std::nullopt;
  }
}

} // namespace rialto::runtime
