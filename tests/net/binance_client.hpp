// tests/net/binance_client.hpp: a client in Binance's words on an api_node: a user with a key, who signs.
#pragma once

#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace rialto::net {

[[nodiscard]] inline std::string hmac_hex(std::string_view secret, std::string_view message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &size);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i)
    out.append(1, digits[digest[i] >> 4]).append(1, digits[digest[i] & 15]);
  return out;
}

class binance_client {
public:
  binance_client(api_node& node, trader who, const json& more = json::object())
      : node_(node), who_(std::move(who)) {
    json wish = {{"label", "bot"}, {"scopes", {"read", "trade"}}, {"type", "hmac"}};
    wish.update(more);
    const auto made = node_.post("/api/v1/api-keys", wish, who_.token);
    REQUIRE_MESSAGE(made.status == 201, made.text);
    key = made.body()["key"];
    secret = made.body().value("secret", "");
  }

  [[nodiscard]] std::string now_ms() const {
    return std::to_string(node_.clock.now().value / 1'000'000);
  }
  /// `params` and timestamp and signature behind them, a millisecond after the last: no two requests are the same.
  [[nodiscard]] std::string signed_query(const std::string& params) const {
    node_.clock.advance(1'000'000);
    const auto all = (params.empty() ? "" : params + "&") + "timestamp=" + now_ms();
    return all + "&signature=" + hmac_hex(secret, all);
  }
  http_answer send(const std::string& method, const std::string& path, const std::string& query,
                   const std::string& form = {}) {
    asked what{method, query.empty() ? path : path + "?" + query, form};
    what.address = address;
    if (!form.empty()) what.content_type = "application/x-www-form-urlencoded";
    if (!key.empty()) what.headers.push_back({"X-MBX-APIKEY", key});
    if (!unit.empty()) what.headers.push_back({"X-MBX-TIME-UNIT", unit});
    return node_.ask(what);
  }
  http_answer get(const std::string& path, const std::string& params = {}) {
    return send("GET", path, signed_query(params));
  }
  http_answer post(const std::string& path, const std::string& params = {}) {
    return send("POST", path, {}, signed_query(params));
  }
  http_answer put(const std::string& path, const std::string& params = {}) {
    return send("PUT", path, signed_query(params));
  }
  http_answer erase(const std::string& path, const std::string& params = {}) {
    return send("DELETE", path, signed_query(params));
  }
  http_answer order(const std::string& params) { return post("/api/v3/order", params); }
  /// A message's params with key, time and signature.
  [[nodiscard]] json signed_params(json params) const {
    params["apiKey"] = key;
    params["timestamp"] = node_.clock.now().value / 1'000'000;
    std::string payload; // nlohmann's objects are sorted by name
    for (const auto& [name, value] : params.items())
      payload += (payload.empty() ? "" : "&") + name + "=" +
                 (value.is_string() ? value.get<std::string>() : value.dump());
    params["signature"] = hmac_hex(secret, payload);
    return params;
  }

  std::string key, secret, address = "127.0.0.1", unit;

private:
  api_node& node_;
  trader who_;
};

/// {"code":N}, or 0 when the answer is a success.
[[nodiscard]] inline int code_of(const http_answer& answer) {
  if (answer.status == 200) return 0;
  CHECK(answer.content_type == "application/json");
  return answer.body().value("code", 0);
}
[[nodiscard]] inline std::string text_of(const http_answer& answer) {
  return answer.body().value("msg", "");
}

} // namespace rialto::net
