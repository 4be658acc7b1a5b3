#include "net/server/tls.hpp"

#include "runtime/log.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace rialto::net {

namespace {

constexpr std::size_t record_bytes_max = 16'384; // of plain text in one TLS record
constexpr unsigned char handshake_record = 0x16;
constexpr std::string_view plain_refusal =
  "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 37\r\nConnection: "
  "close\r\n\r\nThis port speaks TLS: use https://...";

std::string newest_error() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "cannot be read" : text;
}

/// Of several protocols a client offers, HTTP/1.1 is the one spoken here.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                    unsigned in_size, void*) {
  static constexpr unsigned char http[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const auto found = SSL_select_next_proto(&chosen, size, http, sizeof http - 1, in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

class tls final : public transport {
public:
  tls(SSL* session, int descriptor) : session_(session), descriptor_(descriptor) {}
  ~tls() override {
    SSL_free(session_);
    ::close(descriptor_);
  }
  tls(const tls&) = delete;
  tls& operator=(const tls&) = delete;

  io_result read(char* into, std::size_t size) override {
    if (!is_first_byte_seen_ && !looks_like_tls()) return refuse_plain();
    std::size_t got = 0;
    auto last = io_state::blocked;
    while (size - got >=
           record_bytes_max) { // T2: each call takes a whole record, as there is room for any
      std::size_t count = 0;
      ERR_clear_error();
      const int done = SSL_read_ex(session_, into + got, size - got, &count);
      if (done != 1) {
        last = state_of(done);
        break;
      }
      got += count;
    }
    if (got > 0) return {io_state::moved, got}; // an end shows at the next read
    return {last, 0};
  }

  io_result write(const char* from, std::size_t size) override {
    std::size_t count = 0;
    ERR_clear_error();
    const int done = SSL_write_ex(session_, from, size, &count);
    if (done == 1) return {io_state::moved, count};
    return {state_of(done), 0};
  }

  void end_writing() override {
    ERR_clear_error();
    if (is_established() && !is_broken_) SSL_shutdown(session_);
    ::shutdown(descriptor_, SHUT_WR);
  }
  [[nodiscard]] int descriptor() const override { return descriptor_; }
  [[nodiscard]] bool is_established() const override { return SSL_is_init_finished(session_) == 1; }

private:
  /// What a call that moved nothing means. A handshake's few kilobytes always fit into the socket, so only reads are waited for then.
  io_state state_of(int done) {
    switch (SSL_get_error(session_, done)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return io_state::blocked;
    case SSL_ERROR_ZERO_RETURN: return io_state::ended;
    default: is_broken_ = true; return io_state::ended;
    }
  }
  bool looks_like_tls() {
    unsigned char first = 0;
    if (::recv(descriptor_, &first, 1, MSG_PEEK) != 1) return true; // nothing yet, or the end
    is_first_byte_seen_ = true;
    return first == handshake_record;
  }
  io_result refuse_plain() {
    static_cast<void>(
      ::send(descriptor_, plain_refusal.data(), plain_refusal.size(), MSG_NOSIGNAL));
    ::shutdown(descriptor_, SHUT_WR);
    return {io_state::ended, 0};
  }

  SSL* session_;
  int descriptor_;
  bool is_first_byte_seen_ = false, is_broken_ = false;
};

std::string facts_of(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return "gone";
  return fmt::format("{}.{}:{}:{}", facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec, facts.st_size,
                     facts.st_ino);
}

} // namespace

struct tls_context::pair {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());

  explicit pair(const tls_files& files) {
    if (context == nullptr) throw std::runtime_error("TLS does not start: " + newest_error());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    // A key behind a passphrase would ask on a terminal that nobody watches: it is refused.
    SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
    try {
      if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
        throw std::runtime_error(
          fmt::format("tls.certificate: {}: {}", files.certificate, newest_error()));
      if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
        throw std::runtime_error(fmt::format("tls.key: {}: {}", files.key, newest_error()));
    } catch (...) {
      SSL_CTX_free(context);
      throw;
    }
  }
  ~pair() { SSL_CTX_free(context); }
  pair(const pair&) = delete;
  pair& operator=(const pair&) = delete;
};

tls_context::tls_context(tls_files files)
    : pair_(std::make_unique<pair>(files)), files_(std::move(files)),
      seen_(facts_of(files_.certificate) + facts_of(files_.key)) {}

tls_context::~tls_context() = default;

std::unique_ptr<transport> tls_context::accept(int descriptor) const {
  SSL* session = SSL_new(pair_->context);
  if (session == nullptr || SSL_set_fd(session, descriptor) != 1) {
    SSL_free(session);
    ::close(descriptor);
    return nullptr;
  }
  SSL_set_accept_state(session);
  return std::make_unique<tls>(session, descriptor);
}

void tls_context::refresh() {
  auto facts = facts_of(files_.certificate) + facts_of(files_.key);
  if (facts == seen_) return;
  seen_ = std::move(facts); // a bad pair is told of once
  try {
    pair_ =
      std::make_unique<pair>(files_); // open sessions hold their own reference to the old context
    runtime::log_info("http", "the certificate of {} is in use now", files_.certificate);
  } catch (const std::exception& error) {
    runtime::log_error("http", "the certificate that was in use stays: {}", error.what());
  }
}

} // namespace rialto::net
