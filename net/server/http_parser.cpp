#include "net/server/http_parser.hpp"

#include "net/server/http_head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <limits>
#include <optional>

namespace rialto::net {

namespace http = boost::beast::http;

struct http_parser::impl {
  std::optional<http::request_parser<http::string_body>> parser;
};

http_parser::http_parser(std::size_t body_bytes_max)
    : impl_(std::make_unique<impl>()), body_bytes_max_(body_bytes_max) {
  reset();
}
http_parser::~http_parser() = default;

void http_parser::reset() {
  impl_->parser.emplace();
  impl_->parser->eager(true);
  impl_->parser->body_limit(body_bytes_max_);
  impl_->parser->header_limit(
    std::numeric_limits<std::uint32_t>::max()); // bounded before it gets here
}

http_parser::state http_parser::feed(std::string_view bytes, std::size_t& taken) {
  taken = 0;
  while (!impl_->parser->is_done()) {
    if (taken == bytes.size() && taken != 0) return state::needs_more;
    boost::system::error_code problem;
    const auto used =
      impl_->parser->put(boost::asio::buffer(bytes.data() + taken, bytes.size() - taken), problem);
    taken += used;
    if (problem == http::error::need_more) return state::needs_more;
    if (problem == http::error::body_limit) return state::body_too_large;
    if (problem) return state::bad;
    if (used == 0) return impl_->parser->is_done() ? state::complete : state::needs_more;
  }
  return state::complete;
}

bool http_parser::keeps_alive() const {
  return impl_->parser->get().keep_alive();
}
bool http_parser::is_upgrade() const {
  return boost::beast::websocket::is_upgrade(impl_->parser->get());
}

bool http_parser::expects_continue() const {
  const auto value = impl_->parser->get()[http::field::expect];
  return equals_ignoring_case({value.data(), value.size()}, "100-continue");
}

void http_parser::describe(http_request& out) const {
  const auto& message = impl_->parser->get();
  const auto view = [](auto text) { return std::string_view(text.data(), text.size()); };
  out.method = view(message.method_string());
  out.target = view(message.target());
  const auto mark = out.target.find('?');
  out.path = out.target.substr(0, mark);
  out.query = mark == std::string_view::npos ? std::string_view() : out.target.substr(mark + 1);
  out.body = message.body();
  out.headers.clear();
  for (const auto& field : message)
    out.headers.push_back({view(field.name_string()), view(field.value())});
}

const void* http_parser::message() const {
  return &impl_->parser->get();
}

} // namespace rialto::net
