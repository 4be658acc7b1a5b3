// net/binance/parameters.hpp: the parameters of a request, from a query, a form or a WebSocket message, read strictly.
//
// The room: names and texts; the raw bytes a signature stands over are signing's. Whoever reads takes parameter by
// parameter and then asks done(), which names one that nobody took. Only the first failure is kept.
//
//   P1  at most count_max parameters, no name twice in one place; what is in the query wins over the form
//   P2  a parameter that is there is not empty
//   P3  signature, timestamp and recvWindow are read before the others, and count as taken
#pragma once

#include "net/problem.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::net::binance {

struct parameter {
  std::string name, value;
  bool is_text = true; // of a WebSocket message: it was a JSON string
  bool taken = false;
};

class parameters {
public:
  static constexpr std::size_t count_max = 48;
  static constexpr std::size_t name_bytes_max = 64;

  /// Adds what a query or a form holds. `wins`: a name that is there already is an error; otherwise it is passed over.
  void add_encoded(std::string_view raw, bool wins);
  /// Adds one of a message.
  void add(std::string_view name, std::string_view value, bool is_text);

  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  /// The value as sent, empty included; null: absent. Not taken.
  [[nodiscard]] const std::string* look(std::string_view name) const;
  /// Marks as taken, whether it is there or not.
  void pass_over(std::string_view name);

  /// Absent: empty.
  [[nodiscard]] std::optional<std::string_view> maybe_text(std::string_view name);
  /// Absent: an empty text and a failure.
  [[nodiscard]] std::string_view text(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> maybe_whole(std::string_view name, std::int64_t min,
                                                        std::int64_t max);
  /// "true" or "false", in any case.
  [[nodiscard]] std::optional<bool> maybe_flag(std::string_view name);
  /// Units of 10^-8; more decimals are refused, zero is not.
  [[nodiscard]] std::optional<std::int64_t> maybe_decimal(std::string_view name);
  /// A JSON array of texts, as ["BTCUSDT","ETHUSDT"]; one text alone counts as one.
  [[nodiscard]] std::optional<std::vector<std::string>> maybe_list(std::string_view name);
  /// A time in ms or us.
  [[nodiscard]] std::optional<timestamp_ns> maybe_time(std::string_view name);

  void refuse(request_error what, std::string_view name);
  void fail(failure why) {
    if (!failure_) failure_ = std::move(why);
  }
  /// Every parameter was taken and none failed.
  [[nodiscard]] bool done();
  [[nodiscard]] bool ok() const { return !failure_; }
  [[nodiscard]] const failure& why() const { return *failure_; }
  [[nodiscard]] const std::vector<parameter>& all() const { return all_; }

private:
  [[nodiscard]] const parameter* find(std::string_view name) const;
  parameter* take(std::string_view name);

  std::vector<parameter> all_;
  std::optional<failure> failure_;
};

} // namespace rialto::net::binance
