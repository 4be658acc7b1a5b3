// The command line as a whole: help, version, and where a wrong word is complained about.
#include "app/commands.hpp"
#include "runtime/settings_list.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>

namespace rialto::app {

namespace {

constexpr std::size_t columns = 96;

/// Breaks a text into lines behind `indent` blanks.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    if (end > columns - indent) {
      const auto blank = text.rfind(' ', columns - indent);
      if (blank != std::string_view::npos && blank > 0) end = blank;
    }
    out += std::string(indent, ' ') + std::string(text.substr(0, end)) + '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// Usage, Options, Examples: a name on its line, its sentence below.
class help_formatter final : public CLI::Formatter {
public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    const bool has_value = option->get_type_size() != 0 && !is_positional;
    const auto value = has_value ? " " + option->get_type_name() : std::string{};
    return "  " + option->get_name(is_positional, true) + value + '\n' +
           wrapped(option->get_description(), 6);
  }
  std::string make_subcommand(const CLI::App* sub) const override {
    return "  " + sub->get_name() + '\n' + wrapped(sub->get_description(), 6);
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string path = app->get_name();
    for (const auto* up = app->get_parent(); up != nullptr; up = up->get_parent()) {
      path = up->get_name() + (path.empty() ? "" : " ") + path;
    }
    const bool has_commands = !app->get_subcommands([](const CLI::App*) { return true; }).empty();
    std::string words;
    for (const auto* option :
         app->get_options([](const CLI::Option* one) { return one->get_positional(); })) {
      words += " " + option->get_name(true);
    }
    return fmt::format("Usage:\n  {}{}{}\n", path.empty() ? name : path,
                       has_commands ? " COMMAND [OPTION...]" : " [OPTION...]", words);
  }
  std::string make_footer(const CLI::App* app) const override {
    const auto text = app->get_footer();
    return text.empty() ? text : "\nExamples:\n" + text + '\n';
  }
};

/// What to say about words that are no command and no option; never a word that may be a value.
std::string complaint_about(const std::vector<std::string>& words) {
  const auto is_option = [](const std::string& word) { return word.starts_with('-'); };
  const auto option = std::find_if(words.begin(), words.end(), is_option);
  if (option == words.end()) return fmt::format("there is no command {}", words.front());
  const auto name = option->substr(0, option->find('='));
  const auto plain = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  const runtime::node_settings settings;
  if (const auto* known = settings.find(plain); known != nullptr && known->spec().is_secret) {
    return fmt::format("{} is a secret, which every user of the machine could read on a command "
                       "line; it comes from the config file or from {}",
                       name, known->environment_name());
  }
  return fmt::format("there is no option {}{}", name, settings.suggestion(plain));
}

/// "rialto cluster move": the command as far as it was understood, whose --help says more.
std::string understood(const CLI::App& program) {
  auto path = program.get_name();
  for (auto chosen = program.get_subcommands(); !chosen.empty();
       chosen = chosen.front()->get_subcommands()) {
    path += " " + chosen.front()->get_name();
  }
  return path;
}

} // namespace

void complain(const std::string& what) {
  std::fprintf(stderr, "rialto: %s\n", what.c_str());
}

int run_program(int argc, const char* const* argv) {
  int exit_code = 0;
  CLI::App program("Rialto: a self-hosted trading platform made of actors.", "rialto");
  program.formatter(std::make_shared<help_formatter>());
  program.set_version_flag("--version", "rialto " RIALTO_VERSION, "Print the version.");
  program.set_help_flag("--help,-h", "Print this help.");
  program.require_subcommand(0, 1); // none is complained about below, in better words
  program.footer("  rialto serve --data ./data --feed sim\n  rialto serve --help");
  try {
    add_serve_command(program, exit_code);
    add_journal_command(program, exit_code);
    add_migrate_command(program, exit_code);
    add_backup_commands(program, exit_code);
    add_import_command(program, exit_code);
    add_record_command(program, exit_code);
    add_cluster_command(program, exit_code);
    add_inspect_command(program, exit_code);
    program.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return program.exit(done); // help or version, printed on standard output
  } catch (const CLI::ExtrasError&) {
    complain(fmt::format("{} (see {} --help)", complaint_about(program.remaining(true)),
                         understood(program)));
    return exit_misused;
  } catch (const CLI::ParseError& error) {
    complain(fmt::format("{} (see {} --help)", error.what(), understood(program)));
    return exit_misused;
  } catch (const std::exception& error) {
    complain(error.what());
    return exit_failed;
  }
  if (program.get_subcommands().empty()) {
    complain("a command is missing (see rialto --help)");
    return exit_misused;
  }
  return exit_code;
}

} // namespace rialto::app
