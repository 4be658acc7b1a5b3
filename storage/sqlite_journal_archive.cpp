// What sqlite_journal does with old rows: into files (S6), out of the table, and read from there.
#include "domain/assert.hpp"
#include "storage/crash_point.hpp"
#include "storage/record.hpp"
#include "storage/sqlite_journal.hpp"
#include "storage/sqlite_row_id.hpp"

#include <algorithm>
#include <filesystem>

namespace rialto::storage {

namespace {

// Of one deletion, for which appends wait; of one read, for which snapshots and loads wait.
constexpr std::size_t step_rows = 256, step_bytes = 1 << 20;

std::string row_words(position at, shard_id shard) {
  return "row " + std::to_string(at) + " of shard " + std::to_string(shard);
}

bool may_go_on(const archive_request& wanted) {
  return !wanted.go_on || wanted.go_on();
}

} // namespace

/// A new journal beside the archives of a lost one would give their positions to other rows.
void sqlite_journal::check_file_exists() const {
  if (archive_.files().empty() || std::filesystem::exists(path_)) return;
  throw journal_error(path_ + " is missing, and " + archive_.directory() +
                      " has rows that were archived from it: see rialto journal restore");
}

/// The newest row of a shard stays in the table, so a table that ends before its archives is not
/// the one that they were taken from.
void sqlite_journal::check_archive_fits() const {
  for (const auto& file : archive_.files()) {
    const auto head = heads_.find(file.shard);
    const auto last = head == heads_.end() ? 0 : head->second.last;
    if (last <= file.last)
      throw journal_error(path_ + " ends at " + row_words(last, file.shard) + ", but " +
                          archive_.path_of(file) + " goes on to row " + std::to_string(file.last) +
                          ": an older copy? see rialto journal restore");
  }
}

bool sqlite_journal::read_archived(
  shard_id shard, position& first,
  const std::function<bool(position, std::string_view blob)>& row) {
  const auto block = archive_.find(shard, first);
  if (block == nullptr) throw journal_error(path_ + ": " + row_words(first, shard) + " is missing");
  bool goes_on = true;
  const bool is_sound = block->read(first, [&](position at, epoch, std::string_view blob) {
    first = at + 1;
    return goes_on = row(at, blob);
  });
  if (!is_sound) throw journal_error(path_ + ": " + row_words(first, shard) + " is damaged");
  return goes_on;
}

std::pair<position, position> sqlite_journal::table_rows(shard_id shard) {
  position first = 0;
  {
    const std::lock_guard hold(aside_lock_);
    auto& found = aside_->first_row.with(row_id(shard, 1), row_id(shard + 1, 0));
    if (found.step()) first = position_of(found.number(0));
    found.reset();
  }
  const std::lock_guard hold(write_lock_);
  const auto head = heads_.find(shard);
  return {first, head == heads_.end() ? 0 : head->second.last};
}

archive_outcome sqlite_journal::archive(const archive_request& wanted) {
  RIALTO_ASSERT(wanted.shard < shard_limit - 1);
  RIALTO_ASSERT(wanted.file_bytes > 0);
  const std::lock_guard hold(archiving_lock_);
  archive_outcome done;
  if (!drop_archived(wanted, done)) return done; // what an earlier call did not come to
  const auto [first, newest] = table_rows(wanted.shard);
  if (newest < 2) return done;
  const auto last = std::min(wanted.last, newest - 1);
  while (archive_.last(wanted.shard) < last) {
    bool is_full = false;
    const auto range = plan_file(wanted, last, is_full);
    if (!is_full && wanted.whole_files_only) break;
    if (!write_archive(wanted, range, done) || !drop_archived(wanted, done)) break;
  }
  return done;
}

/// The rows that the next file takes.
archive_range sqlite_journal::plan_file(const archive_request& wanted, position last,
                                        bool& is_full) {
  archive_range range{wanted.shard, archive_.last(wanted.shard) + 1, 0};
  range.last = range.first - 1;
  for (std::uint64_t bytes = 0; range.last < last;) {
    const auto before = range.last;
    const std::lock_guard hold(aside_lock_);
    auto& sizes =
      aside_->row_sizes.with(row_id(wanted.shard, range.last + 1), row_id(wanted.shard, last));
    while (!is_full && sizes.step()) {
      range.last = position_of(sizes.number(0));
      bytes += sizes.number(1);
      is_full = bytes >= wanted.file_bytes;
    }
    sizes.reset();
    if (is_full) break;
    if (range.last == before)
      throw journal_error(path_ + ": " + row_words(before + 1, wanted.shard) + " is missing");
  }
  return range;
}

/// The next rows of a range, as many as one step takes.
std::vector<sqlite_journal::table_row> sqlite_journal::table_chunk(const archive_range& rows) {
  std::vector<table_row> chunk;
  const std::lock_guard hold(aside_lock_);
  auto& found =
    aside_->rows.with(row_id(rows.shard, rows.first), row_id(rows.shard, rows.last + 1));
  for (std::size_t bytes = 0; chunk.size() < step_rows && bytes < step_bytes && found.step();) {
    chunk.push_back({position_of(found.number(0)), found.number(2), found.text(1)});
    bytes += chunk.back().blob.size();
  }
  found.reset();
  for (std::size_t i = 0; i < chunk.size(); ++i)
    if (chunk[i].at != rows.first + i)
      throw journal_error(path_ + ": " + row_words(rows.first + i, rows.shard) + " is missing");
  return chunk;
}

/// False when it was told to stop: then nothing is left of the file.
bool sqlite_journal::write_archive(const archive_request& wanted, const archive_range& range,
                                   archive_outcome& done) {
  archived_file made{archive_.path_of(range), range.first, range.last};
  const auto file = archive_.begin(range, options_.vfs, options_.archive_block_bytes);
  std::vector<record_view> records;
  for (auto left = range; left.first <= left.last;) {
    const auto chunk = table_chunk(left);
    if (chunk.empty())
      throw journal_error(path_ + ": " + row_words(left.first, range.shard) + " is missing");
    for (const auto& one : chunk) {
      records.clear();
      if (!view_blob(one.blob, records))
        throw journal_error(path_ + ": " + row_words(one.at, range.shard) +
                            " is damaged and is not archived, nor is what follows it");
      made.records += records.size();
      for (const auto& record : records) made.events += record.event_count;
      file->add(one.at_epoch, one.blob);
    }
    left.first += chunk.size();
    if (!may_go_on(wanted)) return false;
  }
  const auto sums = file->finish();
  made.bytes = sums.bytes;
  made.stored_bytes = sums.stored_bytes;
  archive_.publish(range);
  done.files.push_back(std::move(made));
  return true;
}

/// Rows that lie in a durable file leave the table, a few at a time. False when it was told to stop.
bool sqlite_journal::drop_archived(const archive_request& wanted, archive_outcome& done) {
  const auto shard = wanted.shard;
  for (const auto last = archive_.last(shard);;) {
    const auto [first, newest] = table_rows(shard);
    if (first == 0 || first > last) return true;
    RIALTO_ASSERT_VALUES(last < newest, last, newest);
    const auto chunk = table_chunk({shard, first, last});
    check_same(shard, chunk);
    write_aside([&] {
      aside_->drop_rows.run(row_id(shard, chunk.front().at), row_id(shard, chunk.back().at));
    });
    done.rows_dropped += chunk.size();
    crash_point("archive-deleted");
    if (!may_go_on(wanted)) return false;
  }
}

/// S6: what the files give back is what the table has.
void sqlite_journal::check_same(shard_id shard, const std::vector<table_row>& rows) {
  for (std::size_t i = 0; i < rows.size();) {
    const auto block = archive_.find(shard, rows[i].at);
    if (block == nullptr)
      throw journal_error(archive_.directory() + ": " + row_words(rows[i].at, shard) +
                          " is in no file, and stays where it is");
    const auto differs = [&](position at) {
      throw journal_error(archive_.directory() + ": " + row_words(at, shard) +
                          " is not what journal.sqlite has; neither is removed");
    };
    const auto begin = i;
    if (!block->read(rows[i].at, [&](position at, epoch at_epoch, std::string_view blob) {
          const auto& own = rows[i];
          if (own.at != at || own.at_epoch != at_epoch || own.blob != blob) differs(at);
          return ++i < rows.size();
        }))
      differs(rows[begin].at);
  }
}

void sqlite_journal::check_overlap(shard_id shard) {
  const std::lock_guard hold(archiving_lock_);
  const auto last = archive_.last(shard);
  for (archive_range left{shard, table_rows(shard).first, last}; left.first <= last;) {
    const auto chunk = table_chunk(left);
    if (chunk.empty()) return;
    check_same(shard, chunk);
    left.first += chunk.size();
  }
}

std::pair<std::uint64_t, std::uint64_t> sqlite_journal::file_bytes() {
  const std::lock_guard hold(aside_lock_);
  const auto pragma = [this](const char* name) {
    auto asked = aside_->on.prepare(std::string("PRAGMA ") + name);
    return asked.step() ? asked.number(0) : 0;
  };
  const auto page = pragma("page_size");
  return {pragma("page_count") * page, pragma("freelist_count") * page};
}

void sqlite_journal::shrink() {
  const std::scoped_lock hold(saving_lock_, log_lock_, aside_lock_, write_lock_);
  guarded([this] {
    aside_->on.exec("PRAGMA temp_store=FILE"); // the copy may be larger than memory
    aside_->on.exec("VACUUM");
    aside_->on.exec("PRAGMA temp_store=MEMORY");
  });
  renew_log();
}

} // namespace rialto::storage
