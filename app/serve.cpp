// rialto serve: every setting is an option; what is wrong is said before a data directory is touched.
#include "actors/feed/replay_source.hpp"
#include "app/commands.hpp"
#include "app/node.hpp"
#include "app/welcome.hpp"
#include "runtime/settings_list.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <unistd.h>

extern char** environ; // NOLINT: POSIX declares it nowhere

namespace rialto::app {

namespace {

using runtime::node_settings;
using runtime::setting_errors;

struct serve_words {
  std::string config_file;
  bool print_config = false;
  bool welcome = false;
  std::vector<runtime::named_value> values; // one per setting, in the table's order
  std::vector<const CLI::Option*> options;
};

/// Its name alone, as in --demo, means on.
bool is_switch(const runtime::setting_base& one) {
  return dynamic_cast<const runtime::setting<bool>*>(&one) != nullptr;
}

/// A recording that is not there is a mistake of the call, not of the node.
void check_feed(const node_settings& settings, setting_errors& errors) {
  const auto& feed = *settings.feed_source;
  if (feed.source != runtime::feed_choice::kind::replay) return;
  std::string why;
  const auto files = actors::parse_replay_files(feed.file, why);
  if (!files) {
    errors.push_back(fmt::format("feed.source: {}", why));
    return;
  }
  for (const auto& file : *files) {
    std::error_code failed;
    if (!std::filesystem::is_regular_file(file, failed)) {
      errors.push_back(fmt::format("feed.source: there is no file {}", file));
    } else if (access(file.c_str(), R_OK) != 0) {
      errors.push_back(fmt::format("feed.source: {} cannot be read", file));
    }
  }
}

int run_serve(serve_words& words) {
  if (words.config_file.empty() && std::filesystem::exists(runtime::usual_config_file)) {
    words.config_file = runtime::usual_config_file;
  }
  std::vector<runtime::named_value> given;
  for (std::size_t i = 0; i < words.values.size(); ++i) {
    if (words.options[i]->count() > 0) given.push_back(words.values[i]);
  }
  setting_errors errors;
  const auto settings = runtime::load_settings(words.config_file, environ, given, errors);
  if (errors.empty() && !words.print_config) check_feed(settings, errors);
  for (const auto& error : errors) complain(error);
  if (!errors.empty()) return exit_misused;
  if (words.print_config) {
    std::fputs(settings.print_config().c_str(), stdout);
    return 0;
  }
  if (const auto warning = runtime::exposure_warning(settings)) complain(*warning);
  const bool is_told = words.welcome || isatty(STDOUT_FILENO) == 1;
  return serve(settings, [&](const runtime::listen_address& at) {
    std::printf("Rialto %s listens on %s\n", RIALTO_VERSION,
                web_address(at, !settings.tls_certificate->empty()).c_str());
    if (is_told) std::fputs(welcome_text(at, settings).c_str(), stdout);
    std::fflush(stdout); // tests and scripts read this line from a pipe
  });
}

} // namespace

void add_serve_command(CLI::App& program, int& exit_code) {
  auto* command = program.add_subcommand("serve", "Run a node until SIGTERM or Ctrl-C.");
  const auto words = std::make_shared<serve_words>();
  command
    ->add_option("--config", words->config_file,
                 "Read settings from this file. Without it: config.ini of the current "
                 "directory, if there is one.")
    ->type_name("FILE")
    ->multi_option_policy(
      CLI::MultiOptionPolicy::TakeLast); // scripts/run gives one, its caller may too
  command->add_flag("--print-config", words->print_config,
                    "Print the settings in force as a config.ini, secrets left out, and stop.");
  command->add_flag("--welcome", words->welcome,
                    "Once listening, print how to log in and what to try (always done on a "
                    "terminal).");
  const node_settings table;
  words->values.reserve(table.count()); // the options below keep references into it
  for (std::size_t i = 0; i < table.count(); ++i) {
    const auto& one = table.at(i);
    const auto& spec = one.spec();
    if (spec.is_secret) continue;
    auto& value = words->values.emplace_back(runtime::named_value{std::string(spec.name), {}});
    const auto name =
      fmt::format("--{}{}{}", spec.name, spec.option.empty() ? "" : ",", spec.option);
    const auto unit = spec.unit.empty() ? std::string{} : fmt::format(" {}", spec.unit);
    const auto about = fmt::format("{}\n{}{}; default: {}", spec.sentence, one.shape(), unit,
                                   spec.fallback.empty() ? "empty" : spec.fallback);
    auto* option = command->add_option(name, value.text, about)->type_name("VALUE");
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    if (is_switch(one)) option->expected(0, 1)->default_str("on");
    words->options.push_back(option);
  }
  command->footer("  rialto serve --data ./data --feed sim\n"
                  "  rialto serve --feed replay:day.ndjson.gz@10 --log.format json\n"
                  "  RIALTO_HTTP_LISTEN=127.0.0.1:9000 rialto serve\n"
                  "  rialto serve --print-config > config.ini");
  command->callback([words, &exit_code] { exit_code = run_serve(*words); });
}

} // namespace rialto::app
