// The API keys of the caller: made, listed, revoked. A secret leaves once, in the answer that makes the key.
#include "net/auth/api_keys.hpp"

#include "domain/time_text.hpp"
#include "net/api/handlers.hpp"
#include "net/api/order_body.hpp"
#include "net/api/order_json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

namespace {

constexpr std::size_t label_bytes_max = 64, scopes_max = 3;

std::string_view to_text(api_key_type type) {
  switch (type) {
  case api_key_type::hmac: return "hmac";
  case api_key_type::ed25519: return "ed25519";
  case api_key_type::rsa: return "rsa";
  }
  return "";
}

api_key_type take_type(json_object& body) {
  const auto text = body.maybe_text("type").value_or("hmac");
  for (const auto type : {api_key_type::hmac, api_key_type::ed25519, api_key_type::rsa})
    if (text == to_text(type)) return type;
  body.refuse("type", "must be one of hmac, ed25519, rsa");
  return api_key_type::hmac;
}

api_scopes take_scopes(json_object& body) {
  constexpr std::string_view rule =
    "must be one or more of read, trade and withdraw, none of them twice";
  if (!body.has("scopes"))
    body.fail({request_error::missing_field, "scopes is required", "scopes"});
  api_scopes scopes;
  const auto words = body.maybe_texts("scopes", scopes_max);
  if (words.empty()) body.refuse("scopes", rule);
  for (const auto word : words) {
    auto* const scope = word == "read"       ? &scopes.read
                        : word == "trade"    ? &scopes.trade
                        : word == "withdraw" ? &scopes.withdraw
                                             : nullptr;
    if (scope == nullptr || *scope) {
      body.refuse("scopes", rule);
      break;
    }
    *scope = true;
  }
  return scopes;
}

std::vector<std::string> take_addresses(json_object& body) {
  std::vector<std::string> all;
  for (const auto text : body.maybe_texts("ip_allow", ip_allow_max)) {
    if (!is_address_rule(text)) {
      body.refuse("ip_allow",
                  "must be addresses, as 192.0.2.7, or networks, as 192.0.2.0/24 or 2001:db8::/32");
      break;
    }
    all.emplace_back(text);
  }
  return all;
}

/// One of the caller's accounts; without the field his first.
account_id take_account(json_object& body, const user_view& user) {
  const auto number = body.maybe_integer("account_id", 1, INT64_MAX);
  if (!number) return user.accounts.empty() ? account_id{} : user.accounts.front().account;
  const account_id wanted{static_cast<std::uint64_t>(*number)};
  const bool is_his = std::any_of(user.accounts.begin(), user.accounts.end(),
                                  [&](const account_ref& one) { return one.account == wanted; });
  if (!is_his)
    body.fail({request_error::account_not_found, "account_id is not one of the caller's accounts",
               "account_id"});
  return wanted;
}

api_key_record take_key(json_object& body, const user_view& user, timestamp_ns now) {
  api_key_record wish;
  wish.label = body.text("label", label_bytes_max);
  const bool has_control = std::any_of(wish.label.begin(), wish.label.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (has_control) body.refuse("label", "must not contain control characters");
  wish.type = take_type(body);
  wish.scopes = take_scopes(body);
  wish.ip_allow = take_addresses(body);
  wish.expires_at = take_expiry(body);
  if (wish.expires_at.value != 0 && wish.expires_at <= now)
    body.refuse("expires_at", "must be in the future");
  wish.account = take_account(body, user);
  const bool is_hmac = wish.type == api_key_type::hmac;
  if (is_hmac && body.has("public_key"))
    body.refuse("public_key", "goes with the types ed25519 and rsa only");
  if (is_hmac) return wish;
  wish.secret = body.text("public_key", public_key_bytes_max);
  if (!body.ok()) return wish;
  if (const auto fault = public_key_fault(wish.type, wish.secret); !fault.empty())
    body.refuse("public_key", fault);
  return wish;
}

/// `secret` only when the key is made.
void put_key(std::string& out, const api_key_record& one, std::string_view secret) {
  fmt::format_to(std::back_inserter(out), R"({{"key":"{}",)", one.key);
  if (!secret.empty()) fmt::format_to(std::back_inserter(out), R"("secret":"{}",)", secret);
  fmt::format_to(std::back_inserter(out), R"("label":{},"type":"{}","scopes":[)",
                 json_text(one.label), to_text(one.type));
  const auto put_words = [&out](std::initializer_list<std::pair<bool, std::string_view>> words) {
    for (const auto& [has, word] : words) {
      if (!has) continue;
      if (out.back() != '[') out += ',';
      out.append("\"").append(word).append("\"");
    }
  };
  put_words(
    {{one.scopes.read, "read"}, {one.scopes.trade, "trade"}, {one.scopes.withdraw, "withdraw"}});
  out += R"(],"ip_allow":[)";
  for (const auto& rule : one.ip_allow) {
    if (out.back() != '[') out += ',';
    out += json_text(rule);
  }
  fmt::format_to(std::back_inserter(out), R"(],"account_id":{},"created_at":"{}","expires_at":)",
                 one.account.value, format_time(one.created_at));
  if (one.expires_at.value == 0)
    out += "null";
  else
    out.append("\"").append(format_time(one.expires_at)).append("\"");
  out += R"(,"public_key":)";
  out += one.type == api_key_type::hmac ? "null" : json_text(one.secret);
  out += '}';
}

} // namespace

void post_api_keys(desk& at, const call_ptr& from, json_object& body) {
  const auto& user = from->who->user->view;
  auto wish = take_key(body, user, at.now());
  if (!body.done()) return from->fail(body.why());
  wish.key = make_api_text();
  std::string secret;
  if (wish.type == api_key_type::hmac) {
    secret = make_api_text();
    wish.secret = at.secrets().seal(secret);
  }
  const auto owner = user.id;
  std::vector<storage::claim> claims{{claim_of_api_key(wish.key), owner}};
  at.ask(
    from, owner, user_command{add_api_key{std::move(wish)}},
    [from, secret](outcome& result) {
      const auto* view = std::get_if<api_key_view>(&result);
      if (view == nullptr) return from->fail(request_error::internal);
      std::string out;
      put_key(out, view->what, secret);
      reply made{201, std::move(out)};
      made.headers.emplace_back("Cache-Control", "no-store");
      from->finish(std::move(made));
    },
    std::move(claims));
}

void get_api_keys(desk& at, const call_ptr& from, json_object&) {
  at.ask(from, from->who->user->view.id, user_command{rialto::get_api_keys{}},
         [from](outcome& result) {
           const auto* view = std::get_if<api_keys_view>(&result);
           if (view == nullptr) return from->fail(request_error::internal);
           std::string out = "[";
           for (const auto& one : view->keys) {
             if (out.size() > 1) out += ',';
             put_key(out, one, {});
           }
           from->done(200, out + "]");
         });
}

void delete_api_key(desk& at, const call_ptr& from, json_object&) {
  const auto& key = from->path_values.at(0);
  at.ask(from, from->who->user->view.id, user_command{revoke_api_key{key}},
         [from](outcome& result) {
           if (!std::holds_alternative<api_key_view>(result))
             return from->fail(request_error::internal);
           from->done(204, {});
         });
}

} // namespace rialto::net
