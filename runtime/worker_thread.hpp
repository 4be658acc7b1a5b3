// runtime/worker_thread.hpp: a plain thread with a bounded queue, for jobs that block (reading a
// history, saving a snapshot).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace rialto::runtime {

class worker_thread {
public:
  explicit worker_thread(std::size_t capacity) : capacity_(capacity), thread_([this] { run(); }) {}
  ~worker_thread() { stop(); }
  worker_thread(const worker_thread&) = delete;
  worker_thread& operator=(const worker_thread&) = delete;

  /// False when the queue is full or the thread stops; the job is then not taken.
  [[nodiscard]] bool post(std::function<void()> job) {
    const std::lock_guard hold(lock_);
    if (stopping_ || jobs_.size() >= capacity_) return false;
    jobs_.push_back(std::move(job));
    wake_.notify_one();
    return true;
  }
  /// Runs what waits, then ends.
  void stop() {
    {
      const std::lock_guard hold(lock_);
      stopping_ = true;
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::size_t waiting() const {
    const std::lock_guard hold(lock_);
    return jobs_.size();
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
      }
      job();
    }
  }

  std::size_t capacity_;
  mutable std::mutex lock_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::thread thread_; // last: it uses the members above
};

} // namespace rialto::runtime
