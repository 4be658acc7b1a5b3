// storage/record.hpp: the frame of one entity's events inside a journal row's blob.
//
// A blob is: u8 format, u32 record count, records, u32 crc32 of everything before. A record is one
// execute() of one entity: its events, and the link cursors that moved with it.
// A decoder reads no byte before the checksum was right; a wrong length inside is damage as well.
// docs/formats/journal.md has the grammar and a worked hex example.
#pragma once

#include "domain/bytes.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::storage {

/// "All messages up to `number` that the stream's entity sent to `peer` were durably received."
struct link_cursor {
  entity_id peer;
  std::uint64_t number = 0;
  RIALTO_FIELDS(peer.value, number)
  friend bool operator==(const link_cursor&, const link_cursor&) = default;
};

struct record {
  entity_id stream;
  std::uint64_t first_event =
    0; // its number in the stream; a record without events takes a number too
  timestamp_ns at;
  link_cursor cause;                     // the link message this answers; peer 0: none
  std::vector<link_cursor> acknowledged; // link acknowledgements that ride along
  std::uint32_t event_count = 0;
  std::string events; // encode_event() one after the other (event_codec.hpp)
  friend bool operator==(const record&, const record&) = default;
};

class blob_writer {
public:
  void add(const record& made);
  /// The records of a finished blob, framed anew without decoding them (group commit).
  void add_blob(std::string_view finished);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }
  /// The finished blob, sound even without records; the writer is empty again.
  [[nodiscard]] std::string finish();

private:
  std::string bytes_;
  std::uint32_t count_ = 0;
};

/// The records of a blob; empty if its checksum or framing is wrong.
[[nodiscard]] std::optional<std::vector<record>> read_blob(std::string_view blob);
/// Only those of one stream.
[[nodiscard]] std::optional<std::vector<record>> read_blob(std::string_view blob, entity_id stream);

/// Hands over the records of the streams that are wanted, in order, one at a time; the others are stepped over. False if the blob is damaged:
/// nothing was handed over if its checksum is wrong.
[[nodiscard]] bool each_record(std::string_view blob,
                               const std::function<bool(entity_id)>& is_wanted,
                               const std::function<void(const record&)>& take);

/// A record whose events stay in the blob.
struct record_frame {
  entity_id stream;
  std::uint64_t first_event = 0;
  timestamp_ns at;
  std::uint32_t event_count = 0;
  std::string_view events;
};
/// The records of a blob, without copies; false, with `out` empty, if it is damaged.
[[nodiscard]] bool frame_blob(std::string_view blob, std::vector<record_frame>& out);

/// What an index needs of a record, without copying its events.
struct record_view {
  entity_id stream;
  std::uint64_t first_event = 0;
  std::uint32_t event_count = 0;
};
/// Appends a view of each record to `out`; false, with `out` as it was, if the blob is damaged.
[[nodiscard]] bool view_blob(std::string_view blob, std::vector<record_view>& out);

} // namespace rialto::storage
