#include "runtime/worker_pool.hpp"
#include "runtime/worker_thread.hpp"

#include <doctest/doctest.h>

#include <future>
#include <latch>
#include <memory>

using namespace rialto::runtime;

namespace {

/// A job that says when it runs and goes on when it is told to.
struct gated_job {
  std::promise<void> begun, go;
  std::function<void()> job() {
    return [this] {
      begun.set_value();
      go.get_future().wait();
    };
  }
};

} // namespace

TEST_CASE("worker_pool: its threads run jobs side by side") {
  worker_pool pool("pool", 3, 10, when_stopped::drop_waiting);
  std::latch all(3), met(1); // each job waits for the two others
  for (int i = 0; i < 3; ++i)
    REQUIRE(pool.post([&] {
      all.count_down();
      met.wait();
    }));
  all.wait();
  met.count_down();
  pool.stop();
  CHECK(pool.waiting() == 0);
}

TEST_CASE("worker_pool: takes as many waiting jobs as it said, and none once it stops") {
  worker_pool pool("pool", 1, 2, when_stopped::run_waiting);
  gated_job first;
  REQUIRE(pool.post(first.job()));
  first.begun.get_future().wait(); // it runs, so it waits no more
  CHECK(pool.post([] {}));
  CHECK(pool.post([] {}));
  CHECK_FALSE(pool.post([] {}));
  CHECK(pool.waiting() == 2);
  CHECK(pool.unfinished() == 3);
  first.go.set_value();
  pool.stop();
  CHECK(pool.unfinished() == 0);
  CHECK_FALSE(pool.post([] {}));
}

TEST_CASE("worker_pool: what waits when it stops is run or dropped, as it was told") {
  for (const auto then : {when_stopped::run_waiting, when_stopped::drop_waiting}) {
    worker_pool pool("pool", 1, 10, then);
    gated_job first;
    int ran = 0;
    auto kept = std::make_shared<int>(0);
    const std::weak_ptr<int> alive = kept;
    REQUIRE(pool.post(first.job()));
    first.begun.get_future().wait();
    for (int i = 0; i < 5; ++i) REQUIRE(pool.post([&ran, kept] { ++ran; }));
    kept.reset();
    std::thread stopper([&] { pool.stop(); });
    while (then == when_stopped::drop_waiting && pool.waiting() > 0) std::this_thread::yield();
    first.go.set_value();
    stopper.join();
    CHECK(ran == (then == when_stopped::run_waiting ? 5 : 0));
    CHECK(alive.expired()); // a dropped job lets go of what it held
  }
}

TEST_CASE("worker_thread: runs its jobs in their order, to the last") {
  std::vector<int> ran, expected;
  {
    worker_thread thread("pool", 1'000);
    for (int i = 0; i < 1'000; ++i) {
      REQUIRE(thread.post([&ran, i] { ran.push_back(i); }));
      expected.push_back(i);
    }
  }
  CHECK(ran == expected);
}
