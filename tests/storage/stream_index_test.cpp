#include "storage/record.hpp"
#include "storage/stream_index.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/storage/samples.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace rialto;
using namespace rialto::storage;

namespace {

entity_id account(std::uint64_t number) {
  return entity_id(account_id{number});
}

/// Appends a row with a record of each stream.
void append_row(simulated_journal& store, position at, const std::vector<entity_id>& streams) {
  blob_writer writer;
  for (const auto stream : streams) {
    record made;
    made.stream = stream;
    writer.add(made);
  }
  REQUIRE(store.append({{{0, 0, at - 1, writer.finish()}}, {}}).result == append_result::accepted);
}

} // namespace

TEST_CASE("stream_index: agrees with a plain map under notes, forgetting, saving and loading") {
  for (const auto seed : seeds(100)) {
    CAPTURE(seed);
    random_source dice(seed);
    simulated_journal store;
    stream_index index;
    std::map<entity_id, std::set<position>> model;
    position last = 0;
    for (int step = 0; step < 300; ++step) {
      std::set<entity_id> streams;
      for (auto n = dice() % 4; n > 0; --n) streams.insert(account(1 + dice() % 20));
      append_row(store, ++last, {streams.begin(), streams.end()});
      for (const auto id : streams) model[id].insert(last);
      if (dice() % 10 != 0) { // else: the owner never heard of this commit
        for (const auto id : streams) index.note(id, last);
        index.note_row(last);
        index.note_row(last);
      } else {
        index.take(read_index_tail(store, 0, index.covers() + 1));
      }
      if (dice() % 20 == 0) {
        const auto id = account(1 + dice() % 20);
        const auto first_kept = 1 + dice() % (last + 1);
        index.forget_before(id, first_kept);
        if (auto at = model.find(id); at != model.end())
          at->second.erase(at->second.begin(), at->second.lower_bound(first_kept));
      }
      if (dice() % 50 == 0) {
        save_stream_index(store, 0, index);
        append_row(store, ++last, {account(7)}); // behind the saved one: from the tail
        model[account(7)].insert(last);
        index = load_stream_index(store, 0);
      }
      CHECK(index.covers() == last);
    }
    CHECK(index.entities().size() == model.size());
    for (const auto& [id, positions] : model) {
      CHECK(index.contains(id));
      CHECK(index.positions_of(id) == std::vector<position>(positions.begin(), positions.end()));
    }
    CHECK_FALSE(index.contains(account(99)));
    CHECK(index.positions_of(account(99)).empty());
  }
}

TEST_CASE("stream_index: a row that was never noted is not covered, and is found in the tail") {
  simulated_journal store;
  stream_index index;
  append_row(store, 1, {account(1)});
  append_row(store, 2, {account(2)}); // of unknown fate: nobody noted it
  append_row(store, 3, {account(1)});
  index.note(account(1), 1);
  index.note(account(1), 3);
  CHECK(index.covers() == 1);
  index.take(read_index_tail(store, 0, index.covers() + 1));
  CHECK(index.covers() == 3);
  CHECK(index.positions_of(account(1)) == std::vector<position>{1, 3});
  CHECK(index.positions_of(account(2)) == std::vector<position>{2});
}

TEST_CASE("stream_index: who needs an old row") {
  stream_index index;
  const entity_id a{account_id{1}}, b{account_id{2}}, c{account_id{3}};
  for (const position at : {1u, 2u, 9u}) index.note(a, at);
  for (const position at : {3u, 8u}) index.note(b, at);
  index.note(c, 7);
  CHECK(index.needing_before(1, 10).empty());
  CHECK(index.needing_before(3, 10) == std::vector{a});
  auto both = index.needing_before(4, 10);
  std::sort(both.begin(), both.end());
  CHECK(both == std::vector{a, b});
  CHECK(index.needing_before(100, 2).size() == 2);
  index.forget_before(a, 10);
  CHECK(index.needing_before(4, 10) == std::vector{b});
}

TEST_CASE("stream_index: forgetting to the end keeps the entity known") {
  stream_index index;
  index.note(account(1), 1);
  index.note(account(1), 1'000'000);
  index.forget_before(account(1), 1'000'001);
  CHECK(index.contains(account(1)));
  CHECK(index.positions_of(account(1)).empty());
  index.note(account(1), 1'000'000); // an old one changes nothing
  CHECK(index.positions_of(account(1)).empty());
  index.note(account(1), 1'000'007);
  CHECK(index.positions_of(account(1)) == std::vector<position>{1'000'007});
}

TEST_CASE("stream_index: a damaged checkpoint is refused, or is rebuilt from the journal") {
  random_source dice(5);
  stream_index index;
  for (position at = 1; at <= 50; ++at) index.note(account(1 + dice() % 5), at);
  const auto bytes = index.encode();
  REQUIRE(stream_index::decode(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(stream_index::decode(std::string_view(bytes).substr(0, size)));
  for (int i = 0; i < 2'000; ++i) {
    auto changed = bytes;
    changed[dice() % changed.size()] = static_cast<char>(dice());
    if (const auto decoded = stream_index::decode(changed)) // some are just another index
      for (const auto id : decoded->entities()) static_cast<void>(decoded->positions_of(id));
  }
  simulated_journal store;
  append_row(store, 1, {account(3)});
  store.save_checkpoint("stream_index/0", "nonsense");
  CHECK(load_stream_index(store, 0).positions_of(account(3)) == std::vector<position>{1});
  save_stream_index(store, 0, index); // covers rows that the journal does not have
  CHECK(load_stream_index(store, 0).entities() == std::vector{account(3)});
  for (position at = 2; at <= 60; ++at)
    append_row(store, at, {account(6)}); // as many as it covered
  const auto later = load_stream_index(store, 0);
  CHECK(later.entities() == std::vector{account(3), account(6)});
  CHECK(later.positions_of(account(6)).size() == 59);
}

TEST_CASE("stream_index: a damaged row is named") {
  simulated_journal store;
  append_row(store, 1, {account(3)});
  REQUIRE(store.append({{{0, 0, 1, "no blob"}}, {}}).result == append_result::accepted);
  CHECK_THROWS_WITH_AS(static_cast<void>(load_stream_index(store, 0)),
                       doctest::Contains("row 2 of shard 0 is damaged"), journal_error);
}
