// Beast asserts that five bytes are there when it looks at the last chunk's head a second time. A peer who sends "0", CR, LF and
// then one byte makes that false, which is harmless to the code below it, but would end a build that has asserts.
#define BOOST_DISABLE_ASSERTS

#include "net/server/http_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <limits>

namespace rialto::net {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

namespace {

std::string_view view(string_view text) {
  return {text.data(), text.size()};
}

/// Says nothing of what it hears; the base of both uses. Its size limits are off: who calls has checked.
class quiet_parser : public http::basic_parser<true> {
public:
  quiet_parser() {
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);
  }

protected:
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field, string_view, string_view, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

struct head_parser final : quiet_parser {
  http_request& out;
  bool is_1_0 = false;

  explicit head_parser(http_request& to) : out(to) {}
  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    out.method = view(method);
    out.target = view(target);
    is_1_0 = version == 10;
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    out.headers.push_back({view(name), view(value)});
  }
};

} // namespace

bool parse_head(std::string_view head, http_request& out, head_facts& facts) {
  out.headers.clear();
  head_parser parser(out);
  error_code problem;
  const auto used = parser.put(boost::asio::buffer(head.data(), head.size()), problem);
  if ((problem && problem != http::error::need_more) || used != head.size() ||
      !parser.is_header_done())
    return false;
  const auto mark = out.target.find('?');
  out.path = out.target.substr(0, mark);
  out.query = mark == std::string_view::npos ? std::string_view() : out.target.substr(mark + 1);
  facts = {};
  if (const auto length = parser.content_length()) facts.content_length = *length;
  facts.is_chunked = parser.chunked();
  facts.keeps_alive = parser.keep_alive();
  facts.is_1_0 = parser.is_1_0;
  return true;
}

struct chunked_body::parser final : quiet_parser {
  std::string body;
  std::size_t body_bytes_max = 0;
  bool in_trailer = false, is_too_large = false;

  parser() { eager(true); }
  void on_chunk_header_impl(std::uint64_t size, string_view, error_code& problem) override {
    in_trailer = size == 0;
    is_too_large = size > body_bytes_max - body.size();
    if (is_too_large) problem = http::error::body_limit;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  // A trailer is read and forgotten, unless it tries to say where the message ends or for whom it is.
  void on_field_impl(http::field name, string_view, string_view, error_code& problem) override {
    if (in_trailer && (name == http::field::content_length || name == http::field::host ||
                       name == http::field::transfer_encoding))
      problem = http::error::bad_field;
  }
};

chunked_body::chunked_body(std::string_view head, std::size_t body_bytes_max)
    : head_(head), parser_(std::make_unique<parser>()),
      raw_bytes_max_(8 * body_bytes_max + 65'536) {
  parser_->body_bytes_max = body_bytes_max;
  error_code ignored; // the same head has been parsed before
  parser_->put(boost::asio::buffer(head_.data(), head_.size()), ignored);
}

chunked_body::~chunked_body() = default;

const std::string& chunked_body::body() const {
  return parser_->body;
}

chunked_body::state chunked_body::feed(std::string_view bytes, std::size_t& taken) {
  taken = 0;
  while (!parser_->is_done()) {
    if (taken == bytes.size()) return state::needs_more;
    error_code problem;
    const auto used =
      parser_->put(boost::asio::buffer(bytes.data() + taken, bytes.size() - taken), problem);
    taken += used;
    raw_bytes_ += used;
    if (raw_bytes_ > raw_bytes_max_ || parser_->is_too_large) return state::too_large;
    if (problem && problem != http::error::need_more) return state::bad;
    if (problem == http::error::need_more || used == 0) break;
  }
  return parser_->is_done() ? state::complete : state::needs_more;
}

} // namespace rialto::net
