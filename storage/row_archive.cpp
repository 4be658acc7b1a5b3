#include "storage/row_archive.hpp"

#include "storage/crash_point.hpp"
#include "storage/data_lock.hpp"
#include "storage/record.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>

namespace rialto::storage {

namespace {

constexpr std::string_view unfinished = ".unfinished";

std::string words_of(const archive_range& range) {
  return archive_name(range) + " (rows " + std::to_string(range.first) + " to " +
         std::to_string(range.last) + ")";
}

} // namespace

std::vector<archive_range> list_archives(const std::string& directory) {
  std::vector<archive_range> found;
  std::error_code problem;
  for (std::filesystem::directory_iterator at(directory, problem), end; !problem && at != end;
       at.increment(problem))
    if (const auto range = parse_archive_name(at->path().filename().string()))
      found.push_back(*range);
  if (problem && problem != std::errc::no_such_file_or_directory)
    throw journal_error(directory + ": cannot be listed: " + problem.message());
  std::sort(found.begin(), found.end());
  return found;
}

row_archive::row_archive(std::string directory) : directory_(std::move(directory)) {
  const auto found = list_archives(directory_);
  files_.insert(found.begin(), found.end());
  std::error_code problem; // what a crash left half written is of no use to anybody
  for (std::filesystem::directory_iterator at(directory_, problem), end; !problem && at != end;
       at.increment(problem)) {
    std::error_code ignored;
    if (at->path().filename().string().ends_with(unfinished))
      std::filesystem::remove(at->path(), ignored);
  }
}

std::string row_archive::path_of(const archive_range& range) const {
  return directory_ + "/" + archive_name(range);
}

std::string row_archive::temporary_path(const archive_range& range) const {
  return path_of(range) + std::string(unfinished);
}

std::vector<archive_range> row_archive::files() const {
  const std::lock_guard hold(lock_);
  return {files_.begin(), files_.end()};
}

position row_archive::last(shard_id shard) const {
  const std::lock_guard hold(lock_);
  const auto behind = files_.lower_bound({shard + 1, 0, 0});
  if (behind == files_.begin()) return 0;
  const auto& newest = *std::prev(behind);
  return newest.shard == shard ? newest.last : 0;
}

std::shared_ptr<const archive_block> row_archive::find(shard_id shard, position at) {
  const std::lock_guard hold(lock_);
  auto holder = files_.upper_bound({shard, at, UINT64_MAX});
  if (holder == files_.begin()) return nullptr;
  --holder;
  if (holder->shard != shard || at < holder->first || at > holder->last) return nullptr;
  if (opened_ == nullptr || opened_->range() != *holder) {
    block_ = nullptr;
    opened_ = nullptr;
    auto fresh = std::make_unique<archive_reader>(path_of(*holder));
    if (fresh->range() != *holder)
      throw journal_error(path_of(*holder) + ": it holds other rows than its name says");
    opened_ = std::move(fresh);
  }
  if (block_ == nullptr || !block_->holds(at)) block_ = opened_->block_of(at);
  return block_;
}

std::unique_ptr<archive_writer> row_archive::begin(const archive_range& range, const char* vfs,
                                                   std::size_t block_bytes) {
  if (::mkdir(directory_.c_str(), 0700) == 0)
    sync_directory(std::filesystem::path(directory_).parent_path().string());
  else if (errno != EEXIST)
    throw journal_error(directory_ + ": cannot be made: " + std::strerror(errno));
  return std::make_unique<archive_writer>(temporary_path(range), range, vfs, block_bytes);
}

void row_archive::publish(const archive_range& range) {
  crash_point("archive-written");
  if (std::rename(temporary_path(range).c_str(), path_of(range).c_str()) != 0)
    throw journal_error(path_of(range) + ": cannot be named: " + std::strerror(errno));
  sync_directory(directory_);
  {
    const std::lock_guard hold(lock_);
    files_.insert(range);
  }
  crash_point("archive-renamed");
}

std::vector<std::string> check_archive(const std::string& path) {
  std::vector<std::string> problems;
  try {
    const archive_reader file(path);
    if (const auto name = std::filesystem::path(path).filename().string();
        parse_archive_name(name) != file.range())
      problems.push_back(path + ": it holds the rows of " + words_of(file.range()));
    std::vector<record_view> records;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < file.blocks().size(); ++i) {
      try {
        const auto block = file.block(i);
        const auto where = path + ": block " + std::to_string(i + 1) + ": ";
        const bool is_sound = block->read(0, [&](position at, epoch, std::string_view blob) {
          bytes += blob.size();
          records.clear();
          if (!view_blob(blob, records))
            problems.push_back(where + "row " + std::to_string(at) + " is damaged");
          return true;
        });
        if (!is_sound) problems.push_back(where + "it is not made of rows");
      } catch (const journal_error& problem) {
        problems.emplace_back(problem.what());
      }
    }
    if (problems.empty() && bytes != file.sums().bytes)
      problems.push_back(path + ": its rows are not as long as its tail says");
    if (problems.empty() && !file.is_whole())
      problems.push_back(path + ": the hash of the whole file is wrong");
  } catch (const journal_error& problem) {
    problems.emplace_back(problem.what());
  }
  return problems;
}

std::vector<std::string> check_succession(const std::vector<archive_range>& files) {
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool follows = i > 0 && files[i - 1].shard == files[i].shard;
    const auto expected = follows ? files[i - 1].last + 1 : 1;
    if (files[i].first == expected) continue;
    const auto what = files[i].first > expected
                        ? "rows " + std::to_string(expected) + " to " +
                            std::to_string(files[i].first - 1) + " are missing before "
                        : "rows " + std::to_string(files[i].first) + " to " +
                            std::to_string(std::min(expected - 1, files[i].last)) +
                            " are in two files, the second one is ";
    problems.push_back("shard " + std::to_string(files[i].shard) + ": " + what +
                       words_of(files[i]));
  }
  return problems;
}

} // namespace rialto::storage
