#include "net/binance/message.hpp"

#include "net/json.hpp"

#include <simdjson.h>

#include <algorithm>

namespace rialto::net::binance {

namespace {

using namespace simdjson;

constexpr std::size_t id_bytes_max = 64;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

/// Nothing follows what was read.
bool is_at_end(ondemand::document& document) {
  const char* place = nullptr;
  return document.current_location().get(place) != SUCCESS;
}

bool is_whole(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 19 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Reads a message; throws simdjson_error where it is not JSON.
class message_reader {
public:
  explicit message_reader(message& out) : out_(out) {}

  void read(ondemand::object from) {
    for (auto field : from) {
      const std::string name(std::string_view(field.unescaped_key()));
      ondemand::value value = field.value();
      if (std::find(names_.begin(), names_.end(), name) != names_.end())
        return fail(request_error::duplicate_field, name);
      names_.push_back(name);
      if (name == "id")
        read_id(value);
      else if (name == "method" && value.type() == ondemand::json_type::string)
        out_.method = std::string_view(value.get_string());
      else if (name == "params" && value.type() == ondemand::json_type::object)
        read_params(value.get_object());
      else if (name == "params" && value.type() == ondemand::json_type::null)
        check_null(value);
      else
        return fail(request_error::invalid_field, name);
      if (out_.why) return;
    }
  }

private:
  void fail(request_error what, std::string_view name) {
    if (!out_.why) out_.why = failure(what, {}, std::string(name.substr(0, 40)));
  }

  /// Its type is told by the first letter alone.
  static void check_null(ondemand::value& value) {
    if (!bool(value.is_null())) throw simdjson_error(N_ATOM_ERROR);
  }

  void read_id(ondemand::value& value) {
    switch (ondemand::json_type(value.type())) {
    case ondemand::json_type::null: return check_null(value);
    case ondemand::json_type::string: {
      const auto text = std::string_view(value.get_string());
      if (text.size() <= id_bytes_max)
        out_.id = json_text(text);
      else
        fail(request_error::invalid_field, "id");
      return;
    }
    case ondemand::json_type::number: {
      const auto token = trimmed(value.raw_json_token());
      if (!is_whole(token)) return fail(request_error::invalid_field, "id");
      static_cast<void>(double(value.get_double())); // it is a number
      out_.id = token;
      return;
    }
    default: fail(request_error::invalid_field, "id");
    }
  }

  void read_params(ondemand::object from) {
    std::vector<std::string> seen;
    for (auto field : from) {
      const std::string name(std::string_view(field.unescaped_key()));
      ondemand::value value = field.value();
      if (std::find(seen.begin(), seen.end(), name) != seen.end() ||
          seen.size() == parameters::count_max)
        return fail(request_error::duplicate_field, name);
      seen.push_back(name);
      read_value(name, value);
      if (out_.why) return;
    }
  }

  void read_value(const std::string& name, ondemand::value& value) {
    auto& params = out_.params;
    switch (ondemand::json_type(value.type())) {
    case ondemand::json_type::string:
      return params.add(name, std::string_view(value.get_string()), true);
    case ondemand::json_type::number: {
      const std::string token(trimmed(value.raw_json_token()));
      static_cast<void>(double(value.get_double()));
      return params.add(name, token, false);
    }
    case ondemand::json_type::boolean:
      return params.add(name, bool(value.get_bool()) ? "true" : "false", false);
    case ondemand::json_type::array: {
      std::string list = "[";
      for (auto item : value.get_array()) {
        ondemand::value one = item.value();
        if (one.type() != ondemand::json_type::string)
          return fail(request_error::invalid_field, name);
        if (list.size() > 1) list += ',';
        list += json_text(std::string_view(one.get_string()));
      }
      return params.add(name, list + "]", false);
    }
    default: fail(request_error::invalid_field, name);
    }
  }

  message& out_;
  std::vector<std::string> names_;
};

} // namespace

message parse_message(std::string_view text) {
  message out;
  thread_local ondemand::parser parser;
  const padded_string padded(text);
  try {
    ondemand::document document = parser.iterate(padded);
    message_reader(out).read(document.get_object());
    if (!out.why && !is_at_end(document)) out.why = failure(request_error::malformed_json);
  } catch (const simdjson_error&) {
    out.why = failure(request_error::malformed_json);
  }
  if (!out.why && out.method.empty()) out.why = failure(request_error::missing_field, {}, "method");
  if (!out.why && !out.params.ok()) out.why = out.params.why();
  return out;
}

} // namespace rialto::net::binance
