// tests/storage/lane_fixture.hpp: submissions that carry a number, and their notices as text.
#pragma once

#include "storage/group_commit.hpp"
#include "storage/record.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <string>

namespace rialto::storage {

struct numbered final : effects {
  explicit numbered(std::uint64_t id) : number(id) {}
  std::uint64_t number;
};

inline std::uint64_t number_of(const notice& one) {
  return static_cast<const numbered&>(*one.waiting).number;
}

/// A submission whose records name it: stream = account/NUMBER.
inline submission submission_of(std::uint64_t number, std::vector<shard_id> shards = {0},
                                std::vector<claim> claims = {}, epoch at_epoch = 0,
                                std::size_t event_bytes = 20) {
  submission one;
  for (const auto shard : shards) {
    record made;
    made.stream = entity_id(account_id{number});
    made.first_event = 1;
    made.event_count = 1;
    made.events.assign(event_bytes, 'e');
    blob_writer writer;
    writer.add(made);
    one.batch.rows.push_back({shard, at_epoch, 0, writer.finish()});
  }
  one.batch.claims = std::move(claims);
  one.waiting = std::make_unique<numbered>(number);
  return one;
}
inline submission barrier(std::uint64_t number) {
  return submission_of(number, {});
}

template <class... Submission>
std::deque<submission> queue_with(Submission... one) {
  std::deque<submission> queue;
  (queue.push_back(std::move(one)), ...);
  return queue;
}

/// "1 accepted at 1, 2 failed": notices as text.
inline std::string text_of(const std::vector<notice>& notices) {
  static constexpr const char* names[] = {"accepted", "stale", "claim_taken", "failed", "unknown"};
  std::string text;
  for (const auto& one : notices) {
    if (!text.empty()) text += ", ";
    text += std::to_string(number_of(one)) + " " + names[static_cast<int>(one.result)];
    if (!one.rows.empty()) text += " at " + std::to_string(one.rows.back().second);
  }
  return text;
}

inline std::string commit_once(group_commit& commits, std::deque<submission>& queue) {
  std::vector<notice> notices;
  commits.commit_next(queue, notices);
  return text_of(notices);
}

/// The submissions' numbers in a shard's rows: "1 2 | 3".
inline std::string rows_text(journal& store, shard_id shard) {
  std::string text;
  store.read(shard, 1, [&](position at, std::string_view blob) {
    if (at > 1) text += " |";
    const auto records = read_blob(blob);
    REQUIRE(records);
    for (const auto& one : *records)
      text.append(text.empty() ? "" : " ").append(std::to_string(one.stream.number()));
    return true;
  });
  return text;
}

} // namespace rialto::storage
