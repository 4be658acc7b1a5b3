// Users, sessions and limits over the API.
#include "net/auth/passwords.hpp"
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {
json words(const std::string& email, const std::string& password) {
  return {{"email", email}, {"password", password}};
}
const std::string reg = "/api/v1/auth/register", login = "/api/v1/auth/login",
                  refresh = "/api/v1/auth/refresh", me = "/api/v1/me";
} // namespace

TEST_CASE("auth: an address is registered once, whatever its capitals") {
  api_node node;
  CHECK(node.post(reg, words("a@example.org", "long enough words")).status == 201);
  const auto again = node.post(reg, words("A@Example.org", "long enough words"));
  CHECK(again.status == 409);
  CHECK(again.code() == "already-exists");
  CHECK(again.field() == "email");
}

TEST_CASE("auth: two registrations of one address at once make one user") {
  api_node node;
  const auto body = words("a@example.org", "long enough words").dump();
  std::vector<std::shared_ptr<http_answer>> answers;
  for (int i = 0; i < 4; ++i) {
    answers.push_back(std::make_shared<http_answer>());
    node.begin({"POST", reg, body}, answers.back());
  }
  node.run_until([&] {
    return std::all_of(answers.begin(), answers.end(), [](const auto& one) { return one->status; });
  });
  int made = 0, refused = 0;
  for (const auto& one : answers) (one->status == 201 ? made : refused) += 1;
  CHECK(made == 1);
  CHECK(refused == 3);
}

TEST_CASE("auth: addresses and passwords that are not taken") {
  for (const char* email :
       {"", "a", "a@", "@b.c", "a@b", "a b@c.d", "a@b..c", "a@-b.c", "a@b-.c", "a@b.c-", ".a@b.c",
        "a.@b.c", "a..b@c.d", "a@b@c.d", "a\n@b.c", "\xc3\xa4@b.c", "a@b_c.d"}) {
    CAPTURE(email);
    CHECK_FALSE(normal_email(email));
  }
  CHECK(normal_email("First.Last+tag@Sub.Example.ORG") == "first.last+tag@sub.example.org");
  CHECK_FALSE(normal_email(std::string(65, 'a') + "@b.c"));
  CHECK(password_fault("1234567", "") == "must be 8 to 128 characters long");
  CHECK_FALSE(password_fault(std::string(129, 'x') + "y", "").empty());
  CHECK_FALSE(password_fault("PassWord123", "").empty());
  CHECK_FALSE(password_fault("zzzzzzzzzz", "").empty());
  CHECK_FALSE(password_fault("anna.long", "Anna.Long@example.org").empty());
  CHECK(password_fault("correct horse", "a@b.c").empty());
  CHECK(password_fault("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f-words", "").empty());
  api_node node;
  const auto weak = node.post(reg, words("a@example.org", "password123"));
  CHECK(weak.code() == "weak-password");
  CHECK(weak.field() == "password");
}

TEST_CASE("auth: a stranger and a wrong password look the same; ten failures lock") {
  api_node node;
  node.sign_up("anna@example.org");
  const auto stranger = node.post(login, words("nobody@example.org", "whatever it is"));
  const auto wrong = node.post(login, words("anna@example.org", "whatever it is"));
  CHECK(stranger.status == 401);
  CHECK(stranger.text == wrong.text);
  CHECK(node.post(login, words("not an address", "whatever it is")).text == wrong.text);
  for (int i = 0; i < 8; ++i) node.post(login, words("anna@example.org", "whatever it is"));
  const auto tenth = node.post(login, words("anna@example.org", "whatever it is"));
  CHECK(tenth.code() == "user-locked");
  CHECK(node.post(login, words("anna@example.org", "correct horse battery")).code() ==
        "user-locked");
  node.clock.advance(16LL * 60 * 1'000'000'000);
  CHECK(node.post(login, words("anna@example.org", "correct horse battery")).status == 200);
}

TEST_CASE("auth: a refresh token works once; used again it ends the session everywhere") {
  api_node node;
  const auto anna = node.sign_up("anna@example.org");
  const auto socket = node.connect();
  node.say(socket, json{{"id", 1}, {"op", "authenticate"}, {"access_token", anna.token}});
  const auto next = node.post(refresh, {{"refresh_token", anna.refresh}});
  REQUIRE_MESSAGE(next.status == 200, next.text);
  CHECK(next.body()["refresh_token"] != anna.refresh);
  const std::string token = next.body()["access_token"];
  CHECK(node.get(me, token).status == 200);
  const auto stolen = node.post(refresh, {{"refresh_token", anna.refresh}});
  CHECK(stolen.status == 401);
  CHECK(stolen.code() == "session-ended");
  CHECK(node.get(me, token).code() == "session-ended");
  CHECK(node.get(me, anna.token).code() == "session-ended");
  CHECK(node.port.closed[socket] == close_session_ended);
  CHECK(node.post(refresh, {{"refresh_token", next.body()["refresh_token"]}}).status == 401);
  for (const char* bad : {"x", "1-1.AAAA", "999-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    CHECK(node.post(refresh, {{"refresh_token", bad}}).code() == "session-ended");
}

TEST_CASE("auth: logout ends the session at once, other sessions live on") {
  api_node node;
  const auto anna = node.sign_up("anna@example.org");
  const auto second = node.post(login, words("anna@example.org", "correct horse battery")).body();
  CHECK(node.ask({"POST", "/api/v1/auth/logout", "", anna.token}).status == 204);
  CHECK(node.get(me, anna.token).status == 401);
  CHECK(node.get(me, second["access_token"]).status == 200);
}

TEST_CASE("auth: an access token ends with its time") {
  api_node node;
  const auto anna = node.sign_up("anna@example.org");
  CHECK(node.get(me, anna.token).status == 200);
  node.clock.advance(901LL * 1'000'000'000);
  const auto late = node.get(me, anna.token);
  CHECK(late.code() == "token-expired");
  CHECK(node.post(refresh, {{"refresh_token", anna.refresh}}).status == 200);
}

TEST_CASE("accounts: another account is made, chosen, and stands alone") {
  api_node node;
  const auto anna = node.sign_up("anna@example.org");
  node.deposit(anna, "USDT", "100");
  const auto made = node.post("/api/v1/accounts", {{"label", "second \"one\""}}, anna.token);
  REQUIRE_MESSAGE(made.status == 201, made.text);
  const auto id = made.body()["account_id"].dump();
  const auto all = node.get("/api/v1/accounts", anna.token).body();
  REQUIRE(all.size() == 2);
  CHECK(all[1]["label"] == "second \"one\"");
  const auto balances = [&](const std::string& chosen) {
    return node.ask({"GET", "/api/v1/account/balances", "", anna.token, "", chosen}).body();
  };
  CHECK(balances("").size() == 1);
  CHECK(balances(id).empty());
}

TEST_CASE("admin: a reference moves money once; a withdrawal needs it to be there") {
  api_node node;
  const auto anna = node.sign_up("anna@example.org");
  const auto path = "/api/v1/admin/accounts/" + std::to_string(anna.account);
  const json body = {{"asset", "USDT"}, {"amount", "12.5"}, {"reference", "r-1"}};
  CHECK(node.post(path + "/deposits", body, node.admin().token).body()["available"] == "12.5");
  CHECK(node.post(path + "/deposits", body, node.admin().token).body()["available"] == "12.5");
  auto other = body;
  other["amount"] = "13";
  CHECK(node.post(path + "/deposits", other, node.admin().token).code() == "reference-reused");
  other["reference"] = "r-2";
  CHECK(node.post(path + "/withdrawals", other, node.admin().token).code() ==
        "insufficient-balance");
  CHECK(node.post("/api/v1/admin/accounts/4711/deposits", body, node.admin().token).code() ==
        "unknown-account");
}

TEST_CASE("admin: an instrument is listed once and changed; a broken rule is named") {
  api_node node;
  node.list("BTC", "USDT");
  const json body = {{"symbol", "BTCUSDT"},
                     {"base", "BTC"},
                     {"quote", "USDT"},
                     {"tick_size", "0.01"},
                     {"lot_size", "0.00001"}};
  CHECK(node.post("/api/v1/admin/instruments", body, node.admin().token).field() == "symbol");
  auto broken = body;
  broken["symbol"] = "BTCEUR";
  broken["lot_size"] = "0.0000001";
  const auto answer = node.post("/api/v1/admin/instruments", broken, node.admin().token);
  CHECK(answer.code() == "instrument-invalid");
  CHECK(answer.field() == "lot_size");
  const auto changed =
    node.ask({"PATCH", "/api/v1/admin/instruments/BTCUSDT",
              R"({"status":"halted","maker_fee":"-0.0001"})", node.admin().token});
  REQUIRE_MESSAGE(changed.status == 200, changed.text);
  CHECK(changed.body()["maker_fee"] == "-0.0001");
  CHECK(node.get("/api/v1/instruments").body()[0]["status"] == "halted");
  const auto anna = node.sign_up("anna@example.org");
  CHECK(node.post("/api/v1/orders", limit_order("buy", "1.00", "10"), anna.token).code() ==
        "market-halted");
}

TEST_CASE("limits: an address that asks too much waits, loopback does not") {
  api_settings settings;
  settings.requests_per_second = 10;
  settings.burst = 20;
  api_node node(settings);
  int allowed = 0;
  http_answer last;
  for (int i = 0; i < 30; ++i) {
    last = node.ask({"GET", "/api/v1/instruments", "", "", "", "", "", "203.0.113.7"});
    allowed += last.status == 200;
  }
  CHECK(allowed == 20);
  CHECK(last.status == 429);
  CHECK(last.code() == "too-many-requests");
  CHECK(last.header("Retry-After") == "1");
  CHECK(last.header("RateLimit-Limit") == "20");
  CHECK(last.header("RateLimit-Remaining") == "0");
  CHECK(node.ask({"GET", "/api/v1/instruments", "", "", "", "", "", "203.0.113.8"}).status == 200);
  for (int i = 0; i < 30; ++i) CHECK(node.get("/api/v1/instruments").status == 200);
  node.clock.advance(1'000'000'000);
  CHECK(node.ask({"GET", "/api/v1/instruments", "", "", "", "", "", "203.0.113.7"}).status == 200);
}

TEST_CASE("cors: a listed origin is let in, another is not") {
  api_settings settings;
  settings.cors_origins = {"https://desk.example.org"};
  api_node node(settings);
  const auto listed = node.ask({"GET", "/api/v1/instruments", "", "", "https://desk.example.org"});
  CHECK(listed.header("Access-Control-Allow-Origin") == "https://desk.example.org");
  CHECK(listed.header("Vary") == "Origin");
  CHECK(node.ask({"GET", "/api/v1/instruments", "", "", "https://evil.example"})
          .header("Access-Control-Allow-Origin")
          .empty());
  const auto asked_before =
    node.ask({"OPTIONS", "/api/v1/orders", "", "", "https://desk.example.org"});
  CHECK(asked_before.status == 204);
  CHECK(asked_before.header("Access-Control-Allow-Methods") == "POST, GET, DELETE");
}

TEST_CASE("http: what the router and the middleware refuse") {
  api_node node;
  const auto anna = node.sign_up("anna@example.org");
  CHECK(node.get("/api/v1/").code() == "not-found");
  CHECK(node.get("/api/v1/me/").code() == "not-found");
  CHECK(node.get("/api/v1/orders/%00", anna.token).code() == "not-found");
  const auto method = node.ask({"PUT", "/api/v1/me"});
  CHECK(method.status == 405);
  CHECK(method.header("Allow") == "GET");
  CHECK(node.ask({"POST", login, "{}", "", "", "", "text/plain"}).status == 415);
  CHECK(node.get("/api/v1/orders?limit=1&limit=2", anna.token).code() == "duplicate-field");
  CHECK(node.get("/api/v1/orders?limit=%zz", anna.token).code() == "bad-request");
  CHECK(node.get("/api/v1/orders/abc", anna.token).code() == "unknown-order");
  node.gate.ready = false;
  const auto down = node.get("/readyz");
  CHECK(down.status == 503);
  CHECK(down.body()["detail"] == "the journal is down");
  CHECK(node.get("/healthz").status == 200);
}

} // namespace rialto::net
