#include "tests/simulation/trading_session.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <map>

using namespace rialto;
using namespace rialto::simulation;

namespace {

std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("RIALTO_SEED")) return {std::strtoull(one, nullptr, 10)};
  std::vector<std::uint64_t> all;
  for (std::uint64_t seed = 1; seed <= count; ++seed) all.push_back(seed);
  return all;
}

/// The rows of a faultless session with trades in it.
const std::vector<std::string>& sound_rows() {
  static const auto rows = [] {
    trading_session session(quiet_session(7));
    REQUIRE(session.run() == "");
    REQUIRE(session.trades() > 10);
    return session.rows();
  }();
  return rows;
}

using record_edit = std::function<bool(std::vector<storage::record>&)>;

/// Reads rows with the first record list that `edit` changes replaced; the violations found.
std::vector<std::string> violations_with(const record_edit& edit) {
  actors::journal_checker checker(true);
  bool edited = false;
  storage::position at = 0;
  for (const auto& row : sound_rows()) {
    auto records = *storage::read_blob(row);
    if (!edited) edited = edit(records);
    storage::blob_writer writer;
    for (const auto& one : records) writer.add(one);
    checker.take(++at, writer.finish());
  }
  CHECK(edited);
  checker.finish();
  return checker.violations();
}

/// Changes the first event of type Event for which `change` says true.
template <class Event, class Change>
record_edit edit_event(Change change) {
  return [change](std::vector<storage::record>& records) {
    for (auto& one : records) {
      byte_reader in(one.events);
      std::string out;
      bool changed = false;
      for (std::uint32_t i = 0; i < one.event_count; ++i) {
        const auto rewrite = [&](auto event) {
          REQUIRE(storage::decode_event(in, event));
          std::visit(
            [&](auto& held) {
              if constexpr (std::is_same_v<std::decay_t<decltype(held)>, Event>)
                if (!changed) changed = change(held);
            },
            event);
          storage::encode_event(event, out);
        };
        switch (one.stream.kind()) {
        case entity_kind::account: rewrite(account_event{}); break;
        case entity_kind::market: rewrite(market_event{}); break;
        default: rewrite(user_event{}); break;
        }
      }
      if (changed) {
        one.events = out;
        return true;
      }
    }
    return false;
  };
}

bool names(const std::vector<std::string>& violations, const std::string& promise) {
  for (const auto& one : violations)
    if (one.find(promise) != std::string::npos) return true;
  return false;
}

/// What happened in many sessions, by name.
using tally = std::map<std::string, std::uint64_t>;

void count(const trading_session& session, tally& all) {
  const auto& node = session.node().counts();
  const auto& disk = session.node().disk_counts();
  const auto faults = [&](storage::journal_fault one) {
    const auto at = disk.faults.find(one);
    return at == disk.faults.end() ? 0 : at->second;
  };
  all["orders acknowledged"] += session.acknowledged();
  all["orders refused for the journal's sake"] += session.refused();
  all["orders sent again"] += session.retries();
  all["trades"] += session.trades();
  all["commits accepted"] += faults(storage::journal_fault::none);
  all["commits refused: disk full"] += faults(storage::journal_fault::failed);
  all["commits refused: stale"] += faults(storage::journal_fault::stale);
  all["commits refused: disk away"] += disk.refused_away;
  all["commits of unknown fate, written"] += faults(storage::journal_fault::unknown_written);
  all["commits of unknown fate, lost"] += faults(storage::journal_fault::unknown_lost);
  all["link messages dropped"] += node.messages_lost;
  all["link messages doubled"] += node.messages_doubled;
  all["deaths of the process"] += node.kills;
  all["power cuts"] += node.power_cuts;
  all["deaths within an append"] += node.deaths_in_append;
  all["deaths within a save"] += node.deaths_in_save;
  all["deaths within a recovery"] += node.deaths_in_recovery;
  all["appends in flight at a crash: whole"] += disk.rows_found;
  all["appends in flight at a crash: absent"] += disk.rows_absent;
  all["appends in flight at a crash: torn"] += disk.rows_torn;
  all["unsynced snapshots and checkpoints: found"] += disk.values_found;
  all["unsynced snapshots and checkpoints: lost"] += disk.values_lost;
  all["unsynced snapshots and checkpoints: torn"] += disk.values_torn;
  all["recoveries from a snapshot"] += node.from_snapshot;
  all["recoveries from a snapshot older than the journal"] += node.from_older_snapshot;
  all["recoveries without the newest snapshot"] += node.lost_snapshots;
  all["rebuilt from a snapshot and compared"] += session.rebuilt();
  all["loads and saves that were late"] += node.late_jobs;
}

/// What sessions on a disk that breaks its word complain of.
std::string complaints_about(storage::journal_lie lie) {
  std::string all;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto spec = quiet_session(seed);
    spec.lie = lie;
    spec.faults.power_cut = 1;
    spec.faults.late = 0.2;
    spec.crash_in_call = 0.05;
    trading_session session(spec);
    all += session.run() + "\n";
  }
  return all;
}

} // namespace

TEST_CASE("simulation: the promises hold through crashes, lost messages and failing commits") {
  tally all;
  for (const auto seed : seeds(200)) {
    CAPTURE(seed);
    session_spec spec;
    spec.seed = seed;
    trading_session session(spec);
    CHECK(session.run() == "");
    count(session, all);
  }
  for (const auto& [what, times] : all) {
    CAPTURE(what);
    MESSAGE(what, ": ", times);
    if (std::getenv("RIALTO_SEED") == nullptr) CHECK(times > 0);
  }
}

TEST_CASE("simulation: the promises hold whichever call to the disk the node dies in") {
  std::uint64_t calls = 0;
  for (bool died = true; died;) {
    auto spec = quiet_session(1);
    spec.steps = 200;
    spec.faults.power_cut = 0.5;
    spec.die_in = ++calls;
    CAPTURE(calls);
    trading_session session(spec);
    CHECK(session.run() == "");
    died = session.node().crashes() > 0;
  }
  MESSAGE("calls to the disk: ", calls - 1);
  CHECK(calls > 50);
}

TEST_CASE("simulation: the same seed gives the same journal") {
  const auto rows_of = [](std::uint64_t seed) {
    session_spec spec;
    spec.seed = seed;
    trading_session session(spec);
    REQUIRE(session.run() == "");
    return session.rows();
  };
  CHECK(rows_of(3) == rows_of(3));
  CHECK(rows_of(3) != rows_of(4));
}

TEST_CASE("simulation: the unchanged journal has no violation") {
  const auto violations = violations_with([](auto& records) { return !records.empty(); });
  CHECK(violations == std::vector<std::string>{});
}

TEST_CASE("simulation: the checker notices money from nowhere (promise 1)") {
  CHECK(names(violations_with(edit_event<fill_settled>([](fill_settled& event) {
                event.base.value += 1;
                return true;
              })),
              "P1"));
}

TEST_CASE("simulation: the checker notices a negative balance (promise 2)") {
  CHECK(names(violations_with(edit_event<transferred>([](transferred& event) {
                event.kind = transfer_kind::withdrawal;
                return true;
              })),
              "P2"));
}

TEST_CASE("simulation: the checker notices a trade beyond a limit or a size (promise 3)") {
  CHECK(names(violations_with(edit_event<trade_executed>([](trade_executed& event) {
                event.price.value += 1'000;
                return true;
              })),
              "P3"));
  CHECK(names(violations_with(edit_event<trade_executed>([](trade_executed& event) {
                event.taker_fee.value += 1;
                return true;
              })),
              "P3"));
}

TEST_CASE("simulation: the checker notices an order placed twice (promise 4)") {
  order_id first;
  CHECK(names(violations_with(edit_event<order_placed>([&](order_placed& event) {
                if (!first) {
                  first = event.order.id;
                  return false;
                }
                event.order.id = first;
                return true;
              })),
              "P4"));
}

TEST_CASE("simulation: the checker notices a lost and a repeated record (promise 6)") {
  CHECK(names(violations_with([](auto& records) {
                if (records.empty() || records.front().stream.kind() != entity_kind::account)
                  return false;
                records.erase(records.begin());
                return true;
              }),
              "P6"));
  CHECK(names(violations_with([](auto& records) {
                if (records.empty()) return false;
                records.push_back(records.front());
                return true;
              }),
              "P6"));
}

TEST_CASE("simulation: the checker notices a snapshot that is not the replay (promise 7)") {
  trading_session session(quiet_session(11));
  REQUIRE(session.run() == "");
  bool tried = false;
  for (const auto& made : session.node().saved()) {
    if (made.entity.kind() != entity_kind::account) continue;
    actors::journal_checker checker;
    auto bad = made;
    bad.bytes[bad.bytes.size() / 2] = static_cast<char>(bad.bytes[bad.bytes.size() / 2] ^ 1);
    checker.expect(bad);
    storage::position at = 0;
    for (const auto& row : session.rows()) checker.take(++at, row);
    checker.finish();
    CHECK(names(checker.violations(), "P7"));
    tried = true;
    break;
  }
  CHECK(tried);
}

TEST_CASE(
  "simulation: a row whose bytes changed on the disk is named, and nothing is recovered from it") {
  for (const double place : {0.1, 0.5, 0.9}) {
    CAPTURE(place);
    const auto damaged = sound_rows().size() / 2;
    auto torn = sound_rows()[damaged];
    auto& byte = torn[static_cast<std::size_t>(static_cast<double>(torn.size()) * place)];
    byte = static_cast<char>(byte ^ 0x10);
    CHECK_FALSE(storage::read_blob(torn));
    CHECK_FALSE(storage::read_blob(std::string_view(torn).substr(0, torn.size() / 2)));
    actors::journal_checker checker;
    for (std::size_t i = 0; i < sound_rows().size(); ++i)
      checker.take(i + 1, i == damaged ? torn : sound_rows()[i]);
    checker.finish();
    CHECK(names(checker.violations(), "row " + std::to_string(damaged + 1)));
  }
}

TEST_CASE("simulation: a disk that acknowledges what it has not synced is noticed (promise 4)") {
  CHECK(complaints_about(storage::journal_lie::acknowledges_unsynced).find("P4") !=
        std::string::npos);
  CHECK(complaints_about(storage::journal_lie::none).find("P4") == std::string::npos);
}

TEST_CASE("simulation: a torn row that is taken for whole is noticed") {
  CHECK(complaints_about(storage::journal_lie::trusts_its_log).find("its checksum or framing") !=
        std::string::npos);
}
