// What a cluster_driver does on the session it leads on.
#include "runtime/cluster_driver.hpp"
#include "runtime/cluster_session.hpp"
#include "runtime/log.hpp"

namespace rialto::runtime {

using namespace cluster;

namespace {

std::vector<storage::cluster_change> changes_of(const write_changes& what) {
  std::vector<storage::cluster_change> made;
  for (const auto& one : what.changes)
    made.push_back({one.shard, one.seen_epoch, one.seen_next, one.seen_wanted, one.owner,
                    one.at_epoch, one.next, one.wanted, one.why == change_reason::moved});
  return made;
}

} // namespace

void cluster_driver::to_leader(const leader_input& what) {
  std::vector<leader_output> out;
  const bool led = lead_.leads();
  lead_.step(what, now(), out);
  if (led != lead_.leads())
    log_info("cluster", "{}", led ? "this node leads no more" : "this node leads");
  for (const auto& one : out) obey(one);
}

template <class Work>
void cluster_driver::lead_with(Work work, input failed) {
  ++leaders_busy_;
  const auto lost = [this, failed](const std::string& why) {
    post([this, failed, why] {
      --leaders_busy_;
      note_failure(why);
      failed();
    });
  };
  const bool is_taken = leaders_->post(
    members_.me(),
    [this, work](storage::cluster_store& store) {
      input then = work(store);
      post([this, then = std::move(then)] {
        --leaders_busy_;
        then();
      });
    },
    lost);
  if (!is_taken) lost("too many statements wait for the leader's session");
}

void cluster_driver::obey(const leader_output& order) {
  const auto lost = [this] {
    to_leader(lock_lost{});
    to_leader(written{});
  };
  if (std::holds_alternative<try_lock>(order)) {
    lead_with(
      [this, me = members_.me()](storage::cluster_store& store) -> input {
        const bool is_mine = store.try_lock(me);
        return [this, me, is_mine, session = leaders_->opened()] {
          if (!is_mine || me != members_.me()) return to_leader(lock_refused{});
          lock_gained_at_ = now();
          lock_session_ = session;
          to_leader(lock_gained{});
        };
      },
      [this] { to_leader(lock_refused{}); });
  } else if (std::holds_alternative<unlock>(order)) {
    lead_with(
      [this](storage::cluster_store& store) -> input {
        store.unlock();
        return [this] { to_leader(lock_lost{}); };
      },
      [this] { to_leader(lock_lost{}); });
  } else if (const auto* end = std::get_if<end_holder>(&order)) {
    if (std::exchange(is_ending_holder_, true)) return;
    lead_with(
      [this, holder = end->holder](storage::cluster_store& store) -> input {
        const bool is_ended = store.end_holder({holder.who, holder.renewal});
        return [this, is_ended] {
          is_ending_holder_ = false;
          if (is_ended) ++counts_.holders_ended;
          renew();
        };
      },
      [this] { is_ending_holder_ = false; });
  } else if (const auto* deaths = std::get_if<write_deaths>(&order)) {
    std::vector<storage::cluster_death> rows;
    for (const auto& one : deaths->gone) rows.push_back({one.who, one.renewal});
    lead_with(
      [this, rows, session = lock_session_](storage::cluster_store& store) -> input {
        check_session(session);
        const auto count = store.write_deaths(rows);
        return [this, count] {
          counts_.deaths_written += count;
          to_leader(written{});
        };
      },
      lost);
  } else if (const auto* changes = std::get_if<write_changes>(&order)) {
    lead_with(
      [this, rows = changes_of(*changes),
       session = lock_session_](storage::cluster_store& store) -> input {
        check_session(session);
        const auto count = store.write_changes(rows);
        return [this, count] {
          counts_.changes_written += count;
          to_leader(written{});
        };
      },
      lost);
  } else if (const auto* refused = std::get_if<move_refused>(&order)) {
    log_warning("cluster",
                "shard {} cannot move to node {}: it does not live, is not up or has not "
                "the role",
                refused->which.shard, refused->which.wanted);
  } else {
    renew(); // read_now
  }
}

/// On the session's thread: a write runs on the session that got the lock, or not at all (leader, L1).
void cluster_driver::check_session(std::uint64_t expected) const {
  if (leaders_->opened() != expected)
    throw storage::journal_error("the session that held the leader's lock is over");
}

/// What the machine believes of the lock against what the rows say: its session may have ended unnoticed, or be left over from a
/// statement that was given up.
void cluster_driver::mind_the_lock(timestamp_ns sent) {
  const bool holds = members_.me() != nobody && rows_.leader() == members_.me();
  if (lead_.leads() && !holds && sent >= lock_gained_at_ && leaders_busy_ == 0) {
    to_leader(lock_lost{});
  } else if (!lead_.leads() && holds && leaders_busy_ == 0) {
    lead_with(
      [](storage::cluster_store& store) -> input {
        store.unlock();
        return [] {};
      },
      [] {});
  }
}

} // namespace rialto::runtime
