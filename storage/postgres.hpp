// storage/postgres.hpp: libpq as values: a connection to PostgreSQL 15, what is sent and what comes
// back.
//
// The room: no SQL of ours and no policy, only lifetime, time bounds and errors. A connection belongs
// to one thread at a time. Parameters and results travel in binary. Every failure is a postgres_error.
//   G1  a call ends within answer_timeout_ms, opening within connect_timeout_s per host; whoever hears
//       nothing until then has lost the connection, which is closed
//   G2  no message holds the address as it was given, for it may hold a password; where() is host, port
//       and database
//   G3  a statement has succeeded when the server has said that its transaction is over, not before:
//       rows may come ahead of a commit that fails
#pragma once

#include "storage/journal.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

struct pg_conn;
struct pg_result;

namespace rialto::storage {

struct postgres_error : journal_error {
  postgres_error(const std::string& what, std::string sqlstate, bool is_connection_lost)
      : journal_error(what), state(std::move(sqlstate)), is_lost(is_connection_lost) {}
  std::string state; // SQLSTATE: "23505", "57P01", ...; empty: the server did not say
  bool is_lost; // the connection is gone, and with it the knowledge of what became of a statement
};

/// Travels as bytea; the bytes must live until the call returns.
struct bytes_view {
  std::string_view bytes;
};

/// Parameters of one statement, numbered from 1. Integers, ids, counts and enums travel as int8, text
/// as text, bytes_view as bytea, spans as arrays.
class postgres_parameters {
public:
  template <class... T>
  explicit postgres_parameters(const T&... values) {
    all_.reserve(sizeof...(values));
    (add(values), ...);
  }
  template <class T>
  void add(const T& value) {
    if constexpr (std::is_same_v<T, bool>)
      add_truth(value);
    else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>)
      add_integer(static_cast<std::int64_t>(value));
    else if constexpr (std::is_same_v<T, std::nullptr_t>)
      add_null();
    else if constexpr (std::is_same_v<T, bytes_view>)
      add_bytes(value.bytes);
    else if constexpr (requires { value.value; })
      add_integer(static_cast<std::int64_t>(value.value)); // ids and counts
    else if constexpr (std::is_convertible_v<const T&, std::string_view>)
      add_text(value);
    else
      add_array(value);
  }

private:
  friend class postgres_connection;
  struct parameter {
    unsigned type = 0;
    bool is_null = false;
    std::string owned;      // numbers and arrays
    std::string_view bytes; // text and bytea, if `owned` is empty
  };
  void add_truth(bool value);
  void add_integer(std::int64_t value);
  void add_text(std::string_view value);
  void add_bytes(std::string_view value);
  void add_null();
  void add_array(std::span<const std::int64_t> values);     // int8[]
  void add_array(std::span<const std::string_view> values); // text[]
  void add_array(std::span<const bytes_view> values);       // bytea[]
  std::vector<parameter> all_;
};

/// The rows of one statement.
class postgres_result {
public:
  postgres_result() = default;
  explicit postgres_result(pg_result* made) : handle_(made, &clear) {}

  [[nodiscard]] int rows() const;
  [[nodiscard]] bool empty() const { return rows() == 0; }
  [[nodiscard]] bool is_null(int row, int column) const;
  /// An int2, int4, int8 or boolean column; NULL is 0.
  [[nodiscard]] std::int64_t integer(int row, int column) const;
  [[nodiscard]] std::uint64_t number(int row, int column) const {
    return static_cast<std::uint64_t>(integer(row, column));
  }
  [[nodiscard]] bool truth(int row, int column) const { return integer(row, column) != 0; }
  /// A text or bytea column, valid as long as the result; NULL is empty.
  [[nodiscard]] std::string_view bytes(int row, int column) const;
  [[nodiscard]] std::string text(int row, int column) const {
    return std::string(bytes(row, column));
  }
  /// Rows that an INSERT, UPDATE or DELETE touched.
  [[nodiscard]] std::int64_t changes() const;

private:
  static void clear(pg_result* made);
  std::unique_ptr<pg_result, void (*)(pg_result*)> handle_{nullptr, &clear};
};

struct postgres_options {
  std::string application_name = "rialto"; // as pg_stat_activity shows it
  int connect_timeout_s = 5;               // per host of the address
  int answer_timeout_ms = 10'000;          // of one statement, or one answer of a pipeline
  int tcp_user_timeout_ms = 5'000;         // sent bytes nobody acknowledges
};

class postgres_connection {
public:
  postgres_connection() = default;
  /// Opens postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE or "host=... dbname=...". Of several
  /// hosts the first that takes writes is used. What the address says overrides the options' times,
  /// keep-alives and target_session_attrs. Throws postgres_error.
  explicit postgres_connection(const std::string& address, const postgres_options& options = {});

  /// Runs one statement in a transaction of its own, or in the one that was begun.
  template <class... T>
  postgres_result exec(std::string_view sql, const T&... values) {
    return exec_with(sql, postgres_parameters(values...));
  }
  postgres_result exec_with(std::string_view sql, const postgres_parameters& values);
  /// Several statements without parameters and rows, separated by semicolons, in one transaction.
  void run_script(const std::string& sql);
  void prepare(const std::string& name, std::string_view sql);
  /// Runs what was prepared under that name.
  template <class... T>
  postgres_result run(const std::string& name, const T&... values) {
    return run_with(name, postgres_parameters(values...));
  }
  postgres_result run_with(const std::string& name, const postgres_parameters& values);

  /// Statements are sent without waiting for the answers of those before, each in a transaction of its
  /// own: one that fails does not undo or stop the others.
  void begin_pipeline();
  void send(const std::string& prepared, const postgres_parameters& values);
  /// The answer of the oldest one sent. Throws its postgres_error; if that is not `is_lost`, the next
  /// answer may be received.
  postgres_result receive();
  [[nodiscard]] std::size_t unreceived() const { return unreceived_; }
  /// With nothing unreceived.
  void end_pipeline();

  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }
  /// Between BEGIN and its end, also a failed one.
  [[nodiscard]] bool in_transaction() const;
  /// A statement of the transaction failed: it can only be rolled back.
  [[nodiscard]] bool has_failed_transaction() const;
  [[nodiscard]] int backend_pid() const;
  /// "host:port/database", without user and password.
  [[nodiscard]] const std::string& where() const { return where_; }
  /// Whether an idle connection is known to be closed by the other side; asks nothing, waits for nothing.
  [[nodiscard]] bool is_broken();
  void close() noexcept;

private:
  void check_open() const;
  void flush_until(std::int64_t deadline_ms);
  void wait_readable(std::int64_t deadline_ms);
  [[nodiscard]] pg_result* next_result(std::int64_t deadline_ms);
  postgres_result finish(std::string_view attempted);
  [[noreturn]] void lose(const std::string& attempted, const std::string& why,
                         const std::string& state = {});
  [[noreturn]] void fail(const pg_result* bad, std::string_view attempted);
  void sent(int is_sent, std::string_view attempted);

  static void close_handle(pg_conn* handle);
  std::unique_ptr<pg_conn, void (*)(pg_conn*)> handle_{nullptr, &close_handle};
  std::string where_;
  postgres_options options_;
  std::size_t unreceived_ = 0;
  bool is_pipeline_ = false;
};

/// BEGIN now, ROLLBACK on the way out unless commit() was reached.
class postgres_transaction {
public:
  explicit postgres_transaction(postgres_connection& on);
  ~postgres_transaction();
  postgres_transaction(const postgres_transaction&) = delete;
  postgres_transaction& operator=(const postgres_transaction&) = delete;
  void commit();

private:
  postgres_connection& on_;
  bool is_open_ = true;
};

/// Whether a text can be an address of PostgreSQL; empty: it can. The reason holds nothing of the text.
[[nodiscard]] std::string postgres_address_problem(const std::string& address);

} // namespace rialto::storage
