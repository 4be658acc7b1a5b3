#include "runtime/mesh/tls_context.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdint>
#include <sys/socket.h>
#include <unistd.h>

namespace rialto::runtime {

namespace {

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}
bool is_passing(int why) {
  return why == EAGAIN || why == EWOULDBLOCK || why == EINTR;
}

int write_socket(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto done = ::send(socket_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (done < 0 && is_passing(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(done);
}
int read_socket(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto done = ::recv(socket_of(bio), data, static_cast<std::size_t>(size), 0);
  if (done < 0 && is_passing(errno)) BIO_set_retry_read(bio);
  return static_cast<int>(done);
}
long control_socket(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// OpenSSL's own socket BIO writes without MSG_NOSIGNAL.
const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  return method;
}

void need_file(const char* setting, const char* what, const std::string& path) {
  if (path.empty())
    throw mesh_failure(
      fmt::format("{} is missing: links between nodes are mutual TLS and need {} (rialto cluster "
                  "init-ca and rialto cluster issue NODE make the files)",
                  setting, what));
  if (::access(path.c_str(), R_OK) != 0)
    throw mesh_failure(fmt::format("{}: {} cannot be read", setting, path));
}

/// Whether the authority signed the node's own certificate, and it is valid now: better said at the start than by peers.
void check_chain(SSL_CTX* context, const tls_files& files) {
  auto* check = X509_STORE_CTX_new();
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  const bool is_begun =
    check != nullptr && X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(context),
                                            SSL_CTX_get0_certificate(context), chain) == 1;
  const bool is_good = is_begun && X509_verify_cert(check) == 1;
  const std::string why =
    is_begun ? X509_verify_cert_error_string(X509_STORE_CTX_get_error(check)) : "out of memory";
  X509_STORE_CTX_free(check);
  ERR_clear_error();
  if (!is_good)
    throw mesh_failure(fmt::format("cluster.certificate: {} is not good under the authority {}: {}",
                                   files.certificate, files.authority, why));
}

void load(SSL_CTX* context, const tls_files& files) {
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  // It would ask on a terminal that nobody watches.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
    throw mesh_failure(
      fmt::format("cluster.certificate: {} is no certificate: {}", files.certificate, tls_error()));
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    throw mesh_failure(
      fmt::format("cluster.key: {} is no key of the certificate: {}", files.key, tls_error()));
  if (SSL_CTX_load_verify_locations(context, files.authority.c_str(), nullptr) != 1)
    throw mesh_failure(
      fmt::format("cluster.authority: {} holds no certificate: {}", files.authority, tls_error()));
  check_chain(context, files);
}

} // namespace

std::string tls_error() {
  const auto code = ERR_peek_last_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string said = text == nullptr ? "the connection ended" : text;
  ERR_clear_error();
  return said;
}

tls_context::tls_context(const tls_files& files) {
  need_file("cluster.certificate", "the node's certificate", files.certificate);
  need_file("cluster.key", "the certificate's key", files.key);
  need_file("cluster.authority", "the certificate of the cluster's authority", files.authority);
  context_ = SSL_CTX_new(TLS_method());
  if (context_ == nullptr) throw mesh_failure("TLS does not start: " + tls_error());
  try {
    load(context_, files);
  } catch (...) {
    SSL_CTX_free(context_);
    throw;
  }
}

tls_context::~tls_context() {
  SSL_CTX_free(context_);
}

SSL* tls_context::new_session(int socket, role as, const std::string& expected_name) const {
  auto* session = SSL_new(context_);
  auto* bio = BIO_new(socket_method());
  const bool is_named = expected_name.empty() ||
                        (session != nullptr && SSL_set1_host(session, expected_name.c_str()) == 1);
  if (session == nullptr || bio == nullptr || !is_named) {
    SSL_free(session);
    BIO_free(bio);
    return nullptr;
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
  SSL_set_bio(session, bio, bio);
  if (as == role::accepts) {
    SSL_set_accept_state(session);
  } else {
    SSL_set_connect_state(session);
  }
  return session;
}

} // namespace rialto::runtime
