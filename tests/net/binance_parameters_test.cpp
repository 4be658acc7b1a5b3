// Parameters, payloads of signatures and time windows: Binance's worked examples, and what is refused.
#include "net/auth/api_keys.hpp"
#include "net/binance/message.hpp"
#include "net/binance/signing.hpp"
#include "net/binance/weights.hpp"

#include <doctest/doctest.h>

namespace rialto::net::binance {

namespace {

constexpr std::string_view example_secret =
  "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
constexpr timestamp_ns example_time{1'499'827'319'559'000'000};

bool is_signed(std::string_view payload, std::string_view signature) {
  api_key key;
  key.secret = example_secret;
  return verify_signature(key, payload, signature);
}

parameters read(std::string_view query, std::string_view form = {}) {
  parameters out;
  out.add_encoded(query, true);
  out.add_encoded(form, false);
  return out;
}

int code_of(const parameters& from) {
  return from.ok() ? 0 : from.why().what.binance_code;
}

int window_code(const std::string& query, timestamp_ns now = example_time) {
  auto params = read(query);
  static_cast<void>(take_window(params, now));
  return code_of(params);
}

} // namespace

TEST_CASE("binance signing: the documents' worked examples are reproduced bit by bit") {
  const std::string order = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
                            "&recvWindow=5000&timestamp=1499827319559";
  const std::string signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
  SUBCASE("all in the query, all in the form") {
    CHECK(is_signed(payload_of(order + "&signature=" + signature, ""), signature));
    CHECK(is_signed(payload_of("", order + "&signature=" + signature), signature));
  }
  SUBCASE("query and form are joined without an ampersand") {
    const auto payload =
      payload_of("symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC",
                 "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559&signature=ab");
    CHECK(is_signed(payload, "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"));
  }
  SUBCASE("upper case is the same, another digit is not") {
    std::string upper = signature;
    for (auto& c : upper) c = static_cast<char>(c >= 'a' ? c - 32 : c);
    CHECK(is_signed(order, upper));
    upper.back() = '0';
    CHECK_FALSE(is_signed(order, upper));
  }
  SUBCASE("a symbol that is not ASCII is signed as it was percent-encoded") {
    const auto payload = payload_of("symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96"
                                    "&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
                                    "&recvWindow=5000&timestamp=1499827319559",
                                    "");
    CHECK(is_signed(payload, "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"));
  }
  SUBCASE("a message is signed over its sorted parameters, numbers as they were written") {
    const auto came = parse_message(
      R"({"id":"4885f793-e5ad-4c3b-8f6c-55d891472b71","method":"order.place","params":{)"
      R"("symbol":"BTCUSDT","side":"SELL","type":"LIMIT","timeInForce":"GTC",)"
      R"("quantity":"0.01000000","price":"52000.00","newOrderRespType":"ACK","recvWindow":100,)"
      R"("timestamp":1645423376532,)"
      R"("apiKey":"vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",)"
      R"("signature":"cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a"}})");
    REQUIRE_FALSE(came.why);
    CHECK(is_signed(payload_of(came.params),
                    "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a"));
  }
}

TEST_CASE("binance signing: the pair `signature` goes with one ampersand, wherever it stands") {
  CHECK(payload_of("a=1&signature=xy", "") == "a=1");
  CHECK(payload_of("signature=xy&a=1", "") == "a=1");
  CHECK(payload_of("a=1&signature=xy&b=%20+", "") == "a=1&b=%20+");
  CHECK(payload_of("signature=xy", "") == "");
  CHECK(payload_of("a=1", "signature=xy&b=2") == "a=1b=2");
  CHECK(payload_of("a=1&sign%61ture=xy", "") == "a=1");
  CHECK(payload_of("b=2&&a=1", "") == "b=2&&a=1"); // neither put in order nor tidied
  CHECK(payload_of("", "") == "");
}

TEST_CASE("binance signing: a request is in time up to its window, and less than a second ahead") {
  CHECK(window_code("timestamp=1499827319559") == 0);
  CHECK(window_code("timestamp=1499827314559") == 0); // five seconds old
  CHECK(window_code("timestamp=1499827314558") == -1021);
  CHECK(window_code("timestamp=1499827320558") == 0);
  CHECK(window_code("timestamp=1499827320559") == -1021); // a second ahead
  CHECK(window_code("timestamp=1499827309559&recvWindow=10000") == 0);
  CHECK(window_code("timestamp=1499827319558&recvWindow=0.5") == -1021);
  CHECK(window_code("timestamp=1499827319558&recvWindow=1.000") == 0);
  CHECK(window_code("timestamp=1499827319558999&recvWindow=0.002") == 0); // microseconds
  CHECK(window_code("timestamp=1499827319558000&recvWindow=0.002") == -1021);
  CHECK(window_code("timestamp=1499827319559&recvWindow=60000") == 0);
  CHECK(window_code("timestamp=1499827319559&recvWindow=60000.001") == -1131);
  CHECK(window_code("timestamp=1499827319559&recvWindow=1.0001") == -1100);
  CHECK(window_code("timestamp=1499827319559&recvWindow=-1") == -1100);
  CHECK(window_code("timestamp=1499827319559&recvWindow=") == -1105);
  CHECK(window_code("timestamp=") == -1105);
  CHECK(window_code("recvWindow=5000") == -1102);
  CHECK(window_code("timestamp=149982731955x") == -1100);
  CHECK(window_code("timestamp=-1") == -1130);
  auto params = read("timestamp=1499827319559&recvWindow=7000");
  CHECK(take_window(params, example_time).until.value == example_time.value + 8'000'000'000);
}

TEST_CASE("binance parameters: what is unknown, doubled, empty or malformed is refused by name") {
  SUBCASE("unknown") {
    auto params = read("symbol=BTCUSDT&colour=red");
    CHECK(params.text("symbol") == "BTCUSDT");
    CHECK_FALSE(params.done());
    CHECK(code_of(params) == -1103);
    CHECK(binance_json(params.why()) ==
          R"({"code":-1103,"msg":"An unknown parameter was sent: 'colour'."})");
  }
  SUBCASE("doubled in one place; across places the query wins") {
    CHECK(code_of(read("a=1&a=1")) == -1101);
    CHECK(code_of(read("", "a=1&a=2")) == -1101);
    auto params = read("a=1", "a=2&b=3");
    CHECK(params.text("a") == "1");
    CHECK(params.text("b") == "3");
    CHECK(params.done());
    CHECK(code_of(read("signature=1", "signature=1")) == -1101);
  }
  SUBCASE("empty and missing") {
    auto params = read("a=");
    CHECK_FALSE(params.maybe_text("a"));
    CHECK(code_of(params) == -1105);
    auto none = read("");
    CHECK(none.text("symbol").empty());
    CHECK(
      binance_json(none.why()) ==
      R"({"code":-1102,"msg":"Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."})");
  }
  SUBCASE("bad escapes, and too many") {
    CHECK(code_of(read("a=%2")) == -1100);
    CHECK(code_of(read("a=%00")) == -1100);
    std::string many;
    for (int i = 0; i < 49; ++i) many += "p" + std::to_string(i) + "=1&";
    CHECK(code_of(read(many)) == -1101);
  }
  SUBCASE("numbers") {
    const auto whole = [](const std::string& query) {
      auto params = read(query);
      static_cast<void>(params.maybe_whole("n", 1, 10));
      return code_of(params);
    };
    CHECK(whole("n=10") == 0);
    CHECK(whole("n=11") == -1130);
    CHECK(whole("n=1.0") == -1100);
    CHECK(whole("n=%201") == -1100);
    const auto decimal = [](const std::string& query) {
      auto params = read(query);
      static_cast<void>(params.maybe_decimal("d"));
      return code_of(params);
    };
    CHECK(decimal("d=0.00000001") == 0);
    CHECK(decimal("d=1.00000000000") == 0);
    CHECK(decimal("d=0.000000001") == -1111);
    CHECK(decimal("d=1e-7") == -1100);
    CHECK(decimal("d=-1") == -1100);
    CHECK(decimal("d=1.") == -1100);
    CHECK(decimal("d=.1") == -1100);
    CHECK(decimal("d=99999999999999999999") == -1100);
  }
  SUBCASE("arrays of texts") {
    auto params = read("symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D");
    CHECK(params.maybe_list("symbols") == std::vector<std::string>{"BTCUSDT", "ETHUSDT"});
    for (const auto* bad : {"symbols=[]", "symbols=[\"A\"", "symbols=[\"A\",]", "symbols=[1]"}) {
      auto wrong = read(bad);
      CHECK_FALSE(wrong.maybe_list("symbols"));
      CHECK(code_of(wrong) == -1100);
    }
  }
  SUBCASE("encodeURIComponent and URLSearchParams mean the same") {
    CHECK(read("a=x%20y").text("a") == "x y");
    CHECK(read("a=x+y").text("a") == "x y");
    CHECK(*read("signature=a+b/c=").look("signature") == "a+b/c=");
    CHECK(*read("signature=a%2Bb%2Fc%3D").look("signature") == "a+b/c=");
  }
}

TEST_CASE("binance messages: ids keep their type, numbers their text") {
  const auto id_of = [](const std::string& text) {
    const auto came = parse_message(text);
    return came.why ? "refused" : came.id;
  };
  CHECK(id_of(R"({"id":7,"method":"ping"})") == "7");
  CHECK(id_of(R"({"id":"7","method":"ping"})") == R"("7")");
  CHECK(id_of(R"({"id":null,"method":"ping"})") == "null");
  CHECK(id_of(R"({"method":"ping"})") == "null");
  CHECK(id_of(R"({"id":1.5,"method":"ping"})") == "refused");
  CHECK(id_of(R"({"id":[],"method":"ping"})") == "refused");
  const auto came = parse_message(
    R"({"id":1,"method":"m","params":{"q":0.10,"e":1e-7,"b":true,"s":["A","B"],"t":"0.10"}})");
  REQUIRE_FALSE(came.why);
  CHECK(*came.params.look("q") == "0.10");
  CHECK(*came.params.look("e") == "1e-7");
  CHECK(*came.params.look("b") == "true");
  CHECK(*came.params.look("s") == R"(["A","B"])");
  CHECK(payload_of(came.params) == R"(b=true&e=1e-7&q=0.10&s=["A","B"]&t=0.10)");
}

TEST_CASE("binance messages: what is no message is refused") {
  const auto code = [](const std::string& text) {
    const auto came = parse_message(text);
    return came.why ? came.why->what.binance_code : 0;
  };
  for (const auto* text :
       {"", "{", "[]", "7", "\"x\"", R"({"id":1,"method":"ping"}x)", R"({"id":1,"method":"ping",})",
        R"({"id":1 "method":"ping"})", R"({"method":"m","params":{"a":1e400}})", "\xff\xfe"})
    CHECK_MESSAGE(code(text) == -1100, text);
  CHECK(code(R"({"id":1})") == -1102);
  CHECK(code(R"({"id":1,"method":7})") == -1100);
  CHECK(code(R"({"id":1,"method":"m","params":[]})") == -1100);
  CHECK(code(R"({"id":1,"method":"m","params":{"a":{}}})") == -1100);
  CHECK(code(R"({"id":1,"method":"m","params":{"a":null}})") == -1100);
  CHECK(code(R"({"id":1,"method":"m","params":{"a":1,"a":1}})") == -1101);
  CHECK(code(R"({"id":1,"method":"m","method":"m"})") == -1101);
}

TEST_CASE("binance weights: a minute's weight, then 429, then 418 for those who go on") {
  weights used(10);
  const std::int64_t start = 1'700'000'040'000'000'000; // a whole minute
  CHECK(used.take("1.2.3.4", 6, start, true).used == 6);
  CHECK(used.take("1.2.3.4", 4, start, true).used == 10);
  auto said = used.take("1.2.3.4", 1, start + 15'000'000'000, true);
  CHECK(said.what == weights::verdict::exceeded);
  CHECK(said.retry_after_s == 45);
  CHECK(said.used == 10);
  CHECK(used.take("1.2.3.5", 1, start, true).what == weights::verdict::allowed);
  CHECK(used.take("1.2.3.4", 1, start, false).what == weights::verdict::allowed); // only counts
  for (int i = 2; i < weights::offences_max; ++i)
    CHECK(used.take("1.2.3.4", 1, start, true).what == weights::verdict::exceeded);
  said = used.take("1.2.3.4", 1, start, true);
  CHECK(said.what == weights::verdict::banned);
  CHECK(said.retry_after_s == 120);
  // Another minute does not end it; its own end does.
  CHECK(used.take("1.2.3.4", 1, start + 61'000'000'000, true).what == weights::verdict::banned);
  CHECK(used.take("1.2.3.4", 1, start + 121'000'000'000, true).what == weights::verdict::allowed);
}

} // namespace rialto::net::binance
