// net/server/http.hpp: a request, an answer, and the handle by which the answer finds its way. No Boost.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rialto::net {

struct http_header {
  std::string_view name, value;
};

/// One whole request. Every view points into the connection and is good only while on_request() runs.
struct http_request {
  std::string_view method; // "GET", as sent; methods are case-sensitive
  std::string_view target; // as sent
  std::string_view path;   // target without the query
  std::string_view query;  // without the '?'; raw, not decoded
  std::string_view body;
  std::vector<http_header> headers;
  std::string_view peer_address; // "127.0.0.1"
  bool is_loopback = false;
  std::string request_id;       // the client's X-Request-Id if it is well formed, else a fresh one
  std::int64_t received_ns = 0; // monotonic

  /// Case-insensitive; empty if absent. Several of one name: the first.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct http_response {
  unsigned status = 200;
  std::string_view content_type = "application/json"; // must outlive the response: a literal
  std::string body;
  std::shared_ptr<const std::string> shared_body{};           // instead of `body`, when set
  std::vector<std::pair<std::string, std::string>> headers{}; // values without CR and LF
  bool close = false; // end the connection after this answer
};

class server;
struct connection_host;

/// Answers one request, now or later, on the io thread. Copyable; an answer to a connection that is gone, and a second answer,
/// are dropped.
class responder {
public:
  responder() = default;
  void respond(http_response answer) const;
  [[nodiscard]] bool is_open() const;

private:
  friend struct connection_host;
  responder(server* owner, std::uint64_t connection, std::uint64_t sequence)
      : owner_(owner), connection_(connection), sequence_(sequence) {}
  server* owner_ = nullptr;
  std::uint64_t connection_ = 0, sequence_ = 0;
};

/// {"type","title","status","code","detail"} as application/problem+json; for what the server itself refuses.
[[nodiscard]] http_response plain_problem(unsigned status, std::string_view code,
                                          std::string_view detail);

} // namespace rialto::net
