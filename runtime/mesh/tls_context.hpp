// runtime/mesh/tls_context.hpp: this node's certificate and whose certificates it believes. OpenSSL, no CAF.
//
// The room: three PEM files, read once and checked against each other; sessions are made of what was read, so a file that
// vanishes later stops no node. TLS 1.3 only, certificates on both sides always. The authority is the cluster's own: who
// holds a certificate of it is inside. A private key behind a passphrase is refused.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace rialto::runtime {

/// PEM files: this node's certificate (its chain behind it), its key, and the certificates of the cluster's authority.
struct tls_files {
  std::string certificate, key, authority;
};

/// what() is a sentence for the operator and names the setting.
struct mesh_failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class tls_context {
public:
  /// Throws mesh_failure: a file is not named or not readable, certificate and key are no pair, the authority did not
  /// sign the certificate, it is not valid now.
  explicit tls_context(const tls_files& files);
  ~tls_context();
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  enum class role { dials, accepts };
  /// A session over a socket that never raises SIGPIPE; the socket stays the caller's. With a name, the other side's
  /// certificate must be issued to it. Null: out of memory.
  [[nodiscard]] ssl_st* new_session(int socket, role as, const std::string& expected_name) const;

private:
  ssl_ctx_st* context_;
};

/// The newest error of this thread's OpenSSL, as words; forgets all of them.
[[nodiscard]] std::string tls_error();

} // namespace rialto::runtime
