// WebSocket frames as a client sends them, the close frames we answer with, and the opening handshake.
#include "net/server/http_head.hpp"
#include "net/server/http_parser.hpp"
#include "net/server/web_socket_frames.hpp"
#include "net/server/web_socket_handshake.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace rialto::fuzz {

namespace {

using namespace rialto::net;

constexpr std::size_t message_bytes_max = 4'096;

bool is_utf8(std::string_view text) {
  utf8_check check;
  return check.take(text) && check.is_whole();
}

/// Writes down what it hears, and holds the reader to W1 and W2.
struct listener final : frame_listener {
  std::vector<std::string> heard;
  bool is_over = false;

  void on_frame_message(std::string_view bytes, bool is_binary) override {
    RIALTO_ASSERT(!is_over);
    RIALTO_ASSERT_VALUES(bytes.size() <= message_bytes_max, bytes.size(), message_bytes_max);
    RIALTO_ASSERT(is_binary || is_utf8(bytes));
    heard.push_back((is_binary ? "binary:" : "text:") + std::string(bytes));
  }
  void on_ping_frame(std::string_view payload) override {
    RIALTO_ASSERT(!is_over);
    RIALTO_ASSERT(payload.size() <= 125);
    heard.push_back("ping:" + std::string(payload));
  }
  void on_close_frame(std::uint16_t code, std::string_view reason) override {
    RIALTO_ASSERT(!is_over);
    RIALTO_ASSERT(is_utf8(reason) && reason.size() <= 123);
    RIALTO_ASSERT(code == 1005 || is_close_code(code));
    is_over = true;
    heard.push_back("close:" + std::to_string(code) + ":" + std::string(reason));
  }
  void on_violation(std::uint16_t code, std::string_view why) override {
    RIALTO_ASSERT(!is_over);
    RIALTO_ASSERT(is_close_code(code) && !why.empty() && why.size() <= 123);
    is_over = true;
    heard.push_back("violation:" + std::to_string(code));
  }
};

std::vector<std::string> hear(std::string bytes, const std::vector<std::size_t>& pieces) {
  listener to;
  frame_reader reader(message_bytes_max);
  auto* at = bytes.data();
  for (const auto size : pieces) {
    reader.feed(at, size, to);
    at += size;
  }
  return to.heard;
}

/// One frame of a client.
void append_masked(std::string& out, unsigned first, std::string_view payload) {
  std::string head;
  append_frame_head(head, opcode::binary, payload.size());
  head[0] = static_cast<char>(first);
  head[1] = static_cast<char>(static_cast<unsigned char>(head[1]) | 0x80);
  const std::string_view mask("\x11\x00\xfe\x37", 4);
  out += head;
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ mask[i % 4]);
}

/// A message in parts, with pings between them, arrives as it was.
void check_round_trip(std::string_view message) {
  std::string bytes;
  std::vector<std::string> expected;
  unsigned opcode = 2;
  for (auto rest = message; const auto size : pieces_of(message.size(), seed_of(message))) {
    append_masked(bytes, opcode, rest.substr(0, size));
    append_masked(bytes, 0x89, rest.substr(0, std::min<std::size_t>(size, 125)));
    expected.push_back("ping:" + std::string(rest.substr(0, std::min<std::size_t>(size, 125))));
    rest.remove_prefix(size);
    opcode = 0;
  }
  append_masked(bytes, 0x80 | opcode, {});
  expected.push_back("binary:" + std::string(message));
  RIALTO_ASSERT(hear(bytes, pieces_of(bytes.size(), seed_of(bytes))) == expected);
}

} // namespace

RIALTO_FUZZ_TARGET(web_socket_frames) {
  const std::string bytes(input);
  const auto whole = hear(bytes, {bytes.size()});
  RIALTO_ASSERT(hear(bytes, pieces_of(bytes.size(), seed_of(bytes))) == whole);
  RIALTO_ASSERT(hear(bytes, std::vector<std::size_t>(bytes.size(), 1)) == whole);
  check_round_trip(input.substr(0, message_bytes_max));

  std::string closing;
  append_close_frame(closing, 1008, input);
  RIALTO_ASSERT(closing.size() >= 4 && closing.size() <= 2 + 125);
  RIALTO_ASSERT(static_cast<std::size_t>(closing[1]) == closing.size() - 2);
  RIALTO_ASSERT(input.starts_with(std::string_view(closing).substr(4)));
  if (is_utf8(input)) RIALTO_ASSERT(is_utf8(std::string_view(closing).substr(4)));
}

RIALTO_FUZZ_TARGET(web_socket_handshake) {
  http_request request;
  head_facts facts;
  if (!parse_head(input, request, facts)) return;
  const auto verdict = check_handshake(request);
  if (verdict.accept.empty()) {
    RIALTO_ASSERT(verdict.refusal.status == 400 || verdict.refusal.status == 426);
    return;
  }
  RIALTO_ASSERT(request.method == "GET");
  RIALTO_ASSERT(request.header("Sec-WebSocket-Key").size() == 24);
  RIALTO_ASSERT(request.header("Sec-WebSocket-Version") == "13");
  RIALTO_ASSERT(verdict.accept.size() == 28 && verdict.accept.back() == '='); // 20 bytes in base64
  const auto is_upgrade = [](const auto& one) { return equals_ignoring_case(one.name, "Upgrade"); };
  const auto& headers = request.headers;
  RIALTO_ASSERT(!asks_for_web_socket(request) ||
                std::any_of(headers.begin(), headers.end(), is_upgrade));
}

} // namespace rialto::fuzz
