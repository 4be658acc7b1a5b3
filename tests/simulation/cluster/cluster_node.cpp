#include "tests/simulation/cluster/cluster_node.hpp"

#include <algorithm>

namespace rialto::simulation {

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t renew_ns = membership_times{}.renew_ns;
constexpr std::int64_t statement_ns = 1'000 * ms;   // then the session is given up
constexpr std::int64_t cut_session_ns = 3'000 * ms; // tcp_user_timeout at the server
constexpr std::int64_t open_ns = 2 * ms;            // heads and what is not clean, per shard

} // namespace

cluster_node::cluster_node(event_queue& queue, random& chance, cluster_database& database,
                           cluster_watcher& watcher, node_options options, std::size_t number)
    : queue_(queue), chance_(chance), database_(database), watcher_(watcher), options_(options),
      number_(number), name_("n" + std::to_string(number)) {}

std::int64_t cluster_node::latency() {
  if (database_.is_slow() && chance_.chance(0.0005)) return chance_.between(500 * ms, 3'000 * ms);
  return chance_.chance(0.001) ? chance_.between(20 * ms, 150 * ms) : chance_.between(ms / 10, ms);
}

const std::map<shard_id, storage::epoch>& cluster_node::open_shards() const {
  static const std::map<shard_id, storage::epoch> none;
  return mine_ ? mine_->open : none;
}

void cluster_node::at_node(life of, std::function<void()> run) {
  if (of != life_ || !mine_) return;
  if (is_hung_)
    waiting_.push_back([this, of, run = std::move(run)] {
      if (of == life_) run();
    });
  else
    run();
}

void cluster_node::later(std::int64_t ns, const char* what, std::function<void()> run) {
  queue_.after(ns, what, [this, of = life_, run = std::move(run)] { at_node(of, run); });
}

void cluster_node::start() {
  ++life_;
  mine_ = std::make_unique<process>(options_);
  waiting_.clear();
  is_hung_ = false;
  to_members(ready_asked{});
  later(chance_.between(0, renew_ns), "tick", [this] { tick(); });
}

void cluster_node::kill() {
  if (!mine_) return;
  for (const auto& [shard, at_epoch] : std::map(mine_->open)) close(shard);
  // The kernel closes its sockets; through a cut the server learns nothing of it.
  if (mine_->session != 0)
    queue_.after(is_cut() ? cut_session_ns : ms, "closed",
                 [this, which = mine_->session] { database_.close(which); });
  mine_.reset();
  ++life_;
  is_hung_ = false;
}

void cluster_node::hang() {
  is_hung_ = true;
}

void cluster_node::go_on() {
  is_hung_ = false;
  while (!waiting_.empty() && !is_hung_) {
    const auto run = std::move(waiting_.front());
    waiting_.pop_front();
    run();
  }
}

void cluster_node::drain() {
  if (!mine_) return;
  mine_->is_draining = true;
  to_members(drain_asked{});
}

void cluster_node::peer(incarnation who, bool is_closed) {
  at_node(life_, [this, who, is_closed] {
    if (is_closed)
      to_members(peer_closed{who});
    else
      to_members(peer_connected{who});
  });
}

template <class Statement, class Answered>
void cluster_node::ask(Statement statement, Answered answered, std::function<void()> broken) {
  const auto by = mine_->session;
  const auto ended = std::make_shared<bool>(false);
  const auto fail = [this, by, ended, broken = std::move(broken)] {
    if (*ended || !mine_) return;
    *ended = true;
    break_session(by);
    broken();
  };
  later(statement_ns, "statement timed out", fail);
  if (by == 0) return later(ms, "no session", fail);
  if (cut_to_) return;
  queue_.after(latency(), "statement", [=, this, of = life_] {
    using result = decltype(statement());
    if (!database_.is_open(by)) {
      database_.note_too_late();
      if (!cut_from_)
        queue_.after(latency(), "connection reset", [this, of, fail] { at_node(of, fail); });
      return;
    }
    std::conditional_t<std::is_void_v<result>, int, std::optional<result>> made{};
    if constexpr (std::is_void_v<result>)
      statement();
    else
      made = statement();
    if (cut_from_) return;
    queue_.after(latency(), "answer", [=, this] {
      at_node(of, [=] {
        if (*ended) return;
        *ended = true;
        if constexpr (std::is_void_v<result>)
          answered();
        else
          answered(*made);
      });
    });
  });
}

void cluster_node::break_session(cluster_database::session which) {
  if (which == 0 || mine_->session != which) return;
  mine_->former = std::exchange(mine_->session, 0);
  queue_.after(is_cut() ? cut_session_ns : ms, "closed", [this, which] { database_.close(which); });
  to_leader(lock_lost{});
}

void cluster_node::tick() {
  later(renew_ns, "tick", [this] { tick(); });
  to_members(time_passed{});
  if (mine_->is_asking) return;
  // A connection needs both ways.
  if (mine_->session == 0 && database_.is_up() && !is_cut())
    mine_->session = database_.connect(id(), mine_->former);
  if (mine_->session == 0) return;
  if (id() != nobody) return renew();
  mine_->is_asking = true;
  const auto sent = queue_.now();
  ask(
    [this, by = mine_->session] {
      return database_.join(by, name_, role_users | role_trading | role_market_data);
    },
    [this, sent](incarnation me) {
      mine_->is_asking = false;
      const node_joined joined{me, sent};
      to_duty(joined);
      to_members(joined);
      renew();
    },
    [this] { mine_->is_asking = false; });
}

void cluster_node::renew() {
  if (id() == nobody || mine_->is_asking) {
    mine_->is_hasty = true;
    return;
  }
  mine_->is_asking = true;
  const auto sent = queue_.now();
  ask([this, me = id(), says = mine_->members.declared(),
       since = mine_->rows.version()] { return database_.renew(me, says, since); },
      [this, sent](rows_read read) {
        mine_->is_asking = false;
        read.sent = sent;
        take(read);
      },
      [this] { mine_->is_asking = false; });
}

void cluster_node::take(const rows_read& read) {
  const auto changed = mine_->rows.apply(read);
  to_members(answer_came{read});
  to_duty(rows_changed{mine_->rows, changed, read.sent});
  to_leader(rows_known{mine_->rows, mine_->members, read.sent});
  if (mine_->is_draining && id() != nobody && mine_->duty.owns_nothing(mine_->rows) &&
      !mine_->lead.leads()) {
    queue_.after(latency(), "leaves", [this, who = id()] { database_.leave(who); });
    kill();
    return;
  }
  if (std::exchange(mine_->is_hasty, false)) renew();
}

void cluster_node::to_members(const membership_input& input) {
  std::vector<membership_output> out;
  mine_->members.step(input, queue_.now(), out);
  for (const auto& one : out)
    if (const auto* lease = std::get_if<lease_changed>(&one)) to_duty(*lease);
}

void cluster_node::to_duty(const duty_input& input) {
  std::vector<duty_output> out;
  mine_->duty.step(input, queue_.now(), out);
  for (const auto& one : out) obey(one);
}

void cluster_node::to_leader(const leader_input& input) {
  std::vector<leader_output> out;
  mine_->lead.step(input, queue_.now(), out);
  for (const auto& one : out) obey(one);
}

void cluster_node::obey(const duty_output& order) {
  if (const auto* one = std::get_if<open_shard>(&order)) {
    open(*one);
  } else if (const auto* stop = std::get_if<stop_shard>(&order)) {
    close(stop->shard);
    later(chance_.between(ms / 5, 20 * ms), "drained", [this, stop = *stop] {
      to_duty(shard_drained{stop.shard, stop.turn});
    });
  } else if (const auto* resume = std::get_if<resume_shard>(&order)) {
    mine_->open[resume->shard] = mine_->opening[resume->shard];
    watcher_.serves(*this, resume->shard, mine_->open[resume->shard]);
  } else if (const auto* pass = std::get_if<pass_on>(&order)) {
    const auto end = [this, pass = *pass] { to_duty(pass_on_ended{pass.shard, pass.turn}); };
    ask([this, me = id(), pass = *pass] { database_.pass(me, pass); },
        [this, end] {
          end();
          renew();
        },
        end);
  } else {
    close(std::get<drop_shard>(order).shard);
  }
}

void cluster_node::open(const open_shard& order) {
  mine_->busy_until = {std::max(mine_->busy_until.value, queue_.now().value) + open_ns};
  mine_->opening[order.shard] = order.at_epoch;
  later(mine_->busy_until.value - queue_.now().value, "opens", [this, order] {
    ask([this, me = id(), order] { return database_.take_over(me, order.shard, order.at_epoch); },
        [this, order](storage::epoch journal) {
          if (journal != 0) return to_duty(shard_open_failed{order.shard, order.turn, journal});
          to_duty(shard_opened{order.shard, order.turn});
          const auto route = mine_->duty.where(mine_->rows, order.shard);
          if (!route.is_here || route.at_epoch != order.at_epoch) return; // dropped meanwhile
          mine_->open[order.shard] = order.at_epoch;
          watcher_.serves(*this, order.shard, order.at_epoch);
        },
        [this, order] {
          to_duty(shard_open_failed{order.shard, order.turn, 0});
        });
  });
}

void cluster_node::close(shard_id shard) {
  if (mine_->open.erase(shard) == 1) watcher_.serves_no_more(*this, shard);
}

void cluster_node::obey(const leader_output& order) {
  const auto by = mine_->session;
  const auto write = [this, by](const auto& what) {
    ask([this, by, what] { database_.write(by, what); }, [this] { to_leader(written{}); },
        [this] { to_leader(written{}); });
  };
  if (std::holds_alternative<try_lock>(order)) {
    ask([this, by] { return database_.try_lock(by); },
        [this](bool is_mine) {
          if (is_mine)
            to_leader(lock_gained{});
          else
            to_leader(lock_refused{});
        },
        [this] { to_leader(lock_refused{}); });
  } else if (std::holds_alternative<unlock>(order)) {
    ask([this, by] { database_.unlock(by); }, [this] { to_leader(lock_lost{}); }, [] {});
  } else if (const auto* end = std::get_if<end_holder>(&order)) {
    ask([this, holder = end->holder] { database_.end_holder(holder); }, [this] { renew(); }, [] {});
  } else if (const auto* deaths = std::get_if<write_deaths>(&order)) {
    write(*deaths);
  } else if (const auto* changes = std::get_if<write_changes>(&order)) {
    write(*changes);
  } else if (std::holds_alternative<read_now>(order)) {
    renew();
  }
}

} // namespace rialto::simulation
