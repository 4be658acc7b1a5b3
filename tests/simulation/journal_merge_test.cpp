// A session's records, spread over shards and commits as a cluster's nodes do it, are as good as one row
// after another; and what is missing or forged among them is named.
#include "actors/journal_merge.hpp"
#include "storage/shard_map.hpp"
#include "tests/simulation/seeds.hpp"
#include "tests/simulation/trading_session.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::actors;

namespace {

using shards = std::map<storage::shard_id, std::vector<std::string>>; // row p is [p - 1]

/// What a node that owns all entities wrote.
std::vector<std::string> rows_of_session(std::uint64_t seed) {
  auto spec = simulation::quiet_session(seed);
  spec.where = simulation::placement::one_lane;
  simulation::trading_session session(spec);
  REQUIRE(session.run().empty());
  return session.rows();
}

std::string blob_of(const std::vector<storage::record>& records) {
  storage::blob_writer writer;
  for (const auto& one : records) writer.add(one);
  return writer.finish();
}

/// The same records in `count` shards: every `commits_together` rows become one commit, which adds at
/// most one row to a shard.
shards spread(const std::vector<std::string>& rows, storage::shard_id count,
              std::size_t commits_together) {
  shards spread_rows;
  std::map<storage::shard_id, std::vector<storage::record>> commit;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto records = storage::read_blob(rows[i]);
    for (const auto& one : *records) commit[storage::shard_of(one.stream, count)].push_back(one);
    if ((i + 1) % commits_together != 0 && i + 1 != rows.size()) continue;
    for (const auto& [shard, made] : commit) spread_rows[shard].push_back(blob_of(made));
    commit.clear();
  }
  return spread_rows;
}

journal_merge::next_row rows_without(const std::vector<std::string>& rows,
                                     storage::position lost = 0) {
  return [&rows, lost, at = storage::position{0}]() mutable -> std::optional<merged_row> {
    if (++at == lost) ++at;
    if (at > rows.size()) return std::nullopt;
    return merged_row{at, rows[at - 1]};
  };
}

void merge(const shards& from, journal_checker& judge, storage::shard_id damaged = 0,
           storage::position lost = 0) {
  journal_merge all(judge);
  for (const auto& [shard, rows] : from)
    all.add(shard, rows_without(rows, shard == damaged ? lost : 0));
  all.run();
}

/// Calls at(record) for every record of a shard until it returns true, which has changed that one: the
/// row's position, or 0.
template <class At>
storage::position forge(std::vector<std::string>& rows, At&& at) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto records = *storage::read_blob(rows[i]);
    for (auto& one : records)
      if (at(one)) {
        rows[i] = blob_of(records);
        return i + 1;
      }
  }
  return 0;
}

std::string place(storage::shard_id shard) {
  return shard == 0 ? "" : "shard " + std::to_string(shard) + " ";
}

bool is_named(const journal_checker& judge, const std::string& what) {
  return std::any_of(judge.violations().begin(), judge.violations().end(),
                     [&](const std::string& one) { return one.find(what) != std::string::npos; });
}

} // namespace

TEST_CASE("journal_merge: rows of several shards come to what one row after another comes to") {
  for (const auto seed : testing::seeds(12)) {
    const auto rows = rows_of_session(seed);
    journal_checker truth;
    for (storage::position at = 1; at <= rows.size(); ++at) truth.take(at, rows[at - 1]);
    REQUIRE(truth.trades > 0);
    for (const storage::shard_id count : {1u, 2u, 7u, 64u})
      for (const std::size_t together : {1u, 5u, 60u}) {
        CAPTURE(seed);
        CAPTURE(count);
        CAPTURE(together);
        journal_checker judge(true);
        merge(spread(rows, count, together), judge);
        judge.finish(true);
        CHECK(judge.violations() == std::vector<std::string>{});
        CHECK(judge.state_hash() == truth.state_hash());
        CHECK(judge.records == truth.records);
        CHECK(judge.trades == truth.trades);
        CHECK(judge.entity_count() == truth.entity_count());
      }
  }
}

TEST_CASE("journal_merge: no order of whole rows would do where one commit goes back and forth") {
  const auto from = spread(rows_of_session(2), 7, 60);
  journal_checker judge;
  std::size_t rows_max = 0;
  for (const auto& [shard, rows] : from) rows_max = std::max(rows_max, rows.size());
  for (storage::position at = 1; at <= rows_max; ++at)
    for (const auto& [shard, rows] : from)
      if (at <= rows.size()) judge.take(shard, at, rows[at - 1]);
  CHECK(is_named(judge, "which never sent it"));
}

TEST_CASE("journal_merge: a row that is lost is named, wherever it was") {
  const auto from = spread(rows_of_session(3), 7, 5);
  for (const auto& [shard, rows] : from)
    for (const auto lost : {std::size_t{1}, rows.size() / 2, rows.size() - 1}) {
      if (lost == 0 || lost >= rows.size()) continue;
      journal_checker judge;
      merge(from, judge, shard, lost);
      REQUIRE(!judge.violations().empty());
      CHECK(judge.violations().front() == place(shard) + "row " + std::to_string(lost + 1) +
                                            ": P6 follows row " + std::to_string(lost - 1));
    }
}

TEST_CASE(
  "journal_merge: rows that are lost at a shard's end are missed by those who heard of them") {
  auto from = spread(rows_of_session(3), 7, 5);
  const auto market = storage::shard_of(entity_id(market_id{1}), 7);
  auto& rows = from[market];
  REQUIRE(rows.size() > 10);
  rows.resize(rows.size() / 2);
  journal_checker judge;
  merge(from, judge);
  REQUIRE(!judge.violations().empty());
  CHECK(judge.violations().front().find("of market/1, which never sent it") != std::string::npos);
}

TEST_CASE("journal_merge: a damaged row is named and the others are read") {
  auto from = spread(rows_of_session(4), 2, 5);
  auto& rows = from[1];
  auto& blob = rows[rows.size() / 2];
  blob[blob.size() / 2] ^= 1;
  journal_checker judge;
  merge(from, judge);
  CHECK(judge.violations().front() == "shard 1 row " + std::to_string(rows.size() / 2 + 1) +
                                        ": its checksum or framing is wrong");
  CHECK(judge.rows == from[0].size() + rows.size());
}

TEST_CASE("journal_merge: a forged cause is named") {
  auto from = spread(rows_of_session(5), 7, 5);
  for (auto& [shard, rows] : from) {
    const auto whole = rows;
    const auto where = place(shard);
    CAPTURE(where);
    // A message that was never sent: its shard waits for it to no avail, and the others end first.
    const auto late = forge(rows, [](storage::record& one) {
      if (one.cause.number < 3) return false;
      one.cause.number += 1'000;
      return true;
    });
    if (late != 0) {
      journal_checker judge;
      merge(from, judge);
      CHECK(is_named(judge, where + "row " + std::to_string(late) + " "));
      CHECK(is_named(judge, "which never sent it"));
    }
    rows = whole;
    // One from before: known, and taken already.
    const auto repeated = forge(rows, [](storage::record& one) {
      if (one.cause.number < 3) return false;
      --one.cause.number;
      return true;
    });
    if (repeated != 0) {
      journal_checker judge;
      merge(from, judge);
      CHECK(judge.violations().front().find(where + "row " + std::to_string(repeated) + " ") == 0);
      CHECK(judge.violations().front().find("P6 takes message") != std::string::npos);
    }
    rows = whole;
  }
}

TEST_CASE("journal_merge: shards that wait for each other in a circle come to an end") {
  auto from = spread(rows_of_session(6), 7, 5);
  std::size_t waiting = 0, rows_count = 0;
  for (auto& [shard, rows] : from) {
    rows_count += rows.size();
    waiting += forge(rows, [](storage::record& one) {
                 if (!one.cause.peer) return false;
                 one.cause.number += 5;
                 return true;
               }) != 0;
  }
  REQUIRE(waiting > 1);
  journal_checker judge;
  merge(from, judge);
  CHECK(is_named(judge, "which never sent it"));
  CHECK(judge.rows == rows_count);
}

TEST_CASE("journal_merge: what a source throws goes through") {
  journal_checker judge;
  journal_merge all(judge);
  all.add(0, []() -> std::optional<merged_row> { throw storage::journal_error("gone"); });
  CHECK_THROWS_AS(all.run(), storage::journal_error);
}
