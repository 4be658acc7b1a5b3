#include "storage/journal_copy.hpp"

#include "domain/assert.hpp"
#include "storage/record.hpp"
#include "storage/shard_map.hpp"
#include "storage/stream_index.hpp"

#include <deque>
#include <unordered_map>

namespace rialto::storage {

namespace {

constexpr std::size_t on_way_max = 32; // appends sent and not answered
constexpr std::size_t group_rows_max = 256, group_bytes_max = 1 << 20;
constexpr std::uint64_t told_every = 1'000;

class journal_copier {
public:
  journal_copier(sqlite_journal& from, postgres_journal& to, shard_id shard_count,
                 const std::function<void(const copy_progress&)>& tell)
      : from_(from), to_(to), shard_count_(shard_count), tell_(tell),
        index_(load_stream_index(from, 0)) {}

  copy_progress run() {
    if (!to_.is_empty())
      throw journal_error("the target is not empty: a journal is copied into a new database only, "
                          "and a copy that ended early is begun again in another one");
    copy_rows();
    copy_claims();
    copy_snapshots();
    for (const auto& [name, next] : from_.sequences())
      if (next > 1) {
        static_cast<void>(to_.draw_ids(name, next - 1));
        ++done_.sequences;
      }
    save_indexes();
    tell_(done_);
    return done_;
  }

private:
  /// Of one entity in its new shard.
  struct place {
    position last = 0;         // row that holds its newest record
    position first_needed = 0; // 0: its snapshot has them all
  };
  struct target_shard {
    position last = 0; // row sent
    blob_writer records;
    std::vector<entity_id> streams; // of `records`
    stream_index index;
  };

  void copy_rows() {
    const auto heads = from_.heads();
    for (const auto& [shard, head] : heads)
      if (shard != 0)
        throw journal_error("the original has a shard " + std::to_string(shard) +
                            "; an embedded journal has only shard 0");
    done_.rows_total = heads.empty() ? 0 : heads.at(0).last;
    from_.read(0, 1, [this](position at, std::string_view blob) {
      const auto records = read_blob(blob);
      if (!records)
        throw journal_error("row " + std::to_string(at) + " of the original is damaged");
      for (const auto& one : *records) take(one, at);
      done_.records += records->size();
      done_.bytes += blob.size();
      ++done_.rows;
      ++group_rows_;
      group_bytes_ += blob.size();
      if (shard_count_ == 1)
        send_group(blob); // Y2
      else if (group_rows_ >= group_rows_max || group_bytes_ >= group_bytes_max)
        send_group({});
      if (done_.rows % told_every == 0) tell_(done_);
      return true;
    });
    if (group_rows_ > 0) send_group({});
    while (on_way_ > 0) receive();
  }

  void take(const record& one, position original) {
    auto& shard = shards_[shard_of(one.stream, shard_count_)];
    if (shard_count_ > 1) shard.records.add(one);
    auto& at = places_[one.stream];
    at.last = shard.last + 1;
    const auto first = index_.first_of(one.stream);
    if (at.first_needed == 0 && first != 0 && original >= first) at.first_needed = at.last;
    shard.streams.push_back(one.stream);
  }

  /// One append with a row for every shard that got records.
  void send_group(std::string_view whole) {
    journal_batch batch;
    if (shard_count_ == 1) {
      batch.rows.push_back({0, 0, shards_[0].last, std::string(whole)});
      finish_row(shards_[0]);
    } else {
      for (auto& [id, shard] : shards_) {
        if (shard.records.empty()) continue;
        batch.rows.push_back({id, 0, shard.last, shard.records.finish()});
        finish_row(shard);
      }
    }
    group_rows_ = group_bytes_ = 0;
    done_.rows_made += batch.rows.size();
    if (batch.rows.empty()) return;
    to_.send(batch);
    if (++on_way_ >= on_way_max) receive();
  }

  static void finish_row(target_shard& shard) {
    ++shard.last;
    for (const auto id : shard.streams) shard.index.note(id, shard.last);
    shard.index.note_row(shard.last);
    shard.streams.clear();
  }

  void receive() {
    --on_way_;
    const auto outcome = to_.receive();
    if (outcome.result != append_result::accepted)
      throw journal_error("the target refuses a row (does somebody else write to it?): " +
                          outcome.detail);
  }

  void copy_claims() {
    journal_batch batch;
    const auto put = [&] {
      if (batch.claims.empty()) return;
      done_.claims += batch.claims.size();
      const auto outcome = to_.append(batch);
      if (outcome.result != append_result::accepted)
        throw journal_error("the target refuses claims: " + outcome.detail);
      batch.claims.clear();
    };
    from_.each_claim([&](claim one) {
      batch.claims.push_back(std::move(one));
      if (batch.claims.size() == group_rows_max) put();
    });
    put();
  }

  void copy_snapshots() {
    for (const auto id : from_.snapshot_entities()) {
      const auto found = from_.load_snapshot(id);
      RIALTO_ASSERT(found);
      to_.save_snapshot(*found);
      if (++done_.snapshots % told_every == 0) tell_(done_);
    }
  }

  void save_indexes() {
    for (const auto& [id, at] : places_) {
      auto& shard = shards_[shard_of(id, shard_count_)];
      shard.index.forget_before(id, at.first_needed != 0 ? at.first_needed : at.last + 1);
    }
    for (const auto& [id, shard] : shards_) save_stream_index(to_, id, shard.index);
  }

  sqlite_journal& from_;
  postgres_journal& to_;
  const shard_id shard_count_;
  const std::function<void(const copy_progress&)>& tell_;
  const stream_index index_;
  copy_progress done_;
  std::map<shard_id, target_shard> shards_;
  std::unordered_map<entity_id, place> places_;
  std::size_t on_way_ = 0, group_rows_ = 0, group_bytes_ = 0;
};

} // namespace

copy_progress copy_journal(sqlite_journal& from, postgres_journal& to, shard_id shard_count,
                           const std::function<void(const copy_progress&)>& tell) {
  RIALTO_ASSERT(shard_count > 0 && shard_count <= shards_max);
  return journal_copier(from, to, shard_count, tell).run();
}

} // namespace rialto::storage
