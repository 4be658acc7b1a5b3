// The listening half of the loop: bind, accept, turn away.
#include "net/server/server_loop.hpp"
#include "runtime/log.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace rialto::net {

namespace {

constexpr int accepted_per_tick_max = 256;
constexpr std::int64_t accept_pause_ns = 100'000'000, complaint_pause_ns = 10'000'000'000;

union socket_address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

struct listening_place {
  socket_address address{};
  socklen_t size = 0;
};

std::optional<listening_place> place_of(std::string name, std::uint16_t port) {
  if (name == "localhost") name = "127.0.0.1";
  if (name.size() > 2 && name.front() == '[' && name.back() == ']')
    name = name.substr(1, name.size() - 2);
  listening_place place;
  if (inet_pton(AF_INET, name.c_str(), &place.address.v4.sin_addr) == 1) {
    place.address.v4.sin_family = AF_INET;
    place.address.v4.sin_port = htons(port);
    place.size = sizeof(sockaddr_in);
    return place;
  }
  place.address = {};
  if (inet_pton(AF_INET6, name.c_str(), &place.address.v6.sin6_addr) == 1) {
    place.address.v6.sin6_family = AF_INET6;
    place.address.v6.sin6_port = htons(port);
    place.size = sizeof(sockaddr_in6);
    return place;
  }
  return std::nullopt;
}

std::string reason_of(int error) {
  switch (error) {
  case EADDRINUSE: return "the address is in use";
  case EADDRNOTAVAIL: return "this machine has no such address";
  case EACCES: return "not allowed; ports below 1024 need a privilege";
  default: return std::system_category().message(error);
  }
}

struct peer_name {
  std::string text;
  bool is_loopback = false;
};

peer_name name_of(const socket_address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  in_addr v4{};
  if (address.any.sa_family == AF_INET) {
    v4 = address.v4.sin_addr;
  } else {
    const auto& v6 = address.v6.sin6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(&v6)) {
      inet_ntop(AF_INET6, &v6, text.data(), text.size());
      return {text.data(), IN6_IS_ADDR_LOOPBACK(&v6) != 0};
    }
    std::copy(v6.s6_addr + 12, v6.s6_addr + 16, reinterpret_cast<unsigned char*>(&v4));
  }
  inet_ntop(AF_INET, &v4, text.data(), text.size());
  return {text.data(), (ntohl(v4.s_addr) >> 24) == 127};
}

} // namespace

void server_loop::listen() {
  const auto where = fmt::format("{}:{}", options_.address, options_.port);
  auto place = place_of(options_.address, options_.port);
  if (!place) throw std::runtime_error(where + ": the address is not an IP address or localhost");
  const auto fail = [&](int error) {
    if (listener_ >= 0) ::close(std::exchange(listener_, -1));
    throw std::runtime_error(where + ": " + reason_of(error));
  };
  listener_ = ::socket(place->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener_ < 0) fail(errno);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener_, &place->address.any, place->size) != 0) fail(errno);
  if (::listen(listener_, 4'096) != 0) fail(errno);
  socket_address bound{};
  socklen_t size = sizeof bound;
  if (getsockname(listener_, &bound.any, &size) != 0) fail(errno);
  port_ = ntohs(bound.any.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
}

void server_loop::watch_listener(bool on) {
  if (listener_ < 0) return;
  epoll_event event{};
  event.events = on ? EPOLLIN : 0U;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, listener_, &event); // its id is 0
  listen_again_ns_ = on ? 0 : host_.now_ns + accept_pause_ns;
}

void server_loop::accept_some() {
  for (int i = 0; i < accepted_per_tick_max && listener_ >= 0; ++i) {
    socket_address from{};
    socklen_t size = sizeof from;
    const int descriptor = ::accept4(listener_, &from.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      const auto name = name_of(from);
      accept_one(descriptor, name.text, name.is_loopback);
      continue;
    }
    if (errno == EAGAIN) return;
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
      continue; // the peer gave up meanwhile
    // Nothing left to accept with: leave them in the queue until some have gone.
    const auto why = std::system_category().message(errno);
    count(statistics_.refused, 1);
    watch_listener(false);
    if (host_.now_ns - complained_ns_ > complaint_pause_ns || complained_ns_ == 0) {
      complained_ns_ = host_.now_ns;
      runtime::log_warning("http", "cannot accept connections ({}): {} are open", why,
                           connection_count_);
    }
    return;
  }
}

/// Ends the connection of this address that waits for longest for its next request, if one does for
/// long enough. A client that opens one for each request and keeps them (@binance/spot does) would
/// else be turned away by its own idle ones. Looked for in vain, it is not looked for again at once.
bool server_loop::make_room(const std::string& address) {
  constexpr std::int64_t pause_ns = 50'000'000;
  if (host_.now_ns < room_due_ns_) return false;
  connection* longest = nullptr;
  auto since = host_.now_ns - options_.spare_idle_ns;
  for (const auto& one : slots_) { // only for an address at its limit
    if (!one || one->idle_since_ns() > since || one->address() != address) continue;
    since = one->idle_since_ns();
    longest = one.get();
  }
  if (longest == nullptr) {
    room_due_ns_ = host_.now_ns + pause_ns;
    return false;
  }
  longest->drain();
  return true;
}

void server_loop::accept_one(int descriptor, const std::string& address, bool is_loopback) {
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto peer = tls_ ? tls_->accept(descriptor) : plain_transport(descriptor);
  if (!peer) return count(statistics_.refused, 1);
  count(statistics_.accepted, 1);
  auto& of_address = per_address_[address];
  const bool is_counted = options_.limits_loopback || !is_loopback;
  const auto beyond = [&](std::size_t more) {
    return connection_count_ >= options_.connections_max + more ||
           (is_counted && of_address >= options_.connections_per_address_max + more);
  };
  if (beyond(turned_away_max)) {
    if (of_address == 0) per_address_.erase(address);
    count(statistics_.refused, 1);
    return;
  }
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const auto slot = free_slots_.back();
  free_slots_.pop_back();
  const auto id = next_serial_++ << slot_bits | slot;
  slots_[slot] = std::make_unique<connection>(host_, id, std::move(peer), address, is_loopback);
  const bool is_full =
    connection_count_ >= options_.connections_max || (beyond(0) && !make_room(address));
  ++of_address;
  ++connection_count_;
  if (is_full) slots_[slot]->turn_away();
}

} // namespace rialto::net
