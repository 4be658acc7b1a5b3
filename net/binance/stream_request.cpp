#include "net/binance/stream_request.hpp"

#include "net/json.hpp"

#include <nlohmann/json.hpp>

namespace rialto::net::binance {

namespace {

using nlohmann::json;

constexpr std::size_t id_bytes_max = 36;

struct method_word {
  std::string_view text;
  stream_method method;
};
constexpr method_word method_words[] = {{"SUBSCRIBE", stream_method::subscribe},
                                        {"UNSUBSCRIBE", stream_method::unsubscribe},
                                        {"LIST_SUBSCRIPTIONS", stream_method::list_subscriptions},
                                        {"SET_PROPERTY", stream_method::set_property},
                                        {"GET_PROPERTY", stream_method::get_property}};

stream_error invalid(std::string_view what) {
  return {2, "Invalid request: " + std::string(what)};
}

/// The id as it was sent; a failure of the request if it is none.
void take_id(const json& body, stream_request& to) {
  const auto at = body.find("id");
  if (at == body.end() || at->is_null()) return;
  const bool is_text = at->is_string() && at->get_ref<const std::string&>().size() <= id_bytes_max;
  if (at->is_number_integer() || is_text)
    to.id = at->dump(-1, ' ', false, json::error_handler_t::replace);
  else
    to.why = invalid("request ID must be an integer, a string of at most 36 bytes or null");
}

void take_method(const json& body, stream_request& to) {
  const auto at = body.find("method");
  if (at == body.end() || !at->is_string()) {
    to.why = invalid("missing field `method`");
    return;
  }
  const auto& text = at->get_ref<const std::string&>();
  for (const auto& one : method_words)
    if (one.text == text) {
      to.method = one.method;
      return;
    }
  to.why = invalid("unknown variant `" + text.substr(0, 64) +
                   "`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, "
                   "`SET_PROPERTY`, `GET_PROPERTY`");
}

void take_property(const json& params, stream_request& to) {
  const bool sets = to.method == stream_method::set_property;
  if (params.size() != (sets ? 2U : 1U)) {
    to.why =
      invalid(params.size() > 2 ? "too many parameters" : "params must be [name] or [name, value]");
  } else if (!params[0].is_string()) {
    to.why = invalid("property name must be a string");
  } else if (params[0] != combined_property) {
    to.why = stream_error{0, "Unknown property"};
  } else if (sets && !params[1].is_boolean()) {
    to.why = stream_error{1, "Invalid value type: expected Boolean"};
  } else {
    to.names.emplace_back(combined_property);
    if (sets) to.value = params[1].get<bool>();
  }
}

void take_params(const json& body, stream_request& to) {
  if (to.method == stream_method::list_subscriptions) return;
  const auto at = body.find("params");
  if (at == body.end() || !at->is_array()) {
    to.why = invalid("params must be an array");
    return;
  }
  if (to.method == stream_method::set_property || to.method == stream_method::get_property)
    return take_property(*at, to);
  for (const auto& one : *at) {
    if (!one.is_string()) {
      to.why = invalid("stream names must be strings");
      return;
    }
    to.names.push_back(one.get<std::string>());
  }
  if (to.names.empty()) to.why = invalid("params must name a stream");
}

} // namespace

stream_request parse_stream_request(std::string_view text) {
  stream_request to;
  if (text.size() > stream_request_bytes_max) {
    to.why = invalid("the message is too long");
    return to;
  }
  const auto body = json::parse(text, nullptr, false);
  if (body.is_discarded()) {
    to.why = stream_error{3, "Invalid JSON: expected one value"};
    return to;
  }
  if (!body.is_object()) {
    to.why = invalid("expected an object");
    return to;
  }
  take_id(body, to);
  if (!to.why) take_method(body, to);
  if (!to.why) take_params(body, to);
  return to;
}

std::string stream_answer(const stream_request& to, std::string_view result) {
  std::string out = R"({"result":)";
  return out.append(result).append(R"(,"id":)").append(to.id).append("}");
}

std::string stream_refusal(const stream_request& to, const stream_error& why) {
  std::string out = R"({"error":{"code":)" + std::to_string(why.code) + R"(,"msg":)";
  put_json_text(out, why.text);
  return out.append(R"(},"id":)").append(to.id).append("}");
}

} // namespace rialto::net::binance
