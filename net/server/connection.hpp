// net/server/connection.hpp: one socket: reads, parses, keeps answers in order, writes once per tick. Internal to net/server.
#pragma once

#include "net/server/http_parser.hpp"
#include "net/server/server.hpp"
#include "net/server/web_socket_reader.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <deque>

namespace rialto::net {

class connection;

/// What a connection needs of its server.
struct connection_context {
  const server_options& options;
  server_handler& handler;
  server_statistics& statistics;
  boost::asio::io_context& io;
  std::function<void(connection&)> mark_dirty; // has something to write
  std::function<responder(std::uint64_t, std::uint64_t)> responder_for;
  std::function<std::string()> fresh_request_id;
};

class connection final : public web_socket_sink {
public:
  connection(connection_context& context, std::uint64_t id, boost::asio::ip::tcp::socket socket,
             std::string peer, bool is_loopback);
  ~connection() override;

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] const std::string& peer() const { return peer_; }
  [[nodiscard]] bool is_web_socket() const { return reader_ != nullptr; }
  [[nodiscard]] bool is_dead() const { return dead_; }
  /// Nothing asked and nothing to say.
  [[nodiscard]] bool is_idle() const {
    return answers_.empty() && out_at_ == out_.size() && frames_.empty();
  }
  [[nodiscard]] bool waits_for(std::uint64_t sequence) const;
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }

  void start();
  void respond(std::uint64_t sequence, http_response answer);
  bool send(const std::shared_ptr<const std::string>& text, std::uint64_t conflate);
  void close_web_socket(std::uint16_t code, std::string_view reason);
  void set_message_limit(std::size_t bytes_max);
  /// Writes what it can; called once per tick.
  void flush();
  /// Deadlines and pings; `now` is monotonic.
  void sweep(std::int64_t now);
  /// No further requests; ends once everything is answered.
  void drain();

  bool is_dirty = false;

private:
  struct pending_answer {
    std::uint64_t sequence = 0;
    std::string request_id;
    bool is_head = false, is_ready = false, close = false;
    std::string bytes;
  };
  struct frame {
    std::shared_ptr<const std::string> text;
    std::uint64_t conflate = 0;
  };
  enum class phase : std::uint8_t { head, body, web_socket, closing };

  void wait_readable();
  void read_some();
  void take_bytes();
  bool take_head();
  bool take_body();
  void dispatch();
  void upgrade();
  void refuse(unsigned status, std::string_view code, std::string_view detail);
  void dirty();
  void die();
  [[nodiscard]] bool is_paused() const { return answers_.size() >= context_.options.pipelined_max; }
  void serialise(pending_answer& to, http_response& answer);

  // web_socket_sink
  void write_raw(std::string_view bytes) override;
  void opened() override;
  void message(std::string_view text, bool is_binary) override;
  void ended() override;

  connection_context& context_;
  std::uint64_t id_;
  boost::asio::ip::tcp::socket socket_;
  std::string peer_;
  bool is_loopback_;
  phase phase_ = phase::head;
  bool dead_ = false, reading_ = false, waiting_writable_ = false, close_after_flush_ = false,
       draining_ = false, told_open_ = false;
  std::string in_, out_;
  std::size_t in_at_ = 0, out_at_ = 0;
  http_parser parser_;
  http_request request_; // kept for its memory
  std::uint64_t next_sequence_ = 1;
  std::deque<pending_answer> answers_;
  std::unique_ptr<web_socket_reader> reader_;
  std::deque<frame> frames_;
  std::size_t queued_bytes_ = 0;
  std::int64_t deadline_ns_ = 0, last_heard_ns_ = 0, pinged_ns_ = 0;
};

[[nodiscard]] std::int64_t monotonic_ns();

} // namespace rialto::net
