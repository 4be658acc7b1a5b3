#include "runtime/settings_list.hpp"

#include <fmt/format.h>

#include <set>

namespace rialto::runtime {

std::string node_settings::print_config() const {
  return settings_table::print_config(
    "Settings of a Rialto node. A stronger source wins: default < this file < environment variable "
    "RIALTO_SECTION_KEY < command line --section.key VALUE. A change takes effect at the next "
    "start, "
    "unless the setting says otherwise.");
}

node_settings load_settings(const std::string& file, const char* const* environment,
                            const std::vector<named_value>& options, setting_errors& errors) {
  node_settings settings;
  if (!file.empty()) settings.read_file(file, errors);
  if (environment != nullptr) {
    std::size_t count = 0;
    while (environment[count] != nullptr) ++count;
    settings.read_environment({environment, count}, errors);
  }
  for (const auto& option : options) settings.read_option(option.name, option.text, errors);
  if (errors.empty()) check_settings(settings, errors);
  return settings;
}

void check_settings(const node_settings& settings, setting_errors& errors) {
  const auto& key = *settings.auth_token_key;
  if (!key.empty()) {
    if (const auto why = weakness_of_key(key); !why.empty()) {
      errors.push_back(fmt::format("auth.token-key {}; leave it empty and the node makes one, or "
                                   "use the output of: openssl rand -hex 32",
                                   why));
    }
  }
  if (*settings.limits_connections_per_address > *settings.limits_connections) {
    errors.push_back(fmt::format("limits.connections-per-address ({}) must not be above "
                                 "limits.connections ({})",
                                 *settings.limits_connections_per_address,
                                 *settings.limits_connections));
  }
  for (const auto& origin : settings.cors_origins->words) {
    const bool is_web = origin.starts_with("http://") || origin.starts_with("https://");
    const auto rest = origin.find("://") == std::string::npos
                        ? std::string{}
                        : origin.substr(origin.find("://") + 3);
    if (!is_web || rest.empty() || rest.find_first_of("/?#*") != std::string::npos) {
      errors.push_back(fmt::format("cors.origins must be origins such as https://desk.example.org, "
                                   "without path or *, not \"{}\"",
                                   origin));
    }
  }
}

log_options log_options_of(const node_settings& settings) {
  log_options made;
  made.level = log_level_of(*settings.log_level).value_or(log_level::info);
  made.format = *settings.log_format == "json" ? log_format::json : log_format::text;
  made.file = *settings.log_file;
  made.file_bytes_max = static_cast<std::size_t>(*settings.log_file_megabytes) * 1'000'000;
  return made;
}

std::string weakness_of_key(std::string_view key) {
  constexpr std::size_t bytes_min = 32, different_min = 10;
  if (key.size() < bytes_min) return fmt::format("has fewer than {} bytes", bytes_min);
  const std::set<char> different(key.begin(), key.end());
  if (different.size() < different_min) {
    return fmt::format("has fewer than {} different characters", different_min);
  }
  // A short word typed again and again.
  for (std::size_t period = 1; period <= key.size() / 2; ++period) {
    if (key.substr(period) == key.substr(0, key.size() - period)) return "repeats itself";
  }
  // A run along the alphabet or the digits.
  std::size_t steps = 0;
  for (std::size_t i = 1; i < key.size(); ++i) {
    const int step = key[i] - key[i - 1];
    if (step >= -1 && step <= 1) ++steps;
  }
  return steps * 2 > key.size() ? "is a run of neighbouring characters" : std::string{};
}

std::optional<std::string> exposure_warning(const node_settings& settings) {
  if (settings.http_listen->is_loopback()) return std::nullopt;
  return fmt::format(
    "WARNING: listening on {} WITHOUT TLS. Anybody on the way can read passwords and "
    "tokens and trade with them. Put a TLS reverse proxy in front, or listen on "
    "127.0.0.1.",
    text_of(*settings.http_listen));
}

} // namespace rialto::runtime
