// rialto migrate: the tables of a PostgreSQL journal, and an embedded journal into one.
#include "app/commands.hpp"
#include "app/journal_address.hpp"
#include "app/journal_move.hpp"
#include "storage/shard_map.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>

namespace rialto::app {

namespace {

struct migrate_words {
  std::string from;
  address_words to;
  std::int64_t shards = storage::usual_cluster_shards;
};

/// Empty, and complained about, if there is none.
std::string address_of(const migrate_words& words) {
  const auto address = journal_address("--to", words.to);
  if (address && address->empty())
    complain("no PostgreSQL is named: give --to postgres://... or set storage.journal; the "
             "journal of an embedded node is brought up to date by its start");
  return address.value_or("");
}

template <class Work>
void add_tables_command(CLI::App& migrate, const std::shared_ptr<migrate_words>& words,
                        int& exit_code, const char* name, const char* about, Work work) {
  auto* command = migrate.add_subcommand(name, about);
  add_address_options(*command, "--to", words->to);
  command->footer(
    fmt::format("  rialto migrate {} --to postgres://rialto@db.example.org/rialto", name));
  command->callback([words, &exit_code, work] {
    const auto address = address_of(*words);
    exit_code = address.empty() ? exit_misused : work(address);
  });
}

int run_move(const migrate_words& words) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(words.from + "/journal.sqlite", failed)) {
    complain("there is no journal in " + words.from +
             "; name a node's data directory with --from DATA");
    return exit_misused;
  }
  const auto address = address_of(words);
  if (address.empty()) return exit_misused;
  return move_journal({words.from, address, static_cast<storage::shard_id>(words.shards)});
}

} // namespace

void add_migrate_command(CLI::App& program, int& exit_code) {
  auto* migrate = program.add_subcommand(
    "migrate", "Move a stopped node's embedded journal into an empty PostgreSQL database, or look "
               "after that database's tables.");
  const auto words = std::make_shared<migrate_words>();
  migrate->require_subcommand(0, 1);
  add_tables_command(*migrate, words, exit_code, "status",
                     "Say which migrations the database has; exit code 1 if one is missing.",
                     tell_migrations);
  add_tables_command(*migrate, words, exit_code, "up",
                     "Apply what is missing. A starting node does the same.", apply_migrations);
  add_address_options(*migrate, "--to", words->to);
  migrate->add_option("--from", words->from, "Data directory of the stopped node.")
    ->type_name("DATA");
  migrate
    ->add_option("--shards", words->shards,
                 fmt::format("How many shards the entities are spread over. It cannot be changed "
                             "later. 1: for a node that stays alone.\ndefault: {}",
                             storage::usual_cluster_shards))
    ->type_name("COUNT")
    ->check(CLI::Range(1, static_cast<int>(storage::shards_max)));
  migrate->footer("  rialto migrate status --to postgres://rialto@db.example.org/rialto\n"
                  "  rialto migrate --from ./data --to postgres://rialto@db.example.org/rialto");
  migrate->callback([migrate, words, &exit_code] {
    if (!migrate->get_subcommands().empty()) return;
    if (words->from.empty()) {
      complain("say status, up, or --from DATA (see rialto migrate --help)");
      exit_code = exit_misused;
      return;
    }
    exit_code = run_move(*words);
  });
}

} // namespace rialto::app
