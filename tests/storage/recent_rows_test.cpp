#include "storage/recent_rows.hpp"

#include <doctest/doctest.h>

using namespace rialto::storage;

namespace {

std::vector<std::string> rows_of(const recent_rows& all, shard_id shard, position first,
                                 std::size_t rows_max = 100) {
  std::vector<recent_rows::blob> found;
  std::vector<std::string> texts;
  if (all.get(shard, first, rows_max, found))
    for (const auto& one : found) texts.push_back(*one);
  return texts;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("recent_rows: gives rows from any one that it holds up to the head") {
  recent_rows all(1'000);
  for (position at = 5; at < 9; ++at) all.add(2, at, std::to_string(at));
  CHECK(rows_of(all, 2, 5) == texts{"5", "6", "7", "8"});
  CHECK(rows_of(all, 2, 7) == texts{"7", "8"});
  CHECK(rows_of(all, 2, 5, 3) == texts{"5", "6", "7"});
  CHECK(rows_of(all, 2, 4).empty());
  CHECK(rows_of(all, 2, 9).empty());
  CHECK(rows_of(all, 1, 5).empty());
}

TEST_CASE("recent_rows: holds so many bytes, and the newest row always") {
  recent_rows all(10);
  for (position at = 1; at < 9; ++at) all.add(0, at, "abcd");
  CHECK(rows_of(all, 0, 6).empty());
  CHECK(rows_of(all, 0, 7) == texts{"abcd", "abcd"});
  all.add(0, 9, "longer than all");
  CHECK(rows_of(all, 0, 8).empty());
  CHECK(rows_of(all, 0, 9) == texts{"longer than all"});
  recent_rows none(0);
  none.add(0, 1, "a");
  CHECK(rows_of(none, 0, 1).empty());
}

TEST_CASE("recent_rows: a gap or clear() forgets what was before") {
  recent_rows all(100);
  all.add(0, 1, "a");
  all.add(0, 2, "b");
  all.add(0, 4, "d");
  CHECK(rows_of(all, 0, 1).empty());
  CHECK(rows_of(all, 0, 4) == texts{"d"});
  all.clear();
  CHECK(rows_of(all, 0, 4).empty());
  all.add(0, 5, "e");
  CHECK(rows_of(all, 0, 5) == texts{"e"});
}
