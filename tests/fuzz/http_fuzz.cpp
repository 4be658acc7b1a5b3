// Heads and chunked bodies of HTTP requests: what our check lets through must mean to Beast what it means to a plain reading,
// or a proxy in front could see other messages than we do.
#include "net/server/http_head.hpp"
#include "net/server/http_parser.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <fmt/format.h>

#include <charconv>

namespace rialto::fuzz {

namespace {

using namespace rialto::net;

constexpr std::size_t body_bytes_max = 4'096;

bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// The text before the next CRLF, which it takes away with it.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  RIALTO_ASSERT(end != std::string_view::npos);
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

void check_parsed(std::string_view head, const http_request& request, const head_facts& facts) {
  for (const auto part : {request.method, request.target, request.path, request.query})
    RIALTO_ASSERT(lies_in(part, head));
  RIALTO_ASSERT(request.target.starts_with('/'));
  RIALTO_ASSERT(request.target == request.path ||
                request.target == std::string(request.path) + "?" + std::string(request.query));
  auto rest = head;
  const auto first = take_line(rest);
  RIALTO_ASSERT(
    first == fmt::format("{} {} HTTP/1.{}", request.method, request.target, facts.is_1_0 ? 0 : 1));
  std::size_t index = 0;
  std::optional<std::uint64_t> length;
  bool is_chunked = false;
  for (auto line = take_line(rest); !line.empty(); line = take_line(rest), ++index) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    RIALTO_ASSERT(index < request.headers.size());
    RIALTO_ASSERT(request.headers[index].name == name);
    RIALTO_ASSERT(request.headers[index].value == value);
    RIALTO_ASSERT(lies_in(request.headers[index].value, head));
    if (equals_ignoring_case(name, "Content-Length"))
      std::from_chars(value.data(), value.data() + value.size(), length.emplace());
    if (equals_ignoring_case(name, "Transfer-Encoding")) is_chunked = true;
  }
  RIALTO_ASSERT(index == request.headers.size());
  RIALTO_ASSERT(facts.content_length.value_or(0) == length.value_or(0));
  RIALTO_ASSERT(facts.is_chunked == is_chunked);
  RIALTO_ASSERT(!facts.is_chunked || !facts.content_length);
}

/// What a chunked body says, read in the plainest way. `rest`: what is behind it.
std::string slow_chunks(std::string_view& rest) {
  std::string body;
  for (;;) {
    auto line = take_line(rest);
    std::size_t size = 0;
    RIALTO_ASSERT(std::from_chars(line.data(), line.data() + line.size(), size, 16).ec ==
                  std::errc{});
    if (size == 0) break;
    RIALTO_ASSERT(size <= rest.size());
    body += rest.substr(0, size);
    rest.remove_prefix(size);
    RIALTO_ASSERT(take_line(rest).empty());
  }
  while (!take_line(rest).empty()) continue; // the trailer
  return body;
}

struct fed {
  chunked_body::state state = chunked_body::state::needs_more;
  std::string body;
  std::size_t taken = 0;
};

/// As a connection does: what is not taken is offered again with more behind it.
fed feed(std::string_view bytes, const std::vector<std::size_t>& pieces) {
  chunked_body reader("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                      body_bytes_max);
  fed result;
  std::size_t there = 0;
  for (const auto piece : pieces) {
    there += piece;
    const auto offered = bytes.substr(result.taken, there - result.taken);
    std::size_t taken = 0;
    result.state = reader.feed(offered, taken);
    RIALTO_ASSERT(taken <= offered.size());
    RIALTO_ASSERT(reader.body().size() <= body_bytes_max);
    result.taken += taken;
    if (result.state != chunked_body::state::needs_more) break;
  }
  result.body = reader.body();
  return result;
}

} // namespace

RIALTO_FUZZ_TARGET(http_head) {
  // Hopeless at any piece is hopeless as a whole: nobody is refused for how his bytes were cut.
  bool was_hopeless = false;
  std::size_t there = 0;
  for (const auto piece : pieces_of(input.size(), seed_of(input))) {
    was_hopeless = was_hopeless || is_hopeless(input.substr(0, there + piece), there);
    there += piece;
  }
  RIALTO_ASSERT(was_hopeless == is_hopeless(input));
  const auto end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) return;
  const auto head = input.substr(0, end + 4);
  const auto verdict = check_head(head, 1'024);
  if (verdict.status != 0) {
    RIALTO_ASSERT(verdict.status >= 400 && verdict.status <= 505);
    RIALTO_ASSERT(!verdict.code.empty() && !verdict.detail.empty());
    RIALTO_ASSERT(reason_phrase(verdict.status) != "Status");
    return;
  }
  RIALTO_ASSERT(!is_hopeless(head));
  http_request request;
  head_facts facts;
  if (!parse_head(head, request, facts)) return;
  check_parsed(head, request, facts);
  RIALTO_ASSERT(request.target.size() <= 1'024);
}

/// What is sent in chunks arrives, and nothing behind it is touched.
static void check_round_trip(std::string_view body) {
  std::string bytes;
  for (auto rest = body; const auto size : pieces_of(body.size(), seed_of(body))) {
    bytes += fmt::format("{:x}\r\n{}\r\n", size, rest.substr(0, size));
    rest.remove_prefix(size);
  }
  const auto sent = bytes.size() + 5;
  bytes += "0\r\n\r\nGET / HTTP/1.1\r\n";
  const auto read = feed(bytes, pieces_of(bytes.size(), seed_of(bytes)));
  RIALTO_ASSERT(read.state == chunked_body::state::complete);
  RIALTO_ASSERT(read.body == body);
  RIALTO_ASSERT_VALUES(read.taken == sent, read.taken, sent);
}

RIALTO_FUZZ_TARGET(chunked_body) {
  check_round_trip(input.substr(0, body_bytes_max));
  const auto whole = feed(input, {input.size()});
  const auto cut = feed(input, pieces_of(input.size(), seed_of(input)));
  RIALTO_ASSERT_VALUES(whole.state == cut.state, whole.state, cut.state);
  if (whole.state != chunked_body::state::complete) return;
  RIALTO_ASSERT(whole.body == cut.body);
  RIALTO_ASSERT_VALUES(whole.taken == cut.taken, whole.taken, cut.taken);
  auto rest = input;
  RIALTO_ASSERT(slow_chunks(rest) == whole.body);
  RIALTO_ASSERT_VALUES(input.size() - rest.size() == whole.taken, rest.size(), whole.taken);
}

} // namespace rialto::fuzz
