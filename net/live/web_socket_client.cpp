#include "net/live/web_socket_client.hpp"

#include "runtime/log.hpp"
#include "storage/thread_name.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <stdexcept>
#include <thread>

namespace rialto::net {

namespace {

namespace beast = boost::beast;
namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace websocket = boost::beast::websocket;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;
using steady = std::chrono::steady_clock;

constexpr std::size_t writes_max = 256;
constexpr std::size_t proxy_answer_bytes_max = 8'192;
constexpr auto closing_time = std::chrono::seconds(2);

ssl::context tls_context(const std::string& ca_file) {
  ssl::context made(ssl::context::tls_client);
  made.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                   ssl::context::no_tlsv1_1);
  made.set_verify_mode(ssl::verify_peer);
  error_code failed;
  made.set_default_verify_paths(failed); // without the system's there is still the file
  if (ca_file.empty()) return made;
  made.load_verify_file(ca_file, failed);
  if (failed)
    throw std::runtime_error("feed.ca-file: " + ca_file + " holds no certificate that can be read");
  return made;
}

std::string base64(const std::string& text) {
  std::string made(beast::detail::base64::encoded_size(text.size()), '\0');
  made.resize(beast::detail::base64::encode(made.data(), text.data(), text.size()));
  return made;
}

} // namespace

struct web_socket_client::machinery : std::enable_shared_from_this<machinery> {
  machinery(web_socket_client_options chosen, web_socket_listener& told)
      : options(std::move(chosen)), listener(told), tls(tls_context(options.ca_file)) {}

  void run();
  void tick();
  void notify_closed(socket_number which, std::string why);

  web_socket_client_options options;
  web_socket_listener& listener;
  asio::io_context io{1};
  ssl::context tls;
  asio::steady_timer timer{io};
  std::map<socket_number, std::shared_ptr<live_socket>> sockets;
  std::atomic<bool> stopped{false};
  std::thread thread;
};

/// One connection, from its name to its end.
class live_socket : public std::enable_shared_from_this<live_socket> {
public:
  using owner = web_socket_client::machinery;

  live_socket(owner& all, socket_number which)
      : all_(all), number_(which), resolver_(all.io),
        deadline_(steady::now() + std::chrono::nanoseconds(all.options.connect_ns)) {}
  virtual ~live_socket() = default;

  void begin(std::string target) {
    target_ = all_.options.server.base + target;
    const auto& first = all_.options.proxy ? *all_.options.proxy : all_.options.server;
    resolver_.async_resolve(
      first.host, std::to_string(first.port),
      [self = shared_from_this()](error_code failed, const tcp::resolver::results_type& found) {
        if (failed) return self->end("its name was not found: " + failed.message());
        self->lowest().async_connect(found, [self](error_code refused, const tcp::endpoint&) {
          if (refused) return self->end("it could not be reached: " + refused.message());
          error_code ignored;
          self->lowest().socket().set_option(tcp::no_delay(true), ignored);
          if (self->all_.options.proxy) return self->ask_proxy();
          self->secure();
        });
      });
  }
  bool send(std::string text) {
    if (!is_open_ || is_done_ || is_closing_ || writes_.size() == writes_max) return false;
    writes_.push_back(std::move(text));
    if (writes_.size() == 1) write();
    return true;
  }
  void close() {
    if (is_done_ || is_closing_) return;
    if (!is_open_) return end("it was given up before it was open");
    is_closing_ = true;
    deadline_ = steady::now() + closing_time;
    say_goodbye();
  }
  void check(steady::time_point now) {
    if (is_done_ || (is_open_ && !is_closing_) || now < deadline_) return;
    end(is_closing_ ? "the server did not answer the goodbye" : "opening it took too long");
  }
  /// Cuts it, and tells so once.
  void end(std::string why) {
    if (is_done_) return;
    is_done_ = true;
    resolver_.cancel();
    error_code ignored;
    lowest().socket().shutdown(tcp::socket::shutdown_both, ignored);
    lowest().close();
    all_.notify_closed(number_, std::move(why));
  }

protected:
  [[nodiscard]] virtual beast::tcp_stream& lowest() = 0;
  virtual void secure() = 0;
  virtual void write() = 0;
  virtual void say_goodbye() = 0;

  void ask_proxy() {
    const auto& proxy = *all_.options.proxy;
    const auto to = all_.options.server.authority();
    text_ = "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n";
    if (!proxy.user.empty())
      text_ += "Proxy-Authorization: Basic " + base64(proxy.user + ":" + proxy.password) + "\r\n";
    text_ += "\r\n";
    asio::async_write(lowest(), asio::buffer(text_),
                      [self = shared_from_this()](error_code failed, std::size_t) {
                        self->text_.clear();
                        if (failed)
                          return self->end("the proxy closed the connection: " + failed.message());
                        asio::async_read_until(
                          self->lowest(), asio::dynamic_buffer(self->text_, proxy_answer_bytes_max),
                          "\r\n\r\n", [self](error_code broken, std::size_t) {
                            if (broken)
                              return self->end("the proxy did not answer: " + broken.message());
                            self->read_proxy_answer();
                          });
                      });
  }
  void read_proxy_answer() {
    const std::string answer = std::exchange(text_, {});
    const bool is_http = answer.starts_with("HTTP/1.") && answer.size() > 12;
    if (!is_http || answer.compare(9, 1, "2") != 0)
      return end("the proxy refused: " +
                 (is_http ? "status " + answer.substr(9, 3) : "its answer is not HTTP"));
    if (!answer.ends_with("\r\n\r\n")) return end("the proxy said more than its answer");
    secure();
  }

  owner& all_;
  const socket_number number_;
  tcp::resolver resolver_;
  std::string target_, text_;
  std::deque<std::string> writes_; // the first one is on its way
  bool is_open_ = false, is_closing_ = false, is_done_ = false;
  steady::time_point deadline_;
};

namespace {

template <class Stream>
class stream_socket final : public live_socket {
  static constexpr bool is_tls = !std::is_same_v<Stream, beast::tcp_stream>;

public:
  template <class... Args>
  stream_socket(owner& all, socket_number which, Args&... args)
      : live_socket(all, which), ws_(all.io, args...) {}

private:
  std::shared_ptr<stream_socket> self() {
    return std::static_pointer_cast<stream_socket>(shared_from_this());
  }
  beast::tcp_stream& lowest() override { return beast::get_lowest_layer(ws_); }

  void secure() override {
    if constexpr (is_tls) {
      const auto& host = all_.options.server.host;
      auto& tls = ws_.next_layer();
      tls.set_verify_callback(ssl::host_name_verification(host));
      error_code no_address;
      asio::ip::make_address(host, no_address);
      if (no_address && SSL_set_tlsext_host_name(tls.native_handle(), host.c_str()) != 1)
        return end("its name cannot be asked for with TLS");
      tls.async_handshake(ssl::stream_base::client, [self = self()](error_code failed) {
        if (!failed) return self->upgrade();
        const auto verified = SSL_get_verify_result(self->ws_.next_layer().native_handle());
        self->end("TLS failed: " + failed.message() +
                  (verified == X509_V_OK
                     ? std::string()
                     : std::string("; ") + X509_verify_cert_error_string(verified)));
      });
    } else {
      upgrade();
    }
  }

  void upgrade() {
    websocket::stream_base::timeout none{websocket::stream_base::none(),
                                         websocket::stream_base::none(), false};
    ws_.set_option(none); // deadlines are ours
    ws_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::user_agent, "rialto/" RIALTO_VERSION);
    }));
    ws_.read_message_max(all_.options.message_bytes_max);
    ws_.text(true);
    ws_.control_callback([this](websocket::frame_type kind, beast::string_view) {
      if (!is_done_ && kind != websocket::frame_type::close) all_.listener.on_sign_of_life(number_);
    });
    const auto& server = all_.options.server;
    const bool is_usual = server.port == (server.is_secure ? 443 : 80);
    auto host = server.authority();
    if (is_usual) host.resize(host.rfind(':'));
    ws_.async_handshake(answer_, host, target_, [self = self()](error_code failed) {
      if (failed == websocket::error::upgrade_declined)
        return self->end("the server answered the upgrade with status " +
                         std::to_string(self->answer_.result_int()));
      if (failed) return self->end("the upgrade failed: " + failed.message());
      if (self->is_done_) return;
      self->is_open_ = true;
      self->all_.listener.on_open(self->number_);
      self->read();
    });
  }

  void read() {
    ws_.async_read(buffer_, [self = self()](error_code failed, std::size_t) {
      if (failed) return self->end_of_reading(failed);
      if (self->is_done_) return;
      const auto bytes = self->buffer_.cdata();
      if (self->ws_.got_text())
        self->all_.listener.on_text(self->number_,
                                    {static_cast<const char*>(bytes.data()), bytes.size()});
      else
        self->all_.listener.on_sign_of_life(self->number_);
      self->buffer_.consume(self->buffer_.size());
      if (!self->is_done_) self->read();
    });
  }
  void end_of_reading(error_code failed) {
    if (failed != websocket::error::closed) return end("reading failed: " + failed.message());
    const auto& reason = ws_.reason();
    end(is_closing_ ? "closed as planned"
                    : "the server closed it with code " + std::to_string(reason.code));
  }
  void write() override {
    ws_.async_write(asio::buffer(writes_.front()), [self = self()](error_code failed, std::size_t) {
      if (failed) return self->end("writing failed: " + failed.message());
      self->writes_.pop_front();
      if (!self->writes_.empty() && !self->is_done_) self->write();
    });
  }
  void say_goodbye() override {
    ws_.async_close(websocket::close_code::normal, [self = self()](error_code failed) {
      self->end(failed ? "the goodbye failed: " + failed.message() : "closed as planned");
    });
  }

  websocket::stream<Stream, false> ws_; // compression is not offered
  beast::flat_buffer buffer_;
  websocket::response_type answer_;
};

} // namespace

void web_socket_client::machinery::run() {
  storage::name_thread("live-feed");
  const auto work = asio::make_work_guard(io);
  tick();
  while (!stopped) {
    try {
      io.run();
      return;
    } catch (const std::exception& problem) { // of a listener: the sockets go on
      runtime::log_error("feed", "on the connections' thread: {}", problem.what());
    }
  }
}

void web_socket_client::machinery::tick() {
  timer.expires_after(std::chrono::nanoseconds(options.tick_ns));
  timer.async_wait([this](error_code failed) {
    if (failed || stopped) return;
    tick();
    const auto now = steady::now();
    const auto open = sockets; // checking may end some
    for (const auto& [which, one] : open) one->check(now);
    listener.on_tick();
  });
}

void web_socket_client::machinery::notify_closed(socket_number which, std::string why) {
  asio::post(io, [this, which, why = std::move(why)] {
    if (sockets.erase(which) != 0 && !stopped) listener.on_closed(which, why);
  });
}

web_socket_client::web_socket_client(web_socket_client_options options,
                                     web_socket_listener& listener)
    : machinery_(std::make_shared<machinery>(std::move(options), listener)) {}

web_socket_client::~web_socket_client() {
  stop();
}

void web_socket_client::start() {
  machinery_->thread = std::thread([all = machinery_.get()] { all->run(); });
}

void web_socket_client::stop() {
  auto& all = *machinery_;
  if (all.stopped.exchange(true)) return;
  all.io.stop();
  if (all.thread.joinable()) all.thread.join();
  for (const auto& [which, one] : all.sockets)
    one->end("stopped"); // told to nobody: the io thread is gone
  all.sockets.clear();
}

void web_socket_client::post(std::function<void()> job) {
  asio::post(machinery_->io, std::move(job));
}

bool web_socket_client::open(socket_number which, const std::string& target) {
  auto& all = *machinery_;
  if (all.sockets.contains(which)) return false;
  std::shared_ptr<live_socket> made;
  if (all.options.server.is_secure)
    made =
      std::make_shared<stream_socket<beast::ssl_stream<beast::tcp_stream>>>(all, which, all.tls);
  else
    made = std::make_shared<stream_socket<beast::tcp_stream>>(all, which);
  all.sockets.emplace(which, made);
  made->begin(target);
  return true;
}

bool web_socket_client::send(socket_number which, std::string text) {
  const auto at = machinery_->sockets.find(which);
  return at != machinery_->sockets.end() && at->second->send(std::move(text));
}

void web_socket_client::close(socket_number which) {
  if (const auto at = machinery_->sockets.find(which); at != machinery_->sockets.end())
    at->second->close();
}

void web_socket_client::cut(socket_number which, const std::string& why) {
  if (const auto at = machinery_->sockets.find(which); at != machinery_->sockets.end())
    at->second->end(why);
}

} // namespace rialto::net
