#include "runtime/projection_thread.hpp"

#include "runtime/log.hpp"
#include "storage/thread_name.hpp"

#include <algorithm>
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
                                     storage::shard_id shard_count)
    : store_(store), target_(target), shards_(shard_count) {
  for (storage::shard_id shard = 0; shard < shard_count; ++shard)
    shards_[shard].cursor = target.cursor(shard);
  thread_ = std::thread([this] { run(); });
}

void projection_thread::note_head(storage::shard_id shard, storage::position head) {
  auto& known = shards_[shard].head;
  auto before = known.load(std::memory_order_relaxed);
  while (before < head && !known.compare_exchange_weak(before, head)) {
  }
  if (before >= head) return;
  std::int64_t none = 0;
  // The thread wakes by itself within 500 ms: a wake-up per commit would cost more than the commit's share of projecting.
  behind_since_ns_.compare_exchange_strong(none, steady_ns());
}

bool projection_thread::is_behind() const {
  return std::any_of(shards_.begin(), shards_.end(),
                     [](const auto& one) { return one.cursor.load() < one.head.load(); });
}

bool projection_thread::wait(std::function<void()> then) {
  waiter made{{}, std::move(then)};
  for (storage::shard_id shard = 0; shard < shards_.size(); ++shard)
    if (const auto head = shards_[shard].head.load(); shards_[shard].cursor.load() < head)
      made.until.emplace_back(shard, head);
  if (made.until.empty() || lag_ns() > wait_lag_ns) return false;
  const std::lock_guard hold(lock_);
  if (stopping_ || waiters_.size() >= waiters_max) return false;
  waiters_.push_back(std::move(made));
  wake_.notify_all();
  return true;
}

void projection_thread::wake_waiters(bool whoever) {
  std::vector<waiter> ready;
  {
    const std::lock_guard hold(lock_);
    const auto is_ready = [this](const waiter& one) {
      return std::all_of(one.until.begin(), one.until.end(), [this](const auto& wanted) {
        return shards_[wanted.first].cursor.load() >= wanted.second;
      });
    };
    while (!waiters_.empty() && (whoever || is_ready(waiters_.front()))) {
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
  std::uint64_t rows = 0;
  for (const auto& one : shards_) {
    const auto head = one.head.load(), cursor = one.cursor.load();
    rows += head > cursor ? head - cursor : 0;
  }
  return rows;
}

std::uint64_t projection_thread::rows_projected() const {
  std::uint64_t rows = 0;
  for (const auto& one : shards_) rows += one.cursor.load();
  return rows;
}

std::int64_t projection_thread::lag_ns() const {
  const auto since = behind_since_ns_.load();
  return since == 0 || lag_rows() == 0 ? 0 : steady_ns() - since;
}

projection_thread::looked projection_thread::project_some(bool looks_everywhere) {
  bool is_cut = false;
  const auto some = read_some(looks_everywhere, is_cut);
  if (some.empty()) return looked::nothing;
  try {
    project(some);
  } catch (const std::exception&) {
    if (some.size() == 1) throw;
    std::exception_ptr problem; // the last of them: whoever is to blame, alone
    for (const auto& one : some) {
      try {
        project({one});
      } catch (const std::exception&) {
        problem = std::current_exception();
      }
    }
    if (problem) std::rethrow_exception(problem);
  }
  behind_since_ns_.store(is_behind() ? steady_ns() : 0);
  wake_waiters();
  return is_cut ? looked::there_is_more : looked::all_there_was;
}

std::vector<storage::shard_rows> projection_thread::read_some(bool looks_everywhere, bool& is_cut) {
  std::vector<storage::shard_rows> some;
  std::size_t rows = 0, bytes = 0;
  const auto is_full = [&] { return rows >= rows_max || bytes >= bytes_max; };
  const auto begin = next_;
  for (std::size_t i = 0; i < shards_.size() && !is_full(); ++i) {
    const auto shard = static_cast<storage::shard_id>((begin + i) % shards_.size());
    const auto& at = shards_[shard];
    // One with many rows, or damaged ones, comes again behind the others.
    next_ = static_cast<storage::shard_id>((shard + 1) % shards_.size());
    if (!looks_everywhere && at.cursor >= at.head) continue;
    storage::shard_rows made{shard, at.cursor + 1, {}};
    store_.read(shard, made.first, [&](storage::position, std::string_view blob) {
      made.blobs.emplace_back(blob);
      ++rows;
      bytes += blob.size();
      return !is_full();
    });
    if (!made.blobs.empty()) some.push_back(std::move(made));
  }
  is_cut = is_full();
  return some;
}

void projection_thread::project(const std::vector<storage::shard_rows>& rows) {
  target_.project(rows);
  for (const auto& one : rows) shards_[one.shard].cursor += one.blobs.size();
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
      // An idle node looks at an atomic, not at the disk. Behind a failure it looks everywhere, once: others may write on for ever.
      bool looks_everywhere = !stopping && pause > usual_pause;
      while (looks_everywhere || is_behind()) {
        const auto found = project_some(looks_everywhere);
        if (found == looked::nothing) break;
        if (found == looked::all_there_was) looks_everywhere = false;
      }
      wake_waiters(); // somebody may have come while the last rows were projected
      pause = usual_pause;
    } catch (const std::exception& problem) {
      if (failures_++ % 100 == 0)
        log_error("projector", "read models fall behind: {}", problem.what());
      pause = 1'000ms;
      wake_waiters(true);
      if (stopping) return; // what is missing is projected at the next start
    }
    if (stopping) return;
  }
}

} // namespace rialto::runtime
