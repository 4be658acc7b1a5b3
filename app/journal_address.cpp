#include "app/journal_address.hpp"

#include "app/commands.hpp"
#include "runtime/settings_list.hpp"
#include "storage/postgres.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>

extern char** environ; // NOLINT: POSIX declares it nowhere

namespace rialto::app {

CLI::Option* add_address_options(CLI::App& command, const std::string& name, address_words& words) {
  auto* const address = command.add_option(
    name, words.address,
    "Address of the PostgreSQL database. Without it: storage.journal of the config file "
    "or RIALTO_STORAGE_JOURNAL, where a password is read by nobody else; a password may "
    "also be in PGPASSWORD or a file that PGPASSFILE names.");
  address->type_name("postgres://...");
  command
    .add_option("--config", words.config_file,
                "Read settings from this file. Without it: config.ini of the current directory, if "
                "there is one.")
    ->type_name("FILE");
  return address;
}

std::optional<std::string> journal_address(const std::string& name, const address_words& words) {
  const auto& address = words.address;
  if (!address.empty()) {
    const bool is_url = address.starts_with("postgres://") || address.starts_with("postgresql://");
    const auto why = is_url ? storage::postgres_address_problem(address)
                            : std::string("must begin with postgres://");
    if (why.empty()) return address;
    complain(name + " " + why);
    return std::nullopt;
  }
  auto file = words.config_file;
  if (file.empty() && std::filesystem::exists(runtime::usual_config_file))
    file = runtime::usual_config_file;
  runtime::setting_errors errors;
  const auto settings = runtime::load_settings(file, environ, {}, errors);
  for (const auto& error : errors) complain(error);
  if (!errors.empty()) return std::nullopt;
  return runtime::is_journal_shared(settings) ? *settings.storage_journal : std::string();
}

} // namespace rialto::app
