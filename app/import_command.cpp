// rialto import klines, as the command line has it.
#include "app/commands.hpp"
#include "app/import_klines.hpp"
#include "domain/candle.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

namespace rialto::app {

void add_import_command(CLI::App& program, int& exit_code) {
  auto* import =
    program.add_subcommand("import", "Take history of other venues into a data directory.");
  import->require_subcommand(0, 1);
  import->footer("  rialto import klines BTCUSDT-1m-2023-01.csv.gz --data ./data");
  const auto wish = std::make_shared<import_wish>();

  auto* klines = import->add_subcommand(
    "klines",
    "Import candles: Binance public-data CSV, the JSON of GET /api/v3/klines, or rows of [time, "
    "open, high, low, close, volume] in either form; plain or gz. Longer intervals are made of "
    "them. A file is taken whole or not at all. The node must be stopped.");
  klines->add_option("FILE", wish->files, "Files, such as BTCUSDT-1m-2023-01.csv.gz.")->required();
  klines->add_option("--data", wish->data_directory, "The data directory.\ndefault: ./data")
    ->type_name("DIR");
  klines
    ->add_option("--symbol", wish->symbol,
                 "The instrument, which must be listed.\ndefault: as the file's name says")
    ->type_name("SYMBOL");
  klines
    ->add_option("--interval", wish->interval,
                 "1s, 1m, 5m, 15m, 1h, 4h or 1d.\ndefault: as the file's name says")
    ->type_name("INTERVAL");
  klines->add_flag("--skip-refused", wish->skip_refused,
                   "Take the other rows of a file in which some break a rule.");
  klines->footer("  rialto import klines BTCUSDT-1m-2023-*.csv.gz --data ./data\n"
                 "  rialto import klines answer.json --symbol BTCUSDT --interval 1h");
  klines->callback([wish, &exit_code] {
    exit_code = exit_misused;
    if (!wish->interval.empty() && !parse_candle_interval(wish->interval)) {
      complain("--interval must be one of 1s, 1m, 5m, 15m, 1h, 4h, 1d");
      return;
    }
    std::error_code failed;
    if (!std::filesystem::is_regular_file(
          std::filesystem::path(wish->data_directory) / "journal.sqlite", failed)) {
      complain("there is no journal in " + wish->data_directory +
               "; name the data directory with --data DIR");
      return;
    }
    exit_code = import_klines(*wish);
  });
  import->callback([import, &exit_code] {
    if (!import->get_subcommands().empty()) return;
  complain("import: say klines FILE... (see rialto import --help)");
  exit_code = exit_misused;
});
} // namespace rialto::app

} // namespace rialto::app
