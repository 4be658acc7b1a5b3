// Entities brought back in one pass over the journal are those that ran; damage fails only who needs the damaged row.
#include "actors/entity_loader.hpp"
#include "actors/journal_checker.hpp"
#include "storage/stream_index.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/simulation/trading_session.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace rialto;
using namespace rialto::actors;

namespace {

/// A session's rows in a journal, and what it takes to read them back.
struct history {
  storage::simulated_journal store;
  storage::stream_index index;
  journal_checker truth;
  std::vector<std::string> rows;

  explicit history(std::uint64_t seed) {
    auto spec = simulation::stormy_session(seed);
    spec.where = simulation::placement::one_lane;
    simulation::trading_session session(spec);
    REQUIRE(session.run().empty());
    rows = session.rows();
  }
  void write(std::size_t damaged_row = 0) {
    for (storage::position at = 1; at <= rows.size(); ++at) {
      auto blob = rows[at - 1];
      if (at != damaged_row) truth.take(at, blob);
      const auto records = storage::read_blob(blob);
      for (const auto& one : *records) index.note(one.stream, at);
      if (at == damaged_row) blob[blob.size() / 2] ^= 1;
      storage::journal_batch batch;
      batch.rows.push_back({0, 0, at - 1, blob});
      REQUIRE(store.append(batch).result == storage::append_result::accepted);
    }
  }
  [[nodiscard]] std::vector<entity_request> everybody() const {
    std::vector<entity_request> all;
    for (const auto id : index.entities()) all.push_back({id, index.positions_of(id)});
    return all;
  }
};

} // namespace

TEST_CASE("entity_loader: everybody comes back as the journal says, in one pass") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    history past(seed);
    past.write();
    const auto wanted = past.everybody();
    REQUIRE(wanted.size() > 5);
    const auto found = recover_entities(past.store, 0, trading_world(), wanted);
    REQUIRE(found.size() == wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CAPTURE(to_string(wanted[i].id));
      REQUIRE(found[i].problem.empty());
      CHECK(found[i].id == wanted[i].id);
      CHECK(found[i].entity->state_hash() == past.truth.state_hash(wanted[i].id));
    }
  }
}

TEST_CASE("entity_loader: from a snapshot, the records it covers are not taken twice") {
  history past(7);
  past.write();
  const auto wanted = past.everybody();
  const auto first = recover_entities(past.store, 0, trading_world(), wanted);
  for (std::size_t i = 0; i < first.size(); i += 2)
    past.store.save_snapshot(first[i].entity->make_snapshot());
  const auto again = recover_entities(past.store, 0, trading_world(), wanted);
  for (std::size_t i = 0; i < again.size(); ++i) {
    REQUIRE(again[i].problem.empty());
    CHECK(again[i].snapshot_event == (i % 2 == 0 ? first[i].entity->event_number() : 0));
    CHECK(again[i].entity->state_hash() == first[i].entity->state_hash());
  }
}

TEST_CASE("entity_loader: a damaged row fails those who need it, the others are there") {
  history past(9);
  const auto damaged = past.rows.size() / 2;
  past.write(damaged);
  const auto touched = storage::read_blob(past.rows[damaged - 1]);
  REQUIRE(!touched->empty());
  std::size_t failed = 0, whole = 0;
  for (const auto& one : recover_entities(past.store, 0, trading_world(), past.everybody())) {
    const bool needs_it = std::any_of(touched->begin(), touched->end(),
                                      [&](const storage::record& r) { return r.stream == one.id; });
    CAPTURE(to_string(one.id));
    CHECK(one.problem.empty() != needs_it);
    CHECK((one.entity == nullptr) == needs_it);
    (needs_it ? failed : whole) += 1;
  }
  CHECK(failed > 0);
  CHECK(whole > 0);
}

TEST_CASE("entity_loader: a snapshot of events that the journal has lost is not believed") {
  history whole(11);
  whole.write();
  history lagged(11); // a copy that ends earlier, and where somebody saved what he remembered
  lagged.rows.resize(lagged.rows.size() / 2);
  lagged.write();
  std::map<entity_id, std::uint64_t> ends;
  for (const auto& one : recover_entities(whole.store, 0, trading_world(), whole.everybody())) {
    ends[one.id] = one.entity->event_number();
    lagged.store.save_snapshot(one.entity->make_snapshot());
  }
  std::size_t refused = 0, taken = 0;
  for (const auto& one : recover_entities(lagged.store, 0, trading_world(), lagged.everybody())) {
    CAPTURE(to_string(one.id));
    const bool is_whole = lagged.truth.state_hash(one.id) == whole.truth.state_hash(one.id);
    CHECK((one.entity != nullptr) == is_whole);
    if (!is_whole)
      CHECK(one.problem.starts_with("its snapshot is of event " + std::to_string(ends[one.id]) +
                                    ", the journal ends at event "));
    (is_whole ? taken : refused) += 1;
  }
  CHECK(refused > 0);
  MESSAGE(refused << " refused, " << taken << " taken");
}

TEST_CASE("entity_loader: a row that is not there is named") {
  storage::simulated_journal store;
  const auto found = recover_entities(store, 0, trading_world(), {{account_id{1}, {5}}});
  REQUIRE(found.size() == 1);
  CHECK(found[0].problem.find("row 5") != std::string::npos);
}
