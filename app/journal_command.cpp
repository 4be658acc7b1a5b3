// rialto journal dump, verify, stats, archive and restore, as the command line has them.
#include "app/commands.hpp"
#include "app/journal_address.hpp"
#include "app/journal_archive.hpp"
#include "app/journal_stats.hpp"
#include "app/journal_tools.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

namespace rialto::app {

namespace {

struct journal_words {
  std::string data_directory = "./data";
  address_words shared; // a journal in PostgreSQL
  std::string stream;
  archive_wish archive;
  std::vector<std::string> sources;
  std::string target;
};

CLI::Option* add_data_option(CLI::App& command, journal_words& words) {
  return command.add_option("--data", words.data_directory, "The data directory.\ndefault: ./data")
    ->type_name("DIR");
}

/// Opening a journal would make one where none is.
bool has_journal(const std::string& data_directory) {
  const auto path = std::filesystem::path(data_directory) / "journal.sqlite";
  std::error_code failed;
  if (std::filesystem::is_regular_file(path, failed)) return true;
  if (std::filesystem::is_directory(std::filesystem::path(data_directory) / "archive", failed)) {
    complain("there is no journal.sqlite in " + data_directory +
             ", but an archive: rialto journal restore makes a journal of it");
    return false;
  }
  complain("there is no journal in " + data_directory +
           "; name the data directory with --data DIR");
  return false;
}

/// Sets what a command that only looks does: in a data directory that is named, else in PostgreSQL if
/// that is where the journal is.
template <class InDirectory, class InPostgres>
void look(CLI::App& command, const std::shared_ptr<journal_words>& words, int& exit_code,
          InDirectory in_directory, InPostgres in_postgres) {
  auto* const data = add_data_option(command, *words);
  add_address_options(command, "--journal", words->shared)->excludes(data);
  command.callback([words, data, in_directory, in_postgres, &exit_code] {
    const auto address =
      data->count() > 0 ? std::string() : journal_address("--journal", words->shared);
    if (!address)
      exit_code = exit_misused;
    else if (!address->empty())
      exit_code = in_postgres(*address);
    else
      exit_code =
        has_journal(words->data_directory) ? in_directory(words->data_directory) : exit_misused;
  });
}

void add_dump(CLI::App& journal, const std::shared_ptr<journal_words>& words, int& exit_code) {
  auto* dump = journal.add_subcommand(
    "dump", "Print the events of a stream, one JSON line each: of a data directory, or of a "
            "journal in PostgreSQL up to now, whoever writes to it.");
  dump
    ->add_option(
      "STREAM", words->stream,
      "account/N, user/N, market/SYMBOL, or all (of a cluster shard after shard, each in "
      "its order).")
    ->required();
  look(
    *dump, words, exit_code,
    [words](const std::string& data) { return journal_dump(data, words->stream); },
    [words](const std::string& address) { return postgres_journal_dump(address, words->stream); });
  dump->footer("  rialto journal dump account/1\n"
               "  rialto journal dump all --data /var/lib/rialto\n"
               "  rialto journal dump market/BTCUSDT --journal postgres://rialto@db.example.org/"
               "rialto");
}

void add_verify(CLI::App& journal, const std::shared_ptr<journal_words>& words, int& exit_code) {
  auto* verify = journal.add_subcommand(
    "verify", "Check archives, sums, numbering, links, trades, zero sums and the hashes of "
              "snapshots: of a data directory, or of a journal in PostgreSQL as it is at one "
              "moment, while its nodes write on.");
  look(*verify, words, exit_code, journal_verify, postgres_journal_verify);
  verify->footer("  rialto journal verify --data ./data\n"
                 "  rialto journal verify --journal postgres://rialto@db.example.org/rialto\n"
                 "  rialto journal verify --config /etc/rialto/config.ini");
}

void add_stats(CLI::App& journal, const std::shared_ptr<journal_words>& words, int& exit_code) {
  auto* stats = journal.add_subcommand(
    "stats", "Count rows, events and orders, and say how many bytes an order costs.");
  add_data_option(*stats, *words);
  stats->footer("  rialto journal stats --data ./data");
  stats->callback([words, &exit_code] {
    exit_code =
      has_journal(words->data_directory) ? journal_stats(words->data_directory) : exit_misused;
  });
}

void add_archive(CLI::App& journal, const std::shared_ptr<journal_words>& words, int& exit_code) {
  auto* archive = journal.add_subcommand(
    "archive", "Move old rows into compressed files in DATA/archive, where they can still be read. "
               "The node must be stopped; a running one does it by itself, see "
               "storage.archive-after-days.");
  add_data_option(*archive, *words);
  archive
    ->add_option("--keep-days", words->archive.keep_days,
                 "Rows younger than this stay in journal.sqlite; 0: the newest row only.\n"
                 "0 to 36500 days; default: 30")
    ->type_name("DAYS")
    ->check(CLI::Range(0, 36'500));
  archive->add_flag("--dry-run", words->archive.dry_run, "Only say what would be moved.");
  archive->add_flag("--shrink", words->archive.shrink,
                    "Make journal.sqlite as small as what is left in it. Without it the space is "
                    "kept and filled with new rows.");
  archive->footer("  rialto journal archive --data ./data --dry-run\n"
                  "  rialto journal archive --data ./data --keep-days 7 --shrink");
  archive->callback([words, &exit_code] {
    words->archive.data_directory = words->data_directory;
    exit_code = has_journal(words->data_directory) ? journal_archive(words->archive) : exit_misused;
  });
}

void add_restore(CLI::App& journal, const std::shared_ptr<journal_words>& words, int& exit_code) {
  auto* restore = journal.add_subcommand(
    "restore", "Make a whole journal.sqlite in a new data directory from archives, what is left of "
               "a journal, and copies of it. Of each row the first undamaged copy is taken.");
  restore
    ->add_option("--from", words->sources,
                 "A data directory, a directory of archives, or a journal.sqlite; may be given "
                 "several times.")
    ->required()
    ->type_name("PATH");
  restore->add_option("--to", words->target, "The new data directory.")
    ->required()
    ->type_name("DIR");
  restore->footer(
    "  rialto journal restore --from ./data --to ./data-restored\n"
    "  rialto journal restore --from ./data/archive --from backup/journal.sqlite --to ./restored");
  restore->callback(
    [words, &exit_code] { exit_code = journal_restore(words->sources, words->target); });
}

} // namespace

void add_journal_command(CLI::App& program, int& exit_code) {
  auto* journal = program.add_subcommand(
    "journal",
    "Look into the journal of a node or of a cluster; archive and restore a node's own.");
  journal->require_subcommand(0, 1);
  journal->footer("  rialto journal verify --data ./data\n"
                  "  rialto journal dump market/BTCUSDT --data ./data | head");
  const auto words = std::make_shared<journal_words>();

  add_dump(*journal, words, exit_code);
  add_verify(*journal, words, exit_code);
  add_stats(*journal, words, exit_code);
  add_archive(*journal, words, exit_code);
  add_restore(*journal, words, exit_code);
  journal->callback([journal, &exit_code] {
    if (!journal->get_subcommands().empty()) return;
    complain("journal: say dump STREAM, verify, stats, archive or restore (see rialto journal "
             "--help)");
    exit_code = exit_misused;
  });
}

} // namespace rialto::app
