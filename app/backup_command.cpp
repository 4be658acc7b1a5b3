// rialto backup and rialto restore, as the command line has them.
#include "app/backup.hpp"
#include "app/commands.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace rialto::app {

void add_backup_commands(CLI::App& program, int& exit_code) {
  const auto wish = std::make_shared<backup_wish>();
  auto* backup = program.add_subcommand(
    "backup",
    "Copy the data directory of a node, running or not, as it is at one moment, and check "
    "the copy. Lists are left out: the restored node makes them anew.");
  backup->add_option("--data", wish->data_directory, "The data directory.\ndefault: ./data")
    ->type_name("DIR");
  backup
    ->add_option("--out", wish->out,
                 "NAME.tar.gz: one compressed file. Another name: a directory, which is no data "
                 "directory before it was restored. What is there is never written over.")
    ->required()
    ->type_name("FILE|DIR");
  backup->add_flag("--without-tape", wish->without_tape,
                   "Leave public trades and candles out (tape.sqlite).");
  backup->footer("  rialto backup --data ./data --out backups/monday.tar.gz");
  backup->callback([wish, &exit_code] { exit_code = back_up(*wish); });

  const auto wanted = std::make_shared<restore_wish>();
  auto* command = program.add_subcommand(
    "restore", "Make a data directory of what rialto backup made, after checking all of it.");
  command->add_option("FILE", wanted->from, "The file, or the directory.")->required();
  command->add_option("--data", wanted->data_directory, "A new or an empty directory.")
    ->required()
    ->type_name("DIR");
  command->footer("  rialto restore backups/monday.tar.gz --data ./data-restored");
  command->callback([wanted, &exit_code] { exit_code = restore(*wanted); });
}

} // namespace rialto::app
