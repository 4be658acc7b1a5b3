#include "runtime/settings_list.hpp"

#include "runtime/web_address.hpp"
#include "storage/postgres.hpp"

#include <fmt/format.h>

#include <algorithm>
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

namespace {

void check_address(const node_settings::text_setting& one, address_kind kind,
                   setting_errors& errors) {
  std::string why;
  if (!read_web_address(*one, kind, why))
    errors.push_back(fmt::format("{} {}", one.spec().name, why));
}

/// Others' patterns and ACL rules name our keys: nothing in a prefix means something else there.
void check_prefix(const node_settings::text_setting& one, setting_errors& errors) {
  const bool is_plain = std::all_of(one->begin(), one->end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  });
  if (!is_plain)
    errors.push_back(fmt::format("{} must be of letters, digits and .-_:", one.spec().name));
}

} // namespace

bool is_journal_shared(const node_settings& settings) {
  const auto& where = *settings.storage_journal;
  return !where.empty() && where != embedded_journal;
}

void check_settings(const node_settings& settings, setting_errors& errors) {
  if (is_journal_shared(settings)) {
    const auto& address = *settings.storage_journal;
    const bool is_url = address.starts_with("postgres://") || address.starts_with("postgresql://");
    const auto why = is_url ? storage::postgres_address_problem(address)
                            : std::string("must be sqlite or begin with postgres://");
    if (!why.empty()) errors.push_back("storage.journal " + why);
  }
  check_address(settings.feed_rest_url, address_kind::http, errors);
  check_address(settings.feed_stream_url, address_kind::ws, errors);
  if (!settings.feed_proxy->empty())
    check_address(settings.feed_proxy, address_kind::proxy, errors);
  if (!settings.redis_url->empty()) check_address(settings.redis_url, address_kind::redis, errors);
  check_prefix(settings.redis_prefix, errors);
  for (const auto& symbol : settings.feed_symbols->words) {
    const bool is_name = std::all_of(symbol.begin(), symbol.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
    if (!is_name || symbol.size() < 2 || symbol.size() > 20)
      errors.push_back(
        fmt::format("feed.symbols must be names of 2 to 20 characters A-Z and 0-9, not \"{}\"",
                    symbol.substr(0, 40)));
  }
  if (*settings.inspect_listen != "off") {
    std::string why;
    listen_address at;
    if (!read_value(*settings.inspect_listen, {}, at, why))
      errors.push_back(fmt::format("inspect.listen must be off, or {}", why));
  }
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
  if (*settings.demo_enabled && !settings.http_listen->is_loopback()) {
    errors.push_back(fmt::format("demo.enabled may be on only while http.listen is a loopback "
                                 "address such as 127.0.0.1:8080, not {}; switch one of them "
                                 "(--demo off)",
                                 text_of(*settings.http_listen)));
  }
  if (settings.tls_certificate->empty() != settings.tls_key->empty())
    errors.emplace_back("tls.certificate and tls.key are set together or not at all");
  const node_settings::text_setting* const cluster_files[] = {
    &settings.cluster_certificate, &settings.cluster_key, &settings.cluster_authority};
  const auto is_empty = [](const auto* one) { return (*one)->empty(); };
  if (!std::all_of(std::begin(cluster_files), std::end(cluster_files), is_empty)) {
    for (const auto* one : cluster_files)
      if (is_empty(one))
        errors.push_back(fmt::format("{} is missing: cluster.certificate, cluster.key and "
                                     "cluster.authority are set together or not at all",
                                     one->spec().name));
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
  if (settings.http_listen->is_loopback() || !settings.tls_certificate->empty())
    return std::nullopt;
  return fmt::format(
    "WARNING: listening on {} WITHOUT TLS. Anybody on the way can read passwords and "
    "tokens and trade with them. Set tls.certificate and tls.key, put a TLS reverse proxy in "
    "front, or listen on 127.0.0.1.",
    text_of(*settings.http_listen));
}

} // namespace rialto::runtime
