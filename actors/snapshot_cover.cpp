#include "actors/snapshot_cover.hpp"

#include "actors/entity_loader.hpp"

#include <algorithm>

namespace rialto::actors {

namespace {

struct needing {
  storage::position first = 0;
  entity_id id;
};

/// By the first row each one needs, so that a group's rows lie close together.
std::vector<needing> who_needs(const storage::stream_index& index, storage::position last) {
  std::vector<needing> all;
  for (const auto id : index.entities())
    if (const auto first = index.first_of(id); first != 0 && first <= last)
      all.push_back({first, id});
  std::stable_sort(all.begin(), all.end(),
                   [](const needing& a, const needing& b) { return a.first < b.first; });
  return all;
}

void cover_group(storage::journal& store, storage::shard_id shard, storage::stream_index& index,
                 const std::vector<entity_request>& group, cover_outcome& done) {
  std::vector<storage::snapshot> made;
  std::vector<const entity_request*> covered;
  auto found = recover_entities(store, shard, trading_world(), group);
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto& one = found[i];
    if (!one.problem.empty() || one.entity == nullptr) {
      done.problems.push_back(to_string(one.id) + ": " + one.problem);
      continue;
    }
    if (one.entity->event_number() > one.snapshot_event)
      made.push_back(one.entity->make_snapshot());
    one.entity.reset(); // what is left of it is its snapshot
    covered.push_back(&group[i]);
  }
  store.save_snapshots(made);
  done.entities += group.size();
  done.snapshots += made.size();
  for (const auto* one : covered) index.forget_before(one->id, one->rows.back() + 1);
}

} // namespace

cover_outcome cover_rows(storage::journal& store, storage::shard_id shard,
                         storage::stream_index& index, storage::position last,
                         const cover_limits& limits) {
  cover_outcome done;
  std::vector<entity_request> group;
  std::size_t rows = 0;
  const auto finish = [&] {
    if (!group.empty()) cover_group(store, shard, index, group, done);
    group.clear();
    rows = 0;
  };
  for (const auto& one : who_needs(index, last)) {
    group.push_back({one.id, index.positions_of(one.id)});
    rows += group.back().rows.size();
    if (group.size() >= limits.entities || rows >= limits.rows) finish();
  }
  finish();
  return done;
}

std::size_t count_needing(const storage::stream_index& index, storage::position last) {
  return who_needs(index, last).size();
}

} // namespace rialto::actors
