// runtime/shard.hpp: the entities of the shards of one lane and the batch they are run in. No CAF, no trading.
//
// The room: a batch of requests comes in, entities run, their link messages to entities of the same
// lane run in the same batch, and one submission goes to the lane with everything that waits for
// it. The CAF shell (shard_actor) gives it a mailbox and a clock; the simulator gives it a
// simulated one. One owner at a time; not thread-safe.
//
//   S1  answers, publications and messages to other lanes travel with the append they rest on
//   (storage/lane.hpp) S2  a link message to an entity of this lane may run before the append: the
//   lane is ordered and fail-stop S3  after a failed append every entity with appends in flight is
//   dropped and recovered from the journal S4  a request with a claim runs alone; its entity takes
//   nothing else, and its messages wait, until the claim is durable S5  an entity that throws is
//   dropped, recovered after a back-off, and quarantined when it keeps failing; the others go on
//   S6  an entity runs only while its shard is open here; what arrives for another is handed back to the host, unexecuted. A shard is
//   left between two batches: it takes nothing more (stop), its last append is decided (is_drained), it is forgotten (drop)
//   S7  a shard that was dropped is read and opened again only when it is drained: what its earlier opening has under way is still good at the
//   same epoch, and would write what the next one does not see
#pragma once

#include "domain/assert.hpp"
#include "runtime/entity.hpp"
#include "runtime/restart_policy.hpp"
#include "runtime/shard_look.hpp"
#include "storage/lane.hpp"
#include "storage/shard_map.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <map>
#include <unordered_map>

namespace rialto::runtime {

/// What recovery needs: the newest snapshot, if any, and the records after it.
struct entity_history {
  std::optional<storage::snapshot> base;
  std::vector<storage::record> records;
};

/// An entity brought back from its history, on whatever thread; `problem` says why it is empty.
template <class World>
struct recovered_entity {
  entity_id id;
  std::unique_ptr<entity_base<World>> entity;
  std::uint64_t snapshot_event = 0; // the last one its snapshot covers
  std::uint64_t snapshot_bytes = 0;
  std::string problem;
};

/// What a shard asks of its surroundings.
template <class World>
class shard_host {
public:
  virtual ~shard_host() = default;
  /// The entity has durable records or a snapshot.
  [[nodiscard]] virtual bool exists(entity_id id) const = 0;
  /// Brings it back from its history; calls shard::loaded() or recovered() at once or later, on the
  /// shard's thread.
  virtual void load(entity_id id) = 0;
  /// Off the shard's thread.
  virtual void save_snapshot(storage::snapshot made) = 0;
  /// Makes one from the last snapshot and the journal, off the shard's thread.
  virtual void snapshot_in_background(entity_id id) = 0;
  /// The entity is on the same lane; a message to any other goes through send(), once durable.
  [[nodiscard]] virtual bool is_local(entity_id id) const = 0;
  virtual void send(envelope<World> message) = 0;
  /// A request for an entity whose shard is not open here; it was not executed.
  virtual void pass_on(typename World::request) {}
  /// Tells the lane of `sender` that `receiver` has durably taken its messages up to `number`; calls
  /// shard::acknowledged() there. May be lost: the sender sends again and is told again.
  virtual void acknowledge(entity_id /*sender*/, entity_id /*receiver*/, std::uint64_t /*number*/) {
  }
  /// How many copies of a local link message arrive now (the simulator answers 0 or 2).
  [[nodiscard]] virtual int copies(const envelope<World>&) { return 1; }
  /// Reopens the lane after a failure, at most twice a second; calls shard::lane_restarted() when the heads are known.
  virtual void restart_lane() = 0;
  virtual void entity_failed(entity_id id, const std::string& why, bool given_up) = 0;
  virtual void activated(entity_id) {}
  virtual void passivated(entity_id) {}
};

/// What waits for one submission.
template <class World>
struct shard_effects final : storage::effects {
  std::vector<typename World::answer> answers;
  std::vector<typename World::publication> publications;
  std::vector<envelope<World>> later;                      // messages that may only go once durable
  std::vector<std::pair<entity_id, link_cursor>> receipts; // receiver, and what it took from whom
  std::vector<entity_id> appended;                         // one per record
  std::vector<storage::shard_id> shards;                   // with a row in the submission
  std::vector<std::uint64_t>
    outlived; // tokens of answers to messages that a refused append does not undo
  bool is_probe = false;
};

struct shard_options {
  storage::shard_id id = 0; // with one shard: its name and epoch, and it is open from the start
  storage::epoch at_epoch = 0;
  storage::shard_id shard_count =
    1; // more: entities lie in storage::shard_of(), and open() says which shards are here
  std::size_t lane_capacity = 4'096; // half of it busy: requests are answered "busy"
  std::size_t waiting_max = 1'000;   // requests kept for an entity that is being loaded
  std::uint64_t snapshot_events =
    1'000'000; // a busy entity gets a background snapshot every so many events
  // ...or, while it is large, every so many bytes of its last snapshot: then snapshots cost an event the same at any size.
  std::uint64_t snapshot_bytes_per_event = 50;
  std::uint64_t tail_events_max =
    8'000'000; // of all entities, that no snapshot covers: what a start after a crash replays
  std::uint64_t snapshot_at_once_bytes =
    65'536; // a state that is surely not larger is encoded on the shard's thread
  std::size_t passivations_max = 2'000; // per tick
  std::int64_t idle_ns = 60'000'000'000;
  std::int64_t resend_ns = 1'000'000'000;
  std::int64_t probe_ns = 500'000'000; // while the journal fails
  restart_limits restarts;
};

struct shard_statistics {
  std::uint64_t requests = 0, messages = 0, records = 0, batches = 0, resends = 0, failures = 0,
                lane_failures = 0;
};

template <class World>
class shard {
  using answer = typename World::answer;
  using delivery = typename World::delivery;
  using request = typename World::request;
  using entity_type = entity_base<World>;

public:
  shard(World& world, shard_host<World>& host, storage::lane& lane, shard_options options)
      : world_(world), host_(host), lane_(lane), options_(options),
        homes_(std::max<storage::shard_id>(1, options.shard_count)) {
    if (homes_.size() > 1) return;
    homes_[0].is_open = true;
    homes_[0].at_epoch = options.at_epoch;
  }

  [[nodiscard]] storage::shard_id shard_of(entity_id id) const {
    return homes_.size() == 1 ? options_.id : storage::shard_of(id, options_.shard_count);
  }
  [[nodiscard]] storage::epoch epoch_of(storage::shard_id shard) const {
    return homes_[homes_.size() == 1 ? 0 : shard].at_epoch;
  }
  /// Entities of the shard may run here.
  [[nodiscard]] bool serves(storage::shard_id shard) const {
    const auto& at = homes_[homes_.size() == 1 ? 0 : shard];
    return at.is_open && !at.is_stopping;
  }
  [[nodiscard]] bool serves(entity_id id) const { return home_of(id).serves(); }

  /// The journal is at `at_epoch` for this lane; its entities come when they are asked for (activate). Aborts if it was read before S7 allows.
  void open(storage::shard_id shard, storage::epoch at_epoch) {
    RIALTO_ASSERT(home_named(shard).undecided == 0);
    home_named(shard) = {.at_epoch = at_epoch, .is_open = true};
  }
  /// It takes nothing more; what waits for its entities goes to the host.
  void stop(storage::shard_id shard, timestamp_ns clock);
  /// After stop(): as if nothing had been.
  void resume(storage::shard_id shard) { home_named(shard).is_stopping = false; }
  /// Every append of it is decided, whether it is open or was dropped.
  [[nodiscard]] bool is_drained(storage::shard_id shard) const {
    return !restarting_ && homes_[homes_.size() == 1 ? 0 : shard].undecided == 0;
  }
  /// Forgets it; answers of appends under way are left to the lane.
  void drop(storage::shard_id shard, timestamp_ns clock);

  /// Runs a batch to quiescence and submits what it made.
  void submit(std::vector<request>& requests, timestamp_ns clock) {
    set_clock(clock);
    for (auto& one : requests) run(one);
    settle_batch();
  }
  /// A link message from another lane or a re-send.
  void deliver(envelope<World> message, timestamp_ns clock) {
    set_clock(clock);
    message.is_durable = true;
    local_.push_back(std::move(message));
    settle_batch();
  }
  /// What another lane's host was told by acknowledge().
  void acknowledged(entity_id sender, entity_id receiver, std::uint64_t number) {
    if (auto* at = find(sender); at != nullptr && at->live)
      at->live->links_out().acknowledge(receiver, number);
  }
  /// The lane's notices, after the shell has let the effects go (release_of).
  void durable(std::vector<storage::notice>& notices, timestamp_ns clock);
  void loaded(entity_id id, entity_history history, timestamp_ns clock);
  void recovered(recovered_entity<World> one, timestamp_ns clock);
  /// Behind some of these: what waited for them runs now and not with the next batch.
  void settle() { settle_batch(); }
  /// The open shards and their epochs. The host has dropped those that it lost.
  void lane_restarted(const std::vector<std::pair<storage::shard_id, storage::epoch>>& epochs,
                      timestamp_ns clock);
  void tick(timestamp_ns clock);
  /// Makes sure an entity is in memory (markets at start, entities that are not clean).
  void activate(entity_id id, timestamp_ns clock) {
    set_clock(clock);
    slot_of(id, false);
    settle_batch();
  }
  /// Drops an entity as if it had thrown (an operator's kill); it is recovered at once.
  void kill(entity_id id, const std::string& why, timestamp_ns clock) {
    set_clock(clock);
    if (auto* slot = find(id); slot != nullptr && slot->live) fail(*slot, why);
    settle_batch();
  }

  // ---- the inspector's (shard_look.ipp)
  /// Drops and recovers an entity, one that was given up too, as if it had never failed. False: it is not here.
  bool restart(entity_id id, timestamp_ns clock);
  /// Told of every run while set; null: nobody looks.
  void observe(shard_observer<World>* observer) { observer_ = observer; }
  [[nodiscard]] std::optional<slot_look<World>> look(entity_id id) const;
  /// Calls visit(look) for a part of the entities. Returns where the next part begins; 0: that was the last.
  template <class Visit>
  [[nodiscard]] std::size_t look_at_some(std::size_t from, std::size_t count, Visit&& visit) const;

  /// A snapshot of that many bytes was saved.
  void note_snapshot(entity_id id, std::uint64_t bytes) {
    if (auto* at = find(id)) at->snapshot_bytes = bytes;
  }
  /// Events of entities in memory that no snapshot covers, as of the last tick.
  [[nodiscard]] std::uint64_t tail_events() const { return tail_events_; }

  /// A passivated entity that must be activated at `at`.
  void note_wake(entity_id id, timestamp_ns at) { wakes_.emplace(at, id); }

  [[nodiscard]] bool is_degraded() const { return degraded_; }
  [[nodiscard]] std::size_t active() const { return slots_.size(); }
  [[nodiscard]] bool is_active(entity_id id) const {
    const auto at = slots_.find(id);
    return at != slots_.end() && at->second.live;
  }
  [[nodiscard]] const entity_type* peek(entity_id id) const {
    const auto at = slots_.find(id);
    return at == slots_.end() ? nullptr : at->second.live.get();
  }
  template <class Visit>
  void for_each_active(Visit&& visit) const {
    for (const auto& [id, slot] : slots_)
      if (slot.live) visit(*slot.live);
  }
  /// An entity it was asked for is being loaded, or will be again after a failure.
  [[nodiscard]] bool is_loading() const {
    for (const auto& [id, slot] : slots_)
      if (!slot.live && !slot.is_given_up) return true;
    return false;
  }
  [[nodiscard]] const shard_statistics& statistics() const { return statistics_; }

  /// What may leave for one notice: the effects as they are, or their answers turned into "not
  /// done".
  static void release_of(storage::notice& one, std::vector<answer>& answers,
                         std::vector<typename World::publication>& out);

private:
  /// What is known of a shard here.
  struct home {
    storage::epoch at_epoch = 0;
    bool is_open = false, is_stopping = false;
    storage::blob_writer blob{}; // of the batch at hand
    std::size_t undecided = 0;   // submissions that the lane has; they outlive drop()
    [[nodiscard]] bool serves() const { return is_open && !is_stopping; }
  };
  struct slot {
    entity_id id;
    std::unique_ptr<entity_type> live; // empty while loading or waiting for a restart
    std::vector<request> waiting;
    std::vector<envelope<World>> waiting_messages;
    std::uint64_t in_flight = 0;      // records not yet durable
    std::uint64_t snapshot_at = 0;    // event number of the newest snapshot asked for
    std::uint64_t snapshot_bytes = 0; // of the newest one saved
    timestamp_ns last_used, resend_at, restart_at;
    bool is_loading = false, is_touched = false, awaits_claim = false, is_given_up = false;
    restart_history history;
    std::uint64_t requests = 0, messages = 0; // that it ran since it was loaded
  };

  [[nodiscard]] home& home_named(storage::shard_id shard) {
    return homes_[homes_.size() == 1 ? 0 : shard];
  }
  [[nodiscard]] const home& home_of(entity_id id) const {
    return homes_[homes_.size() == 1 ? 0 : storage::shard_of(id, options_.shard_count)];
  }
  /// Runs in this batch.
  [[nodiscard]] bool is_local(entity_id id) const { return serves(id) && host_.is_local(id); }
  void add(const storage::record& made) {
    const auto shard = shard_of(made.stream);
    auto& blob = home_named(shard).blob;
    if (blob.empty()) written_.push_back(shard);
    blob.add(made);
  }
  void forget_written() {
    for (const auto shard : std::exchange(written_, {})) home_named(shard).blob = {};
  }
  /// A message whose receiver is not here: behind what it rests on.
  void send_away(envelope<World>&& message) { pending().later.push_back(std::move(message)); }
  void clear_waiting(slot& at);

  [[nodiscard]] static slot_look<World> look_of(const slot& at);
  [[nodiscard]] slot* find(entity_id id) {
    const auto at = slots_.find(id);
    return at == slots_.end() ? nullptr : &at->second;
  }
  slot* slot_of(entity_id id, bool may_create);
  void run(request& one);
  void run_now(slot& at, request& one);
  void receive(envelope<World>& message);
  void take_step(slot& at, std::uint64_t token, bool hold_messages, bool is_durable = false);
  void enqueue(envelope<World>&& message);
  void resend(slot& at);
  void replay_waiting(slot& at);
  void fail(slot& at, const std::string& why);
  void fail_lane();
  void settle_batch();
  void flush(std::vector<storage::claim> claims = {});
  [[nodiscard]] bool hand_over(storage::submission& one);
  void touch(slot& at) {
    at.last_used = timers_;
    if (at.is_touched) return;
    at.is_touched = true;
    touched_.push_back(at.id);
  }
  void refuse(std::uint64_t token, delivery how) {
    if (token != 0) pending().answers.push_back({token, how, {}});
  }
  /// The node's clock may go back (runtime/clock.hpp, T2); timers count what passed forward.
  void set_clock(timestamp_ns clock) {
    if (clock > clock_) timers_.value += clock.value - clock_.value;
    clock_ = clock;
  }
  shard_effects<World>& pending() {
    if (!effects_) effects_ = std::make_unique<shard_effects<World>>();
    return *effects_;
  }

  World& world_;
  shard_host<World>& host_;
  storage::lane& lane_;
  shard_options options_;
  std::unordered_map<entity_id, slot> slots_; // node-based: slots stay where they are
  std::deque<envelope<World>> local_; // link messages of this lane waiting their turn in the batch
  std::multimap<timestamp_ns, entity_id> wakes_;
  std::vector<entity_id> touched_;
  std::vector<home> homes_;                // by shard; one shard: the only one
  std::vector<storage::shard_id> written_; // whose blobs are not empty
  std::unique_ptr<shard_effects<World>> effects_;
  step<World> step_;
  std::vector<std::unique_ptr<storage::effects>> refused_; // effects the lane had no room for
  timestamp_ns clock_;                                     // to stamp with, and of wake times
  timestamp_ns timers_, probe_at_;                         // of everything else that is due
  bool degraded_ = false, restarting_ = false, probing_ = false;
  std::uint64_t tail_events_ = 0;
  shard_statistics statistics_;
  shard_observer<World>* observer_ = nullptr;
};

} // namespace rialto::runtime

#include "runtime/shard.ipp"
#include "runtime/shard_look.ipp"
#include "runtime/shard_moves.ipp"
