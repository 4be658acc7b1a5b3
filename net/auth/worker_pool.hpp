// net/auth/worker_pool.hpp: a few plain threads with one bounded queue, for what blocks: argon2id,
// lists read from SQLite, claims.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rialto::net {

class worker_pool {
public:
  worker_pool(std::size_t threads, std::size_t capacity) : capacity_(capacity) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
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
  /// Drops what waits, ends what runs.
  void stop() {
    {
      const std::lock_guard hold(lock_);
      stopping_ = true;
      jobs_.clear();
    }
    wake_.notify_all();
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }

private:
  void run() {
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock hold(lock_);
        wake_.wait(hold, [this] { return stopping_ || !jobs_.empty(); });
        if (stopping_) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job();
    }
  }

  std::size_t capacity_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

} // namespace rialto::net
