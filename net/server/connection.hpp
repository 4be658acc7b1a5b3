// net/server/connection.hpp: one peer: its bytes in, its requests in order, its bytes out once per tick. Internal to net/server.
//
//   C1  answers leave in the order of the requests; behind the first that closes nothing leaves
//   C2  what is not read stays in the kernel: no more input is held than a head, or a body within its limit, and one read
//   C3  a peer that does not read is not read either (HTTP), or loses the connection when its queue is full (WebSocket)
//   C4  the end is one way: open -> finishing (what is owed) -> lingering (so that the last bytes arrive) -> dead
#pragma once

#include "net/server/http_parser.hpp"
#include "net/server/server.hpp"
#include "net/server/transport.hpp"
#include "net/server/web_socket_frames.hpp"
#include "net/server/web_socket_queue.hpp"

#include <deque>
#include <limits>

namespace rialto::net {

class connection;

/// What the connections of one server share; owned by its loop.
struct connection_host {
  server& owner;
  const server_options& options;
  server_handler& handler;
  server_statistics& statistics;
  int epoll = -1;
  std::int64_t now_ns = 0; // monotonic, of this tick
  bool is_draining = false;
  std::string date_line{};              // "Date: ...\r\n"
  std::string scratch{};                // where every read lands
  http_request request{};               // the one being handled; kept for its memory
  std::vector<connection*> touched{};   // to flush at the end of the tick
  std::vector<std::uint64_t> waiting{}; // with frames that may wait
  std::int64_t waiting_until_ns = 0;
  std::vector<connection*> resumed{};  // with input to go on with in the next tick
  std::vector<connection*> ended{};    // dead
  std::vector<web_socket_id> closed{}; // WebSockets to tell the handler of
  std::uint64_t request_prefix = 0, next_request = 1;

  [[nodiscard]] std::string fresh_request_id();
  [[nodiscard]] responder responder_for(std::uint64_t connection, std::uint64_t sequence);
};

/// One writer, any number of readers.
template <class Counter, class Number>
void count(Counter& counter, Number more) {
  counter.store(counter.load(std::memory_order_relaxed) +
                  static_cast<typename Counter::value_type>(more),
                std::memory_order_relaxed);
}

class connection final : public frame_listener {
public:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  connection(connection_host& host, std::uint64_t id, std::unique_ptr<transport> peer,
             std::string address, bool is_loopback);
  ~connection() override;

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] bool is_dead() const { return phase_ == phase::dead; }

  // ---- from the loop
  void on_readable();
  void on_writable();
  /// Both directions are gone.
  void on_hang_up();
  /// Goes on with input that had to wait.
  void resume();
  /// Writes what there is and says to epoll what it waits for; at the end of a tick in which it was touched.
  void flush();
  /// Deadlines and pings.
  void sweep();
  /// No further requests; ends once everything is answered.
  void drain();
  /// Since when it waits for its next request, with nothing owed; `never` if it does not wait.
  [[nodiscard]] std::int64_t idle_since_ns() const;
  /// The server is full: one 503, then the end.
  void turn_away();
  void die();

  // ---- from the handler
  void respond(std::uint64_t sequence, http_response answer);
  [[nodiscard]] bool waits_for(std::uint64_t sequence) const;
  bool send(const std::shared_ptr<const std::string>& text, std::uint64_t conflate, bool may_wait);
  /// The wait of its frames is over.
  void end_wait();
  void close_web_socket(std::uint16_t code, std::string_view reason);
  void set_message_limit(std::size_t bytes_max);
  [[nodiscard]] std::size_t queued_bytes() const;

private:
  enum class phase : std::uint8_t {
    head,               // of the next request
    body,               // all of it is wanted before it is looked at
    chunks,             // a chunked body
    web_socket,         //
    web_socket_closing, // we have said close and wait for the peer's
    finishing,          // nothing more is read; what is owed is written
    lingering,          // our end is said; what still comes is thrown away
    dead,
  };
  struct pending_answer {
    std::string request_id;
    bool is_head = false, is_1_0 = false, close = false, is_ready = false;
    http_response answer; // once ready, while earlier ones are not
  };
  struct web_socket {
    frame_reader reader;
    web_socket_queue queue;
    std::int64_t pinged_ns = 0;
    bool is_told_open = false;
  };
  // connection.cpp
  void touch();
  void touch_later();
  void write_out();
  void begin_lingering();
  void on_peer_done();
  void watch();
  [[nodiscard]] std::size_t backlog() const { return out_.size() - out_at_; }

  // connection_http.cpp
  std::size_t process(char* bytes, std::size_t size);
  bool take_head(std::string_view rest, std::size_t& used);
  bool take_request(std::string_view head, std::string_view rest, std::size_t& used);
  bool take_chunks(std::string_view rest, std::size_t& used);
  void call_for_body();
  void dispatch(const head_facts& facts);
  void upgrade();
  void refuse(unsigned status, std::string_view code, std::string_view detail);
  void emit(const pending_answer& to, const http_response& answer);
  void after_answer();
  [[nodiscard]] bool is_paused() const;

  // connection_web_socket.cpp
  void end_web_socket();
  void on_frame_message(std::string_view bytes, bool is_binary) override;
  void on_ping_frame(std::string_view payload) override;
  void on_close_frame(std::uint16_t code, std::string_view reason) override;
  void on_violation(std::uint16_t code, std::string_view why) override;

  connection_host& host_;
  const std::uint64_t id_;
  std::unique_ptr<transport> peer_;
  const std::string address_;
  const bool is_loopback_;

  phase phase_ = phase::head;
  bool is_touched_ = false, is_blocked_ = false, is_peer_done_ = false, close_after_flush_ = false,
       has_input_waiting_ = false, has_blank_line_ = false, owes_continue_ = false,
       is_waiting_ = false;
  bool is_watched_ = false;
  std::uint32_t watched_ = 0; // what epoll was told
  std::string in_, out_;
  std::size_t out_at_ = 0;    // of out_: written
  std::size_t looked_at_ = 0; // of the unfinished head
  std::size_t wanted_ = 0;    // bytes of the request whose body is awaited
  std::size_t thrown_away_ = 0;
  std::int64_t deadline_ns_, heard_ns_, progress_ns_ = 0;
  std::uint64_t front_sequence_ = 1; // of answers_.front()
  std::deque<pending_answer> answers_;
  std::unique_ptr<chunked_body> chunks_;
  std::unique_ptr<web_socket> web_socket_;
};

} // namespace rialto::net
