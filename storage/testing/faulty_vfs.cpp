#include "storage/testing/faulty_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace rialto::storage {

namespace {

enum class call_kind : std::uint8_t { write, sync, truncate };

/// One change of a file since its last good sync.
struct change {
  std::size_t offset = 0; // of a truncation: the new size
  std::string bytes;
  bool is_truncation = false;
  bool is_dropped = false; // a sync failed since: the system believes it clean and never writes it
};

/// What a file would hold after a power cut, and what might still arrive.
struct file_image {
  std::string durable;
  std::vector<change> pending;
  ino_t inode = 0; // so that it is found again when somebody renames it
};

ino_t inode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

/// Where the file is now; empty: it was removed.
std::string path_now(const std::string& path, ino_t inode) {
  if (inode_of(path) == inode) return path;
  std::error_code problem;
  for (std::filesystem::directory_iterator at(std::filesystem::path(path).parent_path(), problem),
       end;
       !problem && at != end; at.increment(problem))
    if (inode_of(at->path()) == inode) return at->path();
  return {};
}

void apply(const change& one, std::string& to) {
  if (one.is_truncation) {
    to.resize(std::min(to.size(), one.offset));
    return;
  }
  if (to.size() < one.offset + one.bytes.size()) to.resize(one.offset + one.bytes.size());
  to.replace(one.offset, one.bytes.size(), one.bytes);
}

constexpr std::size_t sector_bytes = 512;

} // namespace

struct faulty_vfs::state {
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs shim{};
  mutable std::mutex lock;
  std::map<std::string, file_image> images; // by path
  std::uint64_t calls_left = 0;             // until the fault; 0: none planned
  disk_fault fault = disk_fault::full;
  bool goes_on = false, is_cut_planned = false, is_cut = false, has_struck = false;

  [[nodiscard]] bool strikes(call_kind kind) const {
    if (is_cut_planned) return true;
    switch (fault) {
    case disk_fault::full: return kind == call_kind::write;
    case disk_fault::write_error: return kind != call_kind::sync;
    case disk_fault::sync_error: return kind == call_kind::sync;
    }
    return false;
  }
  [[nodiscard]] int code_of(call_kind kind) const {
    if (kind == call_kind::sync) return SQLITE_IOERR_FSYNC;
    return fault == disk_fault::full && !is_cut_planned ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  /// The code of a call that fails now; SQLITE_OK if it does not.
  [[nodiscard]] int judge(call_kind kind) {
    if (is_cut) return SQLITE_IOERR;
    if (calls_left == 0 || !strikes(kind)) return SQLITE_OK;
    if (calls_left > 1) {
      --calls_left;
      return SQLITE_OK;
    }
    has_struck = true;
    if (is_cut_planned) is_cut = true;
    if (!goes_on) calls_left = 0;
    return code_of(kind);
  }
};

namespace {

faulty_vfs::state* shared = nullptr;

/// What SQLite allocates for an open file: its base, ours, and behind it the real one's.
struct shim_file {
  sqlite3_file base;
  std::string* path; // empty for a temporary file
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

shim_file& ours(sqlite3_file* file) {
  return *reinterpret_cast<shim_file*>(file);
}

int on_close(sqlite3_file* file) {
  auto& mine = ours(file);
  delete mine.path;
  mine.path = nullptr;
  return mine.real()->pMethods != nullptr ? mine.real()->pMethods->xClose(mine.real()) : SQLITE_OK;
}

int on_read(sqlite3_file* file, void* out, int size, sqlite3_int64 at) {
  {
    const std::lock_guard hold(shared->lock);
    if (shared->is_cut) return SQLITE_IOERR_READ;
  }
  return ours(file).real()->pMethods->xRead(ours(file).real(), out, size, at);
}

int on_write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  const std::lock_guard hold(shared->lock);
  auto& mine = ours(file);
  auto* real = mine.real();
  const int code = shared->judge(call_kind::write);
  if (code == SQLITE_IOERR) return SQLITE_IOERR_WRITE;     // after the cut: nothing arrives
  const int arrives = code == SQLITE_OK ? size : size / 2; // a failing write is torn
  const int written = real->pMethods->xWrite(real, bytes, arrives, at);
  if (!mine.path->empty())
    shared->images[*mine.path].pending.push_back(
      {static_cast<std::size_t>(at),
       {static_cast<const char*>(bytes), static_cast<std::size_t>(arrives)},
       false,
       false});
  return code != SQLITE_OK ? code : written;
}

int on_truncate(sqlite3_file* file, sqlite3_int64 size) {
  const std::lock_guard hold(shared->lock);
  auto& mine = ours(file);
  auto* real = mine.real();
  if (shared->judge(call_kind::truncate) != SQLITE_OK) return SQLITE_IOERR_TRUNCATE;
  if (!mine.path->empty())
    shared->images[*mine.path].pending.push_back({static_cast<std::size_t>(size), {}, true, false});
  return real->pMethods->xTruncate(real, size);
}

int on_sync(sqlite3_file* file, int) {
  const std::lock_guard hold(shared->lock);
  auto& image = shared->images[*ours(file).path];
  if (shared->judge(call_kind::sync) != SQLITE_OK) {
    for (auto& one : image.pending) one.is_dropped = true;
    return SQLITE_IOERR_FSYNC;
  }
  for (const auto& one : image.pending) // the real file needs no sync: the cut is ours to make
    if (!one.is_dropped) apply(one, image.durable);
  image.pending.clear();
  return SQLITE_OK;
}

int on_file_size(sqlite3_file* file, sqlite3_int64* size) {
  return ours(file).real()->pMethods->xFileSize(ours(file).real(), size);
}
int on_lock(sqlite3_file* file, int level) {
  return ours(file).real()->pMethods->xLock(ours(file).real(), level);
}
int on_unlock(sqlite3_file* file, int level) {
  return ours(file).real()->pMethods->xUnlock(ours(file).real(), level);
}
int on_check_lock(sqlite3_file* file, int* out) {
  return ours(file).real()->pMethods->xCheckReservedLock(ours(file).real(), out);
}
int on_control(sqlite3_file* file, int op, void* arg) {
  return ours(file).real()->pMethods->xFileControl(ours(file).real(), op, arg);
}
int on_sector_size(sqlite3_file* file) {
  return ours(file).real()->pMethods->xSectorSize(ours(file).real());
}
int on_characteristics(sqlite3_file* file) {
  return ours(file).real()->pMethods->xDeviceCharacteristics(ours(file).real());
}
int on_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return ours(file).real()->pMethods->xShmMap(ours(file).real(), page, size, extend, out);
}
int on_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return ours(file).real()->pMethods->xShmLock(ours(file).real(), offset, count, flags);
}
void on_shm_barrier(sqlite3_file* file) {
  ours(file).real()->pMethods->xShmBarrier(ours(file).real());
}
int on_shm_unmap(sqlite3_file* file, int remove) {
  return ours(file).real()->pMethods->xShmUnmap(ours(file).real(), remove);
}

constexpr sqlite3_io_methods shim_methods{2,
                                          on_close,
                                          on_read,
                                          on_write,
                                          on_truncate,
                                          on_sync,
                                          on_file_size,
                                          on_lock,
                                          on_unlock,
                                          on_check_lock,
                                          on_control,
                                          on_sector_size,
                                          on_characteristics,
                                          on_shm_map,
                                          on_shm_lock,
                                          on_shm_barrier,
                                          on_shm_unmap,
                                          nullptr,
                                          nullptr};

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int on_open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto& mine = ours(file);
  mine.base.pMethods = nullptr;
  const std::lock_guard hold(shared->lock);
  if (shared->is_cut) return SQLITE_CANTOPEN;
  const bool is_known =
    path != nullptr && shared->images.contains(path) &&
    (shared->images[path].inode == 0 || shared->images[path].inode == inode_of(path));
  if (path != nullptr && !is_known) shared->images[path] = {content_of(path), {}, 0};
  const int code = shared->real->xOpen(shared->real, path, mine.real(), flags, out_flags);
  if (mine.real()->pMethods == nullptr) return code;
  if (path != nullptr) shared->images[path].inode = inode_of(path);
  mine.path = new std::string(path != nullptr ? path : "");
  mine.base.pMethods = &shim_methods;
  return code;
}

int on_delete(sqlite3_vfs*, const char* path, int sync_directory) {
  const std::lock_guard hold(shared->lock);
  if (shared->is_cut) return SQLITE_IOERR_DELETE;
  shared->images.erase(path);
  return shared->real->xDelete(shared->real, path, sync_directory);
}

/// What was synced, and the sectors of later writes that happened to arrive.
std::string after_cut(const file_image& image, std::mt19937_64& dice) {
  auto content = image.durable;
  const auto mood = dice() % 3; // nothing, all or some of it arrived
  for (const auto& one : image.pending) {
    if (mood == 0) break;
    if (mood == 1) {
      apply(one, content);
    } else if (!one.is_truncation) {
      for (std::size_t from = 0; from < one.bytes.size(); from += sector_bytes)
        if (dice() % 2 == 0)
          apply({one.offset + from, one.bytes.substr(from, sector_bytes), false, false}, content);
    }
  }
  return content;
}

} // namespace

faulty_vfs::faulty_vfs() : state_(new state) {
  shared = state_;
  state_->real = sqlite3_vfs_find(nullptr);
  state_->shim = *state_->real; // paths, time and randomness are the system's
  state_->shim.zName = name();
  state_->shim.pNext = nullptr;
  state_->shim.szOsFile = static_cast<int>(sizeof(shim_file)) + state_->real->szOsFile;
  state_->shim.xOpen = on_open;
  state_->shim.xDelete = on_delete;
  sqlite3_vfs_register(&state_->shim, 0);
}

faulty_vfs& faulty_vfs::instance() {
  static auto* one = new faulty_vfs; // never destroyed: SQLite keeps pointing at it
  return *one;
}

void faulty_vfs::fail_at(std::uint64_t call, disk_fault how, bool goes_on) {
  const std::lock_guard hold(state_->lock);
  state_->calls_left = call;
  state_->fault = how;
  state_->goes_on = goes_on;
  state_->is_cut_planned = state_->is_cut = state_->has_struck = false;
}

void faulty_vfs::cut_power_at(std::uint64_t call) {
  const std::lock_guard hold(state_->lock);
  state_->calls_left = call;
  state_->is_cut_planned = true;
  state_->is_cut = state_->has_struck = false;
}

void faulty_vfs::heal() {
  const std::lock_guard hold(state_->lock);
  state_->calls_left = 0;
  state_->is_cut_planned = state_->is_cut = false;
}

bool faulty_vfs::has_struck() const {
  const std::lock_guard hold(state_->lock);
  return state_->has_struck;
}

void faulty_vfs::restore_power(std::uint64_t seed) {
  heal();
  const std::lock_guard hold(state_->lock);
  std::mt19937_64 dice(seed);
  for (const auto& [path, image] : state_->images) {
    const auto content = after_cut(image, dice);
    if (const auto at = path_now(path, image.inode); !at.empty())
      std::ofstream(at, std::ios::binary | std::ios::trunc) << content;
  }
  state_->images.clear();
}

void faulty_vfs::forget_files() {
  heal();
  const std::lock_guard hold(state_->lock);
  state_->images.clear();
}

} // namespace rialto::storage
