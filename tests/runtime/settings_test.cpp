#include "runtime/settings_list.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <unistd.h>

using namespace rialto::runtime;

namespace {

std::string joined(const setting_errors& errors) {
  std::string all;
  for (const auto& error : errors) all += error + "\n";
  return all;
}

/// Reads a config text and returns the errors, one a line.
std::string errors_of(std::string_view text) {
  node_settings settings;
  setting_errors errors;
  settings.read_text(text, "c.ini", errors);
  return joined(errors);
}

std::string errors_of_option(std::string name, std::string text) {
  setting_errors errors;
  (void)load_settings("", nullptr, {{std::move(name), std::move(text)}}, errors);
  return joined(errors);
}

std::filesystem::path source_directory() {
  if (const char* given = std::getenv("RIALTO_SOURCE_DIR")) return given;
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
}

/// A file that is gone when the test is.
struct temporary_file {
  std::filesystem::path path;
  explicit temporary_file(std::string_view text) {
    auto pattern = (std::filesystem::temp_directory_path() / "rialto-settings-XXXXXX").string();
    const int handle = mkstemp(pattern.data());
    REQUIRE(handle >= 0);
    REQUIRE(write(handle, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    close(handle);
    path = pattern;
  }
  ~temporary_file() { std::filesystem::remove(path); }
};

} // namespace

TEST_CASE("settings: a default is used until something stronger says otherwise") {
  setting_errors errors;
  const temporary_file file("[limits]\nburst = 7\nbody-bytes = 2048\nopen-orders = 30\n");
  const char* environment[] = {"HOME=/", "RIALTO_LIMITS_BODY_BYTES=4096",
                               "RIALTO_LIMITS_OPEN_ORDERS=40", nullptr};
  const auto settings =
    load_settings(file.path.string(), environment, {{"limits.open-orders", "50"}}, errors);
  CHECK(joined(errors) == "");
  CHECK(*settings.limits_connections == 10'000);
  CHECK(*settings.limits_burst == 7);
  CHECK(*settings.limits_body_bytes == 4'096);
  CHECK(*settings.limits_open_orders == 50);
  CHECK(settings.limits_open_orders.origin() == setting_origin::command_line);
}

TEST_CASE("settings: a weaker source read later does not win") {
  node_settings settings;
  setting_errors errors;
  settings.read_option("limits.burst", "5", errors);
  settings.read_text("[limits]\nburst = 6\n", "c.ini", errors);
  CHECK(joined(errors) == "");
  CHECK(*settings.limits_burst == 5);
}

TEST_CASE("settings: a weaker value is checked even where it does not count") {
  node_settings settings;
  setting_errors errors;
  settings.read_option("limits.burst", "5", errors);
  settings.read_text("[limits]\nburst = many\n", "c.ini", errors);
  CHECK(joined(errors) ==
        "c.ini:2: limits.burst must be a whole number from 1 to 1000000, not \"many\"\n");
}

TEST_CASE("settings: every way to be wrong names file, line, setting and rule") {
  const struct {
    std::string_view text, error;
  } rows[] = {
    {"[http]\nlisten = here\n",
     "c.ini:2: http.listen must be ADDRESS:PORT with an IP address or localhost, for instance "
     "127.0.0.1:8080 or [::1]:8080, not \"here\"\n"},
    {"[http]\nlisten = 127.0.0.1:70000\n",
     "c.ini:2: http.listen must have a port from 0 to 65535 after the last colon, not "
     "\"127.0.0.1:70000\"\n"},
    {"[http]\nlisten = ::1:80\n",
     "c.ini:2: http.listen must be ADDRESS:PORT with an IP address or localhost, for instance "
     "127.0.0.1:8080 or [::1]:8080, not \"::1:80\"\n"},
    {"[log]\nlevel = loud\n",
     "c.ini:2: log.level must be one of trace, debug, info, warning, error, off, not \"loud\"\n"},
    {"[limits]\nloopback = yes\n", "c.ini:2: limits.loopback must be on or off, not \"yes\"\n"},
    {"[limits]\nburst =\n", "c.ini:2: limits.burst must be a whole number from 1 to 1000000\n"},
    {"[limits]\nburst = 1e3\n",
     "c.ini:2: limits.burst must be a whole number from 1 to 1000000, not \"1e3\"\n"},
    {"[limits]\nburst = 99999999999999999999\n",
     "c.ini:2: limits.burst must be a whole number from 1 to 1000000, not "
     "\"99999999999999999999\"\n"},
    {"[data]\ndirectory =\n", "c.ini:2: data.directory must not be empty\n"},
    {"[feed]\nsource = live\n",
     "c.ini:2: feed.source must be none, sim, binance or replay:FILE[@SPEED], not \"live\"\n"},
    {"[feed]\nsource = replay:\n",
     "c.ini:2: feed.source must name a file after replay:, not \"replay:\"\n"},
    {"[feed]\nsource = replay:a@fast\n",
     "c.ini:2: feed.source must have a speed after @: max, or times the recorded speed from 0.001 "
     "to 1000, not \"replay:a@fast\"\n"},
    {"[cors]\norigins = a,,b\n",
     "c.ini:2: cors.origins must be words with commas between them, not \"a,,b\"\n"},
    {"[limits]\nburts = 3\n",
     "c.ini:2: there is no setting limits.burts, did you mean limits.burst?\n"},
    {"[http]\nburst = 3\n",
     "c.ini:2: there is no setting http.burst, did you mean limits.burst?\n"},
    {"[limits]\nzzzzzzzzzzzzzzzz = 3\n", "c.ini:2: there is no setting limits.zzzzzzzzzzzzzzzz\n"},
    {"[limit]\nburst = 3\nburst = 3\n",
     "c.ini:1: there is no section [limit], did you mean [limits]?\n"},
    {"[limits\nburst = 3\n", "c.ini:1: a section must be written [name]\n"},
    {"burst = 3\n", "c.ini:1: a [section] must come before the first key\n"},
    {"[limits]\nburst\n", "c.ini:2: must be key = value or [section], not \"burst\"\n"},
    {"[limits]\nburst = 3\n\nburst = 4\n", "c.ini:4: limits.burst was already set in line 2\n"},
    {"[log]\nfile = \"a\" b\n",
     "c.ini:2: log.file must have nothing but a comment after its closing quote\n"},
    {"[log]\nfile = a\x01\n", "c.ini:2: must be text without control characters\n"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(errors_of(row.text) == row.error);
  }
}

TEST_CASE("settings: comments, quotes, blanks and line ends of any kind are understood") {
  node_settings settings;
  setting_errors errors;
  settings.read_text("\xef\xbb\xbf; one\r\n  [log]\r\n# two\r\n file =\t\"a # b\" ; three\r\n"
                     "format=json # four\n[cors]\norigins = http://a, https://b#c\n"
                     "[feed]\nsource = replay:x y.gz@0.25",
                     "c.ini", errors);
  CHECK(joined(errors) == "");
  CHECK(*settings.log_file == "a # b");
  CHECK(*settings.log_format == "json");
  CHECK(settings.cors_origins->words == std::vector<std::string>{"http://a", "https://b#c"});
  CHECK(*settings.feed_source == feed_choice{feed_choice::kind::replay, "x y.gz", 250});
}

TEST_CASE("settings: two quotes within quotes are one") {
  node_settings settings;
  setting_errors errors;
  settings.read_text("[log]\nfile = \"a \"\"b\"\" # c\" # d\n[data]\ndirectory = \"\"\"\"\n",
                     "c.ini", errors);
  CHECK(joined(errors) == "");
  CHECK(*settings.log_file == "a \"b\" # c");
  CHECK(*settings.data_directory == "\"");
  CHECK(errors_of("[log]\nfile = \"a\"\"\n") != "");
}

TEST_CASE("settings: what the environment gives can be printed as a config, or is refused") {
  for (const std::string value : {"a \"b\" # c", "\"", "\"\"", "\"a\"", "a\" ;", " \" "}) {
    CAPTURE(value);
    const auto variable = "RIALTO_LOG_FILE=" + value;
    const char* environment[] = {variable.c_str(), nullptr};
    setting_errors errors;
    const auto settings = load_settings("", environment, {}, errors);
    node_settings again;
    again.read_text(settings.print_config(), "again", errors);
    CHECK(joined(errors) == "");
    CHECK(*again.log_file == value);
  }
  for (const char* variable :
       {"RIALTO_LOG_FILE=a\nb", "RIALTO_LOG_FILE=a\x01", "RIALTO_LOG_FILE=a\r"}) {
    const char* environment[] = {variable, nullptr};
    setting_errors errors;
    (void)load_settings("", environment, {}, errors);
    CHECK(joined(errors) == "RIALTO_LOG_FILE: log.file must be text without control characters\n");
  }
}

TEST_CASE("settings: the environment refuses a misspelled name of ours and ignores foreign ones") {
  node_settings settings;
  setting_errors errors;
  const char* environment[] = {"RIALTO_HTTP_LISTNE=1", "RIALTO_SEED=1", "PATH=/", "RIALTO_DATA=/x",
                               "RIALTO_LOG_LEVEL=chatty"};
  settings.read_environment(environment, errors);
  CHECK(joined(errors) ==
        "RIALTO_HTTP_LISTNE: there is no such setting, did you mean RIALTO_HTTP_LISTEN?\n"
        "RIALTO_LOG_LEVEL: log.level must be one of trace, debug, info, warning, error, off, not "
        "\"chatty\"\n");
}

TEST_CASE("settings: the command line refuses unknown names, broken values and secrets") {
  CHECK(errors_of_option("feed.seeed", "1") ==
        "--feed.seeed: there is no such setting, did you mean feed.seed?\n");
  CHECK(errors_of_option("feed.seed", "-1") == "--feed.seed: feed.seed must be a whole number from "
                                               "0 to 9223372036854775807, not \"-1\"\n");
  const auto error = errors_of_option("auth.token-key", "quite-secret-indeed");
  CHECK(error.find("RIALTO_AUTH_TOKEN_KEY") != std::string::npos);
  CHECK(error.find("quite-secret") == std::string::npos);
}

TEST_CASE("settings: a weak signing key refuses to start, and no message shows it") {
  const struct {
    std::string_view key, why;
  } rows[] = {
    {"secret", "has fewer than 32 bytes"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "has fewer than 10 different characters"},
    {"changeme-now!changeme-now!changeme-now!", "repeats itself"},
    {"abcdefghijklmnopqrstuvwxyz0123456789", "is a run of neighbouring characters"},
    {"9f3c1d7a5be2480c6a1e8b94d2f7035e", ""},
    {"correct horse battery staple and a fence", ""},
  };
  for (const auto& row : rows) {
    const auto& [key, why] = row;
    CAPTURE(row.key);
    CHECK(weakness_of_key(key) == why);
    const auto variable = "RIALTO_AUTH_TOKEN_KEY=" + std::string(key);
    const char* environment[] = {variable.c_str(), nullptr};
    setting_errors errors;
    (void)load_settings("", environment, {}, errors);
    CHECK(errors.empty() == why.empty());
    CHECK(joined(errors).find(key) == std::string::npos);
  }
}

TEST_CASE("settings: an over-long secret is refused without being shown") {
  const auto error = errors_of("[auth]\ntoken-key = " + std::string(2'000, 'x') + "\n");
  CHECK(error == "c.ini:2: auth.token-key must have at most 1024 bytes\n");
}

TEST_CASE("settings: settings that do not go together are refused") {
  CHECK(errors_of_option("limits.connections", "10") ==
        "limits.connections-per-address (100) must not be above limits.connections (10)\n");
  CHECK(errors_of_option("cors.origins", "*") ==
        "cors.origins must be origins such as https://desk.example.org, without path or *, not "
        "\"*\"\n");
  CHECK(errors_of_option("cors.origins", "https://a.example/path") != "");
  const std::string together =
    " is missing: cluster.certificate, cluster.key and cluster.authority are set together or not "
    "at all\n";
  CHECK(errors_of_option("cluster.key", "node-key.pem") ==
        "cluster.certificate" + together + "cluster.authority" + together);
  CHECK(errors_of_option("feed.rest-url", "http://api.example.org") ==
        "feed.rest-url must use TLS (https:// or wss://) beyond loopback\n");
  CHECK(errors_of_option("feed.stream-url", "https://stream.example.org") ==
        "feed.stream-url must be wss://HOST[:PORT], or ws:// on loopback\n");
  CHECK(errors_of_option("feed.stream-url", "ws://127.0.0.1:4711") == "");
  CHECK(errors_of_option("feed.symbols", "BTCUSDT, btcusdt") ==
        "feed.symbols must be names of 2 to 20 characters A-Z and 0-9, not \"btcusdt\"\n");
  CHECK(errors_of_option("cors.origins", "https://a.example, http://localhost:5173") == "");
  const auto errors_of_redis = [](const char* url) {
    const auto variable = std::string("RIALTO_REDIS_URL=") + url;
    const char* const environment[] = {variable.c_str(), nullptr};
    setting_errors errors;
    (void)load_settings("", environment, {}, errors);
    return joined(errors);
  };
  CHECK(errors_of_redis("rediss://:hush@a") ==
        "redis.url must be redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], without TLS\n");
  CHECK(errors_of_redis("redis://:hush@cache.example.org/2") == "");
  CHECK(errors_of_option("redis.prefix", "venue:a") == "");
  CHECK(errors_of_option("redis.prefix", "venue *") ==
        "redis.prefix must be of letters, digits and .-_:\n");
}

TEST_CASE("settings: demo users are made on loopback only") {
  const auto errors_with = [](const char* listen, const char* demo) {
    setting_errors errors;
    (void)load_settings("", nullptr, {{"http.listen", listen}, {"demo.enabled", demo}}, errors);
    return joined(errors);
  };
  CHECK(errors_with("0.0.0.0:80", "on") ==
        "demo.enabled may be on only while http.listen is a loopback address such as "
        "127.0.0.1:8080, not 0.0.0.0:80; switch one of them (--demo off)\n");
  CHECK(errors_with("192.168.1.7:80", "on") != "");
  CHECK(errors_with("[::]:80", "on") != "");
  CHECK(errors_with("0.0.0.0:80", "off") == "");
  for (const auto* loopback : {"127.0.0.1:80", "[::1]:80", "localhost:80"})
    CHECK(errors_with(loopback, "on") == "");
}

TEST_CASE("settings: the printed config reads back to the same values, secrets aside") {
  for (const auto* key : {"", "9f3c1d7a5be2480c6a1e8b94d2f7035e"}) {
    node_settings settings;
    setting_errors errors;
    settings.read_text("[log]\nfile = \" a;b # c \"\nlevel = debug\n"
                       "[feed]\nsource = replay:dir/a@b.gz@1.5\n"
                       "[http]\nlisten = [::1]:0\n[cors]\norigins = https://a, https://b\n",
                       "c.ini", errors);
    REQUIRE(joined(errors) == "");
    REQUIRE(settings.auth_token_key.set(key, setting_origin::file).empty());
    const auto text = settings.print_config();
    CHECK((text.find("\ntoken-key =\n") != std::string::npos));
    node_settings again;
    again.read_text(text, "again", errors);
    CHECK(joined(errors) == "");
    (void)again.auth_token_key.set(key, setting_origin::file);
    CHECK(settings.changes(again).empty());
    CHECK(again.feed_source->file == "dir/a@b.gz");
    CHECK(again.feed_source->speed_permille == 1'500);
    CHECK(*again.log_file == " a;b # c ");
  }
}

TEST_CASE("settings: config.ini in the root is what --print-config prints") {
  std::ifstream in(source_directory() / "config.ini");
  REQUIRE(in);
  std::stringstream text;
  text << in.rdbuf();
  // If this fails: build/rialto serve --print-config > config.ini
  CHECK((text.str() == node_settings{}.print_config()));
}

TEST_CASE("settings: a copy has its own values") {
  node_settings first;
  auto second = first;
  REQUIRE(second.find("limits.burst")->set("3", setting_origin::file).empty());
  CHECK(*first.limits_burst == 200);
  CHECK(*second.limits_burst == 3);
  CHECK(first.changes(second) == std::vector<std::string>{"limits.burst"});
  first = second;
  CHECK(*first.limits_burst == 3);
}

TEST_CASE("settings: every declaration is complete and unlike the others") {
  const node_settings settings;
  REQUIRE(settings.count() > 20);
  for (std::size_t i = 0; i < settings.count(); ++i) {
    const auto& one = settings.at(i);
    CAPTURE(std::string(one.spec().name));
    CHECK(one.spec().name.find('.') != std::string_view::npos);
    CHECK(one.spec().sentence.ends_with('.'));
    CHECK(one.text() == one.spec().fallback);
    CHECK(settings.find(one.spec().name) == &one);
  }
}

TEST_CASE("settings: listening beyond loopback is warned of") {
  const struct {
    std::string_view listen;
    bool is_warned;
  } rows[] = {{"127.0.0.1:1", false}, {"127.9.9.9:1", false}, {"[::1]:1", false},
              {"localhost:1", false}, {"0.0.0.0:1", true},    {"[::]:1", true},
              {"10.1.2.3:1", true}};
  for (const auto& row : rows) {
    const auto& [listen, is_warned] = row;
    CAPTURE(row.listen);
    node_settings settings;
    REQUIRE(settings.http_listen.set(listen, setting_origin::file).empty());
    CHECK(exposure_warning(settings).has_value() == is_warned);
    REQUIRE(settings.tls_certificate.set("node.pem", setting_origin::file).empty());
    CHECK_FALSE(exposure_warning(settings));
  }
}

TEST_CASE("settings: a file that is missing, a directory or too long is an error, not a crash") {
  setting_errors errors;
  node_settings settings;
  settings.read_file("/no/such/config.ini", errors);
  settings.read_file("/", errors);
  CHECK(errors.size() == 2);
  CHECK(joined(errors).find("No such file") != std::string::npos);
  errors.clear();
  settings.read_file(temporary_file(std::string(1'100'000, '#')).path.string(), errors);
  CHECK(joined(errors).find("must have at most 1048576 bytes") != std::string::npos);
  errors.clear();
  settings.read_text(std::string(10'001, '\n'), "c.ini", errors);
  CHECK(joined(errors) == "c.ini:10001: must have at most 10000 lines\n");
}

TEST_CASE("settings: random bytes are refused or read, and the errors stay few") {
  const auto* given = std::getenv("RIALTO_SEED");
  const unsigned first = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 1;
  const unsigned last = given != nullptr ? first : 300;
  const std::string sane = node_settings{}.print_config();
  for (unsigned seed = first; seed <= last; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    auto text = sane;
    for (int i = 0; i < 40; ++i) text[random() % text.size()] = static_cast<char>(random() % 256);
    node_settings settings;
    setting_errors errors;
    settings.read_text(text, "c.ini", errors);
    CHECK(errors.size() <= 20);
    for (std::size_t i = 0; i < settings.count(); ++i) {
      const auto& one = settings.at(i);
      node_settings other; // whatever was taken is a value that is allowed
      CHECK(other.find(one.spec().name)->set(one.text(), setting_origin::file) == "");
    }
  }
}

TEST_CASE("settings: the log gets what its settings say") {
  node_settings settings;
  setting_errors errors;
  settings.read_text("[log]\nlevel = debug\nformat = json\nfile = x.log\nfile-megabytes = 2\n",
                     "c.ini", errors);
  REQUIRE(joined(errors) == "");
  const auto made = log_options_of(settings);
  CHECK(made.level == log_level::debug);
  CHECK(made.format == log_format::json);
  CHECK(made.file == "x.log");
  CHECK(made.file_bytes_max == 2'000'000);
}
