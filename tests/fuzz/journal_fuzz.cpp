// The journal's bytes: blobs with their records, events, the saved stream index.
#include "net/server/utf8.hpp"
#include "storage/event_codec.hpp"
#include "storage/record.hpp"
#include "storage/stream_index.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/small_exchange.hpp"

#include <nlohmann/json.hpp>
#include <zlib.h>

namespace rialto::fuzz {

namespace {

using namespace rialto::storage;

std::string written(const std::vector<record>& records) {
  blob_writer out;
  for (const auto& one : records) out.add(one);
  return out.finish();
}

/// What each_record() hands over of the streams that `wanted` takes; false if the blob is damaged.
bool walk(std::string_view blob, entity_id wanted, std::vector<record>& out) {
  return each_record(
    blob, [&](entity_id stream) { return !wanted || stream == wanted; },
    [&](const record& one) { out.push_back(one); });
}

/// All readers of a blob agree on whether it is sound, and on what it says.
void check_blob(std::string_view blob) {
  std::vector<record_view> views(1);
  std::vector<record_frame> frames;
  std::vector<record> walked;
  const bool is_sound = view_blob(blob, views);
  const auto records = read_blob(blob);
  RIALTO_ASSERT(is_sound == records.has_value());
  RIALTO_ASSERT(is_sound == frame_blob(blob, frames));
  RIALTO_ASSERT(is_sound == walk(blob, {}, walked));
  if (!is_sound) {
    RIALTO_ASSERT(views.size() == 1); // as it was
    RIALTO_ASSERT(frames.empty());
    return;
  }
  RIALTO_ASSERT(walked == *records);
  RIALTO_ASSERT_VALUES(frames.size() == records->size(), frames.size(), records->size());
  if (!walked.empty() && walked.front().stream) {
    const auto stream = walked.front().stream;
    std::vector<record> of_one;
    RIALTO_ASSERT(walk(blob, stream, of_one));
    RIALTO_ASSERT(of_one == read_blob(blob, stream));
  }
  RIALTO_ASSERT(views.size() == records->size() + 1);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < records->size(); ++i) {
    const auto& one = (*records)[i];
    RIALTO_ASSERT(views[i + 1].stream == one.stream);
    RIALTO_ASSERT(views[i + 1].first_event == one.first_event);
    RIALTO_ASSERT(views[i + 1].event_count == one.event_count);
    RIALTO_ASSERT(frames[i].stream == one.stream && frames[i].at == one.at);
    RIALTO_ASSERT(frames[i].first_event == one.first_event);
    RIALTO_ASSERT(frames[i].event_count == one.event_count && frames[i].events == one.events);
    bytes += one.events.size() + one.acknowledged.size() * sizeof(link_cursor);
  }
  RIALTO_ASSERT_VALUES(bytes <= blob.size(), bytes, blob.size());
  const auto again = written(*records);
  RIALTO_ASSERT(read_blob(again) == records);
  blob_writer joined; // group commit
  joined.add_blob(again);
  joined.add_blob(again);
  RIALTO_ASSERT(read_blob(joined.finish())->size() == 2 * records->size());
}

template <class Event>
void check_events(std::string_view bytes) {
  byte_reader in(bytes);
  for (Event event; in.left() > 0;) {
    const auto left = in.left();
    if (!decode_event(in, event)) {
      RIALTO_ASSERT(in.failed() && in.left() == 0);
      return;
    }
    RIALTO_ASSERT(in.left() < left);
    std::string once, twice;
    encode_event(event, once);
    byte_reader again(once);
    Event same;
    RIALTO_ASSERT(decode_event(again, same) && again.done());
    encode_event(same, twice);
    RIALTO_ASSERT(once == twice);
    const auto json = event_to_json(event);
    RIALTO_ASSERT(nlohmann::json::accept(json));
    for (const auto* secret : {"\"password_hash\":", "\"refresh_hash\":"})
      RIALTO_ASSERT(json.find(secret) == std::string::npos);
  }
}

std::vector<std::string> make_blobs() {
  const auto records = small_exchange().records();
  return {written({}), written({records.front()}), written(records)};
}

std::vector<std::string> make_events() {
  std::vector<std::string> all;
  const auto records = small_exchange().records();
  for (const auto& one : records) all.push_back(one.events);
  return all;
}

std::vector<std::string> make_indexes() {
  stream_index index;
  std::vector<std::string> all{index.encode()};
  const auto records = small_exchange().records();
  for (std::size_t i = 0; i < records.size(); ++i) index.note(records[i].stream, 1 + i * i);
  all.push_back(index.encode());
  index.forget_before(records.front().stream, 5);
  all.push_back(index.encode());
  return all;
}

} // namespace

/// As it is, and with the checksum it would need: damage behind a right checksum is met, too.
RIALTO_FUZZ_TARGET(journal_blob, make_blobs) {
  check_blob(input);
  if (input.size() < 4) return;
  auto repaired = std::string(input.substr(0, input.size() - 4));
  const auto crc = static_cast<std::uint32_t>(
    crc32_z(0, reinterpret_cast<const unsigned char*>(repaired.data()), repaired.size()));
  byte_writer(repaired).put(crc);
  check_blob(repaired);
}

RIALTO_FUZZ_TARGET(journal_events, make_events) {
  check_events<market_event>(input);
  check_events<account_event>(input);
  check_events<user_event>(input);
}

RIALTO_FUZZ_TARGET(stream_index, make_indexes) {
  const auto index = stream_index::decode(input);
  if (!index) return;
  const auto once = index->encode();
  RIALTO_ASSERT(once.size() <= input.size());
  const auto again = stream_index::decode(once);
  RIALTO_ASSERT(again && again->encode() == once);
  for (const auto id : index->entities()) {
    RIALTO_ASSERT(index->contains(id));
    const auto rows = index->positions_of(id);
    RIALTO_ASSERT(rows.size() <= input.size());
    RIALTO_ASSERT(std::is_sorted(rows.begin(), rows.end()));
    RIALTO_ASSERT(std::adjacent_find(rows.begin(), rows.end()) == rows.end());
    auto shorter = *index;
    const auto cut = rows.empty() ? 1 : rows[rows.size() / 2];
    shorter.forget_before(id, cut);
    const auto kept = shorter.positions_of(id);
    RIALTO_ASSERT(kept == std::vector(std::lower_bound(rows.begin(), rows.end(), cut), rows.end()));
  }
}

} // namespace rialto::fuzz
