// runtime/web_address.hpp: a base URL or a proxy as it stands in a setting, taken apart once and strictly.
//
// The room: pure. Only what an operator writes comes through here: scheme, host, port and, for a proxy or Redis, a name and a password.
//   A1  an address without TLS (http, ws) names loopback, unless it is a proxy or Redis
//   A2  text_of() leaves out name and password, so it may be logged
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rialto::runtime {

struct web_address {
  bool is_secure = false; // https, wss
  std::string host;       // a name or an IP address, without brackets
  std::uint16_t port = 0;
  std::string base; // path before every target: "" or "/mirror"; of Redis its database: "" or "/3"
  std::string user, password; // of a proxy or Redis
  friend bool operator==(const web_address&, const web_address&) = default;

  [[nodiscard]] bool is_loopback() const;
  /// "host:port", with brackets around an IPv6 address: what a Host header says.
  [[nodiscard]] std::string authority() const;
};

/// http: an address of REST. ws: of streams. proxy: an HTTP proxy, http://[user:password@]host:port.
/// redis: redis://[[user]:password@]host[:port][/database], the database 0 to 999.
enum class address_kind : std::uint8_t { http, ws, proxy, redis };

/// Empty with the broken rule in `why` ("must be ..."), which never repeats the text: it may hold a password.
[[nodiscard]] std::optional<web_address> read_web_address(std::string_view text, address_kind kind,
                                                          std::string& why);
/// "https://api.binance.com:443": never a name or password (A2).
[[nodiscard]] std::string text_of(const web_address& address, address_kind kind);

} // namespace rialto::runtime
