// Old rows are archived behind snapshots made for the purpose, and a journal comes back from its parts: every entity is what it was.
#include "actors/entity_loader.hpp"
#include "actors/journal_checker.hpp"
#include "actors/snapshot_cover.hpp"
#include "storage/archiving.hpp"
#include "storage/journal_restore.hpp"
#include "storage/sqlite_journal.hpp"
#include "tests/simulation/trading_session.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <fstream>

using namespace rialto;
using namespace rialto::actors;

namespace {

/// A session's rows in a real journal.
struct written_history {
  storage::temporary_directory directory;
  std::unique_ptr<storage::sqlite_journal> store;
  storage::position last = 0;

  explicit written_history(std::uint64_t seed) {
    auto spec = simulation::stormy_session(seed);
    spec.where = simulation::placement::one_lane;
    spec.actions = 400;
    simulation::trading_session session(spec);
    REQUIRE(session.run().empty());
    open();
    for (const auto& blob : session.rows()) {
      storage::journal_batch batch;
      batch.rows.push_back({0, 0, last++, blob});
      REQUIRE(store->append(batch).result == storage::append_result::accepted);
    }
  }
  [[nodiscard]] std::string data() const { return directory / "data"; }
  void open() {
    store.reset();
    storage::sqlite_journal_options options;
    options.archive_block_bytes = 10'000;
    store = std::make_unique<storage::sqlite_journal>(data(), options);
  }
  void archive(storage::position up_to) {
    storage::archive_request wanted;
    wanted.last = up_to;
    wanted.file_bytes = 12'000;
    CHECK(store->archive(wanted).rows_dropped > 0);
  }
};

/// Of every entity: after a replay of all rows by the judge.
std::map<entity_id, std::uint64_t> replayed(storage::journal& store) {
  journal_checker judge;
  std::set<entity_id> ids;
  store.read(0, 1, [&](storage::position at, std::string_view blob) {
    judge.take(at, blob);
    const auto records = storage::read_blob(blob);
    for (const auto& one : *records) ids.insert(one.stream);
    return true;
  });
  judge.finish();
  CHECK(judge.violations().empty());
  std::map<entity_id, std::uint64_t> states;
  for (const auto id : ids) states[id] = judge.state_hash(id);
  return states;
}

/// The same by a node's own recovery: snapshots and the rows of the index.
std::map<entity_id, std::uint64_t> recovered(storage::journal& store,
                                             const storage::stream_index& index) {
  std::vector<entity_request> all;
  for (const auto id : index.entities()) all.push_back({id, index.positions_of(id)});
  std::map<entity_id, std::uint64_t> states;
  for (const auto& one : recover_entities(store, 0, trading_world(), all)) {
    CAPTURE(to_string(one.id));
    CAPTURE(one.problem);
    REQUIRE(one.entity);
    states[one.id] = one.entity->state_hash();
  }
  return states;
}

} // namespace

TEST_CASE("snapshot_cover: whoever needs old rows gets a snapshot, in groups of any size") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    for (const auto limits : {cover_limits{}, cover_limits{1, 1'000}, cover_limits{3, 50}}) {
      CAPTURE(seed);
      CAPTURE(limits.entities);
      written_history past(seed);
      const auto truth = replayed(*past.store);
      auto index = storage::load_stream_index(*past.store, 0);
      const auto bound = past.last / 2;
      const auto needing = count_needing(index, bound);
      REQUIRE(needing > 3);
      const auto done = cover_rows(*past.store, 0, index, bound, limits);
      CHECK(done.problems.empty());
      CHECK(done.entities == needing);
      CHECK(done.snapshots == needing);
      CHECK(count_needing(index, bound) == 0);
      CHECK(storage::archivable_below(index).value_or(0) > bound);
      CHECK(cover_rows(*past.store, 0, index, bound, limits).entities == 0);
      storage::save_stream_index(*past.store, 0, index);
      past.archive(bound);
      past.open();
      CHECK(replayed(*past.store) == truth);
      CHECK(recovered(*past.store, storage::load_stream_index(*past.store, 0)) == truth);
      // An index that was lost is made again from the archives; snapshots that are newer do no harm.
      past.store->save_checkpoint("stream_index/0", "nonsense");
      auto again = storage::load_stream_index(*past.store, 0);
      CHECK(recovered(*past.store, again) == truth);
      const auto known = cover_rows(*past.store, 0, again, past.last, limits);
      CHECK(known.snapshots < known.entities); // who has a snapshot of now needs no other
    }
}

TEST_CASE("snapshot_cover: an entity that cannot be recovered keeps its rows, and is told") {
  written_history past(3);
  auto index = storage::load_stream_index(*past.store, 0);
  const auto victim = index.entities().back();
  past.store->save_snapshot({victim, 1, "no snapshot at all", {}});
  const auto first = index.first_of(victim);
  const auto done = cover_rows(*past.store, 0, index, past.last);
  REQUIRE(done.problems.size() == 1);
  CHECK(done.problems.front().find(to_string(victim)) == 0);
  CHECK(index.first_needed() == first);
}

TEST_CASE("journal_restore: from archives and the table every entity comes back as it was") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    written_history past(seed);
    const auto truth = replayed(*past.store);
    const auto drawn = past.store->draw_ids("order", 1'000'000);
    past.archive(past.last * 2 / 3);
    past.store.reset();
    const auto target = past.directory / "restored";
    const auto done = storage::restore_journal({past.data()}, target);
    CHECK(done.rows == past.last);
    CHECK(done.last == std::map<storage::shard_id, storage::position>{{0, past.last}});
    CHECK(done.notes.empty());
    CHECK(done.claims > 3);
    storage::sqlite_journal store(target);
    CHECK(store.heads()[0].last == past.last);
    CHECK(store.table_rows(0).first == 1);
    CHECK(replayed(store) == truth);
    CHECK(recovered(store, storage::load_stream_index(store, 0)) == truth);
    CHECK(store.draw_ids("order", 1) > drawn + 1'000'000);
    storage::journal_batch batch;
    batch.rows.push_back({0, 0, past.last, storage::blob_writer().finish()});
    CHECK(store.append(batch).result == storage::append_result::accepted);
  }
}

TEST_CASE("journal_restore: what one source has damaged another one makes good; a hole is named") {
  written_history past(2);
  const auto truth = replayed(*past.store);
  past.store.reset();
  const auto copy = past.directory / "copy.sqlite";
  std::filesystem::copy_file(past.data() + "/journal.sqlite", copy);
  past.open();
  const auto border = past.last * 2 / 3;
  past.archive(border);
  past.store.reset();
  const auto directory = past.data() + "/archive";
  const auto files = storage::list_archives(directory);
  REQUIRE(files.size() > 2);
  const auto damage = [&](const std::string& path) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
    file.put('\x5a');
  };
  damage(directory + "/" + storage::archive_name(files[1]));

  const auto whole = past.directory / "whole";
  const auto done = storage::restore_journal({past.data(), copy}, whole);
  CHECK(done.rows == past.last);
  REQUIRE_FALSE(done.notes.empty());
  CHECK(done.notes.front().find("is damaged") != std::string::npos);
  {
    storage::sqlite_journal store(whole);
    CHECK(replayed(store) == truth);
  }
  std::filesystem::remove(directory + "/" + storage::archive_name(files[0]));
  const auto hole = past.directory / "hole";
  CHECK_THROWS_WITH_AS(static_cast<void>(storage::restore_journal({past.data()}, hole)),
                       doctest::Contains("row 1 of shard 0 is in no source"),
                       storage::journal_error);
  CHECK_FALSE(std::filesystem::exists(hole + "/journal.sqlite"));
  CHECK_FALSE(std::filesystem::exists(hole + "/journal.sqlite.unfinished"));
  // A copy that ends before the archives do is completed by them, and the other way round.
  {
    storage::database older(copy, {});
    older.prepare("DELETE FROM journal WHERE id > ?").run(files[1].last);
  }
  const auto joined = past.directory / "joined";
  CHECK(storage::restore_journal({copy, past.data()}, joined).rows == past.last);
  {
    storage::sqlite_journal store(joined);
    CHECK(replayed(store) == truth);
  }
  const auto none = past.directory / "none";
  CHECK_THROWS_WITH_AS(static_cast<void>(storage::restore_journal({none}, hole)),
                       doctest::Contains("is neither a directory nor"), storage::journal_error);
}

TEST_CASE("journal_restore: archives alone give rows, claims and ids up to their end") {
  written_history past(5);
  past.archive(past.last - 1);
  past.store.reset();
  const auto target = past.directory / "restored";
  CHECK(storage::restore_journal({past.data() + "/archive"}, target).rows == past.last - 1);
  std::map<std::string, entity_id> claims;
  std::map<entity_kind, std::uint64_t> highest;
  order_id highest_order;
  storage::sqlite_journal store(target);
  store.read(0, 1, [&](storage::position, std::string_view blob) {
    const auto records = storage::read_blob(blob);
    for (const auto& one : *records) {
      highest[one.stream.kind()] = std::max(highest[one.stream.kind()], one.stream.number());
      byte_reader in(one.events);
      for (std::uint32_t i = 0; i < one.event_count; ++i) {
        if (one.stream.kind() == entity_kind::user) {
          user_event event;
          REQUIRE(storage::decode_event(in, event));
          if (const auto* made = std::get_if<user_registered>(&event))
            claims["email:" + made->email] = one.stream;
        } else if (one.stream.kind() == entity_kind::market) {
          market_event event;
          REQUIRE(storage::decode_event(in, event));
          if (const auto* made = std::get_if<instrument_listed>(&event))
            claims["symbol:" + made->spec.symbol] = one.stream;
        } else {
          account_event event;
          REQUIRE(storage::decode_event(in, event));
          if (const auto* made = std::get_if<order_placed>(&event))
            highest_order = std::max(highest_order, made->order.id);
          if (const auto* made = std::get_if<list_placed>(&event))
            for (const auto& order : made->orders)
              highest_order = std::max(highest_order, order.id);
          if (const auto* made = std::get_if<sliced_order_placed>(&event))
            highest_order =
              std::max(highest_order, order_id{made->order.id.value + made->slicing.slices});
        }
      }
    }
    return true;
  });
  REQUIRE(claims.size() > 3);
  for (const auto& [key, owner] : claims) CHECK(store.find_claim(key) == owner);
  CHECK(highest_order.value > 0);
  CHECK(store.draw_ids("order", 1) > highest_order.value);
  CHECK(store.draw_ids("user", 1) > highest[entity_kind::user]);
  CHECK(store.draw_ids("account", 1) > highest[entity_kind::account]);
  CHECK(store.draw_ids("market", 1) > highest[entity_kind::market]);
}
