#include "runtime/mesh/transport.hpp"

#include "runtime/log.hpp"

#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <list>
#include <mutex>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace rialto::runtime {

namespace network = caf::io::network;
using steady = std::chrono::steady_clock;

// -- strangers -----------------------------------------------------------------------------------

struct strangers::room {
  struct guest {
    int socket;
    steady::time_point since;
  };
  std::mutex lock;
  std::list<guest> guests; // oldest first
  steady::time_point logged{};
};

strangers::strangers() : room_(std::make_unique<room>()) {}
strangers::~strangers() = default;

// A socket is in the list only while its stream holds it open, so shutdown() meets the right one; the stream then sees
// the end and leaves.
void strangers::enter(int socket) {
  const std::lock_guard hold(room_->lock);
  if (room_->guests.size() >= strangers_max) {
    ::shutdown(room_->guests.front().socket, SHUT_RDWR);
    room_->guests.pop_front();
  }
  room_->guests.push_back({socket, steady::now()});
}

void strangers::leave(int socket) {
  const std::lock_guard hold(room_->lock);
  room_->guests.remove_if([&](const room::guest& one) { return one.socket == socket; });
}

void strangers::expire() {
  const std::lock_guard hold(room_->lock);
  const auto now = steady::now();
  while (!room_->guests.empty() && now - room_->guests.front().since > handshake_max) {
    ::shutdown(room_->guests.front().socket, SHUT_RDWR);
    room_->guests.pop_front();
  }
}

void strangers::refuse(const std::string& why) {
  const auto count = refused_.fetch_add(1, std::memory_order_relaxed) + 1;
  {
    const std::lock_guard hold(room_->lock);
    const auto now = steady::now();
    if (room_->logged != steady::time_point{} && now - room_->logged < std::chrono::seconds(10))
      return;
    room_->logged = now;
  }
  log_warning("mesh", "a connection was refused in its TLS handshake: {} ({} so far)", why, count);
}

// -- TLS under CAF's stream ----------------------------------------------------------------------

namespace {

constexpr std::size_t write_bytes_max = 256u << 10; // in one turn of the loop

class tls_session {
public:
  /// `room` null: this side dialed and the handshake is over.
  tls_session(SSL* session, int socket, std::shared_ptr<strangers> room)
      : session_(session), socket_(socket), room_(std::move(room)) {
    if (room_) room_->enter(socket_);
  }
  ~tls_session() {
    end_waiting();
    SSL_free(session_);
  }
  tls_session(const tls_session&) = delete;
  tls_session& operator=(const tls_session&) = delete;

  [[nodiscard]] bool is_established() const { return SSL_is_init_finished(session_) == 1; }
  [[nodiscard]] std::size_t pending() const {
    return static_cast<std::size_t>(SSL_pending(session_));
  }

  network::rw_state read(std::size_t& result, void* into, std::size_t size) {
    ERR_clear_error();
    result = 0;
    const int done = SSL_read_ex(session_, into, size, &result);
    const bool is_over = room_ && is_established();
    if (is_over) end_waiting();
    const auto state = done == 1 ? network::rw_state::success : state_of(done);
    if (is_over) established();
    return state;
  }

  network::rw_state write(std::size_t& result, const void* from, std::size_t size) {
    result = 0;
    // To CAF indeterminate is a write of nothing; with data it would forget the data.
    if (size == 0) return network::rw_state::indeterminate;
    const auto* bytes = static_cast<const char*>(from);
    while (result < size && result < write_bytes_max) {
      ERR_clear_error();
      std::size_t count = 0;
      const int done = SSL_write_ex(session_, bytes + result, size - result, &count);
      if (done != 1)
        return state_of(done) == network::rw_state::failure && result == 0
                 ? network::rw_state::failure
                 : network::rw_state::success;
      result += count;
    }
    return network::rw_state::success;
  }

  /// Before the socket's number can be another's.
  void end_waiting() {
    if (room_) room_->leave(socket_);
    room_ = nullptr;
  }

  std::function<void()> established = [] {};

private:
  network::rw_state state_of(int done) {
    switch (SSL_get_error(session_, done)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return network::rw_state::success; // with nothing moved
    default: break;
    }
    if (room_) room_->refuse(tls_error());
    ERR_clear_error();
    return network::rw_state::failure;
  }

  SSL* session_;
  int socket_;
  std::shared_ptr<strangers> room_; // null once the handshake is over
};

struct tls_policy {
  std::shared_ptr<tls_session> session;
  network::rw_state read_some(std::size_t& result, network::native_socket, void* into,
                              std::size_t size) {
    return session->read(result, into, size);
  }
  network::rw_state write_some(std::size_t& result, network::native_socket, const void* from,
                               std::size_t size) {
    return session->write(result, from, size);
  }
  bool must_read_more(network::native_socket, std::size_t threshold) {
    return session->pending() >= threshold;
  }
};

/// As CAF's own, but nothing is written before the handshake is over: epoll would call such a socket writable for ever.
class tls_scribe final : public caf::io::scribe {
public:
  tls_scribe(network::default_multiplexer& loop, int socket, std::shared_ptr<tls_session> session)
      : caf::io::scribe(network::conn_hdl_from_socket(socket)), session_(std::move(session)),
        stream_(loop, socket, tls_policy{session_}) {
    session_->established = [this] { stream_.flush(this); };
  }
  ~tls_scribe() override { session_->end_waiting(); }

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (!std::exchange(is_launched_, true)) stream_.start(this);
  }
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  void flush() override {
    if (session_->is_established()) stream_.flush(this);
  }
  std::string addr() const override {
    auto known = network::remote_addr_of_fd(stream_.fd());
    return known ? *known : std::string{};
  }
  std::uint16_t port() const override {
    auto known = network::remote_port_of_fd(stream_.fd());
    return known ? *known : std::uint16_t{0};
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

private:
  bool is_launched_ = false;
  std::shared_ptr<tls_session> session_;
  network::stream_impl<tls_policy> stream_;
};

/// Closes on every way out unless it was released.
class open_socket {
public:
  explicit open_socket(int handle) : handle_(handle) {}
  ~open_socket() {
    if (handle_ >= 0) ::close(handle_);
  }
  open_socket(const open_socket&) = delete;
  open_socket& operator=(const open_socket&) = delete;
  [[nodiscard]] int get() const { return handle_; }
  [[nodiscard]] int release() { return std::exchange(handle_, -1); }

private:
  int handle_;
};

void prepare(int socket) {
  const int on = 1;
  const auto unanswered = static_cast<unsigned>(
    std::chrono::duration_cast<std::chrono::milliseconds>(unanswered_max).count());
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof unanswered);
}

class mesh_doorman final : public network::doorman_impl {
public:
  mesh_doorman(network::default_multiplexer& loop, int socket,
               std::shared_ptr<const tls_context> tls, std::shared_ptr<strangers> room)
      : network::doorman_impl(loop, socket), tls_(std::move(tls)), room_(std::move(room)) {}

  bool new_connection() override {
    if (detached()) return false;
    auto& loop = acceptor_.backend();
    open_socket socket(acceptor_.accepted_socket());
    prepare(socket.get());
    caf::io::scribe_ptr scribe;
    if (tls_) {
      network::nonblocking(socket.get(), true);
      auto* session = tls_->new_session(socket.get(), tls_context::role::accepts, {});
      if (session == nullptr) return false;
      auto shared = std::make_shared<tls_session>(session, socket.get(), room_);
      scribe = caf::make_counted<tls_scribe>(loop, socket.release(), std::move(shared));
    } else {
      scribe = loop.new_scribe(socket.release());
    }
    const auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    return doorman::new_connection(&loop, handle);
  }

private:
  std::shared_ptr<const tls_context> tls_;
  std::shared_ptr<strangers> room_;
};

} // namespace

listener open_listener(network::default_multiplexer& loop, const host_port& at,
                       std::shared_ptr<const tls_context> tls, std::shared_ptr<strangers> room) {
  auto socket =
    network::new_tcp_acceptor_impl(at.port, at.host.empty() ? nullptr : at.host.c_str(), true);
  if (!socket)
    throw mesh_failure(fmt::format("cluster links cannot listen on {}:{}: {}", at.host, at.port,
                                   std::strerror(errno)));
  auto doorman = caf::make_counted<mesh_doorman>(loop, *socket, std::move(tls), std::move(room));
  const auto port = doorman->port();
  return {std::move(doorman), port};
}

// -- dialing -------------------------------------------------------------------------------------

namespace {

class dialer {
public:
  dialer(const dial_order& order, const std::atomic<bool>& stopping)
      : order_(order), stopping_(stopping), until_(steady::now() + order.within) {}

  [[nodiscard]] const std::string& failure() const { return failure_; }

  /// -1: failure() says why.
  int connect() {
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    const auto port = std::to_string(order_.to.port);
    if (const int bad = getaddrinfo(order_.to.host.c_str(), port.c_str(), &hints, &found);
        bad != 0) {
      failure_ = gai_strerror(bad);
      return -1;
    }
    int made = -1;
    for (const auto* one = found; one != nullptr && made < 0; one = one->ai_next)
      made = connect_to(*one);
    freeaddrinfo(found);
    return made;
  }

  bool shake_hands(SSL* session, int socket) {
    for (;;) {
      ERR_clear_error();
      const int done = SSL_connect(session);
      if (done == 1) return true;
      const auto state = SSL_get_error(session, done);
      if (state != SSL_ERROR_WANT_READ && state != SSL_ERROR_WANT_WRITE) {
        const auto verdict = SSL_get_verify_result(session);
        failure_ =
          "TLS: " + (verdict == X509_V_OK ? tls_error() : X509_verify_cert_error_string(verdict));
        ERR_clear_error();
        return false;
      }
      if (!wait(socket, state == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) return false;
    }
  }

private:
  int connect_to(const addrinfo& address) {
    open_socket socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) return failed(errno);
    prepare(socket.get());
    if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
      if (errno != EINPROGRESS) return failed(errno);
      if (!wait(socket.get(), POLLOUT)) return -1;
      int why = 0;
      socklen_t size = sizeof why;
      getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &why, &size);
      if (why != 0) return failed(why);
    }
    return socket.release();
  }
  int failed(int why) {
    failure_ = std::strerror(why);
    return -1;
  }
  /// In slices, so that the end of the node need not wait for a silent peer.
  bool wait(int socket, short what) {
    while (!stopping_.load(std::memory_order_relaxed)) {
      const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until_ - steady::now()).count();
      if (left <= 0) {
        failure_ = fmt::format("no answer within {} ms", order_.within.count());
        return false;
      }
      pollfd one{socket, what, 0};
      if (::poll(&one, 1, static_cast<int>(std::min<long long>(left, 50))) > 0) return true;
    }
    failure_ = "the node stops";
    return false;
  }

  const dial_order& order_;
  const std::atomic<bool>& stopping_;
  steady::time_point until_;
  std::string failure_;
};

} // namespace

dialed dial(network::default_multiplexer& loop, const dial_order& order,
            std::shared_ptr<const tls_context> tls, const std::atomic<bool>& stopping) {
  dialer call(order, stopping);
  open_socket socket(call.connect());
  if (socket.get() < 0) return {nullptr, call.failure()};
  if (!tls) return {loop.new_scribe(socket.release()), {}};
  auto* session = tls->new_session(socket.get(), tls_context::role::dials, order.expected_name);
  if (session == nullptr) return {nullptr, "TLS: out of memory"};
  auto shared = std::make_shared<tls_session>(session, socket.get(), nullptr);
  if (!call.shake_hands(session, socket.get())) return {nullptr, call.failure()};
  return {caf::make_counted<tls_scribe>(loop, socket.release(), std::move(shared)), {}};
}

host_port read_host_port(const std::string& text) {
  host_port read;
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return read;
  const auto* const end = text.data() + text.size();
  const auto [stop, bad] = std::from_chars(text.data() + colon + 1, end, read.port);
  if (bad != std::errc{} || stop != end) return {};
  read.host = text.substr(0, colon);
  if (read.host.size() > 2 && read.host.front() == '[' && read.host.back() == ']')
    read.host = read.host.substr(1, read.host.size() - 2);
  return read;
}

network::default_multiplexer& loop_of(caf::actor_system& system) {
  return dynamic_cast<network::default_multiplexer&>(system.middleman().backend());
}

caf::actor broker_of(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
}

void excuse_broker([[maybe_unused]] caf::actor_system& system) {
#ifdef __SANITIZE_ADDRESS__
  __lsan_ignore_object(caf::actor_cast<caf::abstract_actor*>(broker_of(system)));
#endif
}

} // namespace rialto::runtime
