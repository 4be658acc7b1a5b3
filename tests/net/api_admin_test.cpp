// What a page needs before log-in, and the administrator's users, transfers and health.
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

#include <regex>
#include <set>

namespace rialto::net {

namespace {

const std::string users = "/api/v1/admin/users", transfers = "/api/v1/admin/transfers",
                  login = "/api/v1/auth/login", me = "/api/v1/me", demo = "/api/v1/demo";

json words(const std::string& email, const std::string& password = "correct horse battery") {
  return {{"email", email}, {"password", password}};
}

http_answer change(api_node& node, std::uint64_t user, const std::string& status,
                   const std::string& token) {
  return node.ask(
    {"PATCH", users + "/" + std::to_string(user), json{{"status", status}}.dump(), token});
}

api_settings with_demo() {
  api_settings settings;
  settings.is_demo = true;
  settings.feed = "sim";
  return settings;
}

} // namespace

TEST_CASE("platform: says what a page may offer") {
  api_node plain;
  auto said = plain.get("/api/v1/platform").body();
  CHECK(said["name"] == "Rialto");
  CHECK(said["demo"] == false);
  CHECK(said["registration"] == true);
  CHECK(said["feed"] == "none");

  auto settings = with_demo();
  settings.takes_registrations = false;
  api_node other(settings);
  said = other.get("/api/v1/platform").body();
  CHECK(said["demo"] == true);
  CHECK(said["registration"] == false);
  CHECK(said["feed"] == "sim");
}

TEST_CASE("platform: without registration nobody registers, and users who are there log in") {
  api_settings settings;
  settings.takes_registrations = false;
  api_node node(settings);
  const auto refused = node.post("/api/v1/auth/register", words("anna@example.org"));
  CHECK(refused.status == 403);
  CHECK(refused.code() == "registration-off");
  CHECK(node.get(me, node.admin().token).status == 200);
}

TEST_CASE("demo: only a node that runs with it makes demo users") {
  api_node node;
  const auto refused = node.post(demo, json::object());
  CHECK(refused.status == 404);
  CHECK(refused.code() == "demo-off");
}

TEST_CASE("demo: one call gives a user who can buy and sell at once") {
  api_node node(with_demo());
  node.list("BTC", "USDT");
  const auto quoting = node.sign_up("maker@example.org");
  node.deposit(quoting, "BTC", "1");
  REQUIRE(
    node.post("/api/v1/orders", limit_order("sell", "50000.00", "0.5"), quoting.token).status ==
    201);
  std::set<std::string> names;
  for (int i = 0; i < 2; ++i) {
    const auto made = node.post(demo, json::object());
    REQUIRE_MESSAGE(made.status == 201, made.text);
    const std::string token = made.body()["access_token"];
    const auto who = node.get(me, token).body();
    const std::string email = who["email"];
    CHECK(std::regex_match(email, std::regex("demo-[a-z0-9]{8}@demo[.]invalid")));
    CHECK(who["role"] == "trader");
    names.insert(email);
    const auto account = who["accounts"][0]["account_id"].dump();

    const auto balances = node.get("/api/v1/account/balances", token).body();
    const json wanted = {{{"asset", "BTC"}, {"available", "1"}, {"hold", "0"}},
                         {{"asset", "USDT"}, {"available", "100000"}, {"hold", "0"}}};
    CHECK(balances == wanted);
    const auto booked = node.get(transfers + "?account_id=" + account, node.admin().token).body();
    REQUIRE(booked["items"].size() == 2);
    CHECK(booked["items"][0]["reference"] == "demo:" + account + "/USDT");
    CHECK(booked["items"][0]["kind"] == "deposit");
    CHECK(booked["items"][1]["reference"] == "demo:" + account + "/BTC");

    const auto bought = node.post("/api/v1/orders", limit_order("buy", "50000.00", "0.1"), token);
    CHECK(bought.body()["status"] == "filled");
    CHECK(node.post("/api/v1/orders", limit_order("sell", "60000.00", "1"), token).status == 201);
    const auto refreshed =
      node.post("/api/v1/auth/refresh", {{"refresh_token", made.body()["refresh_token"]}});
    CHECK(refreshed.status == 200);
  }
  CHECK(names.size() == 2);
}

TEST_CASE("demo: a journal that does not take it makes no demo user") {
  api_node node(with_demo());
  node.list("BTC", "USDT");
  node.gate.failing = actors::delivery::unavailable;
  const auto refused = node.post(demo, json::object());
  CHECK(refused.status == 503);
  CHECK_FALSE(refused.body().contains("access_token"));
  node.gate.failing.reset();
  CHECK(node.post(demo, json::object()).status == 201);
}

TEST_CASE("admin: users are listed and searched") {
  api_node node;
  const auto anna = node.sign_up("anna@example.org"), bert = node.sign_up("bert@example.com");
  CHECK(node.post("/api/v1/accounts", {{"label", "bot"}}, anna.token).status == 201);
  const auto get = [&](const std::string& query) {
    const auto answer = node.get(users + query, node.admin().token);
    REQUIRE_MESSAGE(answer.status == 200, answer.text);
    return answer.body();
  };
  const auto found = get("?search=ANNA@Example");
  REQUIRE(found["items"].size() == 1);
  const auto& row = found["items"][0];
  CHECK(row["user_id"] == anna.user);
  CHECK(row["email"] == "anna@example.org");
  CHECK(row["role"] == "trader");
  CHECK(row["status"] == "active");
  REQUIRE(row["accounts"].size() == 2);
  CHECK(row["accounts"][0]["account_id"] == anna.account);
  CHECK(row["accounts"][1]["label"] == "bot");
  CHECK(get("?search=" + std::to_string(bert.user))["items"][0]["email"] == "bert@example.com");
  CHECK(get("?search=nobody")["items"].empty());

  const auto first = get("?limit=1&search=bert");
  CHECK(first["next_cursor"].is_null());
  auto page = get("?limit=1&search=example");
  CHECK(page["items"][0]["user_id"] == bert.user);
  page = get("?limit=1&search=example&cursor=" + page["next_cursor"].get<std::string>());
  CHECK(page["items"][0]["user_id"] == anna.user);
  CHECK(page["next_cursor"].is_null());
  CHECK(node.get(users + "?cursor=x", node.admin().token).field() == "cursor");
  CHECK(node.get(users + "?search=" + std::string(255, 'a'), node.admin().token).field() ==
        "search");
}

TEST_CASE("admin: a disabled user is out at once, and back when enabled") {
  api_node node;
  node.list("BTC", "USDT");
  const auto anna = node.sign_up("anna@example.org"), bert = node.sign_up("bert@example.org");
  node.deposit(anna, "USDT", "1000");
  REQUIRE(node.post("/api/v1/orders", limit_order("buy", "50000.00", "0.001"), anna.token).status ==
          201);
  const auto second = node.post(login, words("anna@example.org")).body();
  std::vector<web_socket_id> hers;
  for (const std::string& token : {anna.token, second["access_token"].get<std::string>()}) {
    hers.push_back(node.connect());
    CHECK(node.say(hers.back(),
                   json{{"id", 1}, {"op", "authenticate"}, {"access_token", token}})[0]["ok"] ==
          true);
  }
  const auto his = node.connect();
  (void)node.say(his, json{{"id", 1}, {"op", "authenticate"}, {"access_token", bert.token}});

  const auto changed = change(node, anna.user, "disabled", node.admin().token);
  REQUIRE_MESSAGE(changed.status == 200, changed.text);
  CHECK(changed.body()["status"] == "disabled");
  for (const auto socket : hers) CHECK(node.port.closed[socket] == 4001);
  CHECK_FALSE(node.port.closed.contains(his));
  CHECK(node.get(me, anna.token).code() == "session-ended");
  CHECK(node.get(me, second["access_token"]).code() == "session-ended");
  CHECK(node.get(me, bert.token).status == 200);
  CHECK(node.post("/api/v1/auth/refresh", {{"refresh_token", anna.refresh}}).code() ==
        "session-ended");

  // Who knows the password is told; for others the user is like any other, or nobody.
  const auto right = node.post(login, words("anna@example.org"));
  CHECK(right.status == 403);
  CHECK(right.code() == "user-disabled");
  const auto wrong = node.post(login, words("anna@example.org", "whatever it is"));
  CHECK(wrong.status == 401);
  CHECK(wrong.text == node.post(login, words("nobody@example.org", "whatever it is")).text);

  const auto row = node.get(users + "?search=anna", node.admin().token).body()["items"][0];
  CHECK(row["status"] == "disabled");
  const auto book = node.get("/api/v1/markets/BTCUSDT/book").body();
  CHECK(book["bids"].size() == 1); // her order stays

  CHECK(change(node, anna.user, "active", node.admin().token).body()["status"] == "active");
  CHECK(node.get(me, anna.token).code() == "session-ended");
  const auto again = node.post(login, words("anna@example.org"));
  REQUIRE(again.status == 200);
  const auto open = node.get("/api/v1/orders?status=open", again.body()["access_token"]).body();
  CHECK(open["items"].size() == 1);
}

TEST_CASE("admin: there is always an administrator left") {
  api_node node;
  const auto& one = node.admin();
  const auto own = change(node, one.user, "disabled", one.token);
  CHECK(own.status == 409);
  CHECK(own.code() == "own-user");

  // Two that shut one another out at the same moment: one of them stays.
  const auto two = node.make_admin("second@rialto.local");
  CHECK(node.get(me, two.token).status == 200);
  const auto first = std::make_shared<http_answer>(), second = std::make_shared<http_answer>();
  const auto path = [](const trader& who) { return users + "/" + std::to_string(who.user); };
  const auto body = json{{"status", "disabled"}}.dump();
  node.begin({"PATCH", path(two), body, one.token}, first);
  node.begin({"PATCH", path(one), body, two.token}, second);
  node.run_until([&] { return first->status != 0 && second->status != 0; });
  CHECK(first->status == 200);
  CHECK(second->status == 503); // one change at a time
  CHECK(second->code() == "busy");
  CHECK(change(node, one.user, "disabled", two.token).status == 401);
  CHECK(node.get(me, one.token).status == 200);
}

TEST_CASE("admin: a status that there is not, and a user that there is not") {
  api_node node;
  const auto anna = node.sign_up("anna@example.org");
  for (const auto* status : {"", "Disabled", "locked", "none"}) {
    const auto refused = change(node, anna.user, status, node.admin().token);
    CHECK(refused.status == 400);
    CHECK(refused.field() == "status");
  }
  const auto nobody = change(node, 999'999, "disabled", node.admin().token);
  CHECK(nobody.status == 404);
  CHECK(nobody.code() == "unknown-user");
  CHECK(nobody.field() == "user_id");
  CHECK(node.ask({"PATCH", users + "/x", R"({"status":"active"})", node.admin().token}).code() ==
        "unknown-user");
}

TEST_CASE("admin: transfers of all accounts, newest first") {
  api_node node;
  const auto anna = node.sign_up("anna@example.org"), bert = node.sign_up("bert@example.org");
  node.deposit(anna, "USDT", "1000");
  node.deposit(bert, "BTC", "2.5");
  const auto out =
    node.post("/api/v1/admin/accounts/" + std::to_string(anna.account) + "/withdrawals",
              {{"asset", "USDT"}, {"amount", "10"}, {"reference", "out"}}, node.admin().token);
  REQUIRE(out.status == 201);
  const auto get = [&](const std::string& query) {
    return node.get(transfers + query, node.admin().token).body();
  };
  auto all = get("");
  REQUIRE(all["items"].size() == 3);
  CHECK(all["items"][0]["kind"] == "withdrawal");
  CHECK(all["items"][0]["account_id"] == anna.account);
  CHECK(all["items"][0]["amount"] == "10");
  CHECK(all["items"][0]["reference"] == "out");
  CHECK(all["items"][0]["time"] == out.body()["time"]);
  CHECK(all["items"][1]["amount"] == "2.5");
  CHECK(get("?asset=BTC")["items"].size() == 1);
  const auto hers = "?account_id=" + std::to_string(anna.account);
  auto page = get(hers + "&limit=1");
  CHECK(page["items"][0]["reference"] == "out");
  page = get(hers + "&limit=1&cursor=" + page["next_cursor"].get<std::string>());
  CHECK(page["items"][0]["amount"] == "1000");
  CHECK(page["next_cursor"].is_null());
  CHECK(node.get(transfers + "?asset=usdt", node.admin().token).field() == "asset");
  CHECK(node.get(transfers + "?account_id=x", node.admin().token).field() == "account_id");
}

TEST_CASE("admin: health shows what the node's gauges say") {
  api_settings settings;
  settings.feed = "sim";
  settings.health = [] {
    node_health is;
    is.uptime_s = 61;
    is.commit_ns_last = 2'500'999;
    is.lists_lag_ns = 7'000'000;
    is.is_suspended = true;
    is.disk_free_bytes = 12;
    return is;
  };
  api_node node(settings);
  node.list("BTC", "USDT");
  const auto get = [&] { return node.get("/api/v1/admin/health", node.admin().token).body(); };
  auto is = get();
  CHECK(is["uptime_seconds"] == 61);
  CHECK(is["ready"] == true);
  CHECK(is["not_ready_because"].is_null());
  CHECK(is["journal"]["last_commit_us"] == 2'500);
  CHECK(is["journal"]["suspended"] == true);
  CHECK(is["lists"]["lag_ms"] == 7);
  CHECK(is["disk"]["free_bytes"] == 12);
  CHECK(is["markets"]["count"] == 1);
  CHECK(is["feed"]["source"] == "sim");
  CHECK(is["feed"]["last_message_age_ms"].is_null());

  node.gate.ready = false;
  node.actors.note_failure("account/7", "account", "user/1", "broken", true);
  is = get();
  CHECK(is["ready"] == false);
  CHECK(is["not_ready_because"] == "the journal is down");
  CHECK(is["actors"]["failed"] == 1);
}

} // namespace rialto::net
