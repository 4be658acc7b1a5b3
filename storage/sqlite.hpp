// storage/sqlite.hpp: sqlite3 as values: a database, its statements and transactions close
// themselves.
//
// The room: no SQL of ours and no policy, only lifetime and errors. A database and its statements
// belong to one thread at a time. Every failure is a sqlite_error, which says what was attempted
// and in which file.
#pragma once

#include "storage/journal.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_file;

namespace rialto::storage {

struct sqlite_error : journal_error {
  sqlite_error(const std::string& what, int extended_code)
      : journal_error(what), code(extended_code) {}
  int code; // SQLITE_FULL, SQLITE_IOERR_FSYNC, ...
};

/// Binds as BLOB; the bytes must live until the statement has run.
struct blob_view {
  std::string_view bytes;
};

/// A prepared statement, used as: `s.with(a, b)`, then `while (s.step()) s.integer(0)`. Whoever
/// stops before step() was false calls reset(), so that no read transaction stays open.
class statement {
public:
  statement() = default;
  statement(statement&& other) noexcept;
  statement& operator=(statement&& other) noexcept;
  ~statement();

  /// Starts over with these parameters, bound from 1.
  template <class... T>
  statement& with(const T&... values) {
    reset();
    int index = 0;
    (bind(++index, values), ...);
    return *this;
  }
  template <class T>
  statement& bind(int index, const T& value) {
    if constexpr (std::is_enum_v<T> || std::is_integral_v<T>)
      bind_integer(index, static_cast<std::int64_t>(value));
    else if constexpr (std::is_same_v<T, blob_view>)
      bind_blob(index, value.bytes);
    else if constexpr (requires { value.value; })
      bind_integer(index, static_cast<std::int64_t>(value.value)); // ids and counts
    else
      bind_text(index, value);
    return *this;
  }
  /// True: there is a row. False: done, and reset.
  [[nodiscard]] bool step();
  /// Runs to the end with these parameters; rows are ignored.
  template <class... T>
  void run(const T&... values) {
    with(values...);
    while (step()) {
    }
  }
  void reset() noexcept;

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::uint64_t number(int column) const {
    return static_cast<std::uint64_t>(integer(column));
  }
  [[nodiscard]] bool is_null(int column) const;
  /// Text or blob; valid until the next step() or reset().
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }

private:
  friend class database;
  explicit statement(sqlite3_stmt* made) : handle_(made) {}
  void bind_integer(int index, std::int64_t value);
  void bind_text(int index, std::string_view value);
  void bind_blob(int index, std::string_view value);
  void check(int code) const;
  sqlite3_stmt* handle_ = nullptr;
};

/// off: a crash of the machine may cost the newest commits and, without WAL, the file. normal: in
/// WAL the newest commits. full: nothing that was committed.
enum class sync_mode : std::uint8_t { off, normal, full };

struct open_options {
  sync_mode sync = sync_mode::full;
  bool is_read_only = false;
  int busy_timeout_ms = 5'000; // how long another connection's lock is waited out
  int autocheckpoint = 1'000;  // pages of log after which a commit copies it back; 0: never
  const char* vfs = nullptr;   // nullptr: the system's own
  std::int64_t log_keep_bytes = 64 << 20; // a larger log is cut back when it starts over
};

class database {
public:
  database() = default;
  /// Opens or creates (mode 0600) in WAL mode. Throws sqlite_error.
  database(const std::string& path, const open_options& options);
  database(database&& other) noexcept;
  database& operator=(database&& other) noexcept;
  ~database();

  /// Runs SQL without rows; several statements are separated by semicolons.
  void exec(const std::string& sql);
  [[nodiscard]] statement prepare(std::string_view sql);
  [[nodiscard]] std::int64_t changes() const;
  /// Makes durable whatever the log holds, without writing to it (it works on a full disk).
  void sync_log();
  /// Writes zeros behind the log's end until it is that long. SQLite reads frames by salt and checksum, so they are nothing to it; but a
  /// commit that overwrites blocks costs the file system half of one that adds them. Best effort: whatever fails is left to the next commit.
  void lengthen_log(std::int64_t bytes);
  /// Between BEGIN and its end.
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] sqlite3* raw() const { return handle_; }

private:
  [[nodiscard]] sqlite3_file* log_file();

  sqlite3* handle_ = nullptr;
  std::string path_;
};

/// BEGIN IMMEDIATE now, ROLLBACK on the way out unless commit() was reached.
class transaction {
public:
  explicit transaction(database& on);
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  void commit();

private:
  database& on_;
  bool is_open_ = true;
};

} // namespace rialto::storage
