#include "storage/lane.hpp"
#include "storage/testing/held_journal.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/storage/lane_fixture.hpp"
#include "tests/storage/samples.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

using namespace rialto;
using namespace rialto::storage;

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

void submit(lane& to, submission one) {
  REQUIRE(to.submit(one));
}

} // namespace

TEST_CASE("thread_lane: what waits during a commit travels together in the next") {
  simulated_journal store;
  held_journal gated(store);
  gated.hold();
  collector got;
  thread_lane lane(gated, got.handler(), 4);
  submit(lane, submission_of(1));
  gated.wait_for_append();
  submit(lane, submission_of(2));
  submit(lane, barrier(3));
  submit(lane, submission_of(4));
  CHECK(lane.waiting() == 4);
  auto refused = submission_of(5);
  CHECK_FALSE(lane.submit(refused)); // full: nothing is taken
  CHECK(refused.waiting);
  CHECK(refused.batch.rows.size() == 1);
  gated.let_go();
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
  held_journal gated(store);
  gated.hold();
  collector got;
  thread_lane lane(gated, got.handler());
  submit(lane, submission_of(1));
  gated.wait_for_append();
  submit(lane, submission_of(2));
  auto restarted = std::async(std::launch::async, [&] { return lane.restart(); });
  gated.let_go();
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
      if (one.at(0) != 0) ++accepted;
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
        CHECK((its.result == append_result::unknown || its.at(0) == at));
        accepted -= its.at(0) == at ? 1 : 0;
      }
      return true;
    });
    CHECK(accepted == 0);
  }
}
