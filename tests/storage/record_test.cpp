#include "storage/record.hpp"
#include "tests/storage/samples.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::storage;

namespace {

std::vector<record> sample_records(random_source& from) {
  std::vector<record> made;
  for (auto n = from() % 6; n > 0; --n) made.push_back(sample_record(from));
  return made;
}

std::string blob_of(const std::vector<record>& records) {
  blob_writer writer;
  for (const auto& one : records) writer.add(one);
  return writer.finish();
}

} // namespace

TEST_CASE("record: a blob gives back its records") {
  for (const auto seed : seeds(300)) {
    CAPTURE(seed);
    random_source from(seed);
    const auto records = sample_records(from);
    const auto blob = blob_of(records);
    const auto found = read_blob(blob);
    REQUIRE(found);
    CHECK(*found == records);
    std::vector<record_view> views;
    REQUIRE(view_blob(blob, views));
    REQUIRE(views.size() == records.size());
    for (std::size_t i = 0; i < views.size(); ++i) {
      CHECK(views[i].stream == records[i].stream);
      CHECK(views[i].first_event == records[i].first_event);
      CHECK(views[i].event_count == records[i].event_count);
    }
  }
}

TEST_CASE("record: the worked example of docs/formats/journal.md is written and read so") {
  record made;
  made.stream = entity_id(account_id{17});
  made.first_event = 4;
  made.at = {1'700'000'000'000'000'000};
  made.cause = {entity_id(market_id{3}), 9};
  made.acknowledged = {{entity_id(market_id{3}), 6}};
  made.event_count = 1;
  encode_event(account_event(cancel_requested{order_id{1'000'005}}), made.events);
  const std::string hex = "01010000000311000000000000020400000000000000"
                          "00002a36fe9c971703000000000000030900000000000000"
                          "0100000003000000000000030600000000000000"
                          "010000000f0000000402010800000045420f0000000000"
                          "2f89f3f0";
  CHECK(to_hex(blob_of({made})) == hex);
  const auto found = read_blob(from_hex(hex));
  REQUIRE(found);
  CHECK(*found == std::vector{made});
}

TEST_CASE("record: one stream's records are found among the others") {
  random_source from(3);
  auto mine = sample_record(from), other = sample_record(from);
  mine.stream = entity_id(user_id{1});
  other.stream = entity_id(user_id{2});
  const auto found = read_blob(blob_of({other, mine, other, mine}), mine.stream);
  REQUIRE(found);
  CHECK(*found == std::vector{mine, mine});
}

TEST_CASE(
  "record: the wanted records are handed over as they were written, the others stepped over") {
  for (const auto seed : seeds(200)) {
    CAPTURE(seed);
    random_source from(seed);
    const auto records = sample_records(from);
    auto blob = blob_of(records);
    const auto is_wanted = [](entity_id stream) { return stream.number() % 2 == 0; };
    std::vector<record> expected, found;
    for (const auto& one : records)
      if (is_wanted(one.stream)) expected.push_back(one);
    const auto take = [&](const record& one) { found.push_back(one); };
    CHECK(each_record(blob, is_wanted, take));
    CHECK(found == expected);
    found.clear();
    blob[from() % blob.size()] ^= 1;
    CHECK_FALSE(each_record(blob, is_wanted, take));
    CHECK(found.empty());
  }
}

TEST_CASE("record: merged blobs hold the records of all, in order") {
  for (const auto seed : seeds(100)) {
    CAPTURE(seed);
    random_source from(seed);
    std::vector<record> all;
    blob_writer merged;
    for (auto n = from() % 5; n > 0; --n) {
      const auto some = sample_records(from);
      merged.add_blob(blob_of(some));
      all.insert(all.end(), some.begin(), some.end());
    }
    CHECK(merged.finish() == blob_of(all));
  }
}

TEST_CASE("record: a blob without records is sound") {
  blob_writer writer;
  CHECK(writer.empty());
  const auto found = read_blob(writer.finish());
  REQUIRE(found);
  CHECK(found->empty());
}

TEST_CASE("record: any changed, missing or added byte is noticed") {
  for (const auto seed : seeds(100)) {
    CAPTURE(seed);
    random_source from(seed);
    const auto blob = blob_of(sample_records(from));
    for (std::size_t at = 0; at < blob.size(); ++at) {
      auto changed = blob;
      changed[at] = static_cast<char>(changed[at] ^ (1 << from() % 8));
      CHECK_FALSE(read_blob(changed));
      CHECK_FALSE(read_blob(std::string_view(blob).substr(0, at)));
    }
    CHECK_FALSE(read_blob(blob + '\0'));
  }
}

TEST_CASE("record: a count of cursors that no blob could hold is noticed by both readers") {
  record made;
  made.stream = entity_id(user_id{1});
  made.acknowledged = {{entity_id(user_id{2}), 3}};
  auto blob = blob_of({made});
  constexpr std::size_t count_at = 5 + 1 + 3 * sizeof(std::uint64_t); // after the record's time
  REQUIRE(blob.substr(count_at, 4) == std::string("\1\0\0\0", 4));
  // 2^31 cursors; times 2 in 32 bits that is none, and nothing of them is there.
  blob.erase(count_at + 4, 2 * sizeof(std::uint64_t));
  blob[count_at] = 0;
  blob[count_at + 3] = '\x80';
  blob_writer writer;
  writer.add_blob(blob); // a right checksum
  const auto damaged = writer.finish();
  CHECK_FALSE(read_blob(damaged));
  std::vector<record_view> views;
  CHECK_FALSE(view_blob(damaged, views));
}

TEST_CASE("record: garbage under a right checksum never crashes") {
  for (const auto seed : seeds(3'000)) {
    CAPTURE(seed);
    random_source from(seed);
    // A blob of random bytes is put through add_blob(), which checks nothing and signs it.
    std::string bytes(9 + from() % 200, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(from() % 4 == 0 ? from() : from() % 3);
    bytes[0] = 1;
    bytes[2] = bytes[3] = bytes[4] = 0;
    blob_writer writer;
    writer.add_blob(bytes);
    const auto blob = writer.finish();
    const auto found = read_blob(blob);
    std::vector<record_view> views;
    const bool viewed = view_blob(blob, views);
    CHECK(viewed == found.has_value());
    if (found) CHECK(found->size() == views.size());
  }
}
