// net/server/server_loop.hpp: the io thread of a server: wait, handle, tick, write. Internal to net/server.
//
//   L1  a connection is freed at the end of a tick only, so a pointer is good throughout one
//   L2  an id is (serial, slot); serials only rise, so an id never means two connections
#pragma once

#include "net/server/connection.hpp"

#include <mutex>
#include <thread>
#include <unordered_map>

namespace rialto::net {

class server_loop {
public:
  server_loop(server& owner, server_options options, server_handler& handler);
  ~server_loop();
  server_loop(const server_loop&) = delete;
  server_loop& operator=(const server_loop&) = delete;

  void start();
  void stop();
  void post(std::function<void()> job);
  [[nodiscard]] connection* find(std::uint64_t id) const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const server_statistics& statistics() const { return statistics_; }

private:
  static constexpr std::uint64_t slot_bits = 20, slot_mask = (1U << slot_bits) - 1;
  // Connections beyond the limit that still get a 503; the ones beyond these are closed at once.
  static constexpr std::size_t turned_away_max = 256;

  void listen();
  void run();
  void take_events(int timeout_ms);
  void accept_some();
  [[nodiscard]] bool make_room(const std::string& address);
  void accept_one(int descriptor, const std::string& address, bool is_loopback);
  void watch_listener(bool on);
  void run_jobs();
  void every_100_ms();
  void end_waits();
  void flush();
  void reap();
  void free_slot(std::uint32_t slot);
  void begin_draining();

  server_options options_;
  server_statistics statistics_;
  std::unique_ptr<tls_context> tls_; // none: plain
  connection_host host_;
  int listener_ = -1, epoll_ = -1, wake_ = -1;
  std::uint16_t port_ = 0;

  std::vector<std::unique_ptr<connection>> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::size_t connection_count_ = 0;
  std::uint64_t next_serial_ = 1;
  std::unordered_map<std::string, std::size_t> per_address_;

  std::int64_t next_timer_ns_ = 0, next_refresh_ns_ = 0, listen_again_ns_ = 0, complained_ns_ = 0,
               room_due_ns_ = 0, drained_by_ns_ = 0;
  std::uint32_t sweep_slice_ = 0;

  std::mutex mutex_; // for what follows
  std::vector<std::function<void()>> jobs_;
  bool is_woken_ = false, is_stopping_ = false, is_over_ = false;
  std::vector<std::function<void()>> running_jobs_; // the loop's own

  std::mutex stop_mutex_; // two threads may call stop()
  std::thread thread_;
};

} // namespace rialto::net
