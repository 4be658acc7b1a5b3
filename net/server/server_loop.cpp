#include "net/server/server_loop.hpp"

#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "storage/thread_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace rialto::net {

namespace {

constexpr std::size_t read_bytes = 65'536;
constexpr std::int64_t timer_ns = 100'000'000;
constexpr std::int64_t refresh_ns =
  10'000'000'000;                         // how often the certificate's files are looked at
constexpr std::uint32_t sweep_slices = 5; // so each connection is looked at every 500 ms
// Serials begin at 1, so these are no connection's.
constexpr std::uint64_t listener_id = 0, wake_id = 1;

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

/// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
std::string date_line_of(timestamp_ns now) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t seconds = now.value / 1'000'000'000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("Date: {}, {:02} {} {} {:02}:{:02}:{:02} GMT\r\n",
                     days.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                     months.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

} // namespace

responder connection_host::responder_for(std::uint64_t connection, std::uint64_t sequence) {
  return {&owner, connection, sequence};
}

server_loop::server_loop(server& owner, server_options options, server_handler& handler)
    : options_(std::move(options)), host_{owner, options_, handler, statistics_} {
  options_.connections_max = std::min<std::size_t>(options_.connections_max, slot_mask / 2);
  host_.scratch.resize(read_bytes);
  host_.request_prefix = std::random_device{}();
}

server_loop::~server_loop() {
  stop();
  for (const int descriptor : {listener_, epoll_, wake_})
    if (descriptor >= 0) ::close(descriptor);
}

void server_loop::start() {
  if (thread_.joinable() || is_over_) throw std::logic_error("a server is started once");
  if (options_.tls.is_wanted()) tls_ = std::make_unique<tls_context>(options_.tls);
  listen();
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (epoll_ < 0 || wake_ < 0)
    throw std::runtime_error("the server has no descriptor left for its own use");
  host_.epoll = epoll_;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wake_id;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  event.events = EPOLLIN;
  event.data.u64 = listener_id;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  thread_ = std::thread([this] { run(); });
}

void server_loop::stop() {
  const std::lock_guard only_one(stop_mutex_);
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  post([] {}); // wakes the loop
  thread_.join();
}

void server_loop::post(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (is_over_) return;
  jobs_.push_back(std::move(job));
  if (is_woken_) return;
  is_woken_ = true;
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_, &one, sizeof one));
}

connection* server_loop::find(std::uint64_t id) const {
  const auto slot = id & slot_mask;
  if (slot >= slots_.size()) return nullptr;
  auto* const one = slots_[slot].get();
  return one != nullptr && one->id() == id && !one->is_dead() ? one : nullptr;
}

void server_loop::run() {
  storage::name_thread("edge");
  host_.now_ns = monotonic_ns();
  every_100_ms();
  for (;;) {
    const auto wake_ns =
      host_.waiting.empty() ? next_timer_ns_ : std::min(next_timer_ns_, host_.waiting_until_ns);
    const auto left_ms = (wake_ns - monotonic_ns()) / 1'000'000 + 1;
    take_events(host_.resumed.empty() ? static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, 100))
                                      : 0);
    run_jobs();
    if (host_.now_ns >= next_timer_ns_) every_100_ms();
    if (!host_.waiting.empty() && host_.now_ns >= host_.waiting_until_ns) end_waits();
    host_.handler.on_tick();
    flush();
    reap();
    if (host_.is_draining && (connection_count_ == 0 || host_.now_ns > drained_by_ns_)) break;
  }
  for (auto& one : slots_)
    if (one) one->die();
  reap();
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  jobs_.clear();
}

void server_loop::take_events(int timeout_ms) {
  std::array<epoll_event, 512> events; // NOLINT: filled by epoll_wait
  const auto count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  host_.now_ns = monotonic_ns();
  for (auto* const one : std::exchange(host_.resumed, {})) one->resume();
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == listener_id) {
      accept_some();
    } else if (event.data.u64 == wake_id) {
      std::uint64_t ignored = 0;
      static_cast<void>(::read(wake_, &ignored, sizeof ignored));
    } else if (auto* const one = find(event.data.u64)) {
      if ((event.events & EPOLLOUT) != 0) one->on_writable();
      if ((event.events & EPOLLIN) != 0)
        one->on_readable();
      else if ((event.events & (EPOLLHUP | EPOLLERR)) != 0)
        one->on_hang_up();
    }
  }
}

void server_loop::run_jobs() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = false;
    running_jobs_.swap(jobs_);
    if (is_stopping_ && !host_.is_draining) begin_draining();
  }
  for (auto& job : running_jobs_) job();
  running_jobs_.clear();
}

void server_loop::every_100_ms() {
  next_timer_ns_ = host_.now_ns + timer_ns;
  host_.date_line = date_line_of(runtime::system_clock().wall());
  if (listen_again_ns_ != 0 && host_.now_ns >= listen_again_ns_) watch_listener(true);
  if (tls_ && host_.now_ns >= next_refresh_ns_) {
    next_refresh_ns_ = host_.now_ns + refresh_ns;
    tls_->refresh();
  }
  sweep_slice_ = (sweep_slice_ + 1) % sweep_slices;
  for (std::size_t i = sweep_slice_; i < slots_.size(); i += sweep_slices)
    if (slots_[i]) slots_[i]->sweep();
  host_.handler.on_timer(host_.now_ns);
}

void server_loop::end_waits() {
  for (const auto id : std::exchange(host_.waiting, {}))
    if (auto* const one = find(id)) one->end_wait();
}

void server_loop::flush() {
  for (std::size_t i = 0; i < host_.touched.size(); ++i) host_.touched[i]->flush();
  host_.touched.clear();
}

void server_loop::reap() {
  for (const auto id : std::exchange(host_.closed, {})) host_.handler.on_close(id);
  flush(); // on_close() may have sent to others
  for (auto* const one : std::exchange(host_.ended, {})) {
    std::erase(host_.resumed, one);
    free_slot(static_cast<std::uint32_t>(one->id() & slot_mask));
  }
}

void server_loop::free_slot(std::uint32_t slot) {
  const auto at = per_address_.find(slots_[slot]->address());
  if (at != per_address_.end() && --at->second == 0) per_address_.erase(at);
  slots_[slot].reset();
  free_slots_.push_back(slot);
  --connection_count_;
}

void server_loop::begin_draining() {
  host_.is_draining = true;
  drained_by_ns_ = host_.now_ns + options_.drain_ns;
  ::close(std::exchange(listener_, -1)); // epoll forgets it
  for (auto& one : slots_)
    if (one) one->drain();
}

} // namespace rialto::net
