#include "net/server/http_head.hpp"

#include <algorithm>

namespace rialto::net {

namespace {

constexpr head_verdict bad(std::string_view detail) {
  return {400, "bad-request", detail};
}

bool is_token_character(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

head_verdict check_request_line(std::string_view line, bool& is_1_0, std::size_t target_bytes_max) {
  const auto first = line.find(' '), last = line.rfind(' ');
  if (!std::all_of(line.begin(),
                   line.begin() + static_cast<std::ptrdiff_t>(std::min(first, line.size())),
                   is_token_character))
    return bad("the method has a character that is not allowed");
  if (first == std::string_view::npos || first == last)
    return bad("the request line is method, target and version");
  const auto target = line.substr(first + 1, last - first - 1), version = line.substr(last + 1);
  if (!version.starts_with("HTTP/")) return bad("the request line ends with HTTP/1.1");
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return {505, "http-version", "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  is_1_0 = version == "HTTP/1.0";
  if (target.size() > target_bytes_max)
    return {414, "target-too-long", "the request target is too long"};
  if (target.empty() || target.front() != '/') return bad("the request target begins with /");
  for (const char c : target)
    if (c <= ' ' || c >= 127)
      return bad("the request target has a character that must be percent-encoded");
  return {};
}

/// One blank or none before the value, nothing behind it: the headers that say where a message ends get no leeway.
bool is_plain(std::string_view raw, std::string_view value) {
  return raw == value || (raw.size() == value.size() + 1 && raw.front() == ' ');
}

/// Without `chunked` at the end nobody can say where the body ends; other codings before it are only not supported.
head_verdict check_coding(std::string_view value) {
  if (equals_ignoring_case(value, "chunked")) return {};
  const auto comma = value.rfind(',');
  if (comma == std::string_view::npos ||
      !equals_ignoring_case(trimmed(value.substr(comma + 1)), "chunked"))
    return bad("Transfer-Encoding does not end with chunked");
  for (auto rest = value.substr(0, comma + 1); !rest.empty();) {
    const auto end = rest.find(',');
    const auto word = trimmed(rest.substr(0, end));
    if (word.empty() || equals_ignoring_case(word, "chunked"))
      return bad("Transfer-Encoding has chunked twice or an empty coding");
    rest.remove_prefix(end + 1);
  }
  return {501, "transfer-encoding", "only chunked is understood"};
}

} // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

bool is_hopeless(std::string_view partial, std::size_t checked) {
  for (std::size_t i = checked > 0 ? checked - 1 : 0; i < partial.size(); ++i) {
    const char c = partial[i];
    if (c > '\r') continue;
    if (c == '\0' || (c == '\n' && (i == 0 || partial[i - 1] != '\r'))) return true;
    if (c == '\r' && i + 1 < partial.size() && partial[i + 1] != '\n') return true;
  }
  return !partial.empty() && !is_token_character(partial.front());
}

head_verdict check_head(std::string_view head, std::size_t target_bytes_max) {
  if (is_hopeless(head)) return bad("the head has a bare CR, a bare LF or a NUL");
  bool is_1_0 = false;
  auto end = head.find("\r\n");
  if (const auto no = check_request_line(head.substr(0, end), is_1_0, target_bytes_max);
      no.status != 0)
    return no;
  int hosts = 0, lengths = 0, codings = 0;
  for (auto at = end + 2; at < head.size(); at = end + 2) {
    end = head.find("\r\n", at);
    const auto line = head.substr(at, end - at);
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t')
      return bad("a header is folded over two lines");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return bad("a header line has no name");
    const auto name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (!std::all_of(name.begin(), name.end(), is_token_character))
      return bad("a header name has a character that is not allowed");
    for (const char c : value)
      if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 127)
        return bad("a header value has a control character");
    if (equals_ignoring_case(name, "Host")) {
      if (++hosts > 1) return bad("there are two Host headers");
      if (value.empty()) return bad("the Host header is empty");
    } else if (equals_ignoring_case(name, "Content-Length")) {
      if (++lengths > 1) return bad("there are two Content-Length headers");
      if (!is_plain(line.substr(colon + 1), value)) return bad("blanks around Content-Length");
      if (value.empty() || value.size() > 18 ||
          !std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return bad("Content-Length is not a number");
    } else if (equals_ignoring_case(name, "Transfer-Encoding")) {
      if (++codings > 1) return bad("there are two Transfer-Encoding headers");
      if (!is_plain(line.substr(colon + 1), value)) return bad("blanks around Transfer-Encoding");
      if (const auto no = check_coding(value); no.status != 0) return no;
    }
  }
  if (lengths > 0 && codings > 0) return bad("Content-Length and Transfer-Encoding together");
  if (codings > 0 && is_1_0) return bad("Transfer-Encoding with HTTP/1.0");
  if (hosts == 0 && !is_1_0) return bad("the Host header is missing");
  return {};
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
  case 200: return "OK";
  case 201: return "Created";
  case 202: return "Accepted";
  case 204: return "No Content";
  case 206: return "Partial Content";
  case 301: return "Moved Permanently";
  case 302: return "Found";
  case 303: return "See Other";
  case 304: return "Not Modified";
  case 307: return "Temporary Redirect";
  case 308: return "Permanent Redirect";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 406: return "Not Acceptable";
  case 408: return "Request Timeout";
  case 409: return "Conflict";
  case 410: return "Gone";
  case 412: return "Precondition Failed";
  case 413: return "Content Too Large";
  case 414: return "URI Too Long";
  case 415: return "Unsupported Media Type";
  case 416: return "Range Not Satisfiable";
  case 417: return "Expectation Failed";
  case 418: return "I'm a teapot";
  case 422: return "Unprocessable Content";
  case 426: return "Upgrade Required";
  case 428: return "Precondition Required";
  case 429: return "Too Many Requests";
  case 431: return "Request Header Fields Too Large";
  case 500: return "Internal Server Error";
  case 501: return "Not Implemented";
  case 502: return "Bad Gateway";
  case 503: return "Service Unavailable";
  case 504: return "Gateway Timeout";
  case 505: return "HTTP Version Not Supported";
  default: return "Status";
  }
}

std::string loggable_path(std::string_view path) {
  constexpr std::size_t part_max = 40, shown = 8;
  std::string out;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, end - at);
    out += part.size() > part_max ? std::string(part.substr(0, shown)) + "..." : std::string(part);
    if (end < path.size()) out += '/';
    at = end + 1;
  }
  return out;
}

} // namespace rialto::net
