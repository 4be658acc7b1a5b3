#include "storage/record.hpp"

#include "domain/assert.hpp"

#include <libdeflate.h>
#include <utility>

namespace rialto::storage {

namespace {

constexpr std::uint8_t blob_format = 1;
constexpr std::size_t head_bytes = 1 + 4; // format, record count
constexpr std::size_t crc_bytes = 4;

// Bits of a record's flags; a bit that is not set means that the field is absent.
constexpr std::uint8_t has_cause = 1;
constexpr std::uint8_t has_acknowledged = 2;
constexpr std::uint8_t known_flags = has_cause | has_acknowledged;

std::uint32_t crc_of(std::string_view bytes) {
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

/// Reader of the records, their count checked against the bytes that are there; failed if damaged.
byte_reader open_blob(std::string_view blob, std::uint32_t& count) {
  byte_reader bad({});
  bad.fail();
  if (blob.size() < head_bytes + crc_bytes) return bad;
  byte_reader tail(blob.substr(blob.size() - crc_bytes));
  blob.remove_suffix(crc_bytes);
  if (tail.get<std::uint32_t>() != crc_of(blob)) return bad;
  byte_reader in(blob);
  if (in.get<std::uint8_t>() != blob_format) return bad;
  count = in.get<std::uint32_t>();
  return in;
}

/// Reads one record's frame; its events stay where they are. `whole` takes the cursors if given.
record_view read_frame(byte_reader& in, std::string_view& events, record* whole) {
  record_view view;
  const auto flags = in.get<std::uint8_t>();
  if ((flags & ~known_flags) != 0) in.fail();
  view.stream = entity_id(in.get<std::uint64_t>());
  in.get(view.first_event);
  const auto at = in.get<timestamp_ns>();
  link_cursor cause;
  if ((flags & has_cause) != 0) {
    in.get(cause);
    if (!cause.peer) in.fail(); // a record without cause has no flag for it
  }
  if (whole != nullptr) {
    whole->at = at;
    whole->cause = cause;
    if ((flags & has_acknowledged) != 0) in.get(whole->acknowledged);
  } else {
    if ((flags & has_acknowledged) != 0)
      static_cast<void>(in.take(2 * sizeof(std::uint64_t) * in.get<std::uint32_t>()));
  }
  in.get(view.event_count);
  events = in.take(in.get<std::uint32_t>());
  return view;
}

std::optional<std::vector<record>> read_records(std::string_view blob, entity_id stream) {
  std::uint32_t count = 0;
  auto in = open_blob(blob, count);
  std::vector<record> found;
  for (; count > 0 && !in.failed(); --count) {
    record one;
    std::string_view events;
    const auto view = read_frame(in, events, &one);
    if (stream && view.stream != stream) continue;
    one.stream = view.stream;
    one.first_event = view.first_event;
    one.event_count = view.event_count;
    one.events = events;
    found.push_back(std::move(one));
  }
  if (!in.done()) return std::nullopt;
  return found;
}

} // namespace

void blob_writer::add(const record& made) {
  if (bytes_.empty()) bytes_.resize(head_bytes);
  byte_writer out(bytes_);
  const bool caused = static_cast<bool>(made.cause.peer);
  const bool acknowledges = !made.acknowledged.empty();
  out.put(
    static_cast<std::uint8_t>((caused ? has_cause : 0) | (acknowledges ? has_acknowledged : 0)));
  out.put(made.stream);
  out.put(made.first_event);
  out.put(made.at);
  if (caused) out.put(made.cause);
  if (acknowledges) out.put(made.acknowledged);
  out.put(made.event_count);
  out.put(made.events);
  ++count_;
}

void blob_writer::add_blob(std::string_view finished) {
  RIALTO_ASSERT(finished.size() >= head_bytes + crc_bytes);
  RIALTO_ASSERT(static_cast<std::uint8_t>(finished[0]) == blob_format);
  if (bytes_.empty()) bytes_.resize(head_bytes);
  byte_reader in(finished.substr(1));
  count_ += in.get<std::uint32_t>();
  bytes_.append(finished.substr(head_bytes, finished.size() - head_bytes - crc_bytes));
}

std::string blob_writer::finish() {
  if (bytes_.empty()) bytes_.resize(head_bytes);
  std::memcpy(bytes_.data(), &blob_format, 1);
  std::memcpy(bytes_.data() + 1, &count_, sizeof count_);
  byte_writer(bytes_).put(crc_of(bytes_));
  count_ = 0;
  const auto size = bytes_.size();
  auto finished = std::exchange(bytes_, {});
  bytes_.reserve(size); // the next one is likely as large
  return finished;
}

std::optional<std::vector<record>> read_blob(std::string_view blob) {
  return read_records(blob, {});
}

std::optional<std::vector<record>> read_blob(std::string_view blob, entity_id stream) {
  RIALTO_ASSERT(stream);
  return read_records(blob, stream);
}

bool each_record(std::string_view blob, const std::function<bool(entity_id)>& is_wanted,
                 const std::function<void(const record&)>& take) {
  std::uint32_t count = 0;
  auto in = open_blob(blob, count);
  record one; // kept for its memory
  for (; count > 0 && !in.failed(); --count) {
    std::string_view events;
    const auto from = in;
    auto view = read_frame(in, events, nullptr);
    if (in.failed() || !is_wanted(view.stream)) continue;
    in = from;
    one.cause = {};
    one.acknowledged.clear();
    view = read_frame(in, events, &one);
    if (in.failed()) break;
    one.stream = view.stream;
    one.first_event = view.first_event;
    one.event_count = view.event_count;
    one.events = events;
    take(one);
  }
  return in.done();
}

bool frame_blob(std::string_view blob, std::vector<record_frame>& out) {
  out.clear();
  std::uint32_t count = 0;
  auto in = open_blob(blob, count);
  record skipped; // its cursors
  for (; count > 0 && !in.failed(); --count) {
    std::string_view events;
    const auto view = read_frame(in, events, &skipped);
    out.push_back({view.stream, view.first_event, skipped.at, view.event_count, events});
  }
  if (in.done()) return true;
  out.clear();
  return false;
}

bool view_blob(std::string_view blob, std::vector<record_view>& out) {
  std::uint32_t count = 0;
  auto in = open_blob(blob, count);
  const auto before = out.size();
  for (; count > 0 && !in.failed(); --count) {
    std::string_view events;
    out.push_back(read_frame(in, events, nullptr));
  }
  if (in.done()) return true;
  out.resize(before);
  return false;
}

} // namespace rialto::storage
