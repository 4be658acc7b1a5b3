// storage/testing/held_journal.hpp: a journal before another one: appends wait while it is told to hold them, all else goes through.
//
// The room: tests of what happens while a commit is under way. Thread-safe.
#pragma once

#include "storage/testing/forwarding_journal.hpp"

#include <condition_variable>
#include <mutex>

namespace rialto::storage {

class held_journal final : public forwarding_journal {
public:
  using forwarding_journal::forwarding_journal;

  void hold() {
    const std::lock_guard hold(lock_);
    is_holding_ = true;
  }
  void let_go() {
    const std::lock_guard hold(lock_);
    is_holding_ = false;
    changed_.notify_all();
  }
  /// Until one is held.
  void wait_for_append() {
    std::unique_lock hold(lock_);
    changed_.wait(hold, [this] { return waiting_ > 0; });
  }

  append_outcome append(const journal_batch& batch) override {
    {
      std::unique_lock hold(lock_);
      ++waiting_;
      changed_.notify_all();
      changed_.wait(hold, [this] { return !is_holding_; });
      --waiting_;
    }
    return forwarding_journal::append(batch);
  }

private:
  std::mutex lock_;
  std::condition_variable changed_;
  bool is_holding_ = false;
  int waiting_ = 0;
};

} // namespace rialto::storage
