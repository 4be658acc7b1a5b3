// rialto record: the command line of a recording; what is wrong with it is said before anything is connected or written.
#include "app/commands.hpp"
#include "app/recording_session.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace rialto::app {

namespace {

struct record_words {
  std::string symbols;
  std::string rest_url = "https://api.binance.com";
  std::string stream_url = "wss://stream.binance.com:9443";
  std::string proxy;
  recording_wish wish;
};

bool is_symbol(std::string_view text) {
  return !text.empty() && text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

/// Reads "BTCUSDT,ETHUSDT"; false when it was complained about.
bool read_symbols(const std::string& text, std::vector<std::string>& out) {
  for (std::size_t from = 0; from <= text.size();) {
    const auto to = std::min(text.find(',', from), text.size());
    auto one = text.substr(from, to - from);
    from = to + 1;
    if (!is_symbol(one)) {
      complain("--symbols: '" + one.substr(0, 40) +
               "' must be 1 to 20 capital letters and digits, as BTCUSDT");
      return false;
    }
    if (std::find(out.begin(), out.end(), one) != out.end()) continue;
    if (out.size() == recorded_symbols_max) {
      complain(fmt::format("--symbols: at most {} of them", recorded_symbols_max));
      return false;
    }
    out.push_back(std::move(one));
  }
  return true;
}

bool read_address(const char* option, const std::string& text, runtime::address_kind kind,
                  runtime::web_address& out) {
  std::string why;
  auto made = runtime::read_web_address(text, kind, why);
  if (!made) {
    complain(std::string(option) + ": " + why);
    return false;
  }
  out = std::move(*made);
  return true;
}

int run_record(record_words words) {
  using runtime::address_kind;
  auto& wish = words.wish;
  if (!read_symbols(words.symbols, wish.symbols) ||
      !read_address("--rest-url", words.rest_url, address_kind::http, wish.rest) ||
      !read_address("--stream-url", words.stream_url, address_kind::ws, wish.streams))
    return exit_misused;
  if (!words.proxy.empty() &&
      !read_address("--proxy", words.proxy, address_kind::proxy, wish.proxy.emplace()))
    return exit_misused;
  std::error_code failed;
  if (!wish.ca_file.empty() && !std::filesystem::is_regular_file(wish.ca_file, failed)) {
    complain("--ca-file: there is no file " + wish.ca_file);
    return exit_misused;
  }
  return record(wish);
}

} // namespace

void add_record_command(CLI::App& program, int& exit_code) {
  auto* command = program.add_subcommand(
    "record", "Record an exchange's live market into a file that rialto serve --feed replay:FILE "
              "plays. Ends with Ctrl-C or SIGTERM; the file is then complete.");
  const auto words = std::make_shared<record_words>();
  auto& wish = words->wish;
  command->add_option("--symbols", words->symbols, "What to record, as BTCUSDT,ETHUSDT.")
    ->required()
    ->type_name("SYMBOLS");
  command->add_option("--out", wish.file, "The recording; compressed if its name ends in .gz.")
    ->required()
    ->type_name("FILE");
  command->add_flag("--force", wish.overwrites, "Overwrite a file that is there.");
  command
    ->add_option("--seconds", wish.seconds_max, "Stop after so long.\n1 to 31622400; default: not")
    ->type_name("N")
    ->check(CLI::Range(1, 31'622'400));
  command
    ->add_option("--messages", wish.messages_max,
                 "Stop after so many messages.\n1 to 1000000000000; default: not")
    ->type_name("N")
    ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000}));
  command
    ->add_option("--rest-url", words->rest_url,
                 "Where snapshots are asked for; http:// is allowed for loopback only.\ndefault: " +
                   words->rest_url)
    ->type_name("URL");
  command
    ->add_option("--stream-url", words->stream_url,
                 "Where the streams are; ws:// is allowed for loopback only.\ndefault: " +
                   words->stream_url)
    ->type_name("URL");
  command
    ->add_option("--proxy", words->proxy,
                 "An HTTP proxy to go through, as http://HOST:PORT. One with a name and password "
                 "comes from RIALTO_FEED_PROXY, where no other user can read it.\ndefault: none")
    ->envname("RIALTO_FEED_PROXY")
    ->type_name("URL");
  command
    ->add_option("--ca-file", wish.ca_file,
                 "Certificates to trust besides the system's (PEM).\ndefault: none")
    ->type_name("FILE");
  command->footer("  rialto record --symbols BTCUSDT,ETHUSDT --out day.jsonl.gz\n"
                  "  rialto record --symbols BTCUSDT --out minute.jsonl --seconds 60\n"
                  "  rialto serve --feed replay:day.jsonl.gz@10");
  command->callback([words, &exit_code] { exit_code = run_record(*words); });
}

} // namespace rialto::app
