// storage/testing/forwarding_journal.hpp: a journal before another one that passes everything on; who stands before one overrides what it changes.
//
// The room: tests and simulations.
#pragma once

#include "storage/journal.hpp"

namespace rialto::storage {

class forwarding_journal : public journal {
public:
  explicit forwarding_journal(journal& inner) : inner_(inner) {}

  append_outcome append(const journal_batch& batch) override { return inner_.append(batch); }
  std::map<shard_id, journal_head> heads() override { return inner_.heads(); }
  std::map<shard_id, position> last_rows() override { return inner_.last_rows(); }
  takeover_outcome take_over(shard_id shard, epoch at_epoch) override {
    return inner_.take_over(shard, at_epoch);
  }
  journal_head take_over(shard_id shard) override { return inner_.take_over(shard); }
  void read(shard_id shard, position first,
            const std::function<bool(position, std::string_view blob)>& row) override {
    inner_.read(shard, first, row);
  }
  std::optional<entity_id> find_claim(std::string_view key) override {
    return inner_.find_claim(key);
  }
  void save_snapshot(const snapshot& made) override { inner_.save_snapshot(made); }
  void save_snapshots(const std::vector<snapshot>& made) override { inner_.save_snapshots(made); }
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
};

} // namespace rialto::storage
