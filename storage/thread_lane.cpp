#include "domain/assert.hpp"
#include "storage/crash_point.hpp"
#include "storage/group_commit.hpp"
#include "storage/thread_name.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

namespace rialto::storage {

namespace {

struct restart_result {
  std::map<shard_id, journal_head> heads;
  std::exception_ptr problem; // nullptr: open again
};

struct restart_request {
  std::size_t behind = 0; // submissions of the old session that are still in the queue
  std::promise<restart_result> done;
};

} // namespace

struct thread_lane::impl {
  impl(journal& store, durable_handler handler, std::size_t bound)
      : durable(std::move(handler)), capacity(bound), commits(store), thread([this] { run(); }) {}

  void run() {
    name_thread("journal");
    std::deque<submission> taken;
    for (;;) {
      std::optional<restart_request> restart_now;
      {
        std::unique_lock hold(lock);
        is_idle = true;
        wake.wait(hold, [this] { return !queue.empty() || restarting || stopping; });
        is_idle = false;
        // A sync costs the same for one submission as for many: what others on this core have nearly ready joins it.
        hold.unlock();
        std::this_thread::yield();
        hold.lock();
        if (restarting) {
          for (; restarting->behind > 0; --restarting->behind) {
            taken.push_back(std::move(queue.front()));
            queue.pop_front();
          }
          restart_now = std::move(restarting);
          restarting.reset();
        } else {
          if (queue.empty()) return; // stopping, and all is committed
          taken.swap(queue);
        }
        for (const auto& [shard, head] : adopted) commits.adopt(shard, head);
        adopted.clear();
      }
      while (!taken.empty()) commit_group(taken);
      if (restart_now) reopen(restart_now->done);
    }
  }

  void commit_group(std::deque<submission>& taken) {
    commits.commit_next(taken, notices);
    publish_state(); // before the notices: who hears of a failure finds it here
    const auto count = notices.size();
    durable(notices);
    crash_point("commit-answered");
    notices.clear();
    waiting.fetch_sub(count, std::memory_order_release);
  }

  void reopen(std::promise<restart_result>& done) {
    restart_result result;
    try {
      result.heads = commits.restart();
      publish_state();
    } catch (const std::exception&) {
      result.problem = std::current_exception();
    }
    done.set_value(std::move(result));
  }

  void publish_state() {
    const std::lock_guard hold(lock);
    seen = commits.statistics();
    has_failed = commits.has_failed();
    if (has_failed) failure = commits.failure();
  }

  durable_handler durable;
  const std::size_t capacity;
  group_commit commits; // the thread's own
  std::vector<notice> notices;
  std::atomic<std::size_t> waiting{0};

  mutable std::mutex lock; // of all below
  std::condition_variable wake;
  std::deque<submission> queue;
  std::map<shard_id, journal_head> adopted; // not yet known to `commits`
  std::optional<restart_request> restarting;
  bool is_idle = false, stopping = false, has_failed = false;
  std::string failure;
  lane_statistics seen;

  std::mutex restart_lock; // one restart at a time
  std::thread thread;      // last: it uses all of the above
};

thread_lane::thread_lane(journal& store, durable_handler durable, std::size_t capacity)
    : impl_(std::make_unique<impl>(store, std::move(durable), capacity)) {}

thread_lane::~thread_lane() {
  {
    const std::lock_guard hold(impl_->lock);
    impl_->stopping = true;
    impl_->wake.notify_one();
  }
  impl_->thread.join();
}

bool thread_lane::submit(submission& one) {
  const std::lock_guard hold(impl_->lock);
  if (impl_->waiting.load(std::memory_order_acquire) >= impl_->capacity) return false;
  impl_->waiting.fetch_add(1, std::memory_order_relaxed);
  impl_->queue.push_back(std::move(one));
  if (impl_->is_idle) impl_->wake.notify_one();
  return true;
}

std::size_t thread_lane::waiting() const {
  return impl_->waiting.load(std::memory_order_acquire);
}

void thread_lane::adopt(shard_id shard, journal_head head) {
  const std::lock_guard hold(impl_->lock);
  impl_->adopted[shard] = head;
}

bool thread_lane::has_failed() const {
  const std::lock_guard hold(impl_->lock);
  return impl_->has_failed;
}

std::string thread_lane::failure() const {
  const std::lock_guard hold(impl_->lock);
  return impl_->failure;
}

std::map<shard_id, journal_head> thread_lane::restart() {
  RIALTO_ASSERT(std::this_thread::get_id() != impl_->thread.get_id());
  const std::lock_guard one_at_a_time(impl_->restart_lock);
  std::future<restart_result> done;
  {
    const std::lock_guard hold(impl_->lock);
    auto& request = impl_->restarting.emplace();
    request.behind = impl_->queue.size();
    done = request.done.get_future();
    impl_->wake.notify_one();
  }
  auto result = done.get();
  if (result.problem) std::rethrow_exception(result.problem);
  return std::move(result.heads);
}

lane_statistics thread_lane::statistics() const {
  const std::lock_guard hold(impl_->lock);
  return impl_->seen;
}

} // namespace rialto::storage
