// runtime/projection_thread.hpp: follows the journal and keeps the read models up to date, on a plain thread of its own.
//
// The room: no CAF. It reads rows after the projector's cursor whenever it is told that there are some, and every 500 ms anyway, of all shards in
// one transaction until they are rows_max or bytes_max: a page of the file that many rows touch is written once. No order waits for it; a list may
// (wait()), so that who placed an order finds it. Its lag is a metric. A shard that cannot be projected does not keep the others back.
#pragma once

#include "storage/journal.hpp"
#include "storage/read_models.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace rialto::runtime {

class projection_thread {
public:
  static constexpr std::size_t rows_max = 8'192, bytes_max = 2 << 20, waiters_max = 10'000;
  static constexpr std::int64_t wait_lag_ns = 1'000'000'000;

  /// Of all shards below `shard_count`.
  projection_thread(storage::journal& store, storage::projector& target,
                    storage::shard_id shard_count);
  ~projection_thread() { stop(); }
  projection_thread(const projection_thread&) = delete;
  projection_thread& operator=(const projection_thread&) = delete;

  /// A shard's head is now `head`; from any thread, cheap.
  void note_head(storage::shard_id shard, storage::position head);
  /// Has `then` run, on this thread, once the read models show everything up to the head as it is now. False, and `then` is not kept, when
  /// they do already, when they lag by more than wait_lag_ns, or when too many wait. After a failure all are run: an old answer beats none.
  [[nodiscard]] bool wait(std::function<void()> then);
  /// Projects what is there, then ends; who waits is forgotten.
  void stop();
  /// Rows not yet projected, and for how long the oldest of them has waited.
  [[nodiscard]] std::uint64_t lag_rows() const;
  [[nodiscard]] std::int64_t lag_ns() const;
  /// The last row of a shard that the read models show.
  [[nodiscard]] storage::position projected(storage::shard_id shard) const {
    return shards_[shard].cursor;
  }
  /// Over all shards.
  [[nodiscard]] std::uint64_t rows_projected() const;
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

private:
  void run();
  struct shard_state {
    std::atomic<storage::position> head{0}, cursor{0};
  };
  [[nodiscard]] bool is_behind() const;
  enum class looked { nothing, there_is_more, all_there_was };
  /// One transaction.
  looked project_some(bool looks_everywhere);
  [[nodiscard]] std::vector<storage::shard_rows> read_some(bool looks_everywhere, bool& is_cut);
  void project(const std::vector<storage::shard_rows>& rows);
  void wake_waiters(bool whoever = false);

  storage::journal& store_;
  storage::projector& target_;
  std::vector<shard_state> shards_; // never grows
  storage::shard_id next_ = 0;      // whose rows are read first
  std::mutex lock_;
  std::condition_variable wake_;
  bool stopping_ = false;
  struct waiter {
    std::vector<std::pair<storage::shard_id, storage::position>> until;
    std::function<void()> then;
  };
  std::deque<waiter> waiters_; // no head goes back, so who came first is ready first
  std::atomic<std::int64_t> behind_since_ns_{0}; // steady clock; 0: not behind
  std::atomic<std::uint64_t> failures_{0};
  std::thread thread_;
};

} // namespace rialto::runtime
