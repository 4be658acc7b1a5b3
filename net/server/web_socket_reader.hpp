// net/server/web_socket_reader.hpp: Beast's WebSocket protocol over bytes that we move ourselves.
//
// The room: the incoming half (handshake, frames, fragments, masks, UTF-8, control frames, close) is Beast's; bytes come in by feed() and what Beast
// has to say (the handshake's answer, pongs, closes) goes out through the sink. Text of ours is framed by frame_text() and
// written by the connection, many frames in one write.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace rialto::net {

class web_socket_sink {
public:
  virtual ~web_socket_sink() = default;
  virtual void write_raw(std::string_view bytes) = 0;
  virtual void opened() = 0;
  virtual void message(std::string_view text, bool is_binary) = 0;
  virtual void ended() = 0; // closed by the peer, or a protocol error (Beast has answered it)
};

class web_socket_reader {
public:
  /// `request` is an http_parser's message(). The sink must outlive the reader; after destruction it is not called.
  web_socket_reader(boost::asio::io_context& context, web_socket_sink& sink, const void* request,
                    std::size_t message_bytes_max);
  ~web_socket_reader();
  void feed(std::string_view bytes);
  void set_message_limit(std::size_t bytes_max);

private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

/// Appends a frame of ours (unmasked, final): opcode 1 text, 8 close, 9 ping.
void append_frame_head(std::string& out, unsigned opcode, std::size_t length);
[[nodiscard]] std::string close_frame(std::uint16_t code, std::string_view reason);

} // namespace rialto::net
