#include "storage/group_commit.hpp"
#include "storage/lane.hpp"
#include "storage/record.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/storage/samples.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <set>
#include <thread>

using namespace rialto;
using namespace rialto::storage;

namespace {

struct numbered final : effects {
  explicit numbered(std::uint64_t id) : number(id) {}
  std::uint64_t number;
};

std::uint64_t number_of(const notice& one) {
  return static_cast<const numbered&>(*one.waiting).number;
}

/// A submission whose records name it: stream = account/NUMBER.
submission submission_of(std::uint64_t number, std::vector<shard_id> shards = {0},
                         std::vector<claim> claims = {}, epoch at_epoch = 0,
                         std::size_t event_bytes = 20) {
  submission one;
  for (const auto shard : shards) {
    record made;
    made.stream = entity_id(account_id{number});
    made.first_event = 1;
    made.event_count = 1;
    made.events.assign(event_bytes, 'e');
    blob_writer writer;
    writer.add(made);
    one.batch.rows.push_back({shard, at_epoch, 0, writer.finish()});
  }
  one.batch.claims = std::move(claims);
  one.waiting = std::make_unique<numbered>(number);
  return one;
}
submission barrier(std::uint64_t number) {
  return submission_of(number, {});
}

template <class... Submission>
std::deque<submission> queue_with(Submission... one) {
  std::deque<submission> queue;
  (queue.push_back(std::move(one)), ...);
  return queue;
}

/// "1 accepted at 1, 2 failed": notices as text.
std::string text_of(const std::vector<notice>& notices) {
  static constexpr const char* names[] = {"accepted", "stale", "claim_taken", "failed", "unknown"};
  std::string text;
  for (const auto& one : notices) {
    if (!text.empty()) text += ", ";
    text += std::to_string(number_of(one)) + " " + names[static_cast<int>(one.result)];
    if (one.at != 0) text += " at " + std::to_string(one.at);
  }
  return text;
}

std::string commit_once(group_commit& commits, std::deque<submission>& queue) {
  std::vector<notice> notices;
  commits.commit_next(queue, notices);
  return text_of(notices);
}

/// The submissions' numbers in a shard's rows: "1 2 | 3".
std::string rows_text(journal& store, shard_id shard) {
  std::string text;
  store.read(shard, 1, [&](position at, std::string_view blob) {
    if (at > 1) text += " |";
    const auto records = read_blob(blob);
    REQUIRE(records);
    for (const auto& one : *records)
      text.append(text.empty() ? "" : " ").append(std::to_string(one.stream.number()));
    return true;
  });
  return text;
}

const entity_id alice{user_id{1}}, bob{user_id{2}};

} // namespace

TEST_CASE("group_commit: what waits becomes one row per shard, numbered by the lane") {
  simulated_journal store;
  group_commit commits(store);
  auto queue =
    queue_with(submission_of(1, {0}), submission_of(2, {1, 4}), submission_of(3, {0, 4}));
  CHECK(commit_once(commits, queue) == "1 accepted at 1, 2 accepted at 1, 3 accepted at 1");
  CHECK(queue.empty());
  queue = queue_with(submission_of(4, {0}));
  CHECK(commit_once(commits, queue) == "4 accepted at 2");
  CHECK(rows_text(store, 0) == "1 3 | 4");
  CHECK(rows_text(store, 1) == "2");
  CHECK(rows_text(store, 4) == "2 3");
  CHECK(commits.statistics().commits == 2);
  CHECK(commits.statistics().submissions == 4);
  CHECK(commits.statistics().rows == 4);
  group_commit successor(store); // the heads are the journal's
  queue = queue_with(submission_of(5, {0}));
  CHECK(commit_once(successor, queue) == "5 accepted at 3");
}

TEST_CASE("group_commit: a claim travels alone and its refusal harms no other") {
  simulated_journal store;
  group_commit commits(store);
  auto queue =
    queue_with(submission_of(1), submission_of(2, {0}, {{"email:a", alice}}),
               submission_of(3, {0}, {{"email:a", bob}}), submission_of(4), submission_of(5));
  CHECK(commit_once(commits, queue) == "1 accepted at 1");
  CHECK(commit_once(commits, queue) == "2 accepted at 2");
  CHECK(commit_once(commits, queue) == "3 claim_taken");
  CHECK_FALSE(commits.has_failed());
  CHECK(commit_once(commits, queue) == "4 accepted at 3, 5 accepted at 3");
  CHECK(rows_text(store, 0) == "1 | 2 | 4 5");
}

TEST_CASE("group_commit: a barrier needs no commit and shares the fate of what is before it") {
  journal_fault_plan plan;
  plan.at_append[2] = journal_fault::failed;
  simulated_journal store(plan);
  group_commit commits(store);
  auto queue = queue_with(barrier(1), barrier(2), submission_of(3), barrier(4), submission_of(5));
  CHECK(commit_once(commits, queue) == "1 accepted, 2 accepted");
  CHECK(store.appends() == 0);
  CHECK(commit_once(commits, queue) == "3 accepted at 1, 4 accepted, 5 accepted at 1");
  queue = queue_with(barrier(6), submission_of(7), barrier(8));
  CHECK(commit_once(commits, queue) == "6 accepted");
  CHECK(commit_once(commits, queue) == "7 failed, 8 failed");
  queue = queue_with(barrier(9));
  CHECK(commit_once(commits, queue) == "9 failed"); // until restart()
}

TEST_CASE("group_commit: after a failure everything is refused, unsent, until the restart") {
  for (const auto fault : {journal_fault::failed, journal_fault::stale, journal_fault::unknown_lost,
                           journal_fault::unknown_written}) {
    journal_fault_plan plan;
    plan.at_append[2] = fault;
    simulated_journal store(plan);
    group_commit commits(store);
    auto queue = queue_with(submission_of(1));
    CHECK(commit_once(commits, queue) == "1 accepted at 1");
    queue = queue_with(submission_of(2), submission_of(3));
    const std::string how = fault == journal_fault::failed  ? "failed"
                            : fault == journal_fault::stale ? "stale"
                                                            : "unknown";
    CHECK(commit_once(commits, queue) == "2 " + how + ", 3 " + how);
    CHECK(commits.has_failed());
    CHECK_FALSE(commits.failure().empty());
    queue = queue_with(submission_of(4), submission_of(5, {0}, {{"x", alice}}));
    CHECK(commit_once(commits, queue) == "4 failed, 5 failed");
    CHECK(store.appends() == 2);

    store.set_broken(true);
    CHECK_THROWS_AS(commits.restart(), journal_error);
    CHECK(commits.has_failed());
    store.set_broken(false);
    const auto last = commits.restart().at(0).last;
    CHECK(last == (fault == journal_fault::unknown_written ? 2 : 1));
    queue = queue_with(submission_of(6));
    CHECK(commit_once(commits, queue) == "6 accepted at " + std::to_string(last + 1));
  }
}

TEST_CASE("group_commit: a submission of another epoch is judged by the journal, alone") {
  simulated_journal store;
  CHECK(store.take_over(0).at_epoch == 1);
  group_commit commits(store);
  auto queue = queue_with(submission_of(1, {0}, {}, 1), submission_of(2, {0}, {}, 0),
                          submission_of(3, {0}, {}, 1));
  CHECK(commit_once(commits, queue) == "1 accepted at 1");
  CHECK(commit_once(commits, queue) == "2 stale");
  CHECK(commit_once(commits, queue) == "3 failed");
}

TEST_CASE("group_commit: a group is bounded, a large submission is not refused") {
  simulated_journal store;
  group_commit commits(store);
  const auto half = group_commit::group_bytes_max / 2;
  auto queue = queue_with(submission_of(1, {0}, {}, 0, half), submission_of(2, {0}, {}, 0, half),
                          submission_of(3, {0}, {}, 0, 3 * half), submission_of(4));
  CHECK(commit_once(commits, queue) == "1 accepted at 1");
  CHECK(commit_once(commits, queue) == "2 accepted at 2");
  CHECK(commit_once(commits, queue) == "3 accepted at 3");
  CHECK(commit_once(commits, queue) == "4 accepted at 4");
}

TEST_CASE("group_commit: under any faults, accepted is there once and in order, refused is not") {
  for (const auto seed : seeds(200)) {
    CAPTURE(seed);
    random_source dice(seed);
    simulated_journal store(journal_fault_plan::from_seed(seed, 200, 80));
    group_commit commits(store);
    std::deque<submission> queue;
    std::vector<notice> notices;
    std::map<std::uint64_t, append_result> results;
    std::set<std::uint64_t> barriers;
    std::uint64_t number = 0, noticed = 0;
    for (int step = 0; step < 100; ++step) {
      for (auto n = dice() % 5; n > 0; --n) {
        ++number;
        switch (dice() % 6) {
        case 0:
          queue.push_back(barrier(number));
          barriers.insert(number);
          break;
        case 1:
          queue.push_back(submission_of(
            number, {0}, {{"key" + std::to_string(dice() % 10), entity_id(user_id{number})}}));
          break;
        case 2: queue.push_back(submission_of(number, {0, 1})); break;
        default: queue.push_back(submission_of(number)); break;
        }
      }
      if (!queue.empty() && dice() % 3 != 0) {
        notices.clear();
        commits.commit_next(queue, notices);
        for (const auto& one : notices) {
          CHECK(number_of(one) == ++noticed); // L1
          results[number_of(one)] = one.result;
        }
      }
      if (commits.has_failed() && queue.empty()) {
        if (dice() % 4 == 0) store.crash();
        commits.restart();
      }
    }
    static_cast<void>(store.heads());
    std::set<std::uint64_t> present;
    std::uint64_t before = 0;
    store.read(0, 1, [&](position, std::string_view blob) {
      const auto records = read_blob(blob);
      for (const auto& one : *records) {
        CHECK(one.stream.number() > before); // in order, so none twice
        before = one.stream.number();
        present.insert(before);
      }
      return true;
    });
    for (const auto& [id, result] : results) {
      CAPTURE(id);
      if (barriers.contains(id) || result == append_result::unknown) continue;
      CHECK(present.contains(id) == (result == append_result::accepted));
    }
  }
}

namespace {

/// Collects notices; a test waits for a count of them.
class collector {
public:
  durable_handler handler() {
    return [this](std::vector<notice>& notices) {
      const std::lock_guard hold(lock_);
      ++calls_;
      for (auto& one : notices) all_.push_back(std::move(one));
      arrived_.notify_all();
    };
  }
  std::string wait_for(std::size_t count) {
    std::unique_lock hold(lock_);
    arrived_.wait(hold, [&] { return all_.size() >= count; });
    return text_of(all_);
  }
  std::vector<notice> take() {
    const std::lock_guard hold(lock_);
    return std::move(all_);
  }
  std::size_t calls() {
    const std::lock_guard hold(lock_);
    return calls_;
  }

private:
  std::mutex lock_;
  std::condition_variable arrived_;
  std::vector<notice> all_;
  std::size_t calls_ = 0;
};

/// Holds appends back until told, so that a test decides what waits together.
class gated_journal final : public journal {
public:
  explicit gated_journal(journal& inner) : inner_(inner) {}
  void open() { gate_.set_value(); }
  void wait_until_reached() { reached_.get_future().wait(); }

  append_outcome append(const journal_batch& batch) override {
    if (!is_open_) {
      reached_.set_value();
      gate_.get_future().wait();
      is_open_ = true;
    }
    return inner_.append(batch);
  }
  std::map<shard_id, journal_head> heads() override { return inner_.heads(); }
  journal_head take_over(shard_id shard) override { return inner_.take_over(shard); }
  void read(shard_id shard, position first,
            const std::function<bool(position, std::string_view)>& row) override {
    inner_.read(shard, first, row);
  }
  std::optional<entity_id> find_claim(std::string_view key) override {
    return inner_.find_claim(key);
  }
  void save_snapshot(const snapshot& made) override { inner_.save_snapshot(made); }
  std::optional<snapshot> load_snapshot(entity_id id) override { return inner_.load_snapshot(id); }
  std::map<entity_id, timestamp_ns> wake_times() override { return inner_.wake_times(); }
  void save_checkpoint(std::string_view name, std::string_view bytes) override {
    inner_.save_checkpoint(name, bytes);
  }
  std::optional<std::string> load_checkpoint(std::string_view name) override {
    return inner_.load_checkpoint(name);
  }
  std::uint64_t draw_ids(std::string_view name, std::uint64_t count) override {
    return inner_.draw_ids(name, count);
  }
  bool checkpoint_log() override { return inner_.checkpoint_log(); }

private:
  journal& inner_;
  std::promise<void> gate_, reached_;
  bool is_open_ = false; // the lane's thread only
};

void submit(lane& to, submission one) {
  REQUIRE(to.submit(one));
}

} // namespace

TEST_CASE("thread_lane: what waits during a commit travels together in the next") {
  simulated_journal store;
  gated_journal gated(store);
  collector got;
  thread_lane lane(gated, got.handler(), 4);
  submit(lane, submission_of(1));
  gated.wait_until_reached();
  submit(lane, submission_of(2));
  submit(lane, barrier(3));
  submit(lane, submission_of(4));
  CHECK(lane.waiting() == 4);
  auto refused = submission_of(5);
  CHECK_FALSE(lane.submit(refused)); // full: nothing is taken
  CHECK(refused.waiting);
  CHECK(refused.batch.rows.size() == 1);
  gated.open();
  CHECK(got.wait_for(4) == "1 accepted at 1, 2 accepted at 2, 3 accepted, 4 accepted at 2");
  CHECK(got.calls() == 2);
  CHECK(rows_text(store, 0) == "1 | 2 4");
  while (lane.waiting() > 0) std::this_thread::yield(); // until the handler has returned
  CHECK(lane.submit(refused));
  got.wait_for(5);
  CHECK(lane.statistics().commits == 3);
  CHECK(lane.statistics().commit_ns_total >= lane.statistics().commit_ns_max);
}

TEST_CASE("thread_lane: a barrier on an idle lane is answered on the lane's thread") {
  simulated_journal store;
  std::promise<std::thread::id> answered;
  thread_lane lane(store, [&](std::vector<notice>& notices) {
    CHECK(text_of(notices) == "1 accepted");
    answered.set_value(std::this_thread::get_id());
  });
  submit(lane, barrier(1));
  CHECK(answered.get_future().get() != std::this_thread::get_id());
  CHECK(store.appends() == 0);
}

TEST_CASE("thread_lane: what waits at its end is committed") {
  simulated_journal store;
  collector got;
  {
    thread_lane lane(store, got.handler());
    for (std::uint64_t i = 1; i <= 100; ++i) submit(lane, submission_of(i));
  }
  CHECK(got.take().size() == 100);
  CHECK(store.heads().at(0).last >= 1);
}

TEST_CASE("thread_lane: a restart refuses what is older and takes what is newer") {
  journal_fault_plan plan;
  plan.at_append[1] = journal_fault::unknown_written;
  simulated_journal store(plan);
  gated_journal gated(store);
  collector got;
  thread_lane lane(gated, got.handler());
  submit(lane, submission_of(1));
  gated.wait_until_reached();
  submit(lane, submission_of(2));
  auto restarted = std::async(std::launch::async, [&] { return lane.restart(); });
  gated.open();
  CHECK(restarted.get().at(0).last == 1);
  CHECK_FALSE(lane.has_failed());
  CHECK_FALSE(lane.failure().empty());
  submit(lane, submission_of(3));
  const auto text = got.wait_for(3);
  // The second was in the queue before restart() or came just behind it: refused or committed.
  CHECK((text == "1 unknown, 2 failed, 3 accepted at 2" ||
         text == "1 unknown, 2 accepted at 2, 3 accepted at 3"));
}

TEST_CASE("thread_lane: a restart that cannot read the heads leaves it failed") {
  journal_fault_plan plan;
  plan.at_append[1] = journal_fault::failed;
  simulated_journal store(plan);
  collector got;
  thread_lane lane(store, got.handler());
  submit(lane, submission_of(1));
  CHECK(got.wait_for(1) == "1 failed");
  CHECK(lane.has_failed());
  store.set_broken(true);
  CHECK_THROWS_AS(lane.restart(), journal_error);
  submit(lane, submission_of(2));
  CHECK(got.wait_for(2) == "1 failed, 2 failed");
  store.set_broken(false);
  CHECK(lane.restart().empty()); // nothing was ever written
  submit(lane, submission_of(3));
  CHECK(got.wait_for(3) == "1 failed, 2 failed, 3 accepted at 1");
}

TEST_CASE("thread_lane: under faults and restarts notices come once each and in order") {
  for (const auto seed : seeds(20)) {
    CAPTURE(seed);
    random_source dice(seed);
    simulated_journal store(journal_fault_plan::from_seed(seed, 10'000, 30));
    collector got;
    std::uint64_t number = 0;
    {
      thread_lane lane(store, got.handler(), 64);
      while (number < 1'000) {
        auto one = dice() % 4 == 0 ? barrier(number + 1) : submission_of(number + 1);
        if (lane.submit(one))
          ++number;
        else
          std::this_thread::yield();
        if (lane.has_failed()) lane.restart();
      }
    }
    const auto notices = got.take();
    REQUIRE(notices.size() == number);
    std::uint64_t expected = 0, accepted = 0;
    for (const auto& one : notices) {
      CHECK(number_of(one) == ++expected);
      if (one.at != 0) ++accepted;
    }
    CHECK(accepted > 0);
    static_cast<void>(store.heads());
    std::uint64_t before = 0;
    store.read(0, 1, [&](position at, std::string_view blob) {
      const auto records = read_blob(blob);
      for (const auto& one : *records) {
        CHECK(one.stream.number() > before);
        before = one.stream.number();
        const auto& its = notices[before - 1];
        CHECK((its.result == append_result::unknown || its.at == at));
        accepted -= its.at == at ? 1 : 0;
      }
      return true;
    });
    CHECK(accepted == 0);
  }
}
