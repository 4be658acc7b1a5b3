// The config file, and single values as the environment gives them.
#include "runtime/settings_list.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace rialto::fuzz {

namespace {

using namespace rialto::runtime;

/// C4: what is printed reads back to the same values, secrets aside.
void check_printed(const node_settings& settings) {
  node_settings again;
  setting_errors errors;
  again.read_text(settings.print_config(), "printed", errors);
  if (!errors.empty()) std::fprintf(stderr, "%s\n", errors.front().c_str());
  RIALTO_ASSERT(errors.empty());
  for (const auto& name : settings.changes(again)) {
    if (settings.find(name)->spec().is_secret) continue;
    std::fprintf(stderr, "%s: %s\n", name.c_str(), settings.find(name)->text().c_str());
    RIALTO_ASSERT(false);
  }
  static_cast<void>(settings.print_table());
}

void check_errors(const setting_errors& errors, std::size_t bytes) {
  RIALTO_ASSERT(errors.size() <= 20);
  for (const auto& one : errors) RIALTO_ASSERT(!one.empty() && one.size() <= 4 * bytes + 600);
}

} // namespace

RIALTO_FUZZ_TARGET(settings_file) {
  node_settings settings;
  setting_errors errors;
  settings.read_text(input, "config.ini", errors);
  check_errors(errors, input.size());
  check_settings(settings, errors);
  check_printed(settings);
}

/// "RIALTO_HTTP_LISTEN=127.0.0.1:80" and so on, a line each, as variables of the environment.
RIALTO_FUZZ_TARGET(settings_environment) {
  std::vector<std::string> lines;
  for (auto rest = input; !rest.empty() && lines.size() < 20;) {
    const auto end = std::min(rest.find('\n'), rest.size());
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::vector<const char*> variables;
  for (const auto& line : lines) variables.push_back(line.c_str());
  node_settings settings;
  setting_errors errors;
  settings.read_environment(variables, errors);
  check_errors(errors, input.size());
  check_printed(settings);
}

} // namespace rialto::fuzz
