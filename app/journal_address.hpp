// app/journal_address.hpp: which PostgreSQL a command is about: its own option, or storage.journal of the settings.
#pragma once

#include <optional>
#include <string>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace rialto::app {

struct address_words {
  std::string address, config_file;
};

/// Adds `name` ("--to") and --config. Returns the first.
CLI::Option* add_address_options(CLI::App& command, const std::string& name, address_words& words);

/// The option's address, else storage.journal of the config file or the environment; "" if that is not
/// PostgreSQL. Empty, and complained about, if something is wrong with what was given.
[[nodiscard]] std::optional<std::string> journal_address(const std::string& name,
                                                         const address_words& words);

} // namespace rialto::app
