// Who waits for the read models: told when they show what was durable, never kept for nothing.
#include "runtime/projection_thread.hpp"
#include "storage/testing/simulated_journal.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace rialto;
using namespace rialto::runtime;

namespace {

/// Takes rows when the test lets it.
class gated_projector final : public storage::projector {
public:
  storage::position cursor(storage::shard_id) override { return 0; }
  void project(storage::shard_id, storage::position,
               const std::vector<std::string>& blobs) override {
    std::unique_lock hold(lock_);
    open_.wait(hold, [this] { return is_open; });
    if (fails) throw storage::journal_error("the disk is full");
    rows += blobs.size();
    if (on_projected) on_projected();
  }
  void reset() override {}
  void open(bool failing) {
    const std::lock_guard hold(lock_);
    is_open = true;
    fails = failing;
    open_.notify_all();
  }
  std::atomic<std::size_t> rows{0};
  std::function<void()> on_projected;

private:
  std::mutex lock_;
  std::condition_variable open_;
  bool is_open = false, fails = false;
};

void append_rows(storage::journal& store, storage::position count, storage::position first = 1) {
  for (storage::position at = first; at < first + count; ++at) {
    storage::journal_batch batch;
    batch.rows.push_back({0, 0, at - 1, storage::blob_writer().finish()});
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
