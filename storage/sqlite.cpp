#include "storage/sqlite.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace rialto::storage {

namespace {

[[noreturn]] void fail(sqlite3* handle, const std::string& attempted) {
  const auto* file = handle != nullptr ? sqlite3_db_filename(handle, "main") : nullptr;
  const auto code = handle != nullptr ? sqlite3_extended_errcode(handle) : SQLITE_NOMEM;
  throw sqlite_error(std::string(file != nullptr ? file : "sqlite") + ": " + attempted + ": " +
                       (handle != nullptr ? sqlite3_errmsg(handle) : "out of memory") + " (" +
                       std::to_string(code) + ")",
                     code);
}

/// SQLite would create it readable by all. An existing file is not touched: closing any descriptor
/// of it would drop the locks that this process holds on it.
void create_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
  } else if (errno != EEXIST) {
    throw sqlite_error(path + ": cannot be created: " + std::strerror(errno), SQLITE_CANTOPEN);
  }
}

/// Before SQLite's first use: it then counts no bytes, which takes a lock for each of them.
void configure_once() {
  static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(done);
}

} // namespace

statement::statement(statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

statement& statement::operator=(statement&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

statement::~statement() {
  sqlite3_finalize(handle_);
}

void statement::check(int code) const {
  if (code != SQLITE_OK) [[unlikely]]
    fail(sqlite3_db_handle(handle_), "binding a parameter");
}

void statement::bind_integer(int index, std::int64_t value) {
  check(sqlite3_bind_int64(handle_, index, value));
}

void statement::bind_text(int index, std::string_view value) {
  check(sqlite3_bind_text64(handle_, index, value.data() != nullptr ? value.data() : "",
                            value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void statement::bind_blob(int index, std::string_view value) {
  check(sqlite3_bind_blob64(handle_, index, value.data() != nullptr ? value.data() : "",
                            value.size(), SQLITE_STATIC));
}

bool statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_);
    return false;
  }
  const char* sql = sqlite3_sql(handle_);
  try {
    fail(sqlite3_db_handle(handle_), sql != nullptr ? sql : "a statement");
  } catch (...) {
    sqlite3_reset(handle_);
    throw;
  }
}

void statement::reset() noexcept {
  sqlite3_reset(handle_);
}

std::int64_t statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}

bool statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::string_view statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return data == nullptr ? std::string_view{} : std::string_view{data, size};
}

database::database(const std::string& path, const open_options& options) : path_(path) {
  configure_once();
  if (!options.is_read_only) create_private(path);
  const int flags =
    (options.is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &handle_, flags, options.vfs) != SQLITE_OK) {
    const std::string why = handle_ != nullptr ? sqlite3_errmsg(handle_) : "out of memory";
    const int code = handle_ != nullptr ? sqlite3_extended_errcode(handle_) : SQLITE_NOMEM;
    sqlite3_close_v2(std::exchange(handle_, nullptr));
    throw sqlite_error(path + ": cannot be opened: " + why, code);
  }
  try {
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, options.busy_timeout_ms);
    if (!options.is_read_only) {
      auto mode = prepare("PRAGMA journal_mode=WAL");
      if (!mode.step() || mode.bytes(0) != "wal")
        throw sqlite_error(path + ": the file system does not allow a write-ahead log",
                           SQLITE_CANTOPEN);
      mode.reset();
    }
    static constexpr const char* sync_names[] = {"OFF", "NORMAL", "FULL"};
    exec(std::string("PRAGMA synchronous=") + sync_names[static_cast<int>(options.sync)]);
    exec("PRAGMA wal_autocheckpoint=" + std::to_string(options.autocheckpoint));
    exec("PRAGMA journal_size_limit=" + std::to_string(options.log_keep_bytes));
    exec("PRAGMA temp_store=MEMORY");
    exec("PRAGMA foreign_keys=ON");
  } catch (...) {
    sqlite3_close_v2(std::exchange(handle_, nullptr));
    throw;
  }
}

database::database(database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), path_(std::move(other.path_)) {}

database& database::operator=(database&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(path_, other.path_);
  return *this;
}

database::~database() {
  sqlite3_close_v2(handle_);
}

void database::exec(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    fail(handle_, sql.substr(0, 200));
}

statement database::prepare(std::string_view sql) {
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &made, nullptr) != SQLITE_OK)
    fail(handle_, std::string(sql.substr(0, 200)));
  return statement(made);
}

std::int64_t database::changes() const {
  return sqlite3_changes64(handle_);
}

bool database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

/// The log's own file; nullptr while there is none.
sqlite3_file* database::log_file() {
  exec("SELECT 1 FROM sqlite_schema LIMIT 1"); // the log is opened by the first read
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK)
    fail(handle_, "finding the log");
  return log == nullptr || log->pMethods == nullptr ? nullptr : log;
}

void database::lengthen_log(std::int64_t bytes) {
  auto* const log = log_file();
  sqlite3_int64 size = 0;
  if (log == nullptr || log->pMethods->xFileSize(log, &size) != SQLITE_OK) return;
  const std::string zeros(64 << 10, '\0'); // SQLite writes at most 128 KB at once
  for (; size < bytes; size += static_cast<sqlite3_int64>(zeros.size()))
    if (log->pMethods->xWrite(log, zeros.data(), static_cast<int>(zeros.size()), size) != SQLITE_OK)
      return; // a disk without room: the log grows as it goes
  static_cast<void>(log->pMethods->xSync(log, SQLITE_SYNC_NORMAL));
}

void database::sync_log() {
  auto* const log = log_file();
  if (log == nullptr) return; // no log yet: nothing unsynced
  if (const int code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL); code != SQLITE_OK)
    throw sqlite_error(path_ + ": syncing the log failed (" + std::to_string(code) + ")", code);
}

transaction::transaction(database& on) : on_(on) {
  on_.exec("BEGIN IMMEDIATE");
}

transaction::~transaction() {
  if (!is_open_ || !on_.in_transaction()) return;
  sqlite3_exec(on_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void transaction::commit() {
  on_.exec("COMMIT");
  is_open_ = false;
}

} // namespace rialto::storage
