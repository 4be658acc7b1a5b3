#include "tests/simulation/trading_session.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>

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
    session_spec spec;
    spec.seed = 7;
    spec.faults = {};
    spec.crash = 0;
    trading_session session(spec);
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

} // namespace

TEST_CASE("simulation: the promises hold through crashes, lost messages and failing commits") {
  fault_tally all;
  std::uint64_t acknowledged = 0, trades = 0;
  for (const auto seed : seeds(200)) {
    CAPTURE(seed);
    session_spec spec;
    spec.seed = seed;
    trading_session session(spec);
    CHECK(session.run() == "");
    const auto& one = session.tally();
    all.crashes += one.crashes;
    all.writes_lost += one.writes_lost;
    all.written_unanswered += one.written_unanswered;
    all.snapshots_lost += one.snapshots_lost;
    all.commits_refused += one.commits_refused;
    all.unknown_written += one.unknown_written;
    all.unknown_lost += one.unknown_lost;
    all.messages_lost += one.messages_lost;
    all.messages_doubled += one.messages_doubled;
    acknowledged += session.acknowledged();
    trades += session.trades();
  }
  MESSAGE("acknowledged orders ", acknowledged, ", trades ", trades, "; crashes ", all.crashes,
          ", with writes lost ", all.writes_lost, ", written but unanswered ",
          all.written_unanswered, ", snapshots lost ", all.snapshots_lost, "; commits refused ",
          all.commits_refused, ", unknown and written ", all.unknown_written, ", unknown and lost ",
          all.unknown_lost, "; messages lost ", all.messages_lost, ", doubled ",
          all.messages_doubled);
  if (std::getenv("RIALTO_SEED") != nullptr) return; // one seed need not meet every fault
  for (const auto count : {all.crashes, all.writes_lost, all.written_unanswered, all.snapshots_lost,
                           all.commits_refused, all.unknown_written, all.unknown_lost,
                           all.messages_lost, all.messages_doubled})
    CHECK(count > 0);
  CHECK(acknowledged > 0);
  CHECK(trades > 0);
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
  session_spec spec;
  spec.seed = 11;
  trading_session session(spec);
  REQUIRE(session.run() == "");
  bool tried = false;
  for (const auto& [id, made] : session.snapshots()) {
    if (id.kind() != entity_kind::account) continue;
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
