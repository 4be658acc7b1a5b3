// net/json.hpp: bodies in, texts out: flat JSON objects read strictly, strings written safely.
//
// The room: simdjson stays inside json.cpp. A body is one object whose values are strings, numbers,
// booleans, null, or arrays of strings or of such objects, which hold no objects of their own; whoever reads it takes field by field and then says done(),
// which names the field that nobody took. Only the first failure is kept.
#pragma once

#include "net/problem.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::net {

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void put_json_text(std::string& out, std::string_view text);
[[nodiscard]] std::string json_text(std::string_view text);

enum class json_kind : std::uint8_t { null, text, integer, number, boolean, texts, objects, other };

class json_object;

struct json_field {
  std::string_view name;
  json_kind kind = json_kind::null;
  std::string_view text;               // of a text
  std::int64_t integer = 0;            // of an integer
  bool boolean = false;                // of a boolean
  std::vector<std::string_view> texts; // of an array of texts; an empty array is one
  std::vector<json_object> objects;    // of an array of objects
  bool taken = false;
};

/// One object; its views live until the reader reads the next. Takers of optional fields treat null
/// as absent.
class json_object {
public:
  /// A text of 1 to `bytes_max` bytes. Missing or wrong: an empty view and a failure.
  [[nodiscard]] std::string_view text(std::string_view name, std::size_t bytes_max = 256);
  [[nodiscard]] std::optional<std::string_view> maybe_text(std::string_view name,
                                                           std::size_t bytes_max = 256);
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(std::string_view name, std::int64_t min,
                                                          std::int64_t max);
  [[nodiscard]] std::vector<std::string_view> maybe_texts(std::string_view name,
                                                          std::size_t count_max);
  /// Calls read(element) for each object of an array; a failure in it is one of this object and names it as
  /// "tiers[2].fee", an element's field that nobody took included. False: the field is absent.
  bool take_objects(std::string_view name, std::size_t count_max,
                    const std::function<void(json_object&)>& read);
  /// The field as it came, or null; taken.
  const json_field* take(std::string_view name);
  [[nodiscard]] bool has(std::string_view name) const;

  void fail(failure why) {
    if (!failure_) failure_ = std::move(why);
  }
  /// Fails with invalid_field: `rule` is the sentence's end, as "must be ...".
  void refuse(std::string_view field, std::string_view rule);
  /// Every field was taken and none failed.
  [[nodiscard]] bool done();
  [[nodiscard]] bool ok() const { return !failure_; }
  [[nodiscard]] const failure& why() const { return *failure_; }

private:
  friend class json_reader;
  friend struct json_converter; // json.cpp
  std::vector<json_field> fields_;
  std::optional<failure> failure_;
};

/// Reads one object at a time; not thread-safe.
class json_reader {
public:
  json_reader();
  ~json_reader();
  json_reader(const json_reader&) = delete;
  json_reader& operator=(const json_reader&) = delete;

  /// Malformed input gives an object that has failed. An empty text is an empty object.
  [[nodiscard]] json_object& read(std::string_view text);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace rialto::net
