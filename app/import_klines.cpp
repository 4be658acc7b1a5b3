#include "app/import_klines.hpp"

#include "actors/entity_loader.hpp"
#include "app/commands.hpp"
#include "app/count_text.hpp"
#include "app/kline_file.hpp"
#include "domain/candle_series.hpp"
#include "domain/time_text.hpp"
#include "runtime/clock.hpp"
#include "storage/sqlite_journal.hpp"
#include "storage/stream_index.hpp"
#include "storage/tape_store.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace rialto::app {

namespace {

constexpr storage::shard_id only_shard = 0;
constexpr std::size_t gaps_told_max = 1'000; // of one series; all are counted

/// What was imported of one series, from the first candle to the end of the last.
struct imported_range {
  instrument spec;
  timestamp_ns from, to;
};

class importer {
public:
  importer(const import_wish& wish)
      : wish_(wish), store_(wish.data_directory),
        index_(storage::load_stream_index(store_, only_shard)),
        tape_(storage::open_tape_store(wish.data_directory)) {}

  int run() {
    if (const auto note = tape_->note(); !note.empty()) complain(note);
    bool is_all = true;
    for (const auto& file : wish_.files) is_all = take(file) && is_all;
    for (const auto& [key, range] : imported_) tell_gaps(key.second, range);
    return is_all ? 0 : exit_failed;
  }

private:
  static bool refuse(const std::string& file, const std::string& why) {
    complain(file + ": " + why + "; nothing of it was imported");
    return false;
  }

  const instrument* listed(const std::string& symbol) {
    if (const auto at = specs_.find(symbol); at != specs_.end()) return &at->second;
    const auto id = store_.find_claim("symbol:" + symbol);
    if (!id) return nullptr;
    const auto found = actors::recover_entities(store_, only_shard, actors::trading_world(),
                                                {{*id, index_.positions_of(*id)}});
    const auto& one = found.at(0);
    if (!one.problem.empty()) throw storage::journal_error(symbol + ": " + one.problem);
    const auto* entity = dynamic_cast<const actors::trading_entity<market>*>(one.entity.get());
    if (entity == nullptr || entity->state().is_blank()) return nullptr;
    return &specs_.emplace(symbol, entity->state().spec()).first->second;
  }

  bool take(const std::string& file) {
    const auto name = kline_name_of(file);
    const auto& symbol = wish_.symbol.empty() ? name.symbol : wish_.symbol;
    const auto& interval_name = wish_.interval.empty() ? name.interval : wish_.interval;
    if (symbol.empty()) return refuse(file, "its name does not say the symbol: add --symbol");
    if (interval_name.empty())
      return refuse(file, "its name does not say the interval: add --interval");
    const auto interval = *parse_candle_interval(interval_name);
    if (is_derived(interval))
      return refuse(file, fmt::format("{} is derived from {} when it is read: import that",
                                      interval_name, to_string(base_of(interval))));
    const auto* spec = listed(symbol);
    if (spec == nullptr)
      return refuse(file, fmt::format("{} is not listed in {}, so its tick and lot are not known: "
                                      "start the node, list it (POST /api/v1/admin/instruments), "
                                      "stop the node",
                                      symbol, wish_.data_directory));
    return take(file, *spec, interval);
  }

  bool take(const std::string& file, const instrument& spec, candle_interval interval) {
    runtime::system_clock clock;
    const auto now = clock.now();
    const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
    const auto read = read_kline_file(file, spec, interval, now, [&](std::uint64_t rows) {
      if (is_terminal) fmt::print(stderr, "\r{}: {} ", file, counted(rows, "row"));
    });
    if (is_terminal) fmt::print(stderr, "\r\x1b[K");
    for (const auto& one : read.refusals) complain(file + ": " + one);
    if (!read.flaw.empty()) return refuse(file, read.flaw);
    const auto& counts = read.counts;
    if (counts.refused > 0 && !wish_.skip_refused)
      return refuse(file, fmt::format("{} refused (--skip-refused takes the others)",
                                      counted(counts.refused, "row")));
    const auto done = tape_->import_candles(spec.market, interval, read.candles, now);
    fmt::print("{}: {} {}, {}: {} new, {} identical, {} completed, {} corrected, {} refused\n",
               file, spec.symbol, to_string(interval), counted(counts.rows, "row"),
               grouped(done.added), grouped(done.same + counts.repeated), grouped(done.completed),
               grouped(done.corrected), grouped(counts.refused));
    if (counts.unfinished > 0)
      fmt::print("  {} left out: still open\n", counted(counts.unfinished, "row"));
    if (counts.floored > 0)
      fmt::print("  {} had a volume between two lots: floored\n", counted(counts.floored, "row"));
    if (!read.candles.empty()) note(spec, interval, read.candles);
    return true;
  }

  void note(const instrument& spec, candle_interval interval, const std::vector<candle>& candles) {
    const auto from = candles.front().open_time;
    const auto to = end_of(interval, candles.back().open_time);
    const auto [at, is_new] = imported_.try_emplace({spec.symbol, interval}, spec, from, to);
    at->second.from = std::min(at->second.from, from);
    at->second.to = std::max(at->second.to, to);
  }

  /// Of the series as it is now, live candles and earlier imports included.
  void tell_gaps(candle_interval interval, const imported_range& range) {
    std::size_t count = 0;
    std::int64_t missing = 0;
    std::vector<candle> page;
    const auto step =
      static_cast<std::int64_t>(storage::tape_store::rows_max - 1) * length_ns(interval);
    for (auto at = range.from; at < range.to; at.value += step) {
      const timestamp_ns to{std::min(at.value + step, range.to.value)};
      auto next =
        tape_->candles(range.spec.market, interval, at, to, storage::tape_store::rows_max);
      if (!page.empty()) next.insert(next.begin(), page.back());
      for (const auto& gap : gaps_of(next, interval)) {
        missing += gap.missing;
        if (++count <= gaps_told_max)
          fmt::print("gap {} {} from {} to {}: {} missing\n", range.spec.symbol,
                     to_string(interval), format_time(gap.from), format_time(gap.to),
                     counted(static_cast<std::uint64_t>(gap.missing), "candle"));
      }
      page = std::move(next);
    }
    fmt::print("{} {}: {} from {} to {}: {} missing\n", range.spec.symbol, to_string(interval),
               counted(count, "gap"), format_time(range.from), format_time(range.to),
               counted(static_cast<std::uint64_t>(missing), "candle"));
  }

  const import_wish& wish_;
  storage::sqlite_journal store_; // holds the directory's lock
  storage::stream_index index_;
  std::unique_ptr<storage::tape_store> tape_;
  std::map<std::string, instrument> specs_;
  std::map<std::pair<std::string, candle_interval>, imported_range> imported_;
};

} // namespace

int import_klines(const import_wish& wish) {
  try {
    return importer(wish).run();
  } catch (const storage::directory_in_use& problem) {
    complain(std::string("import klines: ") + problem.what() +
             "; stop the node, import, and start it again");
    return exit_misused;
  } catch (const std::exception& problem) {
    complain(std::string("import klines: ") + problem.what());
    return exit_failed;
  }
}

} // namespace rialto::app
