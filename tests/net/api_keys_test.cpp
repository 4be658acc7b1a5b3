// API keys over the API on a real user: made, shown once, listed, revoked, identified; each bad field by name.
#include "domain/time_text.hpp"
#include "net/auth/api_keys.hpp"
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

constexpr auto ed25519_pem = "-----BEGIN PUBLIC KEY-----\n"
                             "MCowBQYDK2VwAyEAGUIKv9dSpWXBViXp2m6vAIb8QMFJYBgyFEQsFJlqgA0=\n"
                             "-----END PUBLIC KEY-----\n";

struct key_owner {
  api_node node;
  trader anna = node.sign_up("anna@example.org");

  http_answer make(json body) {
    body.emplace("label", "bot");
    body.emplace("scopes", json::array({"read", "trade"}));
    return node.post("/api/v1/api-keys", body, anna.token);
  }
  json made(const json& body = json::object()) {
    const auto answer = make(body);
    REQUIRE_MESSAGE(answer.status == 201, answer.text);
    return answer.body();
  }
  http_answer revoke(const std::string& key, const std::string& token) {
    return node.ask({"DELETE", "/api/v1/api-keys/" + key, {}, token});
  }
  struct identified {
    std::shared_ptr<const api_key> key;
    failure why;
  };
  identified identify(const std::string& key) {
    auto found = std::make_shared<std::optional<identified>>();
    node.api().at().identify_key(key,
                                 [found](std::shared_ptr<const api_key> one, const failure& why) {
                                   REQUIRE_FALSE(found->has_value()); // once
                                   *found = identified{std::move(one), why};
                                 });
    node.api().flush();
    node.run_until([&] {
      node.api().flush();
      return found->has_value();
    });
    return **found;
  }
};

} // namespace

TEST_CASE("api keys: an hmac key's secret is shown when it is made, and never again") {
  key_owner at;
  const auto answer =
    at.make({{"ip_allow", {"192.0.2.0/24"}}, {"expires_at", "2040-01-31T12:00:00Z"}});
  REQUIRE_MESSAGE(answer.status == 201, answer.text);
  CHECK(answer.header("Cache-Control") == "no-store");
  const auto key = answer.body();
  CHECK(is_api_key(key["key"].get<std::string>()));
  CHECK(key["secret"].get<std::string>().size() == api_secret_size);
  CHECK(key["secret"] != key["key"]);
  CHECK(key["type"] == "hmac");
  CHECK(key["scopes"] == json::array({"read", "trade"}));
  CHECK(key["ip_allow"] == json::array({"192.0.2.0/24"}));
  CHECK(key["account_id"] == at.anna.account);
  CHECK(key["expires_at"].get<std::string>().starts_with("2040-01-31T12:00:00"));
  CHECK(key["public_key"].is_null());

  const auto listed = at.node.get("/api/v1/api-keys", at.anna.token);
  CHECK(listed.text.find(key["secret"].get<std::string>()) == std::string::npos);
  auto without = key;
  without.erase("secret");
  CHECK(listed.body() == json::array({without}));
}

TEST_CASE("api keys: a public key is kept as PEM and has no secret") {
  key_owner at;
  const auto key = at.made({{"type", "ed25519"}, {"public_key", ed25519_pem}});
  CHECK_FALSE(key.contains("secret"));
  CHECK(key["type"] == "ed25519");
  CHECK(key["public_key"] == ed25519_pem);
  CHECK(key["expires_at"].is_null());
}

TEST_CASE("api keys: identified by the key, for its user and account, until it is revoked") {
  key_owner at;
  const auto bot = at.node.post("/api/v1/accounts", {{"label", "bot"}}, at.anna.token).body();
  const auto key = at.made({{"account_id", bot["account_id"]}});
  const auto text = key["key"].get<std::string>();
  const auto found = at.identify(text);
  REQUIRE(found.key);
  CHECK(found.key->user.value == at.anna.user);
  CHECK(found.key->account.value == bot["account_id"]);
  CHECK(found.key->scopes == api_scopes{true, true, false});
  CHECK(found.key->secret == key["secret"]);
  const auto requests = at.node.gate.requests_seen;
  CHECK(at.identify(text).key == found.key); // nobody is asked again
  CHECK(at.node.gate.requests_seen == requests);

  std::vector<std::string> ended;
  at.node.api().at().watch_keys([&](const std::string& one) { ended.push_back(one); });
  CHECK(at.revoke(text, at.anna.token).status == 204);
  CHECK(ended == std::vector<std::string>{text});
  CHECK_FALSE(at.identify(text).key);
  CHECK(at.identify(text).why.what.code == "unknown-api-key");
  CHECK(at.revoke(text, at.anna.token).code() == "unknown-api-key");
  CHECK(at.node.get("/api/v1/api-keys", at.anna.token).body().empty());
}

TEST_CASE("api keys: who has none, and who owns none, is told the same") {
  key_owner at;
  const auto ben = at.node.sign_up("ben@example.org");
  const auto key = at.made()["key"].get<std::string>();
  CHECK(at.revoke(key, ben.token).status == 404); // somebody else's
  CHECK(at.revoke(key, ben.token).code() == "unknown-api-key");
  CHECK(at.revoke(std::string(64, 'a'), ben.token).code() == "unknown-api-key");
  CHECK(at.node.get("/api/v1/api-keys", ben.token).body().empty());
  CHECK(at.identify(key).key);
  for (const auto& stranger : {std::string(64, 'a'), std::string(), std::string("x"),
                               std::string(63, 'a') + "-", key.substr(1)})
    CHECK(at.identify(stranger).why.what.code == "unknown-api-key");
}

TEST_CASE("api keys: a key past its time is not identified, known to the edge or not") {
  key_owner at;
  const auto now = at.node.clock.now();
  const auto soon = format_time({now.value + 60'000'000'000});
  const auto known = at.made({{"expires_at", soon}})["key"].get<std::string>();
  const auto fresh = at.made({{"expires_at", soon}})["key"].get<std::string>();
  CHECK(at.identify(known).key);
  at.node.wait(61'000);
  CHECK(at.identify(known).why.what.code == "api-key-expired");
  CHECK(at.identify(fresh).why.what.code == "api-key-expired");
}

TEST_CASE("api keys: while the journal is down a key is not known to be unknown") {
  key_owner at;
  const auto key = at.made()["key"].get<std::string>();
  at.node.gate.failing = actors::delivery::unavailable;
  const auto found = at.identify(key);
  CHECK_FALSE(found.key);
  CHECK(found.why.what.status == 503);
  at.node.gate.failing.reset();
  CHECK(at.identify(key).key);
}

TEST_CASE("api keys: each bad field is refused by name and rule") {
  key_owner at;
  const auto ben = at.node.sign_up("ben@example.org");
  const json texts = json::array({"read"});
  json many = json::array();
  for (int i = 0; i < 21; ++i) many.push_back("192.0.2." + std::to_string(i));
  const struct {
    json body;
    const char* field;
    const char* code;
  } cases[] = {
    {{{"label", ""}}, "label", "invalid-field"},
    {{{"label", std::string(65, 'x')}}, "label", "invalid-field"},
    {{{"label", "a\nb"}}, "label", "invalid-field"},
    {{{"scopes", json::array()}}, "scopes", "invalid-field"},
    {{{"scopes", {"read", "read"}}}, "scopes", "invalid-field"},
    {{{"scopes", {"admin"}}}, "scopes", "invalid-field"},
    {{{"scopes", "read"}}, "scopes", "invalid-field"},
    {{{"type", "dsa"}}, "type", "invalid-field"},
    {{{"type", "ed25519"}}, "public_key", "missing-field"},
    {{{"type", "rsa"}, {"public_key", ed25519_pem}}, "public_key", "invalid-field"},
    {{{"type", "ed25519"}, {"public_key", "MCowBQYDK2VwAyEA"}}, "public_key", "invalid-field"},
    {{{"public_key", ed25519_pem}}, "public_key", "invalid-field"},
    {{{"ip_allow", {"192.0.2"}}}, "ip_allow", "invalid-field"},
    {{{"ip_allow", {"192.0.2.1/24"}}}, "ip_allow", "invalid-field"},
    {{{"ip_allow", many}}, "ip_allow", "invalid-field"},
    {{{"expires_at", "2020-01-01T00:00:00Z"}}, "expires_at", "invalid-field"},
    {{{"expires_at", "tomorrow"}}, "expires_at", "invalid-field"},
    {{{"account_id", ben.account}}, "account_id", "unknown-account"},
    {{{"account_id", 0}}, "account_id", "invalid-field"},
    {{{"secret", "mine"}}, "secret", "unknown-field"},
    {{{"key", "mine"}}, "key", "unknown-field"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.body.dump());
    const auto answer = at.make(one.body);
    CHECK(answer.status / 100 == 4);
    CHECK(answer.field() == one.field);
    CHECK(answer.code() == one.code);
  }
  CHECK(at.node.post("/api/v1/api-keys", {{"label", "x"}}, at.anna.token).field() == "scopes");
  CHECK(at.node.post("/api/v1/api-keys", {{"scopes", texts}}, at.anna.token).field() == "label");
  CHECK(at.node.get("/api/v1/api-keys", at.anna.token).body().empty());
}

TEST_CASE("api keys: an instrument's filters are set, shown, asked and turned off") {
  key_owner at;
  at.node.list("BTC", "USDT");
  at.node.deposit(at.anna, "USDT", "100000");
  const auto change = [&](const json& body) {
    return at.node.ask(
      {"PATCH", "/api/v1/admin/instruments/BTCUSDT", body.dump(), at.node.admin().token});
  };
  const auto shown = at.node.get("/api/v1/instruments").body()[0];
  CHECK(shown["orders_max"] == 0);
  CHECK(shown["bid_up"] == "0");
  const auto changed =
    change({{"price_max", "60000.00"}, {"orders_max", 1}, {"bid_up", "1.5"}, {"trail_max", "0.2"}});
  REQUIRE_MESSAGE(changed.status == 200, changed.text);
  CHECK(changed.body()["price_max"] == "60000.00");
  CHECK(changed.body()["orders_max"] == 1);
  CHECK(changed.body()["bid_up"] == "1.5");
  CHECK(at.node.get("/api/v1/instruments").body()[0]["trail_max"] == "0.2");
  const auto place = [&](const char* price) {
    return at.node.post("/api/v1/orders", limit_order("buy", price, "0.001"), at.anna.token);
  };
  CHECK(place("60000.01").code() == "price-outside-range");
  CHECK(place("60000.00").status == 201);
  CHECK(place("50000.00").code() == "too-many-orders-of-market");
  CHECK(change({{"orders_max", 0}}).status == 200);
  CHECK(place("50000.00").status == 201);

  CHECK(change({{"price_min", "70000.00"}}).field() == "price_max"); // what then is below
  CHECK(change({{"price_min", "0.001"}}).field() == "price_min");    // off tick
  CHECK(change({{"bid_up", "0.9"}}).field() == "bid_up");
  CHECK(change({{"bid_down", "1.1"}}).field() == "bid_down");
  CHECK(change({{"ask_up", "1.0000001"}}).field() == "ask_up");
  CHECK(change({{"trail_min", "-0.1"}}).field() == "trail_min");
  CHECK(change({{"orders_max", -1}}).field() == "orders_max");
  CHECK(change({{"market_quantity_max", "99999999999"}}).field() == "market_quantity_max");
}

} // namespace rialto::net
