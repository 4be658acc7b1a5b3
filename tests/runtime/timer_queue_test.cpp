#include "runtime/timer_queue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

using namespace rialto;
using namespace rialto::runtime;

namespace {

std::string fired_names(timer_queue<std::string>& queue, std::int64_t now,
                        std::size_t count_max = 100) {
  std::vector<timer_queue<std::string>::fired> out;
  queue.take_due({now}, count_max, out);
  std::string names;
  for (const auto& one : out) names += one.payload;
  return names;
}

} // namespace

TEST_CASE("timer_queue: fires in order of time, then of schedule") {
  timer_queue<std::string> queue(10);
  for (const auto& [due, name] : {std::pair{30, "e"}, {10, "a"}, {20, "c"}, {10, "b"}, {20, "d"}}) {
    REQUIRE(queue.schedule({due}, name));
  }
  CHECK(*queue.next_due() == timestamp_ns{10});
  CHECK(fired_names(queue, 9) == "");
  CHECK(fired_names(queue, 20) == "abcd");
  CHECK(fired_names(queue, 20) == "");
  CHECK(fired_names(queue, 1'000) == "e");
  CHECK(!queue.next_due());
}

TEST_CASE("timer_queue: a call takes at most what it is told, the rest stays due") {
  timer_queue<std::string> queue(10);
  for (const auto* name : {"a", "b", "c"}) REQUIRE(queue.schedule({1}, name));
  CHECK(fired_names(queue, 5, 2) == "ab");
  CHECK(queue.count() == 1);
  CHECK(fired_names(queue, 5, 2) == "c");
}

TEST_CASE("timer_queue: a cancelled timer does not fire and is cancelled once") {
  timer_queue<std::string> queue(10);
  const auto a = queue.schedule({1}, "a"), b = queue.schedule({1}, "b");
  CHECK(queue.cancel(*a));
  CHECK_FALSE(queue.cancel(*a));
  CHECK(fired_names(queue, 1) == "b");
  CHECK_FALSE(queue.cancel(*b));
  CHECK_FALSE(queue.cancel(timer_id{}));
}

TEST_CASE("timer_queue: is bounded, and a fired timer makes room") {
  timer_queue<std::string> queue(2);
  REQUIRE(queue.schedule({1}, "a"));
  REQUIRE(queue.schedule({2}, "b"));
  CHECK_FALSE(queue.schedule({0}, "c"));
  CHECK(fired_names(queue, 1) == "a");
  CHECK(queue.schedule({0}, "c"));
}

TEST_CASE("timer_queue: behaves like a list that is sorted before every look") {
  const auto* given = std::getenv("RIALTO_SEED");
  const unsigned first = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 1;
  const unsigned last = given != nullptr ? first : 100;
  for (unsigned seed = first; seed <= last; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    timer_queue<int> queue(50);
    std::vector<std::pair<timer_id, int>> model;
    std::vector<timer_id> ids;
    std::int64_t now = 0;
    for (int step = 0; step < 500; ++step) {
      const auto what = random() % 4;
      if (what < 2) {
        const timestamp_ns due{now + static_cast<std::int64_t>(random() % 20) - 5};
        const auto id = queue.schedule(due, step);
        REQUIRE(id.has_value() == (model.size() < 50));
        if (id) model.emplace_back(*id, step), ids.push_back(*id);
      } else if (what == 2 && !ids.empty()) {
        const auto id = ids[random() % ids.size()];
        const auto at =
          std::find_if(model.begin(), model.end(), [&](auto& m) { return m.first == id; });
        REQUIRE(queue.cancel(id) == (at != model.end()));
        if (at != model.end()) model.erase(at);
      } else {
        now += static_cast<std::int64_t>(random() % 8);
        const auto count_max = random() % 6;
        std::vector<timer_queue<int>::fired> out;
        queue.take_due({now}, count_max, out);
        std::stable_sort(model.begin(), model.end(),
                         [](auto& a, auto& b) { return a.first.due < b.first.due; });
        std::size_t taken = 0;
        while (taken < model.size() && taken < count_max && model[taken].first.due.value <= now)
          ++taken;
        REQUIRE(out.size() == taken);
        for (std::size_t i = 0; i < taken; ++i) REQUIRE(out[i].payload == model[i].second);
        model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(taken));
      }
      REQUIRE(queue.count() == model.size());
    }
  }
}
