// net/server/http_parser.hpp: Beast's HTTP parser behind plain types, so that Beast is compiled once.
#pragma once

#include "net/server/http.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

/// What the head says about the message around it.
struct head_facts {
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false, keeps_alive = false, is_1_0 = false;
};

/// Parses a whole head that check_head() let pass: method, target, path, query and headers become views into `head`.
/// False if Beast finds something wrong with it.
[[nodiscard]] bool parse_head(std::string_view head, http_request& out, head_facts& facts);

/// Takes a chunked body apart, in pieces of any size.
class chunked_body {
public:
  enum class state : std::uint8_t { needs_more, complete, bad, too_large };

  chunked_body(std::string_view head, std::size_t body_bytes_max);
  ~chunked_body();
  /// `taken` says how many bytes are done with; the others are wanted again with more behind them.
  state feed(std::string_view bytes, std::size_t& taken);
  /// The head it was made with; parse_head() of it stays good as long as this lives.
  [[nodiscard]] const std::string& head() const { return head_; }
  [[nodiscard]] const std::string& body() const;

private:
  struct parser;
  std::string head_;
  std::unique_ptr<parser> parser_;
  std::size_t raw_bytes_ = 0, raw_bytes_max_; // with the chunks' own lines
};

} // namespace rialto::net
