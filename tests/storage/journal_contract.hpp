// tests/storage/journal_contract.hpp: what every engine behind storage/journal.hpp must do.
//
// An engine's test makes a `journal_under_test` and runs each contract on a fresh one:
//   TEST_CASE_TEMPLATE or a loop over journal_contract(), one SUBCASE per rule.
#pragma once

#include "storage/journal.hpp"
#include "storage/record.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace rialto::storage {

/// An engine with a disk that outlives its process.
class journal_under_test {
public:
  virtual ~journal_under_test() = default;
  [[nodiscard]] virtual journal& store() = 0;
  /// A clean stop and start.
  virtual void reopen() = 0;
  /// The machine loses power and starts again.
  virtual void crash() = 0;
};

struct journal_rule {
  const char* name;
  void (*check)(journal_under_test&);
};

inline journal_row row_of(shard_id shard, epoch at_epoch, position predecessor,
                          std::string blob = "blob") {
  return {shard, at_epoch, predecessor, std::move(blob)};
}

/// Appends one row behind the head and returns the result.
inline append_result append_one(journal& store, shard_id shard, epoch at_epoch,
                                position predecessor, std::string blob = "blob",
                                std::vector<claim> claims = {}) {
  return store.append({{row_of(shard, at_epoch, predecessor, std::move(blob))}, std::move(claims)})
    .result;
}

inline std::vector<std::string> rows_from(journal& store, shard_id shard, position first) {
  std::vector<std::string> blobs;
  store.read(shard, first, [&](position at, std::string_view blob) {
    CHECK(at == first + blobs.size());
    blobs.emplace_back(blob);
    return true;
  });
  return blobs;
}

/// A blob of one record, as archives take them.
inline std::string sound_blob(std::uint64_t number, std::size_t event_bytes = 0,
                              timestamp_ns at = {}) {
  record one;
  one.stream = entity_id(account_id{1 + number % 7});
  one.first_event = number;
  one.at = at;
  one.event_count = 1;
  for (std::size_t i = 0; i < event_bytes; ++i)
    one.events += static_cast<char>((number * 31 + i * i) >> 3);
  blob_writer writer;
  writer.add(one);
  return writer.finish();
}

namespace contract {

inline const entity_id alice{user_id{1}}, bob{user_id{2}};

inline void batch_is_atomic(journal_under_test& under) { // J1
  auto& store = under.store();
  CHECK(store.append({{row_of(0, 0, 0, "a"), row_of(2, 0, 0, "b")}, {{"email:a", alice}}}).result ==
        append_result::accepted);
  CHECK(store.append({{row_of(0, 0, 1, "c"), row_of(2, 0, 7, "d")}, {{"email:b", bob}}}).result ==
        append_result::stale); // the second row is wrong: nothing of the batch is kept
  const auto heads = store.heads();
  CHECK(heads.at(0).last == 1);
  CHECK(heads.at(2).last == 1);
  CHECK_FALSE(heads.contains(1));
  CHECK_FALSE(store.find_claim("email:b"));
  CHECK(rows_from(store, 0, 1) == std::vector<std::string>{"a"});
  CHECK(rows_from(store, 2, 1) == std::vector<std::string>{"b"});
}

inline void positions_have_no_gap(journal_under_test& under) { // J2
  auto& store = under.store();
  CHECK(store.heads().empty());
  CHECK(append_one(store, 3, 0, 0, "1") == append_result::accepted);
  CHECK(append_one(store, 3, 0, 1, "2") == append_result::accepted);
  for (const position wrong : {0, 1, 3, 4}) {
    CAPTURE(wrong);
    CHECK(append_one(store, 3, 0, wrong) == append_result::stale);
    CHECK(store.heads().at(3).last == 2);
  }
  CHECK(append_one(store, 3, 0, 2, "3") == append_result::accepted);
  CHECK(rows_from(store, 3, 1) == std::vector<std::string>{"1", "2", "3"});
  CHECK(rows_from(store, 3, 3) == std::vector<std::string>{"3"});
  CHECK(rows_from(store, 3, 4).empty());
  CHECK(rows_from(store, 4, 1).empty());
}

inline void session_ends_with_a_refusal(journal_under_test& under) { // J4
  auto& store = under.store();
  CHECK(append_one(store, 0, 0, 5) == append_result::stale);
  CHECK(append_one(store, 0, 0, 0) == append_result::failed); // right, but after a refusal
  CHECK(store.heads().empty());
  CHECK(append_one(store, 0, 0, 0) == append_result::accepted);
}

inline void acknowledged_rows_survive(journal_under_test& under) { // J3
  std::vector<std::string> kept;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 5; ++i) {
      kept.push_back("row " + std::to_string(kept.size()) + std::string(kept.size() * 700, 'x'));
      REQUIRE(append_one(under.store(), 1, 0, kept.size() - 1, kept.back()) ==
              append_result::accepted);
    }
    if (round % 2 == 0)
      under.crash();
    else
      under.reopen();
    CHECK(under.store().heads().at(1).last == kept.size());
    CHECK(rows_from(under.store(), 1, 1) == kept);
  }
}

inline void reading_stops_when_told(journal_under_test& under) {
  auto& store = under.store();
  for (position at = 0; at < 1'000; ++at)
    REQUIRE(append_one(store, 0, 0, at, std::to_string(at + 1)) == append_result::accepted);
  position seen = 0;
  store.read(0, 400, [&](position at, std::string_view blob) {
    CHECK(blob == std::to_string(at));
    seen = at;
    CHECK(store.heads().at(0).last == 1'000); // a reader may call the journal
    return at < 777;
  });
  CHECK(seen == 777);
  CHECK(rows_from(store, 0, 1).size() == 1'000);
}

inline void takeover_makes_older_writers_stale(journal_under_test& under) {
  auto& store = under.store();
  CHECK(append_one(store, 5, 0, 0) == append_result::accepted);
  const auto first = store.take_over(5);
  CHECK(first.at_epoch == 1);
  CHECK(first.last == 1);
  CHECK(append_one(store, 5, 0, 1) == append_result::stale);
  CHECK(store.heads().at(5).at_epoch == 1);
  CHECK(append_one(store, 5, 1, 1) == append_result::accepted);
  CHECK(store.take_over(5).at_epoch == 2);
  CHECK(store.take_over(6).at_epoch == 1);                   // a shard without rows
  CHECK(append_one(store, 6, 2, 0) == append_result::stale); // an epoch nobody has given yet
  under.crash();
  const auto heads = under.store().heads();
  CHECK(heads.at(5).at_epoch == 2);
  CHECK(heads.at(5).last == 2);
  CHECK(heads.at(6).at_epoch == 1);
  CHECK(heads.at(6).last == 0);
  CHECK(append_one(under.store(), 5, 1, 2) == append_result::stale);
}

inline void a_takeover_is_at_the_epoch_that_was_asked_for(journal_under_test& under) {
  CHECK(append_one(under.store(), 5, 0, 0) == append_result::accepted);
  const auto ask = [&](shard_id shard, epoch at_epoch) {
    return under.store().take_over(shard, at_epoch);
  };
  const auto first = ask(5, 7); // epochs may be left out
  CHECK(first.is_taken);
  CHECK(first.head.at_epoch == 7);
  CHECK(first.head.last == 1);
  CHECK(append_one(under.store(), 5, 7, 1) == append_result::accepted);
  const auto again = ask(5, 7); // its answer may have been lost
  CHECK(again.is_taken);
  CHECK(again.head.at_epoch == 7);
  CHECK(again.head.last == 2);
  const auto lower = ask(5, 6);
  CHECK_FALSE(lower.is_taken);
  CHECK(lower.head.at_epoch == 7);
  CHECK(lower.head.last == 2);
  CHECK(append_one(under.store(), 5, 7, 2) == append_result::accepted); // a refusal changes nothing
  CHECK(ask(6, 1).is_taken);                                            // without rows
  CHECK(ask(6, 1).head.last == 0);
  under.crash();
  const auto other = ask(5, 7); // by another lane, for who did it before is gone
  CHECK_FALSE(other.is_taken);
  CHECK(other.head.at_epoch == 7);
  CHECK(other.head.last == 3);
  CHECK(ask(5, 8).is_taken);
  CHECK(append_one(under.store(), 5, 7, 3) == append_result::stale);
  CHECK(under.store().heads().at(5).at_epoch == 8);
  CHECK(append_one(under.store(), 5, 8, 3) == append_result::accepted);
  CHECK(under.store().take_over(5).at_epoch == 9);
  CHECK(ask(5, 9).is_taken);
}

inline void rows_of_many_shards_go_together(journal_under_test& under) {
  std::vector<journal_row> rows;
  for (shard_id shard = 1; shard <= 64; ++shard) {
    REQUIRE(under.store().take_over(shard, shard).is_taken);
    rows.push_back(row_of(shard, shard, 0, "one " + std::to_string(shard)));
  }
  CHECK(under.store().append({rows, {}}).result == append_result::accepted);
  for (auto& row : rows) {
    row.predecessor = 1;
    row.blob = std::string(10'000 + row.shard, 'x');
  }
  rows.back().at_epoch = 63; // one of them is not current
  CHECK(under.store().append({rows, {}}).result == append_result::stale);
  auto heads = under.store().heads();
  CHECK(heads.size() == 64);
  for (const auto& [shard, head] : heads) CHECK(head.last == 1);
  rows.back().at_epoch = 64;
  CHECK(under.store().append({rows, {}}).result == append_result::accepted);
  under.crash();
  heads = under.store().heads();
  for (shard_id shard = 1; shard <= 64; ++shard) {
    CHECK(heads.at(shard).last == 2);
    CHECK(heads.at(shard).at_epoch == shard);
    CHECK(
      rows_from(under.store(), shard, 1) ==
      std::vector<std::string>{"one " + std::to_string(shard), std::string(10'000 + shard, 'x')});
  }
}

inline void claims_are_unique(journal_under_test& under) {
  auto& store = under.store();
  CHECK(append_one(store, 0, 0, 0, "a", {{"email:a", alice}}) == append_result::accepted);
  CHECK(store.find_claim("email:a") == alice);
  CHECK(append_one(store, 0, 0, 1, "b", {{"email:b", bob}, {"email:a", bob}}) ==
        append_result::claim_taken);
  CHECK_FALSE(store.find_claim("email:b"));                          // not half of the batch either
  CHECK(append_one(store, 0, 0, 1, "c") == append_result::accepted); // the session goes on
  CHECK(append_one(store, 0, 0, 2, "d", {{"email:a", alice}}) == append_result::accepted); // own
  CHECK(append_one(store, 0, 0, 3, "e", {{"x", alice}, {"x", bob}}) == append_result::claim_taken);
  CHECK_FALSE(store.find_claim("x"));
  under.crash();
  CHECK(under.store().find_claim("email:a") == alice);
  CHECK(append_one(under.store(), 0, 0, 3, "f", {{"email:a", bob}}) == append_result::claim_taken);
  CHECK(rows_from(under.store(), 0, 1) == std::vector<std::string>{"a", "c", "d"});
}

inline void snapshots_replace_and_wake(journal_under_test& under) {
  auto& store = under.store();
  CHECK_FALSE(store.load_snapshot(alice));
  store.save_snapshot({alice, 10, "ten", {500}});
  store.save_snapshots({{bob, 2, "two", {700}}, {bob, 3, "", {}}});
  const auto first = store.load_snapshot(alice);
  REQUIRE(first);
  CHECK(first->event_number == 10);
  CHECK(first->bytes == "ten");
  CHECK(first->wake_at.value == 500);
  CHECK(store.load_snapshot(bob)->bytes.empty());
  CHECK(store.wake_times() == std::map<entity_id, timestamp_ns>{{alice, {500}}});

  std::string large(3'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * i >> 7);
  store.save_snapshot({alice, 20, large, {}});
  CHECK(store.wake_times().empty());
  CHECK(append_one(store, 0, 0, 0) == append_result::accepted); // a synced commit behind it
  under.crash();
  const auto second = under.store().load_snapshot(alice);
  REQUIRE(second);
  CHECK(second->event_number == 20);
  CHECK(second->bytes == large);
  under.store().save_snapshot({alice, 30, "small again", {}});
  under.reopen();
  CHECK(under.store().load_snapshot(alice)->bytes == "small again");
  CHECK(under.store().load_snapshot(bob)->event_number == 3);
}

inline void a_crash_loses_no_older_snapshot(journal_under_test& under) {
  under.store().save_snapshot({alice, 1, std::string(1'000'000, 'a'), {}});
  CHECK(append_one(under.store(), 0, 0, 0) == append_result::accepted);
  under.store().save_snapshot({alice, 2, std::string(2'000'000, 'b'), {}});
  under.crash(); // before any sync: either one may be there, whole
  const auto found = under.store().load_snapshot(alice);
  REQUIRE(found);
  CHECK(found->bytes ==
        (found->event_number == 1 ? std::string(1'000'000, 'a') : std::string(2'000'000, 'b')));
}

inline void checkpoints_are_replaced_whole(journal_under_test& under) {
  auto& store = under.store();
  CHECK_FALSE(store.load_checkpoint("index/0"));
  store.save_checkpoint("index/0", "one");
  store.save_checkpoint("index/1", std::string(1'000'000, 'z'));
  store.save_checkpoint("index/0", "two");
  under.reopen();
  CHECK(under.store().load_checkpoint("index/0") == "two");
  CHECK(under.store().load_checkpoint("index/1") == std::string(1'000'000, 'z'));
}

inline void ids_never_repeat(journal_under_test& under) {
  std::uint64_t next = 1;
  for (int round = 0; round < 8; ++round) {
    const auto first = under.store().draw_ids("order", 1'000'000);
    CHECK(first >= next);
    next = first + 1'000'000;
    if (round % 2 == 0)
      under.crash();
    else
      under.reopen();
  }
  CHECK(under.store().draw_ids("user", 1) == 1); // each sequence counts alone
  CHECK(under.store().draw_ids("user", 1) == 2);
}

inline void archived_rows_are_read_like_any_other(journal_under_test& under) { // J5
  std::vector<std::string> rows;
  const auto append = [&](std::size_t count) {
    for (; count > 0; --count) {
      rows.push_back(sound_blob(rows.size() + 1, rows.size() % 300));
      REQUIRE(append_one(under.store(), 3, 0, rows.size() - 1, rows.back()) ==
              append_result::accepted);
    }
  };
  const auto check = [&] {
    CHECK(under.store().heads().at(3).last == rows.size());
    for (position first = 1; first <= rows.size() + 1; first += 37)
      CHECK(rows_from(under.store(), 3, first) ==
            std::vector(rows.begin() + static_cast<std::ptrdiff_t>(first - 1), rows.end()));
  };
  CHECK(append_one(under.store(), 2, 0, 0, "another shard") == append_result::accepted);
  append(400);
  for (const position last : {position{0}, position{150}, position{100}, position{399}}) {
    CAPTURE(last);
    const auto before = under.store().archived(3);
    archive_request wanted;
    wanted.shard = 3;
    wanted.last = last;
    wanted.file_bytes = 9'000;
    for (const auto& file : under.store().archive(wanted).files) CHECK(file.last <= last);
    CHECK(under.store().archived(3) <= std::max(before, last));
    check();
    under.crash();
    check();
    append(10);
    under.reopen();
    check();
  }
  archive_request all;
  all.shard = 3;
  all.last = UINT64_MAX;
  static_cast<void>(under.store().archive(all));
  CHECK(under.store().archived(3) < rows.size()); // the newest row stays
  all.shard = 9;                                  // has no rows
  CHECK(under.store().archive(all).files.empty());
  under.reopen();
  check();
  append(10);
  check();
  CHECK(rows_from(under.store(), 2, 1) == std::vector<std::string>{"another shard"});
}

inline void other_threads_do_not_disturb_appends(journal_under_test& under) {
  auto& store = under.store();
  std::atomic<bool> stop{false};
  std::vector<std::string> problems;
  std::thread others([&] {
    try {
      for (std::uint64_t i = 1; !stop; ++i) {
        store.save_snapshot({alice, i, std::string(20'000, 's'), {}});
        static_cast<void>(store.load_snapshot(alice));
        static_cast<void>(store.draw_ids("order", 10));
        static_cast<void>(store.find_claim("email:a"));
        static_cast<void>(store.checkpoint_log());
        store.save_checkpoint("index/0", "bytes");
        store.read(0, 1, [](position at, std::string_view) { return at < 50; });
      }
    } catch (const std::exception& problem) {
      problems.emplace_back(problem.what());
    }
  });
  for (position at = 0; at < 200; ++at)
    CHECK(append_one(store, 0, 0, at, std::string(300, 'r')) == append_result::accepted);
  stop = true;
  others.join();
  CHECK(problems.empty());
  CHECK(store.checkpoint_log());
  CHECK(store.heads().at(0).last == 200);
}

} // namespace contract

inline constexpr journal_rule journal_rules[] = {
  {"a batch is atomic", contract::batch_is_atomic},
  {"positions have no gap", contract::positions_have_no_gap},
  {"a session ends with a refusal", contract::session_ends_with_a_refusal},
  {"acknowledged rows survive crashes", contract::acknowledged_rows_survive},
  {"reading stops when told, and may call the journal", contract::reading_stops_when_told},
  {"a takeover makes older writers stale", contract::takeover_makes_older_writers_stale},
  {"a takeover is at the epoch that was asked for",
   contract::a_takeover_is_at_the_epoch_that_was_asked_for},
  {"rows of many shards go together", contract::rows_of_many_shards_go_together},
  {"claims are unique", contract::claims_are_unique},
  {"snapshots are replaced, and remember when to wake", contract::snapshots_replace_and_wake},
  {"a crash loses no older snapshot", contract::a_crash_loses_no_older_snapshot},
  {"checkpoints are replaced whole", contract::checkpoints_are_replaced_whole},
  {"ids never repeat", contract::ids_never_repeat},
  {"archived rows are read like any other", contract::archived_rows_are_read_like_any_other},
  {"other threads do not disturb appends", contract::other_threads_do_not_disturb_appends},
};

/// Every rule on a fresh engine.
inline void
check_journal_contract(const std::function<std::unique_ptr<journal_under_test>()>& make) {
  for (const auto& rule : journal_rules) {
    CAPTURE(rule.name);
    INFO("rule: " << rule.name);
    rule.check(*make());
  }
}

} // namespace rialto::storage
