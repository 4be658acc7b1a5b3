#include "net/server/web_socket_reader.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace rialto::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

/// A read that waits for bytes, whatever its handler's type.
struct waiting_read {
  virtual ~waiting_read() = default;
  /// Moves bytes into the read's buffers; returns how many.
  virtual std::size_t fill(std::string_view bytes) = 0;
  virtual void complete(asio::io_context& context, beast::error_code problem,
                        std::size_t count) = 0;
};

template <class Buffers, class Handler>
struct waiting_read_of final : waiting_read {
  Buffers buffers;
  Handler handler;
  waiting_read_of(Buffers b, Handler h) : buffers(std::move(b)), handler(std::move(h)) {}
  std::size_t fill(std::string_view bytes) override {
    return asio::buffer_copy(buffers, asio::buffer(bytes.data(), bytes.size()));
  }
  void complete(asio::io_context& context, beast::error_code problem, std::size_t count) override {
    asio::post(context, beast::bind_front_handler(std::move(handler), problem, count));
  }
};

/// A stream whose other end is two strings.
class memory_stream {
public:
  using executor_type = asio::io_context::executor_type;
  memory_stream(asio::io_context& context, web_socket_sink*& sink)
      : context_(&context), sink_(&sink) {}
  executor_type get_executor() noexcept { return context_->get_executor(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(beast::error_code, std::size_t)>(
      [this](auto handler, const Buffers& into) {
        using read_type = waiting_read_of<Buffers, decltype(handler)>;
        reading_ = std::make_unique<read_type>(into, std::move(handler));
        pump();
      },
      token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(beast::error_code, std::size_t)>(
      [this](auto handler, const Buffers& from) {
        std::size_t count = 0;
        std::string bytes;
        for (auto at = asio::buffer_sequence_begin(from); at != asio::buffer_sequence_end(from);
             ++at) {
          const asio::const_buffer part(*at);
          bytes.append(static_cast<const char*>(part.data()), part.size());
          count += part.size();
        }
        if (*sink_ != nullptr) (*sink_)->write_raw(bytes);
        asio::post(*context_,
                   beast::bind_front_handler(std::move(handler), beast::error_code{}, count));
      },
      token, buffers);
  }
  void feed(std::string_view bytes) {
    in_.append(bytes);
    pump();
  }
  void end() {
    if (reading_) std::exchange(reading_, nullptr)->complete(*context_, asio::error::eof, 0);
  }

private:
  void pump() {
    if (!reading_ || in_.size() == at_) return;
    const auto count = reading_->fill(std::string_view(in_).substr(at_));
    at_ += count;
    if (at_ == in_.size()) in_.clear(), at_ = 0;
    std::exchange(reading_, nullptr)->complete(*context_, {}, count);
  }
  asio::io_context* context_;
  web_socket_sink** sink_;
  std::string in_;
  std::size_t at_ = 0;
  std::unique_ptr<waiting_read> reading_;
};

void beast_close_socket(memory_stream& stream) {
  stream.end();
} // Beast's time-outs, which are off

template <class Handler>
void async_teardown(beast::role_type, memory_stream& stream, Handler&& handler) {
  stream.end();
  asio::post(stream.get_executor(),
             beast::bind_front_handler(std::forward<Handler>(handler), beast::error_code{}));
}

} // namespace

struct web_socket_reader::impl : std::enable_shared_from_this<impl> {
  web_socket_sink* sink; // nullptr once the connection is gone
  beast::http::request<beast::http::string_body> request;
  websocket::stream<memory_stream, false> stream; // no permessage-deflate
  beast::flat_buffer buffer;

  impl(asio::io_context& context, web_socket_sink& out, const void* parsed)
      : sink(&out),
        request(*static_cast<const beast::http::request<beast::http::string_body>*>(parsed)),
        stream(context, sink) {}

  void start() {
    stream.async_accept(request, [self = shared_from_this()](beast::error_code problem) {
      if (self->sink == nullptr) return;
      if (problem) return self->sink->ended();
      self->sink->opened();
      self->read();
    });
  }
  void read() {
    if (sink == nullptr) return;
    stream.async_read(buffer, [self = shared_from_this()](beast::error_code problem, std::size_t) {
      if (self->sink == nullptr) return;
      if (problem) return self->sink->ended();
      const auto data = self->buffer.cdata();
      self->sink->message({static_cast<const char*>(data.data()), data.size()},
                          self->stream.got_binary());
      self->buffer.clear();
      self->read();
    });
  }
};

web_socket_reader::web_socket_reader(asio::io_context& context, web_socket_sink& sink,
                                     const void* request, std::size_t message_bytes_max)
    : impl_(std::make_shared<impl>(context, sink, request)) {
  impl_->stream.read_message_max(message_bytes_max);
  impl_->start();
}

web_socket_reader::~web_socket_reader() {
  impl_->sink = nullptr;
  impl_->stream.next_layer().end();
}

void web_socket_reader::feed(std::string_view bytes) {
  impl_->stream.next_layer().feed(bytes);
}
void web_socket_reader::set_message_limit(std::size_t bytes_max) {
  impl_->stream.read_message_max(bytes_max);
}

void append_frame_head(std::string& out, unsigned opcode, std::size_t length) {
  out.push_back(static_cast<char>(0x80 | opcode));
  if (length < 126) {
    out.push_back(static_cast<char>(length));
  } else if (length < 65'536) {
    out.push_back(126);
    out.push_back(static_cast<char>(length >> 8));
    out.push_back(static_cast<char>(length & 255));
  } else {
    out.push_back(127);
    for (int shift = 56; shift >= 0; shift -= 8)
      out.push_back(static_cast<char>(length >> shift & 255));
  }
}

std::string close_frame(std::uint16_t code, std::string_view reason) {
  reason = reason.substr(0, 123);
  std::string out;
  append_frame_head(out, 8, reason.size() + 2);
  out.push_back(static_cast<char>(code >> 8));
  out.push_back(static_cast<char>(code & 255));
  out.append(reason);
  return out;
}

} // namespace rialto::net
