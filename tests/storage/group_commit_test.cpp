#include "storage/group_commit.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/storage/lane_fixture.hpp"
#include "tests/storage/samples.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace rialto;
using namespace rialto::storage;

namespace {
const entity_id alice{user_id{1}}, bob{user_id{2}};
}

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

TEST_CASE(
  "group_commit: a journal that ends before what was acknowledged is not written to again") {
  simulated_journal store({}, journal_lie::acknowledges_unsynced);
  group_commit commits(store);
  auto queue = queue_with(submission_of(1));
  CHECK(commit_once(commits, queue) == "1 accepted at 1");
  store.crash(0); // and takes it back
  queue = queue_with(submission_of(2));
  CHECK(commit_once(commits, queue) == "2 stale");
  CHECK_THROWS_WITH_AS(commits.restart(), doctest::Contains("row 1 was acknowledged"),
                       journal_behind);
  CHECK(commits.has_failed());
  CHECK_THROWS_AS(commits.restart(), journal_behind); // for good
  queue = queue_with(submission_of(3));
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
    for (const auto& told : results) {
      const auto& [id, result] = told;
      CAPTURE(told.first);
      if (barriers.contains(id) || result == append_result::unknown) continue;
      CHECK(present.contains(id) == (result == append_result::accepted));
    }
  }
}
