#include "storage/postgres.hpp"

#include "domain/assert.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <libpq-fe.h>
#include <poll.h>

namespace rialto::storage {

namespace {

// Types as pg_type.dat numbers them; they never change.
constexpr unsigned bool_type = 16, bytea_type = 17, int8_type = 20, text_type = 25;
constexpr unsigned int8_array_type = 1016, text_array_type = 1009, bytea_array_type = 1001;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
           std::chrono::steady_clock::now().time_since_epoch())
    .count();
}

void put_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
}

/// The binary form of a one-dimensional array without NULLs.
void begin_array(std::string& out, unsigned element_type, std::size_t count) {
  put_big_endian(out, count == 0 ? 0 : 1, 4); // dimensions
  put_big_endian(out, 0, 4);
  put_big_endian(out, element_type, 4);
  if (count == 0) return;
  put_big_endian(out, count, 4);
  put_big_endian(out, 1, 4); // the lower bound
}

void put_element(std::string& out, std::string_view bytes) {
  put_big_endian(out, bytes.size(), 4);
  out += bytes;
}

/// libpq's words without the line ends.
std::string one_line(const char* text) {
  std::string line(text == nullptr ? "" : text);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::string field_of(const pg_result* from, int which) {
  const char* text = PQresultErrorField(from, which);
  return text == nullptr ? std::string() : std::string(text);
}

struct parsed_address {
  std::string problem, host, port, database;
};

/// Parts of a password end up in host, port or database when a special character of it is not written
/// as %XX, and libpq would print those.
parsed_address parse(const std::string& address) {
  static constexpr const char* form =
    "must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %XX for every special character of "
    "the password";
  char* detail = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parts(
    PQconninfoParse(address.c_str(), &detail), &PQconninfoFree);
  PQfreemem(detail); // it quotes the address
  if (parts == nullptr) return {form, {}, {}, {}};
  parsed_address found;
  for (auto* part = parts.get(); part->keyword != nullptr; ++part) {
    const std::string_view name(part->keyword);
    const std::string value(part->val == nullptr ? "" : part->val);
    if (name == "host" || (name == "hostaddr" && found.host.empty())) found.host = value;
    if (name == "port") found.port = value;
    if (name == "dbname") found.database = value;
  }
  const auto holds = [](const std::string& text, const char* any) {
    return text.find_first_of(any) != std::string::npos;
  };
  if (holds(found.host, "@ ") || holds(found.database, "@") ||
      found.port.find_first_not_of("0123456789,") != std::string::npos)
    found.problem = form;
  return found;
}

} // namespace

std::string postgres_address_problem(const std::string& address) {
  return parse(address).problem;
}

// ---- parameters

void postgres_parameters::add_truth(bool value) {
  all_.push_back({bool_type, false, std::string(1, value ? '\1' : '\0'), {}});
}

void postgres_parameters::add_integer(std::int64_t value) {
  auto& made = all_.emplace_back();
  made.type = int8_type;
  put_big_endian(made.owned, static_cast<std::uint64_t>(value), 8);
}

void postgres_parameters::add_text(std::string_view value) {
  all_.push_back({text_type, false, {}, value});
}

void postgres_parameters::add_bytes(std::string_view value) {
  all_.push_back({bytea_type, false, {}, value});
}

void postgres_parameters::add_null() {
  all_.push_back({0, true, {}, {}});
}

void postgres_parameters::add_array(std::span<const std::int64_t> values) {
  auto& made = all_.emplace_back();
  made.type = int8_array_type;
  begin_array(made.owned, int8_type, values.size());
  for (const auto value : values) {
    put_big_endian(made.owned, 8, 4);
    put_big_endian(made.owned, static_cast<std::uint64_t>(value), 8);
  }
}

void postgres_parameters::add_array(std::span<const std::string_view> values) {
  auto& made = all_.emplace_back();
  made.type = text_array_type;
  begin_array(made.owned, text_type, values.size());
  for (const auto value : values) put_element(made.owned, value);
}

void postgres_parameters::add_array(std::span<const bytes_view> values) {
  auto& made = all_.emplace_back();
  made.type = bytea_array_type;
  std::size_t bytes = 20;
  for (const auto& value : values) bytes += 4 + value.bytes.size();
  made.owned.reserve(bytes);
  begin_array(made.owned, bytea_type, values.size());
  for (const auto& value : values) put_element(made.owned, value.bytes);
}

// ---- results

void postgres_result::clear(pg_result* made) {
  PQclear(made);
}

int postgres_result::rows() const {
  return PQntuples(handle_.get());
}

bool postgres_result::is_null(int row, int column) const {
  return PQgetisnull(handle_.get(), row, column) != 0;
}

std::int64_t postgres_result::integer(int row, int column) const {
  RIALTO_ASSERT(row < rows() && column < PQnfields(handle_.get()));
  RIALTO_ASSERT(PQfformat(handle_.get(), column) == 1);
  const auto raw = bytes(row, column);
  RIALTO_ASSERT(raw.size() <= 8);
  std::uint64_t value = 0;
  for (const char byte : raw) value = value << 8 | static_cast<unsigned char>(byte);
  if (raw.size() == 4) return static_cast<std::int32_t>(value);
  if (raw.size() == 2) return static_cast<std::int16_t>(value);
  return static_cast<std::int64_t>(value);
}

std::string_view postgres_result::bytes(int row, int column) const {
  RIALTO_ASSERT(row < rows() && column < PQnfields(handle_.get()));
  return {PQgetvalue(handle_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(handle_.get(), row, column))};
}

std::int64_t postgres_result::changes() const {
  const char* text = PQcmdTuples(handle_.get());
  return text == nullptr || *text == '\0' ? 0 : std::strtoll(text, nullptr, 10);
}

// ---- the connection

void postgres_connection::close_handle(pg_conn* handle) {
  PQfinish(handle);
}

postgres_connection::postgres_connection(const std::string& address,
                                         const postgres_options& options)
    : options_(options) {
  const auto parsed = parse(address);
  if (!parsed.problem.empty())
    throw postgres_error("the address of PostgreSQL " + parsed.problem, {}, true);
  where_ = parsed.host + (parsed.port.empty() ? "" : ":" + parsed.port) + "/" + parsed.database;
  const auto connect_timeout = std::to_string(options.connect_timeout_s);
  const auto user_timeout = std::to_string(options.tcp_user_timeout_ms);
  // Later ones override earlier ones, so the address has the last word.
  const std::array names{"connect_timeout",  "tcp_user_timeout",
                         "keepalives_idle",  "keepalives_interval",
                         "keepalives_count", "target_session_attrs",
                         "client_encoding",  "application_name",
                         "dbname",           static_cast<const char*>(nullptr)};
  const std::array values{connect_timeout.c_str(),
                          user_timeout.c_str(),
                          "5",
                          "2",
                          "3",
                          "read-write",
                          "UTF8",
                          options.application_name.c_str(),
                          address.c_str(),
                          static_cast<const char*>(nullptr)};
  handle_.reset(PQconnectdbParams(names.data(), values.data(), 1));
  if (handle_ == nullptr) throw postgres_error(where_ + ": out of memory", {}, true);
  if (PQstatus(handle_.get()) != CONNECTION_OK) {
    const auto why = one_line(PQerrorMessage(handle_.get()));
    handle_.reset();
    throw postgres_error(where_ + ": cannot be opened: " + why, {}, true);
  }
  where_ =
    std::string(PQhost(handle_.get())) + ":" + PQport(handle_.get()) + "/" + PQdb(handle_.get());
  PQsetNoticeProcessor(
    handle_.get(), [](void*, const char*) {}, nullptr);
  if (PQsetnonblocking(handle_.get(), 1) != 0) lose("opening", "the socket cannot be set up");
}

void postgres_connection::close() noexcept {
  handle_.reset();
  unreceived_ = 0;
  is_pipeline_ = false;
}

void postgres_connection::check_open() const {
  if (handle_ == nullptr)
    throw postgres_error((where_.empty() ? "PostgreSQL" : where_) + ": there is no connection", {},
                         true);
}

void postgres_connection::lose(const std::string& attempted, const std::string& why,
                               const std::string& state) {
  close();
  throw postgres_error(where_ + ": " + attempted + ": the connection is lost: " + why, state, true);
}

void postgres_connection::fail(const pg_result* bad, std::string_view attempted) {
  const std::string what(attempted.substr(0, 200));
  const auto state = field_of(bad, PG_DIAG_SQLSTATE);
  const auto severity = field_of(bad, PG_DIAG_SEVERITY_NONLOCALIZED);
  auto why = field_of(bad, PG_DIAG_MESSAGE_PRIMARY);
  if (why.empty()) why = one_line(PQresultErrorMessage(bad));
  if (why.empty()) why = "an answer of kind " + std::to_string(PQresultStatus(bad));
  if (PQstatus(handle_.get()) != CONNECTION_OK || severity == "FATAL" || severity == "PANIC")
    lose(what, why, state);
  throw postgres_error(where_ + ": " + what + ": " + why + " (" + state + ")", state, false);
}

void postgres_connection::sent(int is_sent, std::string_view attempted) {
  if (is_sent != 1)
    lose(std::string(attempted.substr(0, 200)), one_line(PQerrorMessage(handle_.get())));
}

/// Hands all that was sent to the system. Reads as well: a server that cannot write its answers reads
/// no further.
void postgres_connection::flush_until(std::int64_t deadline_ms) {
  for (;;) {
    const int left = PQflush(handle_.get());
    if (left == 0) return;
    if (left < 0) return; // the answer's reading tells why, with what the server said last
    pollfd socket{PQsocket(handle_.get()), POLLIN | POLLOUT, 0};
    const auto wait = deadline_ms - now_ms();
    if (wait <= 0)
      lose("sending", "nothing was taken in " + std::to_string(options_.answer_timeout_ms) + " ms");
    if (::poll(&socket, 1, static_cast<int>(wait)) < 0 && errno != EINTR)
      lose("sending", std::strerror(errno));
    if ((socket.revents & POLLIN) != 0 && PQconsumeInput(handle_.get()) != 1) return;
  }
}

void postgres_connection::wait_readable(std::int64_t deadline_ms) {
  pollfd socket{PQsocket(handle_.get()), POLLIN, 0};
  const auto wait = deadline_ms - now_ms();
  if (wait <= 0)
    lose("waiting", "no answer in " + std::to_string(options_.answer_timeout_ms) + " ms");
  if (::poll(&socket, 1, static_cast<int>(wait)) < 0 && errno != EINTR)
    lose("waiting", std::strerror(errno));
  if (socket.revents != 0) static_cast<void>(PQconsumeInput(handle_.get()));
}

/// PQgetResult with a time bound.
pg_result* postgres_connection::next_result(std::int64_t deadline_ms) {
  flush_until(deadline_ms);
  while (PQisBusy(handle_.get()) != 0) {
    if (PQstatus(handle_.get()) != CONNECTION_OK) break; // PQgetResult gives the error
    wait_readable(deadline_ms);
  }
  return PQgetResult(handle_.get());
}

/// Reads to the end of the statement's transaction (G3); the last error counts.
postgres_result postgres_connection::finish(std::string_view attempted) {
  const auto deadline = now_ms() + options_.answer_timeout_ms;
  postgres_result good;
  std::unique_ptr<pg_result, void (*)(pg_result*)> bad(nullptr, [](pg_result* r) { PQclear(r); });
  for (;;) {
    auto* const found = next_result(deadline);
    if (found == nullptr) {
      if (PQstatus(handle_.get()) != CONNECTION_OK) break;
      if (!is_pipeline_) break;
      continue; // the end of the statement; its sync follows
    }
    const auto kind = PQresultStatus(found);
    if (kind == PGRES_PIPELINE_SYNC) {
      PQclear(found);
      break;
    }
    if (kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK) {
      good = postgres_result(found);
    } else {
      bad.reset(found);
      if (kind != PGRES_FATAL_ERROR && kind != PGRES_PIPELINE_ABORTED)
        lose(std::string(attempted.substr(0, 200)), "an answer of an unexpected kind");
    }
  }
  if (bad != nullptr) fail(bad.get(), attempted);
  if (PQstatus(handle_.get()) != CONNECTION_OK)
    lose(std::string(attempted.substr(0, 200)), one_line(PQerrorMessage(handle_.get())));
  return good;
}

namespace {

/// libpq's four arrays.
struct packed_parameters {
  std::vector<unsigned> types;
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
};

template <class Parameters>
packed_parameters pack(const Parameters& all) {
  packed_parameters packed;
  for (const auto& one : all) {
    const auto bytes = one.owned.empty() ? one.bytes : std::string_view(one.owned);
    packed.types.push_back(one.type);
    packed.values.push_back(one.is_null ? nullptr : bytes.data() == nullptr ? "" : bytes.data());
    packed.lengths.push_back(static_cast<int>(bytes.size()));
    packed.formats.push_back(1);
  }
  return packed;
}

} // namespace

postgres_result postgres_connection::exec_with(std::string_view sql,
                                               const postgres_parameters& values) {
  check_open();
  RIALTO_ASSERT(!is_pipeline_);
  const auto packed = pack(values.all_);
  sent(PQsendQueryParams(handle_.get(), std::string(sql).c_str(),
                         static_cast<int>(packed.types.size()), packed.types.data(),
                         packed.values.data(), packed.lengths.data(), packed.formats.data(), 1),
       sql);
  return finish(sql);
}

void postgres_connection::run_script(const std::string& sql) {
  check_open();
  RIALTO_ASSERT(!is_pipeline_);
  sent(PQsendQuery(handle_.get(), sql.c_str()), sql);
  static_cast<void>(finish(sql));
}

void postgres_connection::prepare(const std::string& name, std::string_view sql) {
  check_open();
  RIALTO_ASSERT(!is_pipeline_);
  sent(PQsendPrepare(handle_.get(), name.c_str(), std::string(sql).c_str(), 0, nullptr), sql);
  static_cast<void>(finish(sql));
}

postgres_result postgres_connection::run_with(const std::string& name,
                                              const postgres_parameters& values) {
  check_open();
  RIALTO_ASSERT(!is_pipeline_);
  const auto packed = pack(values.all_);
  sent(PQsendQueryPrepared(handle_.get(), name.c_str(), static_cast<int>(packed.values.size()),
                           packed.values.data(), packed.lengths.data(), packed.formats.data(), 1),
       name);
  return finish(name);
}

void postgres_connection::begin_pipeline() {
  check_open();
  if (PQenterPipelineMode(handle_.get()) != 1) lose("pipeline", "the connection is busy");
  is_pipeline_ = true;
}

void postgres_connection::send(const std::string& prepared, const postgres_parameters& values) {
  check_open();
  RIALTO_ASSERT(is_pipeline_);
  const auto packed = pack(values.all_);
  sent(PQsendQueryPrepared(handle_.get(), prepared.c_str(), static_cast<int>(packed.values.size()),
                           packed.values.data(), packed.lengths.data(), packed.formats.data(), 1),
       prepared);
  sent(PQpipelineSync(handle_.get()), prepared);
  ++unreceived_;
  flush_until(now_ms() + options_.answer_timeout_ms);
}

postgres_result postgres_connection::receive() {
  check_open();
  RIALTO_ASSERT(unreceived_ > 0);
  --unreceived_;
  return finish("a statement of a pipeline");
}

void postgres_connection::end_pipeline() {
  check_open();
  RIALTO_ASSERT(unreceived_ == 0);
  if (PQexitPipelineMode(handle_.get()) != 1) lose("pipeline", "it cannot be left");
  is_pipeline_ = false;
}

bool postgres_connection::in_transaction() const {
  if (handle_ == nullptr) return false;
  const auto state = PQtransactionStatus(handle_.get());
  return state == PQTRANS_INTRANS || state == PQTRANS_INERROR;
}

bool postgres_connection::has_failed_transaction() const {
  return handle_ != nullptr && PQtransactionStatus(handle_.get()) == PQTRANS_INERROR;
}

int postgres_connection::backend_pid() const {
  return handle_ == nullptr ? 0 : PQbackendPID(handle_.get());
}

bool postgres_connection::is_broken() {
  if (handle_ == nullptr || PQstatus(handle_.get()) != CONNECTION_OK) return true;
  for (int reads = 0; reads < 4; ++reads) { // its goodbye first, then the end
    pollfd socket{PQsocket(handle_.get()), POLLIN, 0};
    if (::poll(&socket, 1, 0) <= 0) return false;
    if (PQconsumeInput(handle_.get()) != 1) return true;
    static_cast<void>(PQisBusy(handle_.get())); // takes in what came
    if (PQstatus(handle_.get()) != CONNECTION_OK) return true;
  }
  return false;
}

// ---- transactions

postgres_transaction::postgres_transaction(postgres_connection& on) : on_(on) {
  on_.exec("BEGIN");
}

postgres_transaction::~postgres_transaction() {
  if (!is_open_ || !on_.in_transaction()) return;
  try {
    on_.exec("ROLLBACK");
  } catch (const postgres_error&) {
    on_.close(); // the server ends what a closed connection began
  }
}

void postgres_transaction::commit() {
  RIALTO_ASSERT(!on_.has_failed_transaction()); // COMMIT would roll it back and call that a success
  on_.exec("COMMIT");
  is_open_ = false;
}

} // namespace rialto::storage
