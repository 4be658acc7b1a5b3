#include "net/server/web_socket_handshake.hpp"

#include "net/server/http_head.hpp"

#include <openssl/evp.h>

#include <array>

namespace rialto::net {

namespace {

/// Is `wanted` among the comma-separated words of any header of that name?
bool lists(const http_request& request, std::string_view name, std::string_view wanted) {
  for (const auto& one : request.headers) {
    if (!equals_ignoring_case(one.name, name)) continue;
    auto rest = one.value;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      if (equals_ignoring_case(trimmed(rest.substr(0, comma)), wanted)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

/// 16 bytes in base64: 22 digits, two '=', and no bits left over.
bool is_key(std::string_view key) {
  static constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.find_first_not_of(digits) == 22 && key.ends_with("==") &&
         digits.find(key[21]) % 16 == 0;
}

std::string accept_of(std::string_view key) {
  const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 64> encoded{};
  const auto length = EVP_EncodeBlock(encoded.data(), hash.data(), static_cast<int>(size));
  return {encoded.begin(), encoded.begin() + length};
}

} // namespace

bool asks_for_web_socket(const http_request& request) {
  return lists(request, "Upgrade", "websocket") && lists(request, "Connection", "upgrade");
}

handshake_verdict check_handshake(const http_request& request) {
  const auto reject = [](std::string_view detail) {
    return handshake_verdict{{}, plain_problem(400, "bad-handshake", detail)};
  };
  if (request.method != "GET") return reject("a WebSocket handshake is a GET");
  if (!request.body.empty()) return reject("a WebSocket handshake has no body");
  int keys = 0, versions = 0;
  for (const auto& one : request.headers) {
    keys += equals_ignoring_case(one.name, "Sec-WebSocket-Key") ? 1 : 0;
    versions += equals_ignoring_case(one.name, "Sec-WebSocket-Version") ? 1 : 0;
  }
  if (versions != 1 || request.header("Sec-WebSocket-Version") != "13") {
    auto refusal =
      plain_problem(426, "web-socket-version", "Sec-WebSocket-Version 13 is spoken here");
    refusal.headers = {{"Sec-WebSocket-Version", "13"}, {"Upgrade", "websocket"}};
    return {{}, std::move(refusal)};
  }
  const auto key = request.header("Sec-WebSocket-Key");
  if (keys != 1 || !is_key(key)) return reject("Sec-WebSocket-Key is 16 bytes in base64, once");
  return {accept_of(key), {}};
}

} // namespace rialto::net
