#include "app/backup_files.hpp"

#include "storage/backup_file.hpp"
#include "storage/data_lock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <unistd.h>

namespace rialto::app {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t read_bytes = 256 << 10;
constexpr std::size_t manifest_bytes_max = 16 << 20; // 100,000 archives

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  const auto* why = std::strerror(errno);
  throw std::runtime_error(fmt::format("{}: {}: {}", path, what, why));
}

/// A descriptor that closes on every way out.
class open_file {
public:
  open_file(const std::string& path, int flags) : path_(path) {
    file_ = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (file_ < 0) fail(path_, (flags & O_CREAT) != 0 ? "cannot be created" : "cannot be opened");
  }
  ~open_file() { ::close(file_); }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  void write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto written = ::write(file_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(path_, "cannot be written");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void read_all(const std::function<void(std::string_view)>& take) const {
    std::string buffer(read_bytes, '\0');
    for (;;) {
      const auto got = ::read(file_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(path_, "cannot be read");
      if (got == 0) return;
      take(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    }
  }
  void sync() const {
    if (::fsync(file_) != 0) fail(path_, "cannot be synced");
  }

private:
  std::string path_;
  int file_ = -1;
};

/// Writes one part of a backup that is being taken: nowhere if only looked through.
class part_target {
public:
  part_target(const std::string& into, const std::string& name) {
    if (into.empty()) return;
    const auto path = into + "/" + name;
    fs::create_directory(fs::path(path).parent_path());
    file_.emplace(path, O_CREAT | O_EXCL | O_WRONLY);
  }
  void add(std::string_view bytes) {
    sum_.add(bytes);
    if (file_) file_->write_all(bytes);
  }
  [[nodiscard]] backup_part finish() {
    if (file_) file_->sync();
    return sum_.finish();
  }

private:
  running_sum sum_;
  std::optional<open_file> file_;
};

void check_parts(const std::string& from, const backup_manifest& manifest,
                 const std::map<std::string, backup_part>& found) {
  for (const auto& [name, wanted] : manifest.parts) {
    const auto part = found.find(name);
    if (part == found.end()) throw std::runtime_error(fmt::format("{}: {} is missing", from, name));
    if (part->second != wanted)
      throw std::runtime_error(fmt::format(
        "{}: {} is damaged: {} bytes with SHA-256 {}, the manifest says {} with {}", from, name,
        part->second.bytes, part->second.sha256, wanted.bytes, wanted.sha256));
  }
  for (const auto& [name, part] : found)
    if (!manifest.parts.contains(name))
      throw std::runtime_error(fmt::format("{}: {} is not in its manifest", from, name));
}

backup_manifest take_file(const std::string& from, const std::string& into,
                          const part_progress& progress) {
  storage::backup_reader packed(from);
  std::map<std::string, backup_part> found;
  std::optional<backup_manifest> manifest;
  while (const auto entry = packed.next()) {
    if (manifest) throw std::runtime_error(fmt::format("{}: its manifest is not its last", from));
    if (entry->name == manifest_name) {
      std::string text;
      if (entry->bytes > manifest_bytes_max)
        throw std::runtime_error(fmt::format("{}: its manifest is too long", from));
      packed.read([&](std::string_view bytes) { text += bytes; });
      manifest = parse_manifest(text);
      continue;
    }
    if (!is_part_name(entry->name) || found.contains(entry->name))
      throw std::runtime_error(
        fmt::format("{}: a backup has no file {}, or not twice", from, entry->name));
    part_target part(into, entry->name);
    std::uint64_t bytes = 0;
    packed.read([&](std::string_view piece) {
      part.add(piece);
      progress(entry->name, bytes += piece.size());
    });
    found[entry->name] = part.finish();
  }
  if (!manifest) throw std::runtime_error(fmt::format("{}: it has no manifest", from));
  check_parts(from, *manifest, found);
  return std::move(*manifest);
}

backup_manifest take_directory(const std::string& from, const std::string& into,
                               const part_progress& progress) {
  std::string text;
  open_file(from + "/" + std::string(manifest_name), O_RDONLY).read_all([&](std::string_view more) {
    text += more;
  });
  auto manifest = parse_manifest(text);
  std::map<std::string, backup_part> found;
  for (const auto& [name, wanted] : manifest.parts) {
    const auto path = from + "/" + name;
    if (!fs::exists(path)) continue; // it is missed below
    part_target part(into, name);
    std::uint64_t bytes = 0;
    open_file(path, O_RDONLY).read_all([&, &called = name](std::string_view piece) {
      part.add(piece);
      progress(called, bytes += piece.size());
    });
    found[name] = part.finish();
  }
  check_parts(from, manifest, found);
  return manifest;
}

} // namespace

std::uint64_t pack_parts(const std::string& path, const std::vector<part_file>& files,
                         backup_manifest& manifest, const part_progress& progress) {
  storage::backup_writer packed(path);
  for (const auto& one : files) {
    const auto size = fs::file_size(one.path);
    packed.begin(one.name, size);
    running_sum sum;
    std::uint64_t bytes = 0;
    open_file(one.path, O_RDONLY).read_all([&](std::string_view piece) {
      if ((bytes += piece.size()) > size)
        throw std::runtime_error(fmt::format("{}: it changed while it was read", one.path));
      sum.add(piece);
      packed.add(piece);
      progress(one.name, bytes);
    });
    if (bytes != size)
      throw std::runtime_error(fmt::format("{}: it changed while it was read", one.path));
    manifest.parts[one.name] = sum.finish();
  }
  const auto text = to_json(manifest);
  packed.begin(manifest_name, text.size());
  packed.add(text);
  return packed.finish();
}

void seal_parts(const std::string& directory, const std::vector<part_file>& files,
                backup_manifest& manifest, const part_progress& progress) {
  for (const auto& one : files) {
    running_sum sum;
    std::uint64_t bytes = 0;
    const open_file part(one.path, O_RDONLY);
    part.read_all([&](std::string_view piece) {
      sum.add(piece);
      progress(one.name, bytes += piece.size());
    });
    part.sync();
    manifest.parts[one.name] = sum.finish();
  }
  const open_file made(directory + "/" + std::string(manifest_name), O_CREAT | O_EXCL | O_WRONLY);
  made.write_all(to_json(manifest));
  made.sync();
  if (fs::exists(directory + "/archive")) storage::sync_directory(directory + "/archive");
  storage::sync_directory(directory);
}

backup_manifest take_parts(const std::string& from, const std::string& into,
                           const part_progress& progress) {
  return fs::is_directory(from) ? take_directory(from, into, progress)
                                : take_file(from, into, progress);
}

void copy_part(const std::string& from, const std::string& to) {
  const open_file made(to, O_CREAT | O_EXCL | O_WRONLY);
  open_file(from, O_RDONLY).read_all([&](std::string_view piece) { made.write_all(piece); });
  made.sync();
}

} // namespace rialto::app
