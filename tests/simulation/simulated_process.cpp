#include "tests/simulation/simulated_process.hpp"

namespace rialto::simulation {

using actors::trading_shard;
using effects_type = runtime::shard_effects<actors::trading_world>;

namespace {

constexpr std::uint64_t ask_bit = std::uint64_t{1} << 62; // tokens of the process's own questions

const char* text_of(storage::append_result result) {
  switch (result) {
  case storage::append_result::accepted: return "accepted";
  case storage::append_result::stale: return "stale";
  case storage::append_result::claim_taken: return "claim taken";
  case storage::append_result::failed: return "failed";
  case storage::append_result::unknown: return "of unknown fate";
  }
  return "";
}

/// A lane with S1 off: answers leave when they are handed to it.
class leaking_lane final : public storage::lane {
public:
  leaking_lane(storage::lane& inner, process_host& out) : inner_(inner), out_(out) {}
  [[nodiscard]] bool submit(storage::submission& one) override {
    out_.answer(std::exchange(static_cast<effects_type&>(*one.waiting).answers, {}));
    return inner_.submit(one);
  }
  [[nodiscard]] std::size_t waiting() const override { return inner_.waiting(); }
  void adopt(storage::shard_id shard, storage::journal_head head) override {
    inner_.adopt(shard, head);
  }

private:
  storage::lane& inner_;
  process_host& out_;
};

} // namespace

simulated_process::simulated_process(stage& on, process_host& host, storage::shard_id shard,
                                     std::unique_ptr<storage::journal> disk,
                                     const std::int64_t& wall_offset_ns)
    : stage_(on), host_(host), shard_id_(shard), disk_(std::move(disk)),
      clock_(on.queue, wall_offset_ns),
      streams_(
        on.markets, clock_.wall(),
        [this](actors::request one, stream_desk::answered then) {
          if (then) asked_[one.token = ask_bit | next_ask_++] = std::move(then);
          submit(std::move(one));
        },
        on.broken) {}

void simulated_process::start(bool takes_over) {
  if (takes_over) static_cast<void>(disk_->take_over(shard_id_));
  index_ = storage::load_stream_index(*disk_, shard_id_);
  lane_ = std::make_unique<stepped_lane>(*disk_);
  if (stage_.broken == broken_rule::answers_before_ack)
    leak_ = std::make_unique<leaking_lane>(*lane_, host_);
  const auto heads = disk_->heads();
  const auto head = heads.find(shard_id_);
  epoch_ = head == heads.end() ? 0 : head->second.at_epoch;
  runtime::shard_options options;
  options.id = shard_id_;
  options.at_epoch = epoch_;
  options.idle_ns = 5'000'000'000; // entities come and go often
  options.snapshot_events = 40;
  shard_ = std::make_unique<trading_shard>(world_, *this, leak_ ? *leak_ : *lane_, options);
  // As shard_actor does: markets, and whatever has events that no snapshot covers.
  for (const auto& [id, at] : disk_->wake_times()) shard_->note_wake(id, at);
  for (const auto id : index_.entities())
    if (id.kind() == entity_kind::market || !index_.positions_of(id).empty())
      shard_->activate(id, now());
  after_turn();
  later(200'000'000, "tick", [this] { tick(); });
}

std::string simulated_process::waits_for() const {
  if (turns_ > 0 || !jobs_.empty()) return "its shard or its loader";
  if (is_committing_ || lane_->waiting() > 0) return "its lane";
  if (!asked_.empty()) return "an answer to a stream";
  if (shard_->is_degraded()) return "its journal";
  if (shard_->is_loading()) return "an entity that comes back";
  std::string links;
  shard_->for_each_active([&](const auto& entity) {
    if (!entity.links_out().is_drained()) links = "links of " + to_string(entity.self());
  });
  return links;
}

// ---- its threads

void simulated_process::later(std::int64_t ns, const char* what, std::function<void()> work) {
  stage_.queue.after(ns, what, [alive = is_alive_, &host = host_, work = std::move(work)] {
    if (*alive) host.survive(work);
  });
}

/// The shard's mailbox: in order, a little later.
void simulated_process::to_shard(const char* what, std::function<void()> turn) {
  const auto at = stage_.queue.now();
  mailbox_at_ = std::max(mailbox_at_, {at.value + stage_.dice.between(1'000, 40'000)});
  ++turns_;
  later(mailbox_at_.value - at.value, what, [this, turn = std::move(turn)] {
    --turns_;
    turn();
    after_turn();
  });
}

void simulated_process::after_turn() {
  load_wanted();
  begin_commit();
}

void simulated_process::submit(actors::request one) {
  to_shard("request", [this, one = std::move(one)] {
    std::vector<actors::request> batch{one};
    shard_->submit(batch, now());
  });
}

void simulated_process::deliver(runtime::envelope<actors::trading_world> message) {
  if (stage_.broken == broken_rule::applies_repeats) {
    auto& last = delivered_[{message.from, message.to}];
    last = message.number = message.number <= last ? last + 1 : message.number;
  }
  stage_.queue.note(to_string(message.from) + " to " + to_string(message.to), message.number);
  to_shard("link message",
           [this, message = std::move(message)] { shard_->deliver(message, now()); });
}

void simulated_process::acknowledged(entity_id sender, entity_id receiver, std::uint64_t number) {
  stage_.queue.note(to_string(sender) + " is told by " + to_string(receiver), number);
  to_shard("link receipt", [=, this] { shard_->acknowledged(sender, receiver, number); });
}

void simulated_process::kill_entity(entity_id id) {
  to_shard("an entity is killed", [this, id] { shard_->kill(id, "killed", now()); });
}

void simulated_process::tick() {
  later(200'000'000, "tick", [this] { tick(); });
  shard_->tick(now());
  after_turn();
  if (++ticks_ % 15 != 0) return;
  post([this, copy = index_] {
    try {
      storage::save_stream_index(*disk_, shard_id_, copy);
    } catch (const storage::journal_error&) { // the next one tries again
    }
    return true;
  });
}

// ---- the lane's thread

void simulated_process::begin_commit() {
  if (is_committing_ || lane_->waiting() == 0) return;
  is_committing_ = true;
  committing_ = lane_->waiting();
  auto takes = stage_.dice.between(100'000, 2'000'000);
  if (stage_.chance(stage_.plan.slow_disk)) {
    ++stage_.counts.slow_disk;
    takes *= 300;
  }
  later(takes, "commit", [this] { commit(); });
}

/// One group of what waited when it began, as storage/thread_lane and durable_router do.
void simulated_process::commit() {
  host_.about_to_append();
  auto notices = lane_->commit(committing_);
  is_committing_ = false;
  for (const auto& one : notices)
    for (const auto id : static_cast<effects_type&>(*one.waiting).appended)
      stage_.queue.note(text_of(one.result), id.value);
  release(notices);
  const auto shared = std::make_shared<std::vector<storage::notice>>(std::move(notices));
  to_shard("durable", [this, shared] { take(*shared); });
  begin_commit();
}

void simulated_process::release(std::vector<storage::notice>& notices) {
  std::vector<actors::answer> answers;
  std::vector<publication> news;
  for (auto& one : notices) {
    stage_.counts.stale_appends += is_replaced_ && one.result == storage::append_result::stale;
    trading_shard::release_of(one, answers, news);
  }
  for (auto& one : answers) {
    const auto at = asked_.find(one.token);
    if (at == asked_.end()) continue;
    const auto then = std::move(at->second);
    asked_.erase(at);
    then(one);
  }
  std::erase_if(answers, [](const auto& one) { return (one.token & ask_bit) != 0; });
  if (!answers.empty()) host_.answer(std::move(answers));
  streams_.publish(news);
}

/// As shard_actor does.
void simulated_process::take(std::vector<storage::notice>& notices) {
  for (const auto& one : notices) {
    const auto at = one.at(shard_id_);
    if (at == 0) continue;
    for (const auto id : static_cast<effects_type&>(*one.waiting).appended) index_.note(id, at);
  }
  for (const auto& one : notices)
    if (const auto at = one.at(shard_id_); at != 0) index_.note_row(at);
  shard_->durable(notices, now());
}

void simulated_process::restart_lane() {
  post([this, first = index_.covers() + 1] { return reopen_lane(first); });
}

/// The lane first answers what waits, with "failed". Who finds that his shard was taken over leaves it.
bool simulated_process::reopen_lane(storage::position first) {
  if (lane_->waiting() > 0) return false;
  try {
    const auto heads = lane_->restart();
    const auto head = heads.find(shard_id_);
    const auto at_epoch = head == heads.end() ? 0 : head->second.at_epoch;
    if (at_epoch != epoch_ && stage_.broken != broken_rule::goes_on_when_taken_over) {
      is_deposed_ = true;
      return true;
    }
    const auto tail =
      std::make_shared<storage::index_tail>(storage::read_index_tail(*disk_, shard_id_, first));
    to_shard("lane reopened", [this, tail, at_epoch] {
      index_.take(*tail);
      shard_->lane_restarted({{shard_id_, at_epoch}}, now());
    });
    return true;
  } catch (const storage::journal_error&) {
    return false; // it is away; tried again
  }
}

// ---- the loader's thread

void simulated_process::post(job work) {
  jobs_.push_back(std::move(work));
  if (!is_working_) work_on();
}

void simulated_process::work_on(std::int64_t pause_ns) {
  is_working_ = true;
  auto takes = stage_.dice.between(50'000, 1'000'000);
  if (stage_.chance(stage_.plan.slow_disk)) {
    ++stage_.counts.slow_disk;
    takes *= 300;
  }
  later(pause_ns + takes, "loader", [this] {
    const bool is_done = jobs_.front()();
    if (is_done) jobs_.pop_front();
    is_working_ = false;
    if (!jobs_.empty()) work_on(is_done ? 0 : 500'000'000);
  });
}

/// What this turn asked for comes back in one pass over the journal.
void simulated_process::load_wanted() {
  if (to_load_.empty()) return;
  post([this, wanted = std::exchange(to_load_, {})] {
    const auto found = std::make_shared<std::vector<actors::recovered_entity>>(
      actors::recover_entities(*disk_, shard_id_, world_, wanted));
    to_shard("recovered", [this, found] {
      for (auto& one : *found) {
        host_.recovered(one);
        shard_->recovered(std::move(one), now());
      }
      shard_->settle();
    });
    return true;
  });
}

void simulated_process::save_snapshot(storage::snapshot made) {
  const auto positions = index_.positions_of(made.entity);
  const auto covers = positions.empty() ? 0 : positions.back();
  post([this, made = std::move(made), covers] {
    keep(made, covers);
    return true;
  });
}

void simulated_process::keep(storage::snapshot made, storage::position covers) {
  try {
    stage_.saved.push_back(made);
    disk_->save_snapshot(made);
    to_shard("snapshot saved",
             [this, id = made.entity, covers] { index_.forget_before(id, covers + 1); });
  } catch (const storage::journal_error&) { // costs replay time, nothing else
  }
}

void simulated_process::snapshot_in_background(entity_id id) {
  post([this, id, positions = index_.positions_of(id)] {
    const auto found = actors::recover_entities(*disk_, shard_id_, world_, {{id, positions}});
    const auto& copy = found.front().entity;
    if (copy && !copy->is_blank())
      keep(copy->make_snapshot(), positions.empty() ? 0 : positions.back());
    return true;
  });
}

void simulated_process::entity_failed(entity_id id, const std::string& why, bool given_up) {
  stage_.queue.note(why, id.value);
  if (why == "killed" && !given_up)
    ++stage_.counts.entities_killed;
  else if (is_replaced_) // messages are meant for its successor, which knows more
    ++stage_.counts.stale_failures;
  else
    host_.failed(id, why);
}

// ---- links

int simulated_process::copies(const runtime::envelope<actors::trading_world>&) {
  if (stage_.chance(stage_.plan.message_lost)) {
    ++stage_.counts.local_lost;
    return 0;
  }
  if (!stage_.chance(stage_.plan.message_doubled)) return 1;
  ++stage_.counts.local_doubled;
  return 2;
}

void simulated_process::send(runtime::envelope<actors::trading_world> message) {
  ++stage_.counts.links_sent;
  if (stage_.broken == broken_rule::forgets_unacknowledged)
    acknowledged(message.from, message.to, message.number);
  host_.carry(std::move(message));
}

void simulated_process::acknowledge(entity_id sender, entity_id receiver, std::uint64_t number) {
  ++stage_.counts.link_receipts;
  host_.carry_receipt(sender, receiver, number);
}

} // namespace rialto::simulation
