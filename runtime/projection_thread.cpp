#include "runtime/projection_thread.hpp"

#include "runtime/log.hpp"
#include "storage/thread_name.hpp"

#include <chrono>

namespace rialto::runtime {

namespace {
std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
           std::chrono::steady_clock::now().time_since_epoch())
    .count();
}
} // namespace

projection_thread::projection_thread(storage::journal& store, storage::projector& target,
                                     storage::shard_id shard)
    : store_(store), target_(target), shard_(shard), cursor_(target.cursor(shard)),
      thread_([this] { run(); }) {}

void projection_thread::note_head(storage::position head) {
  if (head <= head_.load(std::memory_order_relaxed)) return;
  head_.store(head, std::memory_order_relaxed);
  std::int64_t none = 0;
  // The thread wakes by itself within 500 ms: a wake-up per commit would cost more than the commit's share of projecting.
  behind_since_ns_.compare_exchange_strong(none, steady_ns());
}

bool projection_thread::wait(std::function<void()> then) {
  const auto until = head_.load();
  if (cursor_.load() >= until || lag_ns() > wait_lag_ns) return false;
  const std::lock_guard hold(lock_);
  if (stopping_ || waiters_.size() >= waiters_max) return false;
  waiters_.push_back({until, std::move(then)});
  wake_.notify_all();
  return true;
}

void projection_thread::wake_waiters(storage::position reached) {
  std::vector<waiter> ready;
  {
    const std::lock_guard hold(lock_);
    while (!waiters_.empty() && waiters_.front().until <= reached) {
      ready.push_back(std::move(waiters_.front()));
      waiters_.pop_front();
    }
  }
  for (const auto& one : ready) one.then();
}

void projection_thread::stop() {
  {
    const std::lock_guard hold(lock_);
    stopping_ = true;
    waiters_.clear();
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::uint64_t projection_thread::lag_rows() const {
  const auto head = head_.load(), cursor = cursor_.load();
  return head > cursor ? head - cursor : 0;
}

std::int64_t projection_thread::lag_ns() const {
  const auto since = behind_since_ns_.load();
  return since == 0 || lag_rows() == 0 ? 0 : steady_ns() - since;
}

bool projection_thread::project_some() {
  std::vector<std::string> blobs;
  const auto first = cursor_.load() + 1;
  store_.read(shard_, first, [&](storage::position, std::string_view blob) {
    blobs.emplace_back(blob);
    return blobs.size() < rows_max;
  });
  if (blobs.empty()) return false;
  target_.project(shard_, first, blobs);
  cursor_ += blobs.size();
  behind_since_ns_.store(cursor_ >= head_ ? 0 : steady_ns());
  wake_waiters(cursor_);
  return true;
}

void projection_thread::run() {
  using namespace std::chrono_literals;
  storage::name_thread("projector");
  // What is projected together costs less: orders that come and go within a pause leave one row, balances change once.
  constexpr auto usual_pause = 500ms;
  std::chrono::milliseconds pause = usual_pause;
  for (;;) {
    bool stopping = false;
    {
      std::unique_lock hold(lock_);
      wake_.wait_for(hold, pause,
                     [&] { return stopping_ || (!waiters_.empty() && pause == usual_pause); });
      stopping = stopping_;
    }
    try {
      // An idle node looks at an atomic, not at the disk.
      const bool is_behind = stopping || cursor_.load() < head_.load() || pause > usual_pause;
      while (is_behind && project_some()) {
      }
      wake_waiters(cursor_); // somebody may have come while the last rows were projected
      pause = usual_pause;
    } catch (const std::exception& problem) {
      if (failures_++ % 100 == 0)
        log_error("projector", "read models fall behind: {}", problem.what());
      pause = 1'000ms;
      wake_waiters(UINT64_MAX);
      if (stopping) return; // what is missing is projected at the next start
    }
    if (stopping) return;
  }
}

} // namespace rialto::runtime
