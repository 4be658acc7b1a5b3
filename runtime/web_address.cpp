#include "runtime/web_address.hpp"

#include <algorithm>
#include <charconv>
#include <span>

namespace rialto::runtime {

namespace {

struct scheme {
  std::string_view name;
  bool is_secure;
  std::uint16_t usual_port; // 0: the port must be named
};

constexpr scheme http_schemes[] = {{"https://", true, 443}, {"http://", false, 80}};
constexpr scheme ws_schemes[] = {{"wss://", true, 443}, {"ws://", false, 80}};
constexpr scheme proxy_schemes[] = {{"http://", false, 0}, {"", false, 0}};
constexpr scheme redis_schemes[] = {{"redis://", false, 6'379}};

/// What an address of a kind looks like.
struct address_shape {
  std::string_view rule;
  std::span<const scheme> schemes;
};

address_shape shape_of(address_kind kind) {
  switch (kind) {
  case address_kind::http:
    return {"must be https://HOST[:PORT], or http:// on loopback", http_schemes};
  case address_kind::ws: return {"must be wss://HOST[:PORT], or ws:// on loopback", ws_schemes};
  case address_kind::proxy: return {"must be http://[USER:PASSWORD@]HOST:PORT", proxy_schemes};
  case address_kind::redis:
    return {"must be redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], without TLS", redis_schemes};
  }
  return {};
}

/// "", or "/" and a number below 1,000 as it is usually written.
bool is_database(std::string_view text) {
  if (text.empty()) return true;
  text.remove_prefix(1);
  return !text.empty() && text.size() <= 3 && (text.size() == 1 || text[0] != '0') &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool is_six_character(char c) {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
         c == '.';
}

/// Text with %XX turned into bytes; empty: not so written, or it would break a header line.
std::optional<std::string> decoded(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return {};
      const auto* from = text.data() + i + 1;
      const auto [end, failed] = std::from_chars(from, from + 2, byte, 16);
      if (failed != std::errc{} || end != from + 2) return {};
      i += 2;
    }
    if (byte < 0x20 || byte == 0x7f) return {};
    made += static_cast<char>(byte);
  }
  return made;
}

/// Takes "host", "host:port" or "[::1]:port" apart.
bool read_authority(std::string_view text, std::uint16_t usual_port, web_address& to) {
  const bool is_six = text.starts_with('[');
  const auto host_end = is_six ? text.find(']') : std::min(text.find(':'), text.size());
  if (host_end == std::string_view::npos) return false;
  const auto host = is_six ? text.substr(1, host_end - 1) : text.substr(0, host_end);
  auto rest = text.substr(is_six ? host_end + 1 : host_end);
  if (host.empty() || host.size() > 253) return false;
  if (!std::all_of(host.begin(), host.end(), is_six ? is_six_character : is_host_character))
    return false;
  to.host = host;
  to.port = usual_port;
  if (rest.empty()) return usual_port != 0;
  if (!rest.starts_with(':')) return false;
  rest.remove_prefix(1);
  const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), to.port);
  return failed == std::errc{} && end == rest.data() + rest.size() && to.port != 0;
}

} // namespace

bool web_address::is_loopback() const {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

std::string web_address::authority() const {
  const bool is_six = host.find(':') != std::string::npos;
  return (is_six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<web_address> read_web_address(std::string_view text, address_kind kind,
                                            std::string& why) {
  const bool is_redis = kind == address_kind::redis;
  const bool may_log_in = is_redis || kind == address_kind::proxy;
  const auto shape = shape_of(kind);
  why = shape.rule;
  const auto used = std::find_if(shape.schemes.begin(), shape.schemes.end(),
                                 [&](const scheme& s) { return text.starts_with(s.name); });
  if (used == shape.schemes.end() || text.size() > 1'024) return {};
  web_address made;
  made.is_secure = used->is_secure;
  text.remove_prefix(used->name.size());
  if (const auto at = text.rfind('@'); may_log_in && at != std::string_view::npos) {
    const auto who = text.substr(0, at);
    const auto colon = std::min(who.find(':'), who.size());
    const auto user = decoded(who.substr(0, colon));
    const auto password = decoded(who.substr(std::min(colon + 1, who.size())));
    const bool is_named = user && (is_redis ? colon < who.size() : !user->empty());
    if (!is_named || !password || (is_redis && password->empty())) {
      why = "must have USER:PASSWORD before the @, other characters than letters and digits as %XX";
      return {};
    }
    made.user = *user;
    made.password = *password;
    text.remove_prefix(at + 1);
  }
  const auto slash = std::min(text.find('/'), text.size());
  auto base = text.substr(slash);
  while (base.ends_with('/')) base.remove_suffix(1);
  const bool is_plain =
    std::all_of(base.begin(), base.end(), [](char c) { return is_host_character(c) || c == '/'; });
  if (!is_plain) return {};
  if (is_redis ? !is_database(base) : may_log_in && !base.empty()) return {};
  made.base = base;
  if (!read_authority(text.substr(0, slash), used->usual_port, made)) return {};
  if (!may_log_in && !made.is_secure && !made.is_loopback()) {
    why = "must use TLS (https:// or wss://) beyond loopback";
    return {};
  }
  return made;
}

std::string text_of(const web_address& address, address_kind kind) {
  const std::string_view scheme = kind == address_kind::redis ? "redis"
                                  : kind == address_kind::ws
                                    ? (address.is_secure ? "wss" : "ws")
                                    : (address.is_secure ? "https" : "http");
  return std::string(scheme) + "://" + address.authority() + address.base;
}

} // namespace rialto::runtime
