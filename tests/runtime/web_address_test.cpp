// Base URLs and proxies, read strictly; what is refused is not repeated.
#include "runtime/web_address.hpp"

#include <doctest/doctest.h>

using namespace rialto::runtime;

TEST_CASE("web_address: addresses are taken apart") {
  std::string why;
  const auto rest = read_web_address("https://api.binance.com", address_kind::http, why);
  REQUIRE(rest);
  CHECK(rest->is_secure);
  CHECK(rest->host == "api.binance.com");
  CHECK(rest->port == 443);
  CHECK(text_of(*rest, address_kind::http) == "https://api.binance.com:443");
  const auto stream =
    read_web_address("wss://stream.binance.com:9443/mirror/", address_kind::ws, why);
  REQUIRE(stream);
  CHECK(stream->port == 9'443);
  CHECK(stream->base == "/mirror");
  const auto six = read_web_address("ws://[::1]:8080", address_kind::ws, why);
  REQUIRE(six);
  CHECK(six->host == "::1");
  CHECK(six->authority() == "[::1]:8080");
  CHECK(read_web_address("http://127.0.0.1:1", address_kind::http, why));
  CHECK(read_web_address("ws://localhost", address_kind::ws, why)->port == 80);
}

TEST_CASE("web_address: a proxy has a port and perhaps a name, which no text shows") {
  std::string why;
  const auto proxy =
    read_web_address("http://anna:p%40ss%3aw@proxy.example.org:3128", address_kind::proxy, why);
  REQUIRE(proxy);
  CHECK(proxy->user == "anna");
  CHECK(proxy->password == "p@ss:w");
  CHECK(text_of(*proxy, address_kind::proxy) == "http://proxy.example.org:3128");
  CHECK(read_web_address("10.0.0.1:3128", address_kind::proxy, why)->host == "10.0.0.1");
  for (const auto* text :
       {"http://secret:secret@proxy", "https://proxy:1", "http://:secret@p:1",
        "http://a:%0d%0asecret@p:1", "http://a:%2@p:1", "http://proxy:1/secret"}) {
    CAPTURE(text);
    CHECK_FALSE(read_web_address(text, address_kind::proxy, why));
    CHECK(why.find("secret") == std::string::npos);
  }
}

TEST_CASE("web_address: Redis has a database and perhaps a password, with or without a name") {
  std::string why;
  const auto redis = [&](const char* text) {
    return read_web_address(text, address_kind::redis, why);
  };
  REQUIRE(redis("redis://cache.example.org"));
  CHECK(redis("redis://cache.example.org")->port == 6'379);
  CHECK(redis("redis://[::1]:7000/")->base.empty());
  const auto full = redis("redis://anna:p%40ss%2fw@10.0.0.1:7000/12");
  REQUIRE(full);
  CHECK(full->user == "anna");
  CHECK(full->password == "p@ss/w");
  CHECK(full->base == "/12");
  CHECK(text_of(*full, address_kind::redis) == "redis://10.0.0.1:7000/12");
  const auto nameless = redis("redis://:p%3aw@localhost");
  REQUIRE(nameless);
  CHECK(nameless->user.empty());
  CHECK(nameless->password == "p:w");
  for (const auto* text :
       {"rediss://:secret@a", "http://a", "redis://", "redis://secret@a", "redis://anna:@a",
        "redis://:secret@a:0", "redis://:secret@a/x", "redis://:secret@a/01", "redis://a/1000",
        "redis://a/1/2", "redis://a/-1", "redis://:%0asecret@a"}) {
    CAPTURE(text);
    CHECK_FALSE(redis(text));
    CHECK(why.starts_with("must "));
    CHECK(why.find("secret") == std::string::npos);
  }
}

TEST_CASE("web_address: without TLS only loopback is spoken to") {
  std::string why;
  for (const auto* text : {"http://api.binance.com", "http://127.0.0.1.example.org",
                           "http://localhost.example.org", "http://[::2]:80"}) {
    CAPTURE(text);
    CHECK_FALSE(read_web_address(text, address_kind::http, why));
    CHECK(why == "must use TLS (https:// or wss://) beyond loopback");
  }
}

TEST_CASE("web_address: what is no address is refused") {
  std::string why;
  for (const auto* text :
       {"", "https://", "ftp://a", "wss://a", "https://a:0", "https://a:65536",
        "https://a:", "https://a:1x", "https://a b", "https://a/?q=1", "https://a/%2e",
        "https://user@a", "https://[::1", "https://[]:1", "https://[g::1]:1", "https://a\n"}) {
    CAPTURE(text);
    CHECK_FALSE(read_web_address(text, address_kind::http, why));
    CHECK(why.starts_with("must "));
  }
}
