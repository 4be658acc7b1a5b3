#include "actors/entity_loader.hpp"

#include <algorithm>
#include <unordered_map>

namespace rialto::actors {

namespace {

// Rows that nobody asked for are skipped within one read up to this distance.
constexpr storage::position skip_rows_max = 64;

struct need {
  storage::position row = 0;
  std::size_t index = 0; // of the entity that needs it
};

class pass {
public:
  pass(storage::journal& store, storage::shard_id shard, const trading_world& world,
       const std::vector<entity_request>& wanted)
      : store_(store), shard_(shard), found_(wanted.size()), ends_(wanted.size()) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!wanted[i].rows.empty()) ends_[i].row = wanted[i].rows.back();
      begin(world, wanted[i].id, found_[i]);
      indices_.emplace(wanted[i].id, i);
      for (const auto row : wanted[i].rows) needs_.push_back({row, i});
    }
    std::sort(needs_.begin(), needs_.end(),
              [](const need& a, const need& b) { return a.row < b.row; });
  }

  std::vector<recovered_entity> run() {
    while (at_ < needs_.size()) read_on();
    for (std::size_t i = 0; i < found_.size(); ++i) {
      auto& one = found_[i];
      // A standby that lagged took over, and a snapshot of what it lost came after.
      if (one.problem.empty() && ends_[i].row != 0 && ends_[i].event < one.snapshot_event)
        one.problem = "its snapshot is of event " + std::to_string(one.snapshot_event) +
                      ", the journal ends at event " + std::to_string(ends_[i].event);
      if (!one.problem.empty()) one.entity.reset();
    }
    return std::move(found_);
  }

private:
  void begin(const trading_world& world, entity_id id, recovered_entity& into) {
    into.id = id;
    try {
      into.entity = world.make(id);
      const auto base = store_.load_snapshot(id);
      if (!base) return;
      into.snapshot_event = base->event_number;
      into.snapshot_bytes = base->bytes.size();
      if (!into.entity->restore(*base)) into.problem = "its snapshot is damaged";
    } catch (const std::exception& problem) {
      into.problem = problem.what();
    }
  }

  /// From the next row that is needed up to a gap, the end, or a row that cannot be read.
  void read_on() {
    auto missing = needs_[at_].row; // in case nothing comes
    std::string why = "row " + std::to_string(missing) + " is missing";
    try {
      store_.read(shard_, missing, [&](storage::position row, std::string_view blob) {
        if (row == needs_[at_].row) take(row, blob);
        if (at_ == needs_.size() || needs_[at_].row > row + skip_rows_max) {
          missing = 0;
          return false;
        }
        missing = needs_[at_].row;
        return true;
      });
    } catch (const std::exception& problem) {
      why = problem.what();
    }
    if (missing != 0) fail_row(missing, why);
  }

  void take(storage::position row, std::string_view blob) {
    auto into = indices_.end();
    const bool is_sound = storage::each_record(
      blob,
      [&](entity_id stream) {
        into = indices_.find(stream);
        return into != indices_.end();
      },
      [&](const storage::record& one) {
        auto& end = ends_[into->second];
        if (row == end.row) end.event = one.first_event + runtime::numbers_of(one) - 1;
        replay(one, found_[into->second]);
      });
    if (!is_sound) return fail_row(row, "row " + std::to_string(row) + " is damaged");
    while (at_ < needs_.size() && needs_[at_].row == row) ++at_;
  }

  static void replay(const storage::record& one, recovered_entity& into) {
    if (!into.problem.empty() || one.first_event <= into.snapshot_event) return;
    try {
      if (into.entity->replay(one)) return;
      into.problem =
        "its history is damaged after event " + std::to_string(into.entity->event_number());
    } catch (const std::exception& problem) {
      into.problem = problem.what();
    }
  }

  void fail_row(storage::position row, const std::string& why) {
    for (; at_ < needs_.size() && needs_[at_].row == row; ++at_)
      if (auto& one = found_[needs_[at_].index]; one.problem.empty()) one.problem = why;
  }

  storage::journal& store_;
  storage::shard_id shard_;
  struct stream_end {
    storage::position row = 0; // the last one with its records; 0: none is needed
    std::uint64_t event = 0;   // of the last record there
  };
  std::vector<recovered_entity> found_;
  std::vector<stream_end> ends_;
  std::unordered_map<entity_id, std::size_t> indices_;
  std::vector<need> needs_; // by row
  std::size_t at_ = 0;      // the first need not yet met
};

} // namespace

std::vector<recovered_entity> recover_entities(storage::journal& store, storage::shard_id shard,
                                               const trading_world& world,
                                               const std::vector<entity_request>& wanted) {
  return pass(store, shard, world, wanted).run();
}

} // namespace rialto::actors
