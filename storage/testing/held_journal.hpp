// storage/testing/held_journal.hpp: a journal before another one: appends wait while it is told to hold them, all else goes through.
//
// The room: tests of what happens while a commit is under way. Thread-safe.
#pragma once

#include "storage/journal.hpp"

#include <condition_variable>
#include <mutex>

namespace rialto::storage {

class held_journal final : public journal {
public:
  explicit held_journal(journal& inner) : inner_(inner) {}

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
    return inner_.append(batch);
  }
  std::map<shard_id, journal_head> heads() override { return inner_.heads(); }
  takeover_outcome take_over(shard_id shard, epoch at_epoch) override {
    return inner_.take_over(shard, at_epoch);
  }
  journal_head take_over(shard_id shard) override { return inner_.take_over(shard); }
  void read(shard_id shard, position first,
            const std::function<bool(position, std::string_view)>& row) override {
    inner_.read(shard, first, row);
  }
  std::optional<entity_id> find_claim(std::string_view key) override {
    return inner_.find_claim(key);
  }
  void save_snapshot(const snapshot& made) override { inner_.save_snapshot(made); }
  std::optional<snapshot> load_snapshot(entity_id entity) override {
    return inner_.load_snapshot(entity);
  }
  std::map<entity_id, timestamp_ns> wake_times() override { return inner_.wake_times(); }
  void save_checkpoint(std::string_view name, std::string_view bytes) override {
    inner_.save_checkpoint(name, bytes);
  }
  std::optional<std::string> load_checkpoint(std::string_view name) override {
    return inner_.load_checkpoint(name);
  }
  std::uint64_t draw_ids(std::string_view sequence, std::uint64_t count) override {
    return inner_.draw_ids(sequence, count);
  }
  bool checkpoint_log() override { return inner_.checkpoint_log(); }

private:
  journal& inner_;
  std::mutex lock_;
  std::condition_variable changed_;
  bool is_holding_ = false;
  int waiting_ = 0;
};

} // namespace rialto::storage
