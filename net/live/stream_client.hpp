// net/live/stream_client.hpp: combined streams of one exchange as one queue: symbols go in, their texts come out, in order.
//
// The room: joins stream_plan (what is connected and subscribed) and web_socket_client (the sockets) on the latter's io thread. Whoever
// reads takes the queue from another thread; what a text means is the reader's.
//   Q1  take() hands out in the order it came: symbol_up before the first text that counts, symbol_down after the last one
//   Q2  the queue holds at most queue_texts_max texts and queue_bytes_max bytes; beyond that texts are dropped and a stream_overflow is
//       the last thing take() hands out: every book must then begin anew
//   Q3  `wake` is called on the io thread when the queue was empty and no longer is: once until take() emptied it
#pragma once

#include "net/live/stream_plan.hpp"
#include "runtime/clock.hpp"

#include <atomic>
#include <deque>
#include <mutex>

namespace rialto::net {

struct stream_client_options {
  web_socket_client_options sockets;
  stream_plan_options plan;
  std::size_t queue_texts_max = 100'000, queue_bytes_max = 64 << 20;
  std::size_t held_texts_max = 20'000,
              held_bytes_max = 16 << 20; // of the links that wait to take over
};

/// One text of the exchange as it came.
struct stream_text {
  lane_number lane = 0;
  timestamp_ns received;
  std::string text;
};
struct stream_overflow {
  std::uint64_t dropped = 0;
};
using stream_news = std::variant<stream_text, symbol_up, symbol_down, stream_overflow>;

struct stream_counters {
  std::atomic<std::uint64_t> texts{0}, bytes{0}, dropped{0};
  std::atomic<std::uint64_t> opened{0}, failed{0}; // connections
  std::atomic<std::uint64_t> refused{0};           // subscriptions
};

class stream_client final : private web_socket_listener {
public:
  /// `clock` outlives it. Throws std::runtime_error naming feed.ca-file.
  stream_client(stream_client_options options, runtime::node_clock& clock,
                std::function<void()> wake);
  ~stream_client() override { stop(); }

  void start() { sockets_.start(); }
  /// Not on the io thread. Nothing is woken afterwards.
  void stop() { sockets_.stop(); }

  // ---- any thread
  void add(std::string symbol, std::vector<std::string> streams);
  void remove(std::string symbol);
  /// Everything that came since, appended to `out`.
  void take(std::vector<stream_news>& out);
  [[nodiscard]] bool has_news() const { return has_news_.load(std::memory_order_acquire); }
  /// As of the last tick; times are of the clock's monotonic_ns().
  [[nodiscard]] std::vector<lane_status> lanes() const;
  /// Why a connection or subscription failed last; empty: none did.
  [[nodiscard]] std::string last_problem() const;
  [[nodiscard]] const stream_counters& counters() const { return counters_; }

private:
  struct held_text {
    socket_number which;
    stream_text text;
  };

  void on_open(socket_number which) override;
  void on_text(socket_number which, std::string_view text) override;
  void on_sign_of_life(socket_number which) override;
  void on_closed(socket_number which, const std::string& why) override;
  void on_tick() override;

  void step();
  void obey();
  void take_answer(socket_number which, std::string_view text);
  void queue(stream_news one);
  void hold(socket_number which, stream_text text);
  void release(socket_number which);
  void forget_held(socket_number which);

  stream_client_options options_;
  runtime::node_clock& clock_;
  std::function<void()> wake_;
  stream_counters counters_;
  // io thread
  stream_plan plan_;
  stream_plan::outputs outputs_;
  std::deque<held_text> held_;
  std::size_t held_bytes_ = 0;
  // both
  mutable std::mutex lock_;
  std::vector<stream_news> queue_;
  std::size_t queue_texts_ = 0, queue_bytes_ = 0;
  std::uint64_t dropped_ = 0; // since the last take()
  std::vector<lane_status> lanes_;
  std::string last_problem_;
  std::atomic<bool> has_news_{false};
  web_socket_client sockets_; // last: its thread uses the others
};

} // namespace rialto::net
