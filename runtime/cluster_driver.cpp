#include "runtime/cluster_driver.hpp"

#include "runtime/cluster_session.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <chrono>
#include <random>

namespace rialto::runtime {

using namespace cluster;

namespace {

std::string random_name() {
  std::random_device source;
  return fmt::format("{:08x}{:08x}", source(), source());
}

rows_read read_of(const storage::cluster_answer& answer, timestamp_ns sent, timestamp_ns wall) {
  rows_read made{.sent = sent,
                 .is_renewed = answer.is_renewed,
                 .database_now = answer.database_now,
                 .database_started = answer.database_started,
                 .wall_offset_ns = wall.value - answer.database_now.value,
                 .leader = answer.leader,
                 .version = answer.version,
                 .nodes = {},
                 .changed_shards = {}};
  made.nodes.reserve(answer.nodes.size());
  for (const auto& one : answer.nodes)
    made.nodes.push_back({one.id, one.name, one.address, static_cast<role_set>(one.roles),
                          static_cast<node_state>(one.state), one.renewed_at, one.renewal});
  made.changed_shards.reserve(answer.changed_shards.size());
  for (const auto& one : answer.changed_shards)
    made.changed_shards.push_back(
      {one.shard, one.owner, one.at_epoch, one.next, one.wanted, one.changed_at, one.moved_at});
  return made;
}

const char* name_of(node_state state) {
  switch (state) {
  case node_state::joining: return "joining";
  case node_state::up: return "up";
  case node_state::draining: return "draining";
  case node_state::gone: return "gone";
  }
  return "unknown";
}

const char* name_of(own_lease lease) {
  switch (lease) {
  case own_lease::none: return "none";
  case own_lease::confirmed: return "confirmed";
  case own_lease::unconfirmed: return "unconfirmed: reads are refused";
  case own_lease::lost: return "lost: every shard is dropped";
  }
  return "unknown";
}

} // namespace

cluster_driver::cluster_driver(cluster_options options, cluster_host& host, node_clock& clock)
    : options_(std::move(options)), process_(random_name()), host_(host), clock_(clock),
      members_(options_.times), duty_(options_.duty), lead_(options_.placement),
      own_(std::make_unique<cluster_session>(session_use::own, options_.database,
                                             options_.statement_ms)),
      leaders_(std::make_unique<cluster_session>(session_use::leaders, options_.database,
                                                 options_.statement_ms)) {}

cluster_driver::~cluster_driver() {
  stop();
}

void cluster_driver::start() {
  thread_ = std::thread([this] { run(); });
}

void cluster_driver::stop() {
  {
    const std::lock_guard hold(inputs_lock_);
    is_stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  own_->stop();
  leaders_->stop();
}

// ---- inputs

void cluster_driver::post(input what) {
  const std::lock_guard hold(inputs_lock_);
  inputs_.push_back(std::move(what));
  wake_.notify_one();
}

void cluster_driver::post_hint(input what) {
  const std::lock_guard hold(inputs_lock_);
  if (inputs_.size() >= hints_max) return;
  inputs_.push_back(std::move(what));
  wake_.notify_one();
}

void cluster_driver::mesh_ready() {
  post([this] {
    to_members(ready_asked{});
    renew();
  });
}
void cluster_driver::ask_drain() {
  post([this] { begin_drain(); });
}
void cluster_driver::ask_leave() {
  post([this] { may_leave_ = true; });
}
void cluster_driver::shard_opened(shard_id shard, turn_number turn) {
  post([=, this] { to_duty(cluster::shard_opened{shard, turn}); });
}
void cluster_driver::shard_open_failed(shard_id shard, turn_number turn,
                                       storage::epoch journal_epoch) {
  post([=, this] { to_duty(cluster::shard_open_failed{shard, turn, journal_epoch}); });
}
void cluster_driver::shard_drained(shard_id shard, turn_number turn) {
  post([=, this] {
    to_duty(cluster::shard_drained{shard, turn});
    renew(); // a drained shard is passed on when the next answer is looked at
  });
}
void cluster_driver::shard_fenced(shard_id shard, storage::epoch at_epoch,
                                  storage::epoch journal_epoch) {
  post([=, this] {
    to_duty(cluster::shard_fenced{shard, at_epoch, journal_epoch});
    renew();
  });
}
void cluster_driver::peer_closed(incarnation who) {
  post_hint([=, this] { to_members(cluster::peer_closed{who}); });
}
void cluster_driver::peer_connected(incarnation who) {
  post_hint([=, this] { to_members(cluster::peer_connected{who}); });
}

// ---- the thread

void cluster_driver::run() {
  storage::name_thread("cluster");
  const auto pause =
    std::chrono::nanoseconds(std::min(pause_ns, std::max(options_.times.renew_ns / 5, 1'000'000L)));
  std::vector<input> taken;
  for (;;) {
    taken.clear();
    {
      std::unique_lock hold(inputs_lock_);
      wake_.wait_for(hold, pause, [this] { return is_stopping_ || !inputs_.empty(); });
      if (is_stopping_) return;
      taken.swap(inputs_);
    }
    step(taken);
  }
}

void cluster_driver::step(const std::vector<input>& inputs) {
  std::vector<std::function<void(cluster_host&)>> calls;
  {
    const std::lock_guard hold(state_lock_);
    if (is_over_) return;
    to_members(time_passed{}); // V2
    for (const auto& one : inputs)
      if (!is_over_) one();
    leave_if_drained();
    if (now() >= next_renewal_) {
      next_renewal_ = {now().value + options_.times.renew_ns};
      renew();
    }
    pass_on();
    publish();
    calls.swap(calls_);
  }
  for (const auto& call : calls) call(host_);
}

void cluster_driver::publish() {
  reads_until_.store(is_over_ ? 0 : members_.reads_until().value, std::memory_order_release);
  me_.store(is_over_ ? nobody : members_.me(), std::memory_order_release);
  const auto& shards = rows_.shards();
  if (routes_.count() == 0 && !shards.empty())
    routes_.open(static_cast<std::uint32_t>(shards.size()));
  for (const auto& row : shards) routes_.set(row.shard, duty_.where(rows_, row.shard));
}

void cluster_driver::to_members(const membership_input& what) {
  std::vector<membership_output> out;
  members_.step(what, now(), out);
  for (const auto& one : out) {
    if (const auto* lease = std::get_if<cluster::lease_changed>(&one)) {
      to_duty(*lease);
      log_line(lease->to == own_lease::confirmed ? log_level::info : log_level::warning, "cluster",
               "the lease is {}", name_of(lease->to));
      tell([to = lease->to](cluster_host& host) { host.lease_changed(to); });
    } else if (const auto* node = std::get_if<node_changed>(&one)) {
      const auto* row = rows_.find(node->who);
      log_info("cluster", "node {} ({}) is {}", row == nullptr ? "unknown" : row->name, node->who,
               name_of(node->to));
    } else {
      log_warning("cluster", "this node's life is over in the database; it joins again");
    }
  }
}

void cluster_driver::to_duty(const duty_input& what) {
  std::vector<duty_output> out;
  duty_.step(what, now(), out);
  for (const auto& one : out) obey(one);
}

void cluster_driver::obey(const duty_output& order) {
  if (const auto* open = std::get_if<open_shard>(&order)) {
    tell([o = *open](cluster_host& host) { host.open_shard(o.shard, o.at_epoch, o.turn); });
  } else if (const auto* stop = std::get_if<stop_shard>(&order)) {
    tell([o = *stop](cluster_host& host) { host.stop_shard(o.shard, o.turn); });
  } else if (const auto* resume = std::get_if<resume_shard>(&order)) {
    tell([o = *resume](cluster_host& host) { host.resume_shard(o.shard, o.turn); });
  } else if (const auto* pass = std::get_if<cluster::pass_on>(&order)) {
    passing_.push_back(*pass);
  } else {
    tell([o = std::get<drop_shard>(order)](cluster_host& host) { host.drop_shard(o.shard); });
  }
}

// ---- the own session

void cluster_driver::renew() {
  if (is_over_ || is_leaving_) return;
  if (is_asking_) {
    is_hasty_ = true;
    return;
  }
  is_asking_ = true;
  is_hasty_ = false;
  if (members_.me() == nobody) return join();
  const auto failed = [this](const std::string& why) {
    post([this, why] {
      is_asking_ = false;
      note_failure(why);
    });
  };
  auto work = [this, me = members_.me(), declared = members_.declared(),
               since = rows_.version()](storage::cluster_store& store) {
    const auto sent = now();
    const auto wall = clock_.wall();
    auto answer = std::make_shared<const storage::cluster_answer>(
      store.renew({me, options_.name, process_, static_cast<std::uint8_t>(declared), since}));
    const timestamp_ns between{(wall.value / 2) + (clock_.wall().value / 2)};
    post([this, me, sent, between, answer] {
      is_asking_ = false;
      if (me == members_.me())
        take(read_of(*answer, sent, between), answer->is_drain_wished, answer->is_replaced);
    });
  };
  if (!own_->post(members_.me(), std::move(work), failed)) is_asking_ = false;
}

void cluster_driver::join() {
  const auto failed = [this](const std::string& why) {
    post([this, why] {
      is_asking_ = false;
      note_failure(why);
    });
  };
  auto work = [this](storage::cluster_store& store) {
    const auto sent = now();
    const auto joined = store.join(options_.cluster, options_.shards_if_new,
                                   {options_.name, process_, options_.address, options_.roles});
    if (joined.id != 0) own_->note_entered(joined.id);
    post([this, sent, joined] {
      is_asking_ = false;
      if (joined.known.name != options_.cluster)
        return finish(leave_reason::refused,
                      fmt::format("the database holds the cluster \"{}\", not \"{}\"",
                                  joined.known.name, options_.cluster));
      if (joined.id == 0) return note_failure("the node's former session does not end");
      if (lead_.leads()) to_leader(lock_lost{}); // its session was ended with the former life
      const node_joined life{joined.id, sent};
      to_duty(life);
      ++counts_.lives;
      log_info("cluster", "joined as {} ({})", options_.name, joined.id);
      tell([me = joined.id](cluster_host& host) { host.joined(me); });
      to_members(life);
      renew();
    });
  };
  if (!own_->post(nobody, std::move(work), failed)) is_asking_ = false;
}

void cluster_driver::take(const rows_read& read, bool is_drain_wished, bool is_replaced) {
  answered_at_ = now();
  ++counts_.renewals;
  if (failures_in_a_row_ > 0) log_info("cluster", "the database answers again");
  failures_in_a_row_ = 0;
  const auto changed = rows_.apply(read);
  to_members(answer_came{read});
  if (!read.is_renewed && is_replaced)
    return finish(leave_reason::replaced,
                  "another process joined under the name \"" + options_.name + "\"");
  to_duty(rows_changed{rows_, changed, read.sent});
  mind_the_lock(read.sent); // before the machine writes again on a session that lost it
  to_leader(rows_known{rows_, members_, read.sent});
  tell_peers();
  if (is_drain_wished) begin_drain();
  if (is_hasty_) renew();
}

void cluster_driver::tell_peers() {
  std::vector<cluster_peer> living;
  for (const auto& row : rows_.nodes())
    if (row.id != members_.me() && row.state != node_state::gone)
      living.push_back({row.id, row.name, row.address, row.roles});
  if (living == peers_) return;
  peers_ = living;
  tell([living = std::move(living)](cluster_host& host) { host.peers_changed(living); });
}

void cluster_driver::pass_on() {
  if (passing_.empty()) return;
  std::vector<storage::cluster_handover> rows;
  for (const auto& one : passing_)
    rows.push_back({one.shard, one.seen_epoch, one.seen_next, one.to, one.to_epoch});
  const auto ended = [this, orders = std::exchange(passing_, {})] {
    for (const auto& one : orders) to_duty(pass_on_ended{one.shard, one.turn});
    renew();
  };
  const auto me = members_.me();
  const bool is_taken = own_->post(
    me,
    [this, me, rows, ended](storage::cluster_store& store) {
      const auto written = store.pass_on(me, rows);
      post([this, written, ended] {
        counts_.handovers += written;
        ended();
      });
    },
    [this, ended](const std::string& why) {
      post([this, why, ended] {
        note_failure(why);
        ended();
      });
    });
  if (!is_taken) post(ended);
}

void cluster_driver::begin_drain() {
  if (is_draining_) return;
  is_draining_ = true;
  log_info("cluster", "this node gives its shards away and leaves");
  to_members(drain_asked{});
  renew();
}

void cluster_driver::leave_if_drained() {
  if (!is_draining_ || is_leaving_ || is_over_) return;
  const auto me = members_.me();
  const auto lease = members_.lease_at(now());
  if (me == nobody || lease == own_lease::lost)
    return finish(leave_reason::drained, "without a lease there is nothing to hand over");
  // The first answer tells what there is, and a leader first gives the lock back.
  if (rows_.find(me) == nullptr || rows_.find(me)->state != node_state::draining ||
      (!duty_.owns_nothing(rows_) && has_heir()) || lead_.leads()) {
    empty_since_.reset();
    return;
  }
  if (!empty_since_) empty_since_ = now();
  if (now().value - empty_since_->value < options_.linger_ns) return;
  if (!std::exchange(is_told_empty_, true)) tell([](cluster_host& host) { host.emptied(); });
  if (!may_leave_) return;
  is_leaving_ = true;
  const bool is_taken = own_->post(
    me,
    [this, me](storage::cluster_store& store) {
      store.leave(me);
      post([this] { finish(leave_reason::drained, goodbye()); });
    },
    [this](const std::string&) { // its lease ends by itself
      post([this] { finish(leave_reason::drained, goodbye()); });
    });
  if (!is_taken) finish(leave_reason::drained, goodbye());
}

std::string cluster_driver::goodbye() const {
  return duty_.owns_nothing(rows_) ? "every shard was handed over"
                                   : "no other node can have its shards: they wait for one";
}

/// Whether another node may take one of the shards that are still here, now or once its clock is right.
bool cluster_driver::has_heir() const {
  cluster::role_set needed = 0;
  for (const auto& row : rows_.shards())
    if (row.owner == members_.me()) needed |= cluster::role_of(row.shard, rows_.shards().size());
  return std::any_of(rows_.nodes().begin(), rows_.nodes().end(), [&](const auto& node) {
    return node.id != members_.me() && (node.roles & needed) != 0 &&
           (node.state == node_state::up || node.state == node_state::joining);
  });
}

void cluster_driver::finish(leave_reason why, const std::string& detail) {
  if (is_over_) return;
  log_line(why == leave_reason::drained ? log_level::info : log_level::error, "cluster",
           "this node left: {}", detail);
  tell([why, detail](cluster_host& host) { host.left(why, detail); });
  is_over_ = true; // V5
}

void cluster_driver::note_failure(const std::string& why) {
  ++counts_.statements_failed;
  if (failures_in_a_row_++ % 100 == 0) log_warning("cluster", "the database: {}", why);
}

cluster_status cluster_driver::status() const {
  const std::lock_guard hold(state_lock_);
  auto made = counts_;
  made.me = members_.me();
  made.leader = rows_.leader();
  made.lease = members_.lease_at(now());
  made.leads = lead_.leads();
  made.is_draining = is_draining_;
  if (answered_at_.value != 0) made.answered_ago_ns = now().value - answered_at_.value;
  made.database_now = rows_.database_now();
  made.nodes = rows_.nodes();
  made.shards = rows_.shards();
  for (const auto& row : made.shards)
    if (duty_.where(rows_, row.shard).is_here) made.serving.push_back(row.shard);
  made.sessions_opened = own_->opened() + leaders_->opened();
  return made;
}

} // namespace rialto::runtime
