// runtime/entity.hpp: everything an entity does except wait: recover, execute, number, link,
// snapshot. No CAF.
//
// The room: one domain state machine with its event numbers, link cursors and stamped time. Owned
// by one shard; never shared between threads. Nothing leaves from here: a step hands its record,
// messages and outcome to the shard, which lets them go behind the journal.
//   E1  a record's events are already applied when the step returns; the record is the only way
//   they become durable E2  recovery and live run share apply(): snapshot, then records, then it is
//   live E3  time never goes back within a stream
#pragma once

#include "domain/machine.hpp"
#include "runtime/links.hpp"
#include "storage/event_codec.hpp"
#include "storage/journal.hpp"
#include "storage/record.hpp"

#include <memory>
#include <optional>

namespace rialto::runtime {

/// One link message on its way. `token` and `context` are never journaled: what a recovered entity sends again has none. Who
/// was answered does not listen for a second answer.
template <class World>
struct envelope {
  entity_id from, to;
  std::uint64_t number = 0;
  typename World::message body;
  std::uint64_t token = 0;
  typename World::context context;
  bool is_durable = false; // what it rests on is: if its receiver cannot append, it comes again
};

/// What a message that leaves the lane has with it, kept as long as the message is.
template <class World>
struct link_rider {
  std::uint64_t token = 0;
  typename World::context context;
};

/// What one command or message led to.
template <class World>
struct step {
  std::optional<storage::record> made;           // to append; empty: nothing changed
  std::vector<envelope<World>> sent;             // posted by the record's events
  std::optional<typename World::outcome> result; // empty: a repeated or early message
  bool acknowledge_now = false;                  // a repeat: its sender missed the acknowledgement

  void clear() {
    made.reset();
    sent.clear();
    result.reset();
    acknowledge_now = false;
  }
};

/// How many numbers of its stream a record takes: one per event, and one when it only moves a link cursor.
[[nodiscard]] inline std::uint64_t numbers_of(const storage::record& one) {
  return std::max<std::uint64_t>(1, one.event_count);
}

template <class World>
class entity_base {
public:
  explicit entity_base(entity_id self) : self_(self) {}
  virtual ~entity_base() = default;

  [[nodiscard]] entity_id self() const { return self_; }
  [[nodiscard]] std::uint64_t event_number() const { return event_number_; }
  [[nodiscard]] timestamp_ns last_time() const { return last_time_; }
  [[nodiscard]] outbox<typename World::message, link_rider<World>>& links_out() { return outbox_; }
  [[nodiscard]] const outbox<typename World::message, link_rider<World>>& links_out() const {
    return outbox_;
  }

  virtual void execute(const typename World::command& cmd, timestamp_ns clock, std::uint64_t token,
                       step<World>& out) = 0;
  virtual void handle(const envelope<World>& message, timestamp_ns clock, step<World>& out) = 0;
  /// Moves out what the public may see; to be released behind the last record.
  virtual void publish(timestamp_ns clock, std::vector<typename World::publication>& out) = 0;
  /// The next publish() tells how things stand: what was published before may not have come out.
  virtual void publish_whole() = 0;
  /// When it must run although nobody asks; 0: never. wake() runs what is due.
  [[nodiscard]] virtual timestamp_ns wake_at() const = 0;
  virtual void wake(timestamp_ns clock, step<World>& out) = 0;
  /// Takes a past record. False if it does not follow (a gap, a damaged event).
  [[nodiscard]] virtual bool replay(const storage::record& past) = 0;
  [[nodiscard]] virtual storage::snapshot make_snapshot() const = 0;
  /// Into a blank entity. False if damaged.
  [[nodiscard]] virtual bool restore(const storage::snapshot& made) = 0;
  /// Machine, link cursors and event number; the same after any replay.
  [[nodiscard]] virtual std::uint64_t state_hash() const = 0;
  virtual void check_invariants() const = 0;
  [[nodiscard]] virtual bool is_blank() const = 0;

protected:
  entity_id self_;
  std::uint64_t event_number_ = 0;
  timestamp_ns last_time_;
  inbox inbox_;
  outbox<typename World::message, link_rider<World>> outbox_;
};

template <class World, class Machine>
class entity final : public entity_base<World> {
public:
  explicit entity(entity_id self) : entity_base<World>(self), machine_(self) {}

  [[nodiscard]] const Machine& state() const { return machine_; }
  [[nodiscard]] Machine& state() { return machine_; }

  void execute(const typename World::command& cmd, timestamp_ns clock, std::uint64_t token,
               step<World>& out) override {
    out.clear();
    const auto* mine = std::get_if<typename Machine::command>(&cmd);
    RIALTO_ASSERT(mine != nullptr); // the shard routes by kind
    const auto now = stamp(clock);
    events_.clear();
    posts_.clear();
    out.result = machine_.execute(*mine, now, events_, posts_);
    finish({}, token, now, out);
  }

  void handle(const envelope<World>& message, timestamp_ns clock, step<World>& out) override {
    out.clear();
    switch (this->inbox_.look(message.from, message.number)) {
    case inbox::verdict::repeat: out.acknowledge_now = true; return;
    case inbox::verdict::early: return;
    case inbox::verdict::next: break;
    }
    const auto now = stamp(clock);
    events_.clear();
    posts_.clear();
    out.result = machine_.handle(message.body, message.from, message.context, now, events_, posts_);
    const link_cursor cause{message.from, message.number};
    this->inbox_.take(cause);
    finish(cause, message.token, now, out);
  }

  void publish(timestamp_ns clock, std::vector<typename World::publication>& out) override {
    machine_.publish(stamp(clock), out);
  }

  void publish_whole() override {
    if constexpr (requires { machine_.publish_whole(); }) machine_.publish_whole();
  }

  [[nodiscard]] timestamp_ns wake_at() const override {
    if constexpr (requires { machine_.wake_at(); }) return machine_.wake_at();
    return {};
  }
  void wake(timestamp_ns clock, step<World>& out) override {
    out.clear();
    if constexpr (requires { machine_.wake(clock, events_, posts_); }) {
      const auto now = stamp(clock);
      events_.clear();
      posts_.clear();
      machine_.wake(now, events_, posts_);
      out.result.emplace();
      finish({}, 0, now, out);
    }
  }

  [[nodiscard]] bool replay(const storage::record& past) override {
    if (past.first_event != this->event_number_ + 1 || past.stream != this->self_) return false;
    byte_reader in(past.events);
    posts_.clear();
    for (std::uint32_t i = 0; i < past.event_count; ++i) {
      typename Machine::event happened;
      if (!storage::decode_event(in, happened)) return false;
      machine_.apply(happened, past.at, posts_);
    }
    if (!in.done()) return false;
    for (const auto& post : posts_) this->outbox_.post(post.to, post.body);
    if (past.cause.peer) this->inbox_.take(past.cause);
    for (const auto& cursor : past.acknowledged) this->outbox_.settle(cursor);
    stand_at(this->event_number_ + numbers_of(past));
    this->last_time_ = std::max(this->last_time_, past.at);
    return true;
  }

  [[nodiscard]] storage::snapshot make_snapshot() const override {
    storage::snapshot made{this->self_, this->event_number_, {}, wake_at()};
    byte_writer out(made.bytes);
    out.put(snapshot_version);
    out.put(this->last_time_);
    out.put(this->inbox_.cursors());
    this->outbox_.encode(out);
    machine_.encode(out);
    return made;
  }

  [[nodiscard]] bool restore(const storage::snapshot& made) override {
    byte_reader in(made.bytes);
    if (in.get<std::uint8_t>() != snapshot_version) return false;
    in.get(this->last_time_);
    this->inbox_.restore(in.get<std::vector<link_cursor>>());
    this->outbox_.decode(in);
    machine_.decode(in);
    if (!in.done()) return false;
    stand_at(made.event_number);
    return true;
  }

  [[nodiscard]] std::uint64_t state_hash() const override {
    const auto links = to_bytes(this->inbox_.cursors()) + to_bytes(this->outbox_.cursors());
    return hash64(links, machine_.state_hash() ^ this->event_number_);
  }
  void check_invariants() const override { machine_.check_invariants(); }
  [[nodiscard]] bool is_blank() const override { return machine_.is_blank(); }

private:
  static constexpr std::uint8_t snapshot_version = 4;

  [[nodiscard]] timestamp_ns stamp(timestamp_ns clock) const {
    return std::max(this->last_time_, clock);
  }

  /// Makes the record of what was decided, posts its messages, and remembers time and numbers.
  void finish(const link_cursor& cause, std::uint64_t token, timestamp_ns now, step<World>& out) {
    if (events_.empty() && !cause.peer) return; // nothing to tell the journal
    auto& made = out.made.emplace();
    made.stream = this->self_;
    made.first_event = this->event_number_ + 1;
    made.at = now;
    made.cause = cause;
    made.acknowledged = this->outbox_.take_riding();
    made.event_count = static_cast<std::uint32_t>(events_.size());
    for (const auto& happened : events_) storage::encode_event(happened, made.events);
    for (auto& post : posts_) {
      auto& message = out.sent.emplace_back();
      message.from = this->self_;
      message.to = post.to;
      message.number = this->outbox_.post(post.to, post.body);
      message.body = std::move(post.body);
    }
    // The answer follows the message that carries the command on: the first one, as the machine
    // posts it.
    if (const auto* context = World::forwarded(*out.result);
        context != nullptr && !out.sent.empty()) {
      out.sent.front().token = token;
      out.sent.front().context = *context;
    }
    for (const auto& cursor : made.acknowledged) this->outbox_.settle(cursor);
    stand_at(this->event_number_ + numbers_of(made));
    this->last_time_ = now;
  }

  /// A machine that tells numbers to the public counts the records without events too, as the journal does.
  void stand_at(std::uint64_t event_number) {
    this->event_number_ = event_number;
    if constexpr (requires { machine_.stand_at(event_number); }) machine_.stand_at(event_number);
  }

  Machine machine_;
  // Of the step at hand. One step runs at a time on a thread, so all entities share their memory: there may be a hundred thousand.
  static inline thread_local std::vector<typename Machine::event> events_;
  static inline thread_local std::vector<addressed_message> posts_;
};

} // namespace rialto::runtime
