// Who may make a request: key, address, time, signature, scope.
#include "net/binance/request.hpp"
#include "net/binance/signing.hpp"

#include <openssl/sha.h>

#include <cstring>

namespace rialto::net::binance {

namespace {

/// 64 bits that name a signed request: the same key and bytes give the same.
std::uint64_t hash_of(std::string_view key, std::string_view payload) {
  std::string bytes;
  bytes.reserve(key.size() + 1 + payload.size());
  bytes.append(key).append("\n").append(payload);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest, sizeof hash);
  return hash == 0 ? 1 : hash; // 0 is no mark
}

bool has_scope(const api_key& key, security who) {
  return who == security::trade ? key.scopes.trade : key.scopes.read;
}

/// The request is the key's; false: it is answered.
bool check(desk& at, const request_ptr& from, security who, std::string_view payload,
           bool is_session) {
  const auto& key = *from->key;
  auto& params = from->params;
  const auto now = at.now();
  if ((key.expires_at.value != 0 && key.expires_at <= now) ||
      !allows_address(key, from->peer_address)) {
    from->fail(request_error::key_refused);
    return false;
  }
  if (who == security::key) return true;
  const auto window = take_window(params, now);
  const auto* signature = params.look("signature");
  const bool needs_signature = !is_session || signature != nullptr;
  if (params.ok() && needs_signature && (signature == nullptr || signature->empty()))
    params.refuse(request_error::missing_field, "signature");
  if (params.ok() && needs_signature && !verify_signature(key, payload, *signature))
    params.refuse(request_error::signature_invalid, "signature");
  if (!params.ok()) {
    from->fail(params.why());
    return false;
  }
  if (!has_scope(key, who)) {
    from->fail(request_error::key_refused);
    return false;
  }
  if (who == security::trade && needs_signature)
    from->mark = {hash_of(key.key, payload), window.until};
  return true;
}

} // namespace

reply failure_reply(const failure& why, std::string_view) {
  reply out{binance_status(why.what), binance_json(why)};
  if (why.what.retry_after_s > 0)
    out.headers.emplace_back("Retry-After", std::to_string(why.what.retry_after_s));
  return out;
}

void admit(desk& at, const request_ptr& from, security who, std::string_view key_text,
           std::string payload, std::shared_ptr<const api_key> session_key,
           std::function<void()> then) {
  if (!from->params.ok()) return from->fail(from->params.why());
  if (who == security::none) return then();
  if (session_key && key_text.empty()) {
    from->key = std::move(session_key);
    from->account = from->key->account;
    if (check(at, from, who, payload, true)) then();
    return;
  }
  if (!is_api_key(key_text)) return from->fail(request_error::key_malformed);
  at.identify_key(key_text, [&at, from, who, payload = std::move(payload), then = std::move(then)](
                              std::shared_ptr<const api_key> key, const failure& why) {
    if (!key) {
      const bool is_ours = why.what.status >= 500;
      return from->fail(is_ours ? why : failure(request_error::key_refused));
    }
    from->key = std::move(key);
    from->account = from->key->account;
    if (check(at, from, who, payload, false)) then();
  });
}

} // namespace rialto::net::binance
