// What the registry counts, how it lists, and what a trace keeps.
#include "runtime/actor_registry.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace rialto;
using namespace rialto::runtime;

namespace {

std::vector<std::string> names(const std::vector<actor_info>& rows) {
  std::vector<std::string> all;
  for (const auto& row : rows) all.push_back(row.name);
  return all;
}
using words = std::vector<std::string>;

struct registry_with_three {
  actor_registry registry;
  std::shared_ptr<actor_entry> user = registry.add("user", "user/1", "shard/0", {1});
  std::shared_ptr<actor_entry> first = registry.add("account", "account/1", "user/1", {1});
  std::shared_ptr<actor_entry> second = registry.add("account", "account/2", "user/1", {1});

  [[nodiscard]] words sorted(actor_order order) const {
    actor_query query;
    query.order = order;
    return names(registry.list(query));
  }
};

} // namespace

TEST_CASE("actor_registry: lists by name, by part of a name, by kind, page by page") {
  const registry_with_three all;
  CHECK(names(all.registry.list({})) == words{"account/1", "account/2", "user/1"});
  CHECK(names(all.registry.list({.kind = "account", .limit = 1})) == words{"account/1"});
  CHECK(names(all.registry.list({.after = "account/1"})) == words{"account/2", "user/1"});
  CHECK(names(all.registry.list({.contains = "t/2"})) == words{"account/2"});
  CHECK(all.registry.list({.limit = 0}).empty());
}

TEST_CASE("actor_registry: sorts by what an operator looks for, the most first") {
  registry_with_three all;
  all.first->enqueued = 5; // five wait
  all.second->enqueued = 9;
  all.second->handled = 9;
  all.user->restarts = 3;
  all.second->note_run(2'000'000, 4'000'000, "5match");
  all.first->state_bytes = 1'000'000;
  CHECK(all.sorted(actor_order::mailbox).front() == "account/1");
  CHECK(all.sorted(actor_order::messages).front() == "account/2");
  CHECK(all.sorted(actor_order::restarts).front() == "user/1");
  CHECK(all.sorted(actor_order::longest).front() == "account/2");
  CHECK(all.sorted(actor_order::memory).front() == "account/1");
  const auto row = all.registry.find("account/2");
  REQUIRE(row);
  CHECK(row->longest_ns == 2'000'000);
  CHECK(row->longest_what == "match");
  CHECK(row->cpu_ns == 4'000'000);
  CHECK(row->mailbox == 0);
}

TEST_CASE("actor_registry: a rate is what came between two looks") {
  registry_with_three all;
  all.first->handled = 1'000; // before the first look
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  static_cast<void>(all.registry.list({}));
  CHECK(all.registry.find("account/1")->rate > 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  all.second->watched_runs = 50;
  CHECK(all.sorted(actor_order::rate).front() == "account/2");
  CHECK(all.registry.find("account/1")->rate == 0);
  const auto rate = all.registry.find("account/2")->rate;
  CHECK(rate > 0);
  CHECK(rate <= 100);                       // 50 within half a second at least
  static_cast<void>(all.registry.list({})); // too soon for another look
  CHECK(all.registry.find("account/2")->rate == rate);
}

TEST_CASE("actor_registry: who was given up stays listed until one of its name starts") {
  registry_with_three all;
  all.registry.note_failure("account/2", "account", "user/1", "broken", true);
  CHECK(all.registry.find("account/2")->restarts == 1);
  CHECK(all.registry.failed_count() == 0); // it still runs
  all.registry.remove(*all.second);
  CHECK(all.second->is_gone);
  CHECK(all.registry.failed_count() == 1);
  CHECK(all.registry.find("account/2")->is_failed);
  const auto again = all.registry.add("account", "account/2", "user/1", {9});
  CHECK(all.registry.failed_count() == 0);
  CHECK(again->last_failure() == "broken");
  CHECK(again->restarts == 1);
  all.registry.remove(*all.second); // the former one: its successor stays
  CHECK(all.registry.entry("account/2") == again);
}

TEST_CASE("actor_registry: the tree has parents before children, cut and counted") {
  registry_with_three all;
  const auto shard = all.registry.add("shard", "shard/0", "node", {1});
  all.registry.note_failure("account/9", "account", "user/1", "poisoned", true);
  const auto rows = all.registry.tree({.children_max = 2});
  words seen;
  for (const auto& row : rows) seen.push_back(std::to_string(row.depth) + " " + row.actor.name);
  // node is no actor here, so what is below it is at the top; what was given up comes first.
  CHECK(seen == words{"0 shard/0", "1 user/1", "2 account/9", "2 account/1"});
  CHECK(rows.at(1).children == 3);
  CHECK(rows.at(2).actor.is_failed);
  CHECK(all.registry.tree({.root = "user/1", .depth_max = 1}).size() == 1);
  CHECK(all.registry.tree({.root = "user/77"}).empty());
  CHECK(all.registry.tree({.limit = 2}).size() == 2);
  CHECK(shard);
}

TEST_CASE("actor_registry: a watch ends with its lease") {
  actor_registry registry;
  CHECK_FALSE(registry.is_watched());
  registry.watch(1);
  CHECK(registry.is_watched());
  registry.end_watch_if_over(actor_registry::monotonic_ns());
  CHECK(registry.is_watched());
  registry.end_watch_if_over(actor_registry::monotonic_ns() + 1'100'000'000);
  CHECK_FALSE(registry.is_watched());
}

TEST_CASE("actor_registry: so many are followed at once and no more, until a lease is over") {
  actor_registry registry;
  std::vector<std::shared_ptr<actor_entry>> all;
  for (std::size_t i = 0; i <= actor_registry::traces_max; ++i)
    all.push_back(registry.add("x", "x/" + std::to_string(i), "", {}));
  CHECK_FALSE(registry.trace("y/1", 5));
  for (std::size_t i = 0; i < actor_registry::traces_max; ++i)
    CHECK(registry.trace("x/" + std::to_string(i), 60));
  CHECK_FALSE(registry.trace("x/" + std::to_string(actor_registry::traces_max), 60));
  CHECK(registry.trace("x/3", 60)); // renewed
  CHECK(registry.is_watched());
  const auto later = actor_registry::monotonic_ns() + 61'000'000'000;
  CHECK_FALSE(all[3]->keeps_trace(later));
  CHECK(registry.trace("x/" + std::to_string(actor_registry::traces_max), 60));
}

TEST_CASE("actor_trace: keeps the last lines in order, and no more of a second than it says") {
  actor_trace kept;
  constexpr std::int64_t second_ns = 1'000'000'000;
  for (std::uint32_t i = 0; i < actor_trace::lines_per_second_max + 50; ++i)
    kept.add({i}, second_ns, 10, "message", "text");
  CHECK(kept.last() == actor_trace::lines_per_second_max + 50);
  CHECK(kept.skipped() == 50);
  CHECK(kept.after(0, 1'000).size() == actor_trace::lines_per_second_max);
  for (int i = 0; i < 100; ++i) kept.add({}, 3 * second_ns, 10, "later", std::string(1'000, 'x'));
  const auto all = kept.after(0, 1'000);
  CHECK(all.size() == actor_trace::lines_max);
  CHECK(all.back().number == kept.last());
  CHECK(all.back().text.size() == actor_trace::text_bytes_max);
  CHECK(kept.after(kept.last() - 3, 1'000).size() == 3);
  CHECK(kept.after(0, 2).front().number == kept.last() - 1);
  CHECK(kept.after(kept.last(), 10).empty());
}
