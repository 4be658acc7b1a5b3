// rialto journal dump and rialto journal verify, as the command line has them.
#include "app/commands.hpp"
#include "app/journal_tools.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

namespace rialto::app {

namespace {

struct journal_words {
  std::string data_directory = "./data";
  std::string stream;
};

void add_data_option(CLI::App& command, journal_words& words) {
  command.add_option("--data", words.data_directory, "The data directory.\ndefault: ./data")
    ->type_name("DIR");
}

/// Opening a journal would make one where none is.
bool has_journal(const std::string& data_directory) {
  const auto path = std::filesystem::path(data_directory) / "journal.sqlite";
  std::error_code failed;
  if (std::filesystem::is_regular_file(path, failed)) return true;
  complain("there is no journal in " + data_directory +
           "; name the data directory with --data DIR");
  return false;
}

} // namespace

void add_journal_command(CLI::App& program, int& exit_code) {
  auto* journal = program.add_subcommand("journal", "Look into the journal of a data directory.");
  journal->require_subcommand(0, 1);
  journal->footer("  rialto journal verify --data ./data\n"
                  "  rialto journal dump market/BTCUSDT --data ./data | head");
  const auto words = std::make_shared<journal_words>();

  auto* dump = journal->add_subcommand("dump", "Print the events of a stream, one JSON line each.");
  dump->add_option("STREAM", words->stream, "account/N, user/N, market/SYMBOL, or all.")
    ->required();
  add_data_option(*dump, *words);
  dump->footer("  rialto journal dump account/1\n  rialto journal dump all --data /var/lib/rialto");
  dump->callback([words, &exit_code] {
    exit_code = has_journal(words->data_directory)
                  ? journal_dump(words->data_directory, words->stream)
                  : exit_misused;
  });

  auto* verify = journal->add_subcommand(
    "verify", "Check sums, numbering, links, trades, zero sums and the hashes of snapshots.");
  add_data_option(*verify, *words);
  verify->footer("  rialto journal verify --data ./data");
  verify->callback([words, &exit_code] {
    exit_code =
      has_journal(words->data_directory) ? journal_verify(words->data_directory) : exit_misused;
  });
  journal->callback([journal, &exit_code] {
    if (!journal->get_subcommands().empty()) return;
    complain("journal: say dump STREAM or verify (see rialto journal --help)");
    exit_code = exit_misused;
  });
}

} // namespace rialto::app
