#include "runtime/log.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

using namespace rialto::runtime;

namespace {

constexpr std::int64_t moment = 1'723'075'201'000'002'000; // 2024-08-08T00:00:01.000002Z

/// A directory with a log in it; gone when the test is.
struct log_in_directory {
  std::filesystem::path directory;

  log_in_directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "rialto-log-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    directory = pattern;
  }
  ~log_in_directory() {
    close_log();
    std::filesystem::remove_all(directory);
  }
  [[nodiscard]] log_options options() const {
    log_options made;
    made.file = (directory / "node.log").string();
    return made;
  }
  /// The lines written; closes the log.
  [[nodiscard]] std::vector<std::string> lines() const {
    close_log();
    std::ifstream in(directory / "node.log");
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }
};

} // namespace

TEST_CASE("log: a text line names time, level, part and request") {
  CHECK(format_log_line(log_format::text, moment, log_level::info, {"http", "r-7"}, "GET /") ==
        "2024-08-08T00:00:01.000002Z info    http [r-7]: GET /");
  CHECK(format_log_line(log_format::text, moment, log_level::warning, "journal", "slow") ==
        "2024-08-08T00:00:01.000002Z warning journal: slow");
}

TEST_CASE("log: a JSON line is one object with the same facts") {
  const auto line =
    format_log_line(log_format::json, moment, log_level::error, {"http", "r-7"}, "a \"b\" \\ c");
  const auto read = nlohmann::json::parse(line);
  CHECK(read == nlohmann::json{{"time", "2024-08-08T00:00:01.000002Z"},
                               {"level", "error"},
                               {"part", "http"},
                               {"request", "r-7"},
                               {"message", "a \"b\" \\ c"}});
}

TEST_CASE("log: foreign bytes can neither begin a line of their own nor break the JSON") {
  const std::string foreign =
    "x\n2024 error admin: forged\r\x1b[31m\x7f\x1f\xff\xc0\xaf\xed\xa0\x80 \xe2\x82\xac";
  for (const auto format : {log_format::text, log_format::json}) {
    const auto line = format_log_line(format, moment, log_level::info, {"http", foreign}, foreign);
    for (const char c : line) CHECK(static_cast<unsigned char>(c) >= ' ');
    CHECK(line.find("\xe2\x82\xac") != std::string::npos); // well-formed text stays
    if (format == log_format::json) CHECK(nlohmann::json::parse(line).contains("message"));
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string message{'a', static_cast<char>(byte), 'b'};
    const auto line = format_log_line(log_format::json, moment, log_level::info, "p", message);
    CAPTURE(byte);
    const auto read = nlohmann::json::parse(line)["message"].get<std::string>();
    if (byte >= ' ' && byte < 0x7f) CHECK(read == message);
  }
}

TEST_CASE("log: levels below the setting are not written, and the setting can change") {
  const log_in_directory place;
  open_log(place.options());
  log_debug("part", "{}", "one");
  log_info("part", "{}", "two");
  set_log_level(log_level::debug);
  log_debug("part", "{}", "three");
  set_log_level(log_level::off);
  log_error("part", "{}", "four");
  const auto lines = place.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].ends_with("info    part: two"));
  CHECK(lines[1].ends_with("debug   part: three"));
}

TEST_CASE("log: what a log queues, it writes before it closes, from every thread") {
  const log_in_directory place;
  auto options = place.options();
  options.format = log_format::json;
  open_log(options);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([writer] {
      for (int i = 0; i < 500; ++i) log_info({"part", "r-1"}, "{} {}", writer, i);
    });
  }
  for (auto& writer : writers) writer.join();
  const auto lines = place.lines();
  CHECK(lines.size() == 2'000); // fewer than the queue holds: none may be dropped
  for (const auto& line : lines) CHECK(nlohmann::json::parse(line)["request"] == "r-1");
}

TEST_CASE("log: a full queue drops the oldest lines and counts every one") {
  const log_in_directory place;
  auto options = place.options();
  options.queue_lines = 16;
  const auto before = log_lines_dropped();
  open_log(options);
  constexpr std::size_t written = 20'000;
  for (std::size_t i = 0; i < written; ++i) log_info("part", "line {}", i);
  const auto lines = place.lines();
  const auto dropped = log_lines_dropped() - before;
  CHECK(lines.back().ends_with("line 19999"));
  // The sweep that flushes once a second may take a place in the queue too.
  CHECK(lines.size() + dropped >= written);
  CHECK(lines.size() + dropped <= written + 5);
}

TEST_CASE("log: a long message is cut, and a full file is renamed") {
  const log_in_directory place;
  auto options = place.options();
  options.file_bytes_max = 30'000;
  options.files_kept = 2;
  open_log(options);
  for (int i = 0; i < 20; ++i) log_info("part", "{}", std::string(20'000, 'x'));
  for (const auto& line : place.lines()) CHECK(line.size() < 9'000);
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(place.directory)) {
    CHECK(file.file_size() <= 30'000);
    ++count;
  }
  CHECK(count == 3);
}

TEST_CASE("log: a file that cannot be opened is a clear failure") {
  log_options options;
  options.file = "/proc/no-such-place/node.log";
  CHECK_THROWS_AS(open_log(options), log_failure);
}

TEST_CASE("log: level names read back") {
  for (const auto* name : {"trace", "debug", "info", "warning", "error", "off"}) {
    REQUIRE(log_level_of(name));
    CHECK(name_of(*log_level_of(name)) == name);
  }
  CHECK_FALSE(log_level_of("loud"));
}

TEST_CASE("log: secrets are blanked wherever they stand, the rest stays") {
  const struct {
    std::string_view text, shown;
  } rows[] = {
    {R"({"email":"a@b.c","password":"p \"q\" r","x":1})",
     R"({"email":"a@b.c","password":"[redacted]","x":1})"},
    {R"({"refresh_token" : "abc", "access_token":"d"})",
     R"({"refresh_token" : "[redacted]", "access_token":"[redacted]"})"},
    {"symbol=BTCUSDT&signature=0af3&timestamp=1",
     "symbol=BTCUSDT&signature=[redacted]&timestamp=1"},
    {"Authorization: Bearer abc.def.ghi\r\nHost: x", "Authorization: [redacted]\r\nHost: x"},
    {"saw Bearer abc.def.ghi here", "saw Bearer [redacted] here"},
    {"X-MBX-APIKEY: vmPU", "X-MBX-APIKEY: [redacted]"},
    {"auth.token-key = 9f3c", "auth.token-key = [redacted]"},
    {"new_password=a;b=c", "new_password=[redacted];b=c"},
    {R"({"password":"never closed)", R"({"password":"[redacted])"},
    {R"({"password":)", R"({"password":)"},
    {"the token is gone", "the token is gone"},
    {"keyboard=1 monkey=2", "keyboard=1 monkey=2"},
    {"", ""},
  };
  for (const auto& [text, shown] : rows) {
    CAPTURE(text);
    // What was cut off may leave an open quote; what is hidden is what counts.
    auto got = redacted(text);
    CHECK(got == shown);
  }
}
