// app/commands.hpp: the subcommands of `rialto`, one file each.
//
// The room: parse, check what needs no data directory, hand over. A subcommand sets `exit_code`: 0 done,
// 1 it went wrong, 2 it was called wrongly.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace rialto::app {

inline constexpr int exit_failed = 1, exit_misused = 2;

/// Runs the program; returns its exit code.
[[nodiscard]] int run_program(int argc, const char* const* argv);

void add_serve_command(CLI::App& program, int& exit_code);
void add_journal_command(CLI::App& program, int& exit_code);
void add_migrate_command(CLI::App& program, int& exit_code);
void add_backup_commands(CLI::App& program, int& exit_code);
void add_import_command(CLI::App& program, int& exit_code);
void add_record_command(CLI::App& program, int& exit_code);
void add_cluster_command(CLI::App& program, int& exit_code);
/// status, drain and move, below `rialto cluster`.
void add_cluster_operator_commands(CLI::App& cluster, int& exit_code);
void add_inspect_command(CLI::App& program, int& exit_code);

/// What went wrong, on standard error: "rialto: ...".
void complain(const std::string& what);

} // namespace rialto::app
