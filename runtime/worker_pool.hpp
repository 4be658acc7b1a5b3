// runtime/worker_pool.hpp: plain threads with one bounded queue, for jobs that block (argon2id, lists
// read from SQLite, histories, snapshots).
#pragma once

#include "storage/thread_name.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rialto::runtime {

/// What stop() does with the jobs that no thread has begun.
enum class when_stopped { run_waiting, drop_waiting };

class worker_pool {
public:
  worker_pool(const char* name, std::size_t threads, std::size_t capacity, when_stopped then)
      : capacity_(capacity), then_(then) {
    for (std::size_t i = 0; i < threads; ++i)
      threads_.emplace_back([this, name] {
        storage::name_thread(name);
        run();
      });
  }
  ~worker_pool() { stop(); }
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  /// False when `capacity` jobs wait or the pool stops: the job is not taken.
  [[nodiscard]] bool post(std::function<void()> job) {
    const std::lock_guard hold(lock_);
    if (stopping_ || jobs_.size() >= capacity_) return false;
    jobs_.push_back(std::move(job));
    wake_.notify_one();
    return true;
  }
  /// Runs or drops what waits; returns when no job runs any more.
  void stop() {
    {
      const std::lock_guard hold(lock_);
      stopping_ = true;
      if (then_ == when_stopped::drop_waiting) jobs_.clear();
    }
    wake_.notify_all();
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  [[nodiscard]] std::size_t waiting() const {
    const std::lock_guard hold(lock_);
    return jobs_.size();
  }
  /// Waiting and running.
  [[nodiscard]] std::size_t unfinished() const {
    const std::lock_guard hold(lock_);
    return jobs_.size() + running_;
  }

private:
  void run() {
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock hold(lock_);
        wake_.wait(hold, [this] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
        ++running_;
      }
      job();
      job = nullptr; // counted until what it holds has gone
      const std::lock_guard hold(lock_);
      --running_;
    }
  }

  std::size_t capacity_;
  when_stopped then_;
  mutable std::mutex lock_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::size_t running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_; // last: they use the members above
};

} // namespace rialto::runtime
