// How a problem looks: on the native API, and in Binance's words.
#include "net/json.hpp"
#include "net/problem.hpp"

namespace rialto::net {

namespace {
/// Binance's text with the field's name in its place.
std::string binance_message(const failure& what) {
  const auto text = what.what.binance_text;
  if (text.empty()) return std::string(what.detail.empty() ? what.what.text : what.detail);
  const auto at = text.find("{}");
  if (at == std::string_view::npos) return std::string(text);
  return std::string(text.substr(0, at)).append(what.field).append(text.substr(at + 2));
}
} // namespace

std::string binance_json(const failure& what) {
  std::string out = R"({"code":)";
  out.append(std::to_string(what.what.binance_code)).append(R"(,"msg":)");
  put_json_text(out, binance_message(what));
  return out + "}";
}

int binance_status(const problem& what) {
  if (what.code == "not-found") return 404;
  if (what.code == "replace-partly-failed") return 409;
  if (what.status == 418 || what.status == 429 || what.status >= 500) return what.status;
  const auto code = what.binance_code;
  return code == -1002 || code == -2014 || code == -2015 ? 401 : 400;
}

std::string problem_json(const failure& what, std::string_view request_id) {
  std::string out = R"({"type":"urn:rialto:problem:)";
  out.append(what.what.code).append(R"(","title":)");
  put_json_text(out, what.what.text);
  out.append(R"(,"status":)").append(std::to_string(what.what.status));
  out.append(R"(,"code":")").append(what.what.code).append("\"");
  if (!what.detail.empty()) {
    out += R"(,"detail":)";
    put_json_text(out, what.detail);
  }
  if (!what.field.empty()) {
    out += R"(,"field":)";
    put_json_text(out, what.field);
  }
  if (!request_id.empty()) {
    out += R"(,"request_id":)";
    put_json_text(out, request_id);
  }
  return out + "}";
}

} // namespace rialto::net
