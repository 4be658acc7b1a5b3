#include "app/node_cluster.hpp"

#include "runtime/log.hpp"
#include "runtime/mesh/mesh_settings.hpp"
#include "storage/thread_name.hpp"

#include <chrono>
#include <limits>

namespace rialto::app {

using namespace std::chrono_literals;
using runtime::log_info;
using runtime::cluster::incarnation;
using runtime::cluster::turn_number;

namespace {

constexpr auto mail_pause = 20ms;
constexpr auto leave_within = 3s;    // else the lease ends by itself
constexpr unsigned feed_pauses = 10; // of the mail, between two looks at the feed
constexpr std::int64_t feed_patience_ns = 10'000'000'000;
constexpr unsigned child_turns = 5; // between two looks at what parents are to hear

std::string refusal_of(const std::string& rule) {
  return R"({"error":{"field":null,"rule":")" + rule + R"("}})";
}

runtime::cluster::role_set roles_of(const std::vector<std::string>& words) {
  runtime::cluster::role_set roles = 0;
  for (const auto& word : words) {
    if (word == "edge")
      roles |= runtime::cluster::role_edge;
    else if (word == "users")
      roles |= runtime::cluster::role_users;
    else if (word == "trading")
      roles |= runtime::cluster::role_trading;
    else if (word == "marketdata")
      roles |= runtime::cluster::role_market_data;
    else
      throw std::runtime_error("cluster.roles: \"" + word +
                               "\" is no role; there are edge, users, trading and marketdata");
  }
  if (roles == 0) throw std::runtime_error("cluster.roles: a node needs at least one role");
  return roles;
}

} // namespace

runtime::cluster_options cluster_options_of(const runtime::node_settings& settings) {
  runtime::cluster_options to;
  to.name = *settings.cluster_node;
  to.address = settings.cluster_advertise->empty() ? runtime::text_of(*settings.cluster_listen)
                                                   : *settings.cluster_advertise;
  to.roles = roles_of(settings.cluster_roles->words);
  to.database = *settings.storage_journal;
  to.cluster = *settings.cluster_name;
  to.shards_if_new = static_cast<std::uint32_t>(*settings.cluster_shards);
  return to;
}

runtime::mesh_options mesh_options_of(const runtime::node_settings& settings) {
  runtime::mesh_options to;
  to.cluster = *settings.cluster_name;
  to.name = *settings.cluster_node;
  to.listen = runtime::text_of(*settings.cluster_listen);
  to.tls = runtime::tls_files_of(settings);
  return to;
}

node_cluster::node_cluster(const runtime::node_settings& settings, caf::actor_system& system,
                           runtime::actor_surroundings around)
    : clock_(around.clock), questions_([this](incarnation to, std::string_view frame) {
        return mesh_->send(to, frame);
      }) {
  mesh_ = std::make_unique<runtime::mesh>(
    system, around, mesh_options_of(settings),
    runtime::mesh_callbacks{
      [this](incarnation from, std::string_view frame) {
        if (is_attached_) mail_->frame_came(from, frame);
      },
      [this](incarnation peer, runtime::link_state now) { link_changed(peer, now); },
      [this](std::string request, std::function<void(std::string)> answer) {
        if (!tools_.post([this, request, answer] { answer_tool(request, answer); }))
          answer(refusal_of("too many questions wait: ask again"));
      }});
  auto options = cluster_options_of(settings);
  roles_ = options.roles;
  if (settings.cluster_listen->port == 0) {
    auto at = *settings.cluster_listen;
    at.port = mesh_->port();
    options.address = runtime::text_of(at);
  }
  driver_ = std::make_unique<runtime::cluster_driver>(std::move(options), *this, around.clock);
  driver_->start();
  const auto until = std::chrono::steady_clock::now() + 60s;
  while (driver_->shard_count() == 0) {
    if (has_left_) throw std::runtime_error("the cluster did not take this node in; see the log");
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("the cluster's database does not answer within 60 s; see the log");
    std::this_thread::sleep_for(10ms);
  }
}

node_cluster::~node_cluster() {
  stop();
}

actors::mail_surroundings node_cluster::surroundings_of_mail() {
  actors::mail_surroundings around;
  around.tape = tape_.get();
  around.feed = feed_.get();
  around.mirror_wanted = [this](std::vector<market_id> markets) {
    const std::lock_guard hold(lock_);
    wanted_mirrors_.insert(markets.begin(), markets.end());
  };
  around.monotonic_ns = [this] { return clock_.monotonic_ns(); };
  around.me = [this] { return driver_->me(); };
  around.route_of = [this](storage::shard_id shard) { return driver_->route_of(shard); };
  around.send = [this](incarnation to_whom, std::string_view frame) {
    return mesh_->send(to_whom, frame);
  };
  around.run = [this](std::vector<actors::request> requests) {
    to_shards(
      actors::request_batch{std::make_shared<std::vector<actors::request>>(std::move(requests))});
  };
  around.deliver = [this](std::vector<runtime::envelope<actors::trading_world>> messages) {
    to_shards(
      actors::link_batch{std::make_shared<std::vector<runtime::envelope<actors::trading_world>>>(
        std::move(messages))});
  };
  around.acknowledged = [this](std::vector<actors::link_receipt> receipts) {
    to_shards(actors::receipt_batch{
      std::make_shared<std::vector<actors::link_receipt>>(std::move(receipts))});
  };
  around.answer = [this](std::shared_ptr<actors::release> what) {
    parts_->router.deliver(std::move(what));
  };
  around.show = [this](std::vector<market_publication> news) {
    parts_->router.show(std::move(news));
  };
  around.head_moved = [this](storage::shard_id shard, storage::position head) {
    parts_->lists.note_head(shard, head);
  };
  around.news_lost = [this] { parts_->router.news_lost(); };
  around.asked = [this](incarnation from, actors::protocol::question_frame frame) {
    answer_node(from, std::move(frame));
  };
  around.replied = [this](incarnation from, const actors::protocol::reply_frame& frame) {
    questions_.replied(from, frame);
  };
  around.reported = [this](const actors::protocol::child_report_frame& frame) {
    children_->came(frame);
  };
  return around;
}

void node_cluster::attach(parts to) {
  parts_ = std::make_unique<parts>(std::move(to));
  watch_tapes();
  // A node without a feed of its own knows of none until it hears one.
  feed_ = std::make_unique<actors::feed_watch>(
    clock_.monotonic_ns(),
    actors::feed_watch_limits{.patience_ns = parts_->has_feed
                                               ? feed_patience_ns
                                               : std::numeric_limits<std::int64_t>::max()});
  children_ = std::make_unique<actors::child_news>(driver_->shard_count(), child_surroundings());
  mail_ = std::make_unique<actors::cluster_mail>(driver_->shard_count(), surroundings_of_mail());
  parts_->router.connect_far(
    [this](actors::release& out, std::vector<market_publication>& news,
           const actors::durable_router::rows& heads) { mail_->release_far(out, news, heads); });
  parts_->router.guard_reads([this] { return driver_->may_read(); });
  keeper_ = std::thread([this] { keep_mail(); });
  std::vector<runtime::cluster_peer> known;
  {
    const std::lock_guard hold(lock_);
    is_attached_ = true;
    known = peers_;
  }
  link_peers(known);
  driver_->mesh_ready();
}

void node_cluster::answer_questions(answerer to_tools, answerer to_nodes) {
  const std::lock_guard hold(lock_);
  to_tools_ = std::move(to_tools);
  to_nodes_ = std::move(to_nodes);
}

void node_cluster::answer_tool(const std::string& question,
                               const std::function<void(std::string)>& answer) {
  answerer who;
  {
    const std::lock_guard hold(lock_);
    who = to_tools_;
  }
  answer(who ? who(question, "a tool") : refusal_of("the node is starting"));
}

/// Whoever asked waits no longer than patience: what has waited so long here is for nobody.
void node_cluster::answer_node(incarnation from, actors::protocol::question_frame frame) {
  const auto reply = [this, from](std::uint64_t number, std::string text) {
    actors::protocol::reply_frame back;
    back.items.push_back({number, std::move(text)});
    auto made = actors::protocol::encode(back);
    if (!made.left_out.empty()) {
      back.items.front().text = refusal_of("the answer is too large: ask for less");
      made = actors::protocol::encode(back);
    }
    for (const auto& bytes : made.frames) static_cast<void>(mesh_->send(from, bytes));
  };
  for (auto& one : frame.items) {
    const auto until = std::chrono::steady_clock::now() + actors::cluster_questions::patience;
    const auto number = one.number;
    const bool is_taken = replies_.post([this, reply, until, asked = std::move(one)] {
      if (std::chrono::steady_clock::now() > until) return;
      answerer who;
      {
        const std::lock_guard hold(lock_);
        who = to_nodes_;
      }
      reply(asked.number,
            who ? who(asked.text, asked.who) : refusal_of("the node is starting or stopping"));
    });
    if (!is_taken) reply(number, refusal_of("too many questions wait: ask again"));
  }
}

actors::child_news_surroundings node_cluster::child_surroundings() {
  actors::child_news_surroundings to;
  to.route_of = [this](storage::shard_id shard) { return driver_->route_of(shard); };
  to.send = [this](incarnation to_whom, std::string_view frame) {
    return mesh_->send(to_whom, frame);
  };
  to.is_linked = [this](incarnation who) {
    return who == driver_->me() || mesh_->is_connected(who);
  };
  to.heard = [this](const actors::protocol::child_report& one) {
    if (one.condition == actors::protocol::child_condition::given_up)
      runtime::log_error("supervision", "{} hears that {} is given up: {}", to_string(one.parent),
                         to_string(one.child), one.last_failure);
    else if (one.condition == actors::protocol::child_condition::failed)
      runtime::log_warning("supervision", "{} hears that {} failed: {}", to_string(one.parent),
                           to_string(one.child), one.last_failure);
    else
      log_info("supervision", "{} hears that {} runs again", to_string(one.parent),
               to_string(one.child));
  };
  return to;
}

std::string node_cluster::name_of(incarnation id) {
  const std::lock_guard hold(lock_);
  for (const auto& one : peers_)
    if (one.id == id) return one.name;
  return {};
}

bool node_cluster::drain(std::chrono::seconds within) {
  driver_->ask_drain();
  std::unique_lock hold(lock_);
  return wake_.wait_for(hold, within, [this] { return is_empty_ || has_left_; });
}

void node_cluster::leave() {
  if (!is_empty_) return;
  driver_->ask_leave();
  std::unique_lock hold(lock_);
  wake_.wait_for(hold, leave_within, [this] { return has_left_.load(); });
}

void node_cluster::stop() {
  {
    const std::lock_guard hold(lock_);
    if (is_stopping_) return;
    is_stopping_ = true;
    wake_.notify_all();
  }
  if (keeper_.joinable()) keeper_.join();
  questions_.stop(); // who waits for other nodes goes on
  tools_.stop();
  tape_work_.stop();
  replies_.stop();
  if (driver_) driver_->stop();
  if (mesh_) mesh_->stop(); // and stays: the mail sends to it to the end
}

void node_cluster::keep_mail() {
  storage::name_thread("mail");
  std::unique_lock hold(lock_);
  for (unsigned turn = 1; !wake_.wait_for(hold, mail_pause, [this] { return is_stopping_; });
       ++turn) {
    hold.unlock();
    mail_->tick();
    tape_->tick();
    if (turn % feed_pauses == 0) watch_feed();
    if (turn % child_turns == 0) children_->tick(clock_.now());
    hold.lock();
  }
}

template <class Message>
void node_cluster::to_shards(Message what) {
  if (!is_attached_) return;
  if (const auto shards = parts_->shards()) caf::anon_send(shards, std::move(what));
}

// ---- from the shards' actor

void node_cluster::send(std::vector<runtime::envelope<actors::trading_world>> messages) {
  mail_->send(std::move(messages));
}
void node_cluster::acknowledge(std::vector<actors::link_receipt> receipts) {
  mail_->acknowledge(std::move(receipts));
}
void node_cluster::pass_on(std::vector<actors::request> requests) {
  mail_->pass_on(std::move(requests));
}
void node_cluster::opened(storage::shard_id shard, turn_number turn) {
  driver_->shard_opened(shard, turn);
}
void node_cluster::open_failed(storage::shard_id shard, turn_number turn,
                               storage::epoch journal_epoch) {
  driver_->shard_open_failed(shard, turn, journal_epoch);
}
void node_cluster::drained(storage::shard_id shard, turn_number turn) {
  driver_->shard_drained(shard, turn);
}
void node_cluster::fenced(storage::shard_id shard, storage::epoch at_epoch,
                          storage::epoch journal_epoch) {
  driver_->shard_fenced(shard, at_epoch, journal_epoch);
}

// ---- from the driver

void node_cluster::joined(incarnation me) {
  mesh_->set_self(me); // which forgets all peers
  std::vector<runtime::cluster_peer> known;
  {
    const std::lock_guard hold(lock_);
    if (!is_attached_) return;
    known = peers_;
  }
  link_peers(known);
}

void node_cluster::open_shard(runtime::cluster::shard_id shard, storage::epoch at_epoch,
                              turn_number turn) {
  to_shards(actors::open_shard{shard, at_epoch, turn});
}
void node_cluster::stop_shard(runtime::cluster::shard_id shard, turn_number turn) {
  to_shards(actors::stop_shard{shard, turn});
}
void node_cluster::resume_shard(runtime::cluster::shard_id shard, turn_number) {
  to_shards(actors::resume_shard{shard});
}
void node_cluster::drop_shard(runtime::cluster::shard_id shard) {
  to_shards(actors::drop_shard{shard});
}

void node_cluster::lease_changed(runtime::cluster::own_lease) {
} // asked for where it matters (may_read)

void node_cluster::peers_changed(const std::vector<runtime::cluster_peer>& peers) {
  {
    const std::lock_guard hold(lock_);
    peers_ = peers;
    if (!is_attached_) return; // attach() links them
  }
  link_peers(peers);
}

void node_cluster::link_peers(const std::vector<runtime::cluster_peer>& peers) {
  std::vector<runtime::peer_address> addresses;
  std::vector<actors::cluster_mail::peer> mailed;
  for (const auto& one : peers) {
    addresses.push_back({one.id, one.name, one.address});
    mailed.push_back({one.id, (one.roles & roles_that_show) != 0});
  }
  mail_->peers_changed(std::move(mailed));
  mesh_->set_peers(std::move(addresses));
}

void node_cluster::emptied() {
  {
    const std::lock_guard hold(lock_);
    is_empty_ = true;
    wake_.notify_all();
  }
  if (on_emptied) on_emptied();
}

void node_cluster::left(runtime::leave_reason why, const std::string& detail) {
  if (why == runtime::leave_reason::drained)
    log_info("cluster", "left: {}", detail);
  else
    runtime::log_error("cluster", "left: {}", detail);
  {
    const std::lock_guard hold(lock_);
    has_left_ = true;
    wake_.notify_all();
  }
  if (on_left) on_left(why);
}

// ---- from the links

void node_cluster::link_changed(incarnation who, runtime::link_state now) {
  if (!is_attached_) return; // nobody was dialed yet
  if (now == runtime::link_state::connected) {
    driver_->peer_connected(who);
    mail_->peer_connected(who);
    show_own_markets();
  } else {
    driver_->peer_closed(who);
    mail_->peer_closed(who);
    questions_.peer_closed(who);
    children_->peer_closed(who);
  }
}

/// A node that has just come knows no market of ours.
void node_cluster::show_own_markets() {
  std::vector<actors::request> asked;
  for (const auto& [id, symbol] : parts_->faces.markets()->symbols)
    if (driver_->route_of(storage::shard_of(id, driver_->shard_count())).is_here)
      asked.push_back({0, id, market_command{republish{}}, {}});
  if (!asked.empty()) mail_->pass_on(std::move(asked));
}

} // namespace rialto::app
