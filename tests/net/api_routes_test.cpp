// What the route table promises: the document, the roles, the fields, the shapes of answers.
#include "net/api/openapi.hpp"
#include "tests/net/api_node.hpp"
#include "tests/simulation/random.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <set>

namespace rialto::net {

namespace {

/// A pattern with its {names} filled in.
std::string filled(std::string_view pattern, const std::string& account,
                   const std::string& order = "999") {
  std::string out(pattern);
  const std::map<std::string, std::string> values = {
    {"{symbol}", "BTCUSDT"}, {"{account_id}", account}, {"{order_id}", order},
    {"{user_id}", "1"},      {"{kind}", "account"},     {"{number}", account}};
  for (const auto& [name, value] : values)
    if (const auto at = out.find(name); at != std::string::npos)
      out.replace(at, name.size(), value);
  return out;
}

std::uint64_t seed_of_run() {
  const char* text = std::getenv("RIALTO_SEED");
  return text == nullptr ? 20'240'808 : std::strtoull(text, nullptr, 10);
}

/// The members of an answer are those of its schema, and of their types.
void check_shape(const json& value, std::string_view schema) {
  if (schema.starts_with("[]")) {
    REQUIRE(value.is_array());
    for (const auto& one : value) check_shape(one, schema.substr(2));
    return;
  }
  if (schema.starts_with("{}")) {
    REQUIRE(value.contains("next_cursor"));
    return check_shape(value["items"], std::string("[]") + std::string(schema.substr(2)));
  }
  if (schema == "string") {
    CHECK(value.is_string());
    return;
  }
  if (schema == "level") {
    CHECK(value.size() == 2);
    return;
  }
  const auto* shape = find_schema(schema);
  REQUIRE_MESSAGE(shape != nullptr, schema);
  std::set<std::string> known;
  for (const auto& field : shape->fields) {
    const std::string name(field.name);
    CAPTURE(name);
    known.insert(name);
    if (!value.contains(name)) {
      CHECK_FALSE(field.is_required);
      continue;
    }
    const auto& member = value[name];
    if (member.is_null()) {
      CHECK(field.can_be_null);
    } else if (field.type == "integer") {
      CHECK(member.is_number_integer());
    } else if (field.type == "boolean") {
      CHECK(member.is_boolean());
    } else if (field.type.starts_with("[]")) {
      check_shape(member, field.type);
    } else if (find_schema(field.type) != nullptr) {
      check_shape(member, field.type);
    } else {
      CHECK(member.is_string());
    }
  }
  for (const auto& item : value.items()) CHECK_MESSAGE(known.contains(item.key()), item.key());
}

} // namespace

TEST_CASE("routes: the document describes the table, the whole table and nothing else") {
  const auto document = json::parse(openapi_json());
  std::set<std::string> described, declared;
  for (const auto& [path, methods] : document["paths"].items())
    for (const auto& [method, operation] : methods.items()) described.insert(method + " " + path);
  for (const auto& one : route_table()) {
    std::string method(one.method);
    for (auto& c : method) c = static_cast<char>(std::tolower(c));
    CHECK(declared.insert(method + " " + std::string(one.pattern)).second);
    const auto& operation = document["paths"][std::string(one.pattern)][method];
    CAPTURE(one.pattern);
    CHECK(operation["responses"].contains(std::to_string(one.status)));
    CHECK(operation["security"].empty() == (one.who == access::everybody));
    CHECK(operation.contains("requestBody") == !one.body.empty());
    for (const auto& field : one.query) {
      bool found = false;
      for (const auto& parameter : operation["parameters"])
        found |= parameter["in"] == "query" && parameter["name"] == std::string(field.name);
      CHECK_MESSAGE(found, field.name);
    }
    std::vector<std::string> values;
    CHECK(match(one.method, filled(one.pattern, "1"), values).found == &one);
  }
  CHECK(described == declared);
  // Every reference leads somewhere.
  const auto text = document.dump();
  constexpr std::string_view mark = "#/components/schemas/";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const auto begin = at + mark.size();
    CHECK(find_schema(text.substr(begin, text.find('"', begin) - begin)) != nullptr);
  }
}

TEST_CASE("routes: what the issue lists is there") {
  for (const auto& one : std::initializer_list<std::pair<const char*, const char*>>{
         {"POST", "/api/v1/auth/register"},
         {"POST", "/api/v1/auth/login"},
         {"POST", "/api/v1/auth/refresh"},
         {"POST", "/api/v1/auth/logout"},
         {"GET", "/api/v1/me"},
         {"POST", "/api/v1/accounts"},
         {"GET", "/api/v1/accounts"},
         {"POST", "/api/v1/api-keys"},
         {"GET", "/api/v1/api-keys"},
         {"DELETE", "/api/v1/api-keys/1"},
         {"GET", "/api/v1/instruments"},
         {"GET", "/api/v1/markets/BTCUSDT/book"},
         {"GET", "/api/v1/markets/BTCUSDT/trades"},
         {"GET", "/api/v1/markets/BTCUSDT/ticker"},
         {"GET", "/api/v1/markets/BTCUSDT/candles"},
         {"POST", "/api/v1/orders"},
         {"GET", "/api/v1/orders"},
         {"GET", "/api/v1/orders/1"},
         {"PATCH", "/api/v1/orders/1"},
         {"DELETE", "/api/v1/orders/1"},
         {"DELETE", "/api/v1/orders"},
         {"POST", "/api/v1/orders/cancel-all-after"},
         {"GET", "/api/v1/orders/cancel-all-after"},
         {"GET", "/api/v1/executions"},
         {"GET", "/api/v1/account/balances"},
         {"GET", "/api/v1/ledger"},
         {"POST", "/api/v1/admin/accounts/1/deposits"},
         {"POST", "/api/v1/admin/accounts/1/withdrawals"},
         {"POST", "/api/v1/admin/instruments"},
         {"PATCH", "/api/v1/admin/instruments/BTCUSDT"},
         {"GET", "/api/v1/feeds"},
         {"GET", "/api/v1/platform"},
         {"POST", "/api/v1/demo"},
         {"GET", "/api/v1/admin/transfers"},
         {"GET", "/api/v1/admin/users"},
         {"PATCH", "/api/v1/admin/users/1"},
         {"GET", "/api/v1/admin/health"},
         {"GET", "/openapi.json"},
         {"GET", "/healthz"},
         {"GET", "/readyz"},
         {"GET", "/metrics"}}) {
    const auto& [method, path] = one;
    CAPTURE(one.second);
    std::vector<std::string> values;
    CHECK(match(method, path, values).found != nullptr);
  }
}

TEST_CASE("routes: the stream's path without a handshake says that it wants one") {
  api_node node;
  const auto answer = node.get("/api/v1/stream");
  CHECK(answer.status == 426);
  CHECK(answer.code() == "upgrade-required");
  CHECK(answer.header("Upgrade") == "websocket");
}

TEST_CASE("routes: who may, for every route and role") {
  api_node node;
  node.list("BTC", "USDT");
  const auto owner = node.sign_up("owner@example.org"), other = node.sign_up("other@example.org");
  node.deposit(owner, "USDT", "1000");
  const auto placed =
    node.post("/api/v1/orders", limit_order("buy", "50000.00", "0.001"), owner.token);
  REQUIRE(placed.status == 201);
  const auto order = placed.body()["order_id"].dump(), account = std::to_string(owner.account);
  for (const auto& one : route_table()) {
    if (one.pattern == "/api/v1/auth/logout") continue; // ends the session of the next ones
    const auto target = filled(one.pattern, account, order);
    CAPTURE(one.method);
    CAPTURE(target);
    const std::string body = one.body.empty() ? "" : "{}";
    const auto ask = [&](const std::string& token, const std::string& chosen = {}) {
      return node.ask({std::string(one.method), target, body, token, {}, chosen});
    };
    const auto nobody = ask({}), forged = ask(owner.token + "A");
    const auto stranger = ask(other.token), admin = ask(node.admin().token);
    const auto is_refused = [](const http_answer& a) { return a.status == 401 || a.status == 403; };
    if (one.who == access::everybody) {
      CHECK_FALSE(nobody.status == 401);
      CHECK_FALSE(nobody.status == 403);
      continue;
    }
    CHECK(nobody.status == 401);
    CHECK(nobody.code() == "unauthenticated");
    CHECK(nobody.header("WWW-Authenticate") == "Bearer");
    CHECK(forged.status == 401);
    if (one.who == access::admin) {
      CHECK(stranger.code() == "forbidden");
      CHECK_FALSE(is_refused(admin));
      continue;
    }
    CHECK_FALSE(is_refused(stranger));
    if (one.who != access::account) continue;
    // Somebody else's account, chosen by header; and his order, asked for by number.
    const auto chosen = ask(other.token, account);
    CHECK(chosen.status == 404);
    CHECK(chosen.code() == "unknown-account");
    CHECK(chosen.field() == "X-Account-Id");
    CHECK(ask(node.admin().token, account).code() == "unknown-account");
    if (one.pattern.find("{order_id}") != std::string_view::npos && one.body.empty())
      CHECK(stranger.code() == "unknown-order");
  }
  // Nobody else's DELETE reached the owner's order.
  const auto still = node.get("/api/v1/orders?status=open", owner.token).body();
  REQUIRE(still["items"].size() == 1);
  CHECK(still["items"][0]["order_id"].dump() == order);
}

TEST_CASE("routes: a field that is not known is refused by name on every route that writes") {
  api_node node;
  node.list("BTC", "USDT");
  for (const auto& one : route_table()) {
    if (one.method == "GET") continue;
    CAPTURE(one.pattern);
    const auto target = filled(one.pattern, "1");
    const json body = {{"is_admin", true}};
    const auto answer =
      node.ask({std::string(one.method), target, body.dump(), node.admin().token});
    CHECK(answer.status == 400);
    // A required field may be missed first; with all of them there, the stranger is what is wrong.
    if (answer.code() == "missing-field") continue;
    CHECK(answer.code() == "unknown-field");
    CHECK(answer.field() == "is_admin");
  }
}

TEST_CASE("routes: every declared field of a body is known, and refused by name when mistyped") {
  api_node node;
  node.list("BTC", "USDT");
  const std::map<std::string, json> good = {{"email", "a@example.org"},
                                            {"password", "long enough words"},
                                            {"refresh_token", "1-1.x"},
                                            {"label", "mine"},
                                            {"node", "a"},
                                            {"symbol", "BTCUSDT"},
                                            {"side", "buy"},
                                            {"type", "limit"},
                                            {"time_in_force", "gtc"},
                                            {"self_trade_prevention", "none"},
                                            {"display_quantity", "1"},
                                            {"min_quantity", "1"},
                                            {"expires_at", "2040-01-01T00:00:00Z"},
                                            {"trigger", "stop"},
                                            {"trigger_price", "1"},
                                            {"trail_amount", "1"},
                                            {"trail_bps", 10},
                                            {"peg", "mid"},
                                            {"peg_offset", "1"},
                                            {"slicing", "twap"},
                                            {"slices", 4},
                                            {"duration_seconds", 8},
                                            {"start_at", "2040-01-01T00:00:00Z"},
                                            {"kind", "oco"},
                                            {"take_profit_price", "2"},
                                            {"stop_price", "1"},
                                            {"stop_trail_amount", "1"},
                                            {"stop_trail_bps", 10},
                                            {"stop_limit_price", "1"},
                                            {"quantity", "1"},
                                            {"quote_quantity", "1"},
                                            {"price", "1"},
                                            {"client_order_id", "a"},
                                            {"base", "XRP"},
                                            {"quote", "USDT"},
                                            {"tick_size", "0.01"},
                                            {"lot_size", "0.001"},
                                            {"notional_min", "1"},
                                            {"quantity_min", "1"},
                                            {"quantity_max", "100"},
                                            {"maker_fee", "0.001"},
                                            {"taker_fee", "0.001"},
                                            {"fee_tiers", json::array()},
                                            {"collar", "0.05"},
                                            {"band", "0.1"},
                                            {"halt_move", "0.1"},
                                            {"halt_window_seconds", 60},
                                            {"halt_seconds", 60},
                                            {"auction_seconds", 60},
                                            {"timeout_ms", 5'000},
                                            {"status", "open"},
                                            {"mode", "own"},
                                            {"asset", "USDT"},
                                            {"amount", "1"},
                                            {"reference", "r"},
                                            {"scopes", json::array({"read"})},
                                            {"ip_allow", json::array({"192.0.2.7"})},
                                            {"account_id", 1},
                                            {"public_key", "-----BEGIN PUBLIC KEY-----"},
                                            {"price_min", "0.01"},
                                            {"price_max", "100"},
                                            {"market_quantity_max", "1"},
                                            {"bid_up", "5"},
                                            {"bid_down", "0.2"},
                                            {"ask_up", "5"},
                                            {"ask_down", "0.2"},
                                            {"orders_max", 200},
                                            {"algo_orders_max", 5},
                                            {"iceberg_parts_max", 10},
                                            {"name", "account/1"},
                                            {"trail_min", "0.001"},
                                            {"trail_max", "0.2"}};
  for (const auto& one : route_table()) {
    if (one.body.empty()) continue;
    for (const auto& field : find_schema(one.body)->fields) {
      CAPTURE(one.pattern);
      CAPTURE(field.name);
      json body;
      for (const auto& other : find_schema(one.body)->fields)
        if (other.is_required || other.name == field.name)
          body[std::string(other.name)] = good.at(std::string(other.name));
      auto mistyped = body, strange = body;
      mistyped[std::string(field.name)] = json::array({1});
      strange["fee_tier"] = 9;
      const auto target = filled(one.pattern, "1");
      const auto answer =
        node.ask({std::string(one.method), target, mistyped.dump(), node.admin().token});
      CHECK(answer.status == 400);
      CHECK(answer.code() == "invalid-field");
      CHECK(answer.field() == field.name);
      const auto unknown =
        node.ask({std::string(one.method), target, strange.dump(), node.admin().token});
      CHECK(unknown.status / 100 == 4);
      // Rules between fields or a wrong value may come first, but never a success.
    }
  }
}

TEST_CASE("routes: answers have the members their schema names") {
  api_node node;
  node.list("BTC", "USDT");
  const auto anna = node.sign_up("anna@example.org"), bert = node.sign_up("bert@example.org");
  node.deposit(anna, "USDT", "1000");
  node.deposit(bert, "BTC", "1");
  const auto resting =
    node.post("/api/v1/orders", limit_order("buy", "50000.00", "0.002"), anna.token);
  CHECK(node.post("/api/v1/orders", limit_order("sell", "50000.00", "0.001"), bert.token).status ==
        201);
  const auto order = resting.body()["order_id"].dump();
  const auto account = node.actors.add("account", "account/1", "user/1", node.clock.now());
  for (const auto& one : route_table()) {
    if (one.answer.empty() || one.answer == "document" || one.answer == "metrics") continue;
    if (one.method == "POST" || one.method == "PATCH" || one.method == "DELETE") continue;
    CAPTURE(one.pattern);
    const auto& token = one.who == access::admin ? node.admin().token : anna.token;
    const auto answer = node.get(filled(one.pattern, "1", order), token);
    CHECK_MESSAGE(answer.status == one.status, answer.text);
    check_shape(answer.body(), one.answer);
  }
  check_shape(resting.body(), "order");
  check_shape(node.get("/api/v1/nowhere").body(), "problem");
}

TEST_CASE("routes: garbage gets an error that names something, and nothing breaks") {
  api_node node;
  node.list("BTC", "USDT");
  const auto anna = node.sign_up("anna@example.org");
  simulation::random dice(seed_of_run());
  const std::string pieces[] = {"{",
                                "}",
                                "[",
                                "]",
                                ":",
                                ",",
                                "\"symbol\"",
                                "\"price\"",
                                "\"op\"",
                                "null",
                                "true",
                                "1e400",
                                "-0",
                                "\"\\u0000\"",
                                "\"\xff\"",
                                " ",
                                "\"",
                                "\\",
                                "9223372036854775808",
                                "\"side\":\"buy\"",
                                "\n"};
  const auto socket = node.connect();
  for (int i = 0; i < 3'000; ++i) {
    std::string text;
    for (auto n = dice.below(12); n > 0; --n)
      text += dice.chance(0.1) ? std::string(1, static_cast<char>(dice.below(256)))
                               : pieces[dice.below(std::size(pieces))];
    CAPTURE(text);
    const auto heard = node.say(socket, text);
    REQUIRE(heard.size() == 1);
    CHECK(heard[0]["ok"] == false);
    CHECK_FALSE(heard[0]["error"].value("code", "").empty());
    CHECK_FALSE(heard[0]["error"].value("field", "").empty());
    if (i % 10 != 0 || text.empty()) continue;
    const auto answer = node.ask({"POST", "/api/v1/orders", text, anna.token});
    CHECK(answer.status / 100 == 4);
    CHECK_FALSE(answer.field().empty());
  }
  CHECK(node.get("/healthz").status == 200);
}

TEST_CASE("problem: every reason has a row with a status, a stable code and a text") {
  std::set<std::string> codes;
  for (int i = 1; i <= static_cast<int>(reject_reason::user_locked); ++i) {
    const auto row = problem_of(static_cast<reject_reason>(i));
    CAPTURE(i);
    CHECK(row.status / 100 == 4);
    CHECK(row.binance_code < -1'000);
    CHECK(row.code != "internal");
    CHECK(codes.insert(std::string(row.code)).second);
    CHECK(row.text.ends_with('.'));
  }
  CHECK(problem_of(reject_reason::none).status == 500);
  CHECK(problem_of(actors::delivery::unavailable).status == 503);
  CHECK(problem_of(actors::delivery::unavailable).retry_after_s == 1);
  CHECK(problem_of(actors::delivery::busy).status == 503);
  CHECK(problem_of(actors::delivery::unknown).status == 504);
  CHECK(problem_of(actors::delivery::unknown).code == "unknown");
  CHECK(problem_of(actors::delivery::claim_taken).status == 409);
  CHECK(problem_of(actors::delivery::no_such_entity).status == 404);
  for (int i = 1; i < static_cast<int>(request_error::internal); ++i) {
    const auto row = problem_of(static_cast<request_error>(i));
    CAPTURE(i);
    CHECK(row.code != "internal");
    CHECK((row.status / 100 == 4 || row.status == 503));
  }
  const auto text = json::parse(
    problem_json({request_error::unknown_field, "\"\\\n\x01\xff is not a field", "a\"b"}, "req-1"));
  CHECK(text["field"] == "a\"b");
  CHECK(text["type"] == "urn:rialto:problem:unknown-field");
}

} // namespace rialto::net
