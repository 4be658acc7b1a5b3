#include "storage/archiving.hpp"

#include "storage/record.hpp"

#include <algorithm>

namespace rialto::storage {

namespace {

/// When the first record from row `at` on was written, at most in row `last`; empty if there is none.
std::optional<timestamp_ns> time_from(journal& store, shard_id shard, position at, position last) {
  std::optional<timestamp_ns> found;
  std::vector<record_frame> records;
  store.read(shard, at, [&](position row, std::string_view blob) {
    if (row > last) return false;
    if (!frame_blob(blob, records))
      throw journal_error("row " + std::to_string(row) + " of shard " + std::to_string(shard) +
                          " is damaged");
    for (const auto& one : records) found = std::max(found.value_or(one.at), one.at);
    return !found; // a row may be without records
  });
  return found;
}

} // namespace

std::optional<position> archivable_below(const stream_index& index) {
  const auto first = index.first_needed();
  return first > 1 ? std::optional(first) : std::nullopt;
}

position first_row_since(journal& store, shard_id shard, position first, position last,
                         timestamp_ns since) {
  while (first <= last) {
    const auto middle = first + (last - first) / 2;
    const auto written = time_from(store, shard, middle, last);
    if (!written || *written >= since)
      last = middle - 1;
    else
      first = middle + 1;
  }
  return first;
}

archive_outcome archive_when_due(journal& store, const archive_rule& rule) {
  const auto index = load_saved_index(store, rule.shard);
  const auto below = index ? archivable_below(*index) : std::nullopt;
  if (!below) return {};
  archive_request wanted;
  wanted.shard = rule.shard;
  wanted.whole_files_only = true;
  wanted.go_on = rule.go_on;
  if (rule.file_bytes > 0) wanted.file_bytes = rule.file_bytes;
  const auto last = std::min(*below - 1, rule.projected);
  wanted.last =
    first_row_since(store, rule.shard, store.archived(rule.shard) + 1, last, rule.before) - 1;
  return store.archive(wanted);
}

} // namespace rialto::storage
