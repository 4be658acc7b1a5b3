// runtime/cluster_driver.hpp: a node's part in a cluster: drives the machines of runtime/cluster with a PostgreSQL.
//
// The room: one plain thread owns the machines and never waits for the database; statements run on two sessions with a thread each
// (docs/decisions/0033). The host is told what to do on the driver's thread and answers from any. No CAF, no SQL, no shard.
//
//   V1  time passes for the machines whatever the database does: a lease that was not confirmed ends on time
//   V2  what woke up late learns the time first, then what came meanwhile
//   V3  a route says that a shard is here only between shard_opened() and the call that stops or drops it, and no longer when that
//       call is made
//   V4  at most one renewal is under way, one statement of the leader, and one handover per shard; peers' connections are hints and
//       dropped beyond 10,000 waiting inputs
//   V5  after left() nothing is called any more
#pragma once

#include "runtime/clock.hpp"
#include "runtime/cluster/leader.hpp"
#include "runtime/cluster/shard_duty.hpp"
#include "runtime/cluster_routes.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace rialto::runtime {

class cluster_session;

struct cluster_options {
  std::string name;    // of this node; of two processes with one name the later one lives
  std::string address; // of its middleman, for the others
  cluster::role_set roles =
    cluster::role_edge | cluster::role_users | cluster::role_trading | cluster::role_market_data;
  std::string database; // postgres://..., with its tables; a secret
  std::string cluster = "rialto";
  std::uint32_t shards_if_new = 64; // an existing cluster keeps its own
  cluster::membership_times times = {};
  cluster::placement_options placement = {};
  cluster::duty_times duty = {};
  /// A drained node stays so long, and sends on what comes: until all others have read twice who owns its shards now.
  std::int64_t linger_ns = 700'000'000;
  int statement_ms = 1'000; // bound of one statement; shorter than the lease
};

struct cluster_peer {
  cluster::incarnation id = cluster::nobody;
  std::string name, address;
  cluster::role_set roles = 0;
  friend bool operator==(const cluster_peer&, const cluster_peer&) = default;
};

/// drained: asked for, and done as far as the lease allowed. replaced: another process lives under the name. refused: the database
/// holds another cluster.
enum class leave_reason : std::uint8_t { drained, replaced, refused };

/// Called on the driver's thread, one at a time; must only post. Answers carry the order's turn.
class cluster_host {
public:
  virtual ~cluster_host() = default;
  /// A life begins; what the former one had open was dropped before.
  virtual void joined(cluster::incarnation me) = 0;
  /// take_over(shard, at_epoch), read, activate; then shard_opened() or shard_open_failed(). May be dropped meanwhile.
  virtual void open_shard(cluster::shard_id shard, storage::epoch at_epoch,
                          cluster::turn_number turn) = 0;
  /// Take nothing more; shard_drained() when the last append is decided.
  virtual void stop_shard(cluster::shard_id shard, cluster::turn_number turn) = 0;
  /// It stays here after all, under the epoch it was opened with.
  virtual void resume_shard(cluster::shard_id shard, cluster::turn_number turn) = 0;
  virtual void drop_shard(cluster::shard_id shard) = 0;
  virtual void lease_changed(cluster::own_lease to) = 0;
  /// Who lives, without this node, ascending by id.
  virtual void peers_changed(const std::vector<cluster_peer>& peers) = 0;
  /// Drained: every shard has its new owner and the others know it. Finish what was asked here, then ask_leave().
  virtual void emptied() = 0;
  virtual void left(leave_reason why, const std::string& detail) = 0;
};

/// Everything a node knows, for the inspector.
struct cluster_status {
  cluster::incarnation me = cluster::nobody, leader = cluster::nobody;
  cluster::own_lease lease = cluster::own_lease::none;
  bool leads = false, is_draining = false;
  std::int64_t answered_ago_ns = -1; // the last answer's age; -1: none yet
  timestamp_ns database_now;         // as of it
  std::vector<cluster::node_row> nodes;
  std::vector<cluster::shard_row> shards;
  std::vector<cluster::shard_id> serving; // here
  std::uint64_t renewals = 0, statements_failed = 0, sessions_opened = 0, lives = 0;
  std::uint64_t deaths_written = 0, changes_written = 0, handovers = 0, holders_ended = 0;
};

class cluster_driver {
public:
  cluster_driver(cluster_options options, cluster_host& host, node_clock& clock);
  ~cluster_driver();
  cluster_driver(const cluster_driver&) = delete;
  cluster_driver& operator=(const cluster_driver&) = delete;

  void start();
  /// Ends without a word to the cluster, as a crash would, when the statements under way have ended. To leave in order: ask_drain(),
  /// wait for emptied(), ask_leave(), wait for left().
  void stop();

  // From any thread.
  void mesh_ready(); // from now on it may own shards
  void ask_drain();
  void ask_leave();
  void shard_opened(cluster::shard_id shard, cluster::turn_number turn);
  /// `journal_epoch` above 0: the journal is there, and that is why.
  void shard_open_failed(cluster::shard_id shard, cluster::turn_number turn,
                         storage::epoch journal_epoch = 0);
  void shard_drained(cluster::shard_id shard, cluster::turn_number turn);
  /// An append of `at_epoch` was refused.
  void shard_fenced(cluster::shard_id shard, storage::epoch at_epoch, storage::epoch journal_epoch);
  void peer_closed(cluster::incarnation who);
  void peer_connected(cluster::incarnation who);

  // Asked for every request, without a lock.
  [[nodiscard]] cluster::shard_route route_of(cluster::shard_id shard) const {
    return routes_.at(shard);
  }
  /// 0 until the first answer.
  [[nodiscard]] std::uint32_t shard_count() const { return routes_.count(); }
  /// Whether a read may leave the node at that time of its monotonic clock.
  [[nodiscard]] bool may_read(timestamp_ns now) const {
    return now < timestamp_ns{reads_until_.load(std::memory_order_acquire)};
  }
  [[nodiscard]] bool may_read() const { return may_read({clock_.monotonic_ns()}); }
  [[nodiscard]] cluster::incarnation me() const { return me_.load(std::memory_order_acquire); }

  [[nodiscard]] cluster_status status() const;

private:
  using input = std::function<void()>; // runs on the driver's thread, with state_lock_ held
  static constexpr std::size_t hints_max = 10'000;
  static constexpr std::int64_t pause_ns = 50'000'000; // between two looks at the clock

  [[nodiscard]] timestamp_ns now() const { return {clock_.monotonic_ns()}; }
  void post(input what);
  void post_hint(input what);
  void run();
  void step(const std::vector<input>& inputs);
  void publish();
  void tell(std::function<void(cluster_host&)> call) {
    if (!is_over_) calls_.push_back(std::move(call));
  }

  void to_members(const cluster::membership_input& what);
  void to_duty(const cluster::duty_input& what);
  void to_leader(const cluster::leader_input& what);
  void obey(const cluster::duty_output& order);
  void obey(const cluster::leader_output& order);

  void renew();
  void join();
  void take(const cluster::rows_read& read, bool is_drain_wished, bool is_replaced);
  void tell_peers();
  void mind_the_lock(timestamp_ns sent);
  void check_session(std::uint64_t expected) const;
  void pass_on();
  void begin_drain();
  void leave_if_drained();
  [[nodiscard]] bool has_heir() const;
  [[nodiscard]] std::string goodbye() const;
  void finish(leave_reason why, const std::string& detail);
  void note_failure(const std::string& why);
  /// A statement of the leader's session: `work` on its thread makes the input that follows.
  template <class Work>
  void lead_with(Work work, input failed);

  const cluster_options options_;
  const std::string process_; // tells this one from others of its name
  cluster_host& host_;
  node_clock& clock_;
  cluster_routes routes_;
  std::atomic<std::int64_t> reads_until_{0};
  std::atomic<cluster::incarnation> me_{cluster::nobody};

  std::mutex inputs_lock_;
  std::condition_variable wake_;
  std::vector<input> inputs_;
  bool is_stopping_ = false;

  mutable std::mutex state_lock_; // held for steps of microseconds and never while anything waits
  cluster::membership members_;
  cluster::shard_duty duty_;
  cluster::leader lead_;
  cluster::cluster_rows rows_;
  std::vector<std::function<void(cluster_host&)>> calls_; // made when the lock is free
  std::vector<cluster::pass_on> passing_;                 // of this step, one statement
  std::vector<cluster_peer> peers_;
  timestamp_ns next_renewal_, answered_at_, lock_gained_at_;
  bool is_asking_ = false, is_hasty_ = false, is_ending_holder_ = false;
  std::optional<timestamp_ns> empty_since_; // drained, and lingering
  bool is_told_empty_ = false, may_leave_ = false;
  bool is_draining_ = false, is_leaving_ = false, is_over_ = false;
  std::size_t leaders_busy_ = 0;   // statements under way on the leader's session
  std::uint64_t lock_session_ = 0; // which of the leader's sessions got the lock
  std::uint64_t failures_in_a_row_ = 0;
  cluster_status counts_; // its counters only

  std::unique_ptr<cluster_session> own_, leaders_;
  std::thread thread_;
};

} // namespace rialto::runtime
