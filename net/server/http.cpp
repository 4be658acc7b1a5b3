#include "net/server/http.hpp"

#include "net/server/http_head.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < ' ')
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
}

} // namespace

std::string_view http_request::header(std::string_view name) const {
  for (const auto& one : headers)
    if (equals_ignoring_case(one.name, name)) return one.value;
  return {};
}

http_response plain_problem(unsigned status, std::string_view code, std::string_view detail) {
  http_response answer;
  answer.status = status;
  answer.content_type = "application/problem+json";
  answer.body = fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"code":")",
                            reason_phrase(status), status);
  append_escaped(answer.body, code);
  answer.body += R"(","detail":")";
  append_escaped(answer.body, detail);
  answer.body += "\"}";
  return answer;
}

} // namespace rialto::net
