// app/backup_files.hpp: the files of a backup, into one packed file or a directory and out of either, each byte summed on its way.
#pragma once

#include "app/backup_parts.hpp"

#include <functional>
#include <string>
#include <vector>

namespace rialto::app {

/// A file, where it lies and what it is called in the backup.
struct part_file {
  std::string name, path;
};

/// Told as bytes go by: the file they are of, and how many of it.
using part_progress = std::function<void(const std::string& name, std::uint64_t bytes)>;

/// Writes `path` anew, the manifest as its last entry; returns its size. All throw std::runtime_error that names the file.
std::uint64_t pack_parts(const std::string& path, const std::vector<part_file>& files,
                         backup_manifest& manifest, const part_progress& progress);
/// For files that lie in the backup's directory already: their sums into the manifest, and the manifest beside them; all of it synced.
void seal_parts(const std::string& directory, const std::vector<part_file>& files,
                backup_manifest& manifest, const part_progress& progress);
/// Takes a backup, file or directory, into an existing directory, or only looks through it (`into` is empty). Every file is there, has the
/// manifest's size and sum, and no other is. Returns the manifest.
backup_manifest take_parts(const std::string& from, const std::string& into,
                           const part_progress& progress);

/// One file, synced; `to` must not be there.
void copy_part(const std::string& from, const std::string& to);

} // namespace rialto::app
