// A connection to a real redis-server, and every way it can end.
#include "storage/redis.hpp"
#include "storage/testing/redis_server.hpp"

#include <doctest/doctest.h>

using namespace rialto::storage;
using namespace std::chrono_literals;

namespace {

/// What the error says of which `act` dies; empty: it did not.
template <class Act>
std::string error_of(Act&& act) {
  try {
    act();
  } catch (const redis_error& problem) {
    return problem.what();
  }
  return {};
}

} // namespace

TEST_CASE("redis: answers come in the order of their commands, as what they are") {
  redis_server server;
  redis_connection redis(server.address());
  redis.add({"SET", "key", std::string_view("a\0b\r\n", 5)});
  redis.add({"GET", "key"});
  redis.add({"GET", "other"});
  redis.add({"INCR", "count"});
  redis.add({"LPUSH", "list", "one", ""});
  redis.add({"LRANGE", "list", "0", "-1"});
  CHECK(redis.waiting_bytes() > 0);
  const auto answers = redis.send();
  CHECK(redis.waiting_bytes() == 0);
  REQUIRE(answers.size() == 6);
  CHECK(answers[0].text == "OK");
  CHECK(answers[1].text == std::string("a\0b\r\n", 5));
  CHECK(answers[2].is == redis_reply::kind::nothing);
  CHECK(answers[3].is == redis_reply::kind::number);
  CHECK(answers[3].number == 1);
  CHECK(answers[4].number == 2);
  REQUIRE(answers[5].is == redis_reply::kind::list);
  REQUIRE(answers[5].items.size() == 2);
  CHECK(answers[5].items[0].text.empty());
  CHECK(answers[5].items[1].text == "one");
  CHECK(redis.send().empty());
}

TEST_CASE("redis: the first error of a pipeline is thrown, and the rest of it was done") {
  redis_server server;
  redis_connection redis(server.address());
  redis.add({"SET", "text", "a"});
  redis.add({"INCR", "text"});
  redis.add({"NONSENSE"});
  redis.add({"SET", "text", "b"});
  CHECK(error_of([&] { static_cast<void>(redis.send()); }).find("not an integer") !=
        std::string::npos);
  CHECK(redis.ask({"GET", "text"}).text == "b");
}

TEST_CASE("redis: a subscriber hears what others publish") {
  redis_server server;
  redis_connection ear(server.address()), mouth(server.address());
  CHECK(ear.ask({"SUBSCRIBE", "news"}).items.at(0).text == "subscribe");
  CHECK(mouth.ask({"PUBLISH", "news", "hello"}).number == 1);
  const auto heard = ear.receive();
  REQUIRE(heard.items.size() == 3);
  CHECK(heard.items[2].text == "hello");
}

TEST_CASE("redis: a password, a user and a database are used, and no error shows the password") {
  redis_server server({"--requirepass", "correct-horse", "--user", "anna", "on", ">battery-staple",
                       "~*", "&*", "+@all"});
  auto to = server.address();
  CHECK(error_of([&] { redis_connection(to).ask({"PING"}); }).starts_with("NOAUTH"));
  to.password = "correct-horse";
  to.database = 3;
  redis_connection first(to);
  first.ask({"SET", "where", "three"});
  to.user = "anna";
  to.password = "battery-staple";
  CHECK(redis_connection(to).ask({"GET", "where"}).text == "three");
  to.database = 0;
  CHECK(redis_connection(to).ask({"GET", "where"}).is == redis_reply::kind::nothing);
  to.database = 500;
  CHECK(error_of([&] { redis_connection{to}; }).find("index") != std::string::npos);
  to.password = "secret-that-is-wrong";
  CHECK(error_of([&] { redis_connection{to}; }) == "the log-in is refused: WRONGPASS");
}

TEST_CASE("redis: a server without the command to log in repeats no password") {
  redis_server server({"--rename-command", "AUTH", "LOGON"});
  auto to = server.address();
  to.password = "secret";
  CHECK(error_of([&] { redis_connection{to}; }) == "the log-in is refused: ERR");
}

TEST_CASE("redis: a server that died, hangs or is not there is an error, not a wait") {
  redis_server server;
  auto to = server.address();
  to.answer_within = 100ms;
  redis_connection redis(to);
  server.set_frozen(true);
  CHECK(error_of([&] { redis.ask({"PING"}); }) == "no answer in time");
  server.set_frozen(false);
  redis = redis_connection(to);
  CHECK(redis.ask({"PING"}).text == "PONG");
  server.kill();
  CHECK_FALSE(error_of([&] {
                for (int i = 0; i < 3; ++i) redis.ask({"PING"});
              }).empty());
  CHECK(error_of([&] { redis_connection{to}; }).find("refused") != std::string::npos);
  server.start();
  CHECK(redis_connection(to).ask({"PING"}).text == "PONG");
  to.host = "no-such-host.invalid";
  CHECK_FALSE(error_of([&] { redis_connection{to}; }).empty());
}
