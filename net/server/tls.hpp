// net/server/tls.hpp: a node's certificate, and TLS connections of peers. Internal to net/server but for the files' names.
//
// The room: OpenSSL (TLS 1.2 and 1.3, server side). No socket of its own: it wraps the descriptor that the loop accepted.
//
//   T1  files that are no pair, or cannot be read, never replace a pair that is in use
//   T2  after a read nothing decrypted stays behind in OpenSSL, so epoll's word is the whole truth
#pragma once

#include "net/server/transport.hpp"

#include <memory>
#include <string>

namespace rialto::net {

struct tls_files {
  std::string certificate, key; // PEM; the certificate's chain may follow it. Both empty: no TLS
  [[nodiscard]] bool is_wanted() const { return !certificate.empty(); }
};

class tls_context {
public:
  /// Throws std::runtime_error that names the file and what is wrong with it.
  explicit tls_context(tls_files files);
  ~tls_context();
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  /// Owns the descriptor, which does not block.
  [[nodiscard]] std::unique_ptr<transport> accept(int descriptor) const;
  /// Reads the files again if they changed since; connections that are open keep what they have (T1: then the log says why not).
  void refresh();

private:
  struct pair;
  std::unique_ptr<pair> pair_;
  tls_files files_;
  std::string seen_; // times and sizes of the files when they were read
};

} // namespace rialto::net
