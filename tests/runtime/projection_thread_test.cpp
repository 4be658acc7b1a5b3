// Who waits for the read models: told when they show what was durable, never kept for nothing.
#include "runtime/projection_thread.hpp"
#include "storage/testing/simulated_journal.hpp"

#include <doctest/doctest.h>

#include <future>
#include <thread>

using namespace rialto;
using namespace rialto::runtime;

namespace {

/// Takes rows when the test lets it.
class gated_projector final : public storage::projector {
public:
  storage::position cursor(storage::shard_id) override { return 0; }
  void project(const std::vector<storage::shard_rows>& some) override {
    std::unique_lock hold(lock_);
    open_.wait(hold, [this] { return is_open; });
    if (fails) throw storage::journal_error("the disk is full");
    for (const auto& one : some)
      if (one.shard == damaged) throw storage::journal_error("damaged");
    for (const auto& one : some) rows += one.blobs.size();
    ++transactions;
    if (on_projected) on_projected();
  }
  void reset() override {}
  void open(bool failing) {
    const std::lock_guard hold(lock_);
    is_open = true;
    fails = failing;
    open_.notify_all();
  }
  std::atomic<std::size_t> rows{0}, transactions{0};
  storage::shard_id damaged = 1'000;
  std::function<void()> on_projected;

private:
  std::mutex lock_;
  std::condition_variable open_;
  bool is_open = false, fails = false;
};

void append_rows(storage::journal& store, storage::position count, storage::position first = 1,
                 storage::shard_id shard = 0) {
  for (storage::position at = first; at < first + count; ++at) {
    storage::journal_batch batch;
    batch.rows.push_back({shard, 0, at - 1, storage::blob_writer().finish()});
    REQUIRE(store.append(batch).result == storage::append_result::accepted);
  }
}

} // namespace

TEST_CASE("projection_thread: with nothing to wait for, nobody is kept") {
  storage::simulated_journal store;
  gated_projector target;
  projection_thread lists(store, target, 1);
  CHECK_FALSE(lists.wait([] { FAIL("called"); }));
}

TEST_CASE("projection_thread: who waits is told once the rows of his time are projected") {
  storage::simulated_journal store;
  gated_projector target;
  append_rows(store, 3);
  projection_thread lists(store, target, 1);
  lists.note_head(0, 3);
  std::promise<std::size_t> told;
  REQUIRE(lists.wait([&] { told.set_value(target.rows); }));
  auto answer = told.get_future();
  CHECK(answer.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  target.open(false);
  REQUIRE(answer.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  CHECK(answer.get() == 3);
}

TEST_CASE("projection_thread: a projector that fails lets everybody go on") {
  storage::simulated_journal store;
  gated_projector target;
  append_rows(store, 1);
  projection_thread lists(store, target, 1);
  lists.note_head(0, 1);
  std::promise<void> told;
  REQUIRE(lists.wait([&] { told.set_value(); }));
  target.open(true);
  CHECK(told.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  CHECK(target.rows == 0);
}

TEST_CASE(
  "projection_thread: who stops projects what he has heard of, however much others go on writing") {
  storage::simulated_journal store;
  gated_projector target;
  append_rows(store, 3);
  target.on_projected = [&] { // another node writes
    if (target.rows < 1'000) append_rows(store, 1, target.rows + 1);
  };
  target.open(false);
  projection_thread lists(store, target, 1);
  lists.note_head(0, 3);
  lists.stop();
  CHECK(target.rows == 3);
}

TEST_CASE("projection_thread: behind a failure it looks everywhere once, however much others go on "
          "writing, and stops") {
  constexpr std::size_t written_max = 20'000; // the writer would end the look, not the thread
  storage::simulated_journal store;
  gated_projector target;
  append_rows(store, 3);
  target.on_projected = [&] { // another node writes
    if (target.rows < written_max) append_rows(store, 1, target.rows + 1);
  };
  target.open(true);
  projection_thread lists(store, target, 1);
  lists.note_head(0, 3);
  for (int looks = 0; looks < 3'000 && lists.failures() == 0; ++looks)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(lists.failures() > 0);
  target.open(false);
  for (int looks = 0; looks < 3'000 && lists.projected(0) < 3; ++looks)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  lists.stop();
  CHECK(target.rows >= 3);
  CHECK(target.rows < written_max);
}

TEST_CASE("projection_thread: the rows of all shards go into one transaction, and more than that "
          "into more") {
  storage::simulated_journal store;
  gated_projector target;
  for (storage::shard_id shard = 0; shard < 4; ++shard) append_rows(store, 3'000, 1, shard);
  projection_thread lists(store, target, 4);
  for (storage::shard_id shard = 0; shard < 4; ++shard) lists.note_head(shard, 3'000);
  target.open(false);
  lists.stop();
  CHECK(target.rows == 12'000);
  CHECK(target.transactions >= 2); // of 8,192 rows at most
  CHECK(target.transactions < 4);  // not one for each, even if it has begun meanwhile
  for (storage::shard_id shard = 0; shard < 4; ++shard) CHECK(lists.projected(shard) == 3'000);
}

TEST_CASE("projection_thread: a shard that is damaged does not keep the others back") {
  storage::simulated_journal store;
  gated_projector target;
  target.damaged = 1;
  const storage::position rows[] = {2, 9'000, 2}; // the damaged one alone fills a transaction
  for (storage::shard_id shard = 0; shard < 3; ++shard) append_rows(store, rows[shard], 1, shard);
  projection_thread lists(store, target, 3);
  for (storage::shard_id shard = 0; shard < 3; ++shard) lists.note_head(shard, rows[shard]);
  target.open(false);
  for (int looks = 0; looks < 3'000 && lists.projected(2) == 0; ++looks)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(lists.projected(0) == 2);
  CHECK(lists.projected(1) == 0);
  CHECK(lists.projected(2) == 2);
  CHECK(lists.failures() >= 1);
}
