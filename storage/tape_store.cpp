#include "storage/tape_store.hpp"

#include "storage/candle_table.hpp"
#include "storage/crash_point.hpp"
#include "storage/tape_buffer.hpp"
#include "storage/unsynced_file.hpp"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace rialto::storage {

namespace {

constexpr int kept_aside_max = 9;
constexpr std::int64_t prune_step = 10'000;       // trades deleted in one transaction
constexpr std::size_t room_after_shrink = 90'000; // so that a full buffer on a full disk is retried
                                                  // once per 10,000 entries, not at each

/// Three locks, taken in this order and never the other way: write_, read_, buffers_. Appending
/// takes only the last, so it never waits for the disk; a reader copies from the buffers before it
/// looks into the file, so an entry on its way from one to the other is seen at least once.
class sqlite_tape final : public tape_store {
public:
  explicit sqlite_tape(const std::string& path) {
    open_or_start_anew(path);
    insert_trade_ = writer_.prepare("INSERT OR IGNORE INTO trades VALUES(?, ?, ?, ?, ?, ?)");
    written_candles_ = candle_table(writer_);
    reader_ = database(path, {.sync = sync_mode::off, .is_read_only = true});
    find_trades_ = reader_.prepare("SELECT id, price, size, buyer_is_maker, at FROM trades "
                                   "WHERE market = ? AND id < ? ORDER BY id DESC LIMIT ?");
    stored_candles_ = candle_table(reader_);
    auto last = reader_.prepare("SELECT market, max(id) FROM trades GROUP BY market");
    while (last.step()) last_ids_[last.number(0)] = last.number(1);
  }

  ~sqlite_tape() override {
    try {
      flush();
    } catch (const std::exception&) {
      // The tail is missing then, which shows as a gap; there is nobody left to tell.
    }
    find_trades_ = {};
    stored_candles_ = {};
    reader_ = {};
    insert_trade_ = {};
    written_candles_ = {};
    close_unsynced(writer_);
  }

  void append(market_id market, const std::vector<tape_entry>& trades) override {
    bool is_full = false;
    {
      const std::lock_guard hold(buffers_);
      auto& last = last_ids_[market.value];
      for (const auto& one : trades) {
        last = std::max(last, one.trade.value);
        pending_.add(market, one);
      }
      is_full = pending_.count() >= buffered_max;
    }
    if (is_full) make_room();
  }

  void put_candles(market_id market, candle_interval interval,
                   const std::vector<candle>& made) override {
    bool is_full = false;
    {
      const std::lock_guard hold(buffers_);
      for (const auto& one : made) pending_.put(market, interval, one);
      is_full = pending_.count() >= buffered_max;
    }
    if (is_full) make_room();
  }

  candle_import import_candles(market_id market, candle_interval interval,
                               const std::vector<candle>& closed, timestamp_ns closed_by) override {
    const std::lock_guard hold_writer(write_);
    flush_held(); // what came before is in the file before
    transaction all(writer_);
    auto done = written_candles_.import_all(market, interval, closed, closed_by);
    all.commit();
    return done;
  }

  std::vector<tape_entry> trades(market_id market, std::uint64_t before,
                                 std::uint32_t limit) override {
    limit = std::min(limit, rows_max);
    if (before == 0 || before > static_cast<std::uint64_t>(INT64_MAX)) before = INT64_MAX;
    std::map<std::uint64_t, tape_entry, std::greater<>> found;
    const std::lock_guard hold_reader(read_);
    {
      const std::lock_guard hold(buffers_);
      for (const auto* buffer : {&pending_, &writing_}) {
        const auto& all = buffer->trades();
        auto at = all.lower_bound({market.value, before});
        for (auto left = limit; left > 0 && at != all.begin(); --left) {
          if ((--at)->first.first != market.value) break;
          found.insert_or_assign(at->first.second, at->second); // the one on its way came first
        }
      }
    }
    find_trades_.with(market, before, limit);
    while (find_trades_.step()) {
      auto& one = found[find_trades_.number(0)];
      one.trade.value = find_trades_.number(0);
      one.price.value = find_trades_.integer(1);
      one.size.value = find_trades_.integer(2);
      one.buyer_is_maker = find_trades_.integer(3) != 0;
      one.at.value = find_trades_.integer(4);
    }
    std::vector<tape_entry> newest;
    for (const auto& [id, one] : found) {
      if (newest.size() == limit) break;
      newest.push_back(one);
    }
    return newest;
  }

  std::vector<candle> candles(market_id market, candle_interval interval, timestamp_ns from,
                              timestamp_ns to, std::uint32_t limit) override {
    limit = std::min(limit, rows_max);
    std::map<std::int64_t, candle, std::greater<>> found;
    const std::lock_guard hold_reader(read_);
    {
      const std::lock_guard hold(buffers_);
      for (const auto* buffer : {&writing_, &pending_}) { // older ones first
        const auto& all = buffer->candles();
        for (auto at = all.lower_bound({market.value, interval, from.value});
             at != all.end() &&
             at->first < tape_buffer::candle_key{market.value, interval, to.value};
             ++at)
          if (const auto [known, is_new] = found.try_emplace(std::get<2>(at->first), at->second);
              !is_new)
            take_candle(known->second, at->second);
      }
    }
    stored_candles_.newest(market, interval, from, to, limit, [&](candle stored) {
      const auto [waiting, is_new] = found.try_emplace(stored.open_time.value, stored);
      if (is_new) return;
      take_candle(stored, waiting->second);
      waiting->second = stored;
    });
    std::vector<candle> oldest_first;
    for (const auto& [open_time, one] : found) {
      if (oldest_first.size() == limit) break;
      oldest_first.push_back(one);
    }
    std::reverse(oldest_first.begin(), oldest_first.end());
    return oldest_first;
  }

  std::uint64_t last_trade_id(market_id market) override {
    const std::lock_guard hold(buffers_);
    const auto at = last_ids_.find(market.value);
    return at == last_ids_.end() ? 0 : at->second;
  }

  void flush() override {
    const std::lock_guard hold_writer(write_);
    flush_held();
  }

  void prune(timestamp_ns before) override {
    const std::lock_guard hold_writer(write_);
    std::vector<std::uint64_t> markets;
    {
      const std::lock_guard hold(buffers_);
      pending_.prune(before);
      for (const auto& [market, last] : last_ids_) markets.push_back(market);
    }
    // Ids rise with time, so what goes is a market's first ids: no index by time is needed.
    auto newer = writer_.prepare("SELECT id FROM (SELECT id, at FROM trades WHERE market = ? "
                                 "ORDER BY id LIMIT ?) WHERE at >= ? ORDER BY id LIMIT 1");
    auto upto =
      writer_.prepare("SELECT id FROM trades WHERE market = ? ORDER BY id LIMIT 1 OFFSET ?");
    auto drop = writer_.prepare("DELETE FROM trades WHERE market = ? AND id < ?");
    for (const auto market : markets) {
      for (bool is_more = true; is_more;) {
        newer.with(market, prune_step, before);
        is_more = !newer.step();
        std::uint64_t end = is_more ? 0 : newer.number(0);
        newer.reset();
        if (is_more) { // the whole step is older
          upto.with(market, prune_step);
          is_more = upto.step();
          end = is_more ? upto.number(0) : INT64_MAX;
          upto.reset();
        }
        transaction step(writer_);
        drop.run(market, end);
        step.commit();
      }
    }
  }

  std::string note() override {
    const std::lock_guard hold(buffers_);
    std::string said = std::exchange(note_, {});
    if (dropped_ > 0) {
      if (!said.empty()) said += "; ";
      said += "tape.sqlite: " + std::to_string(std::exchange(dropped_, 0)) +
              " entries were dropped because the disk did not take them: " + why_dropped_;
    }
    return said;
  }

private:
  /// Under write_.
  void flush_held() {
    {
      const std::lock_guard hold(buffers_);
      if (pending_.empty()) return;
      std::swap(pending_, writing_);
    }
    try {
      write();
    } catch (...) {
      const std::lock_guard hold(buffers_);
      pending_.merge_older(writing_);
      throw;
    }
    const std::lock_guard hold(buffers_);
    writing_.clear();
  }

  void open_or_start_anew(const std::string& path) {
    auto found = open_unsynced(path, "tape");
    if (found.trust == file_trust::damaged) {
      const auto aside = path + ".corrupt-" + std::to_string(free_number(path));
      move_database(path, aside);
      note_ = found.why + "; it was renamed to " + aside + " and a new one was started";
      found = open_unsynced(path, "tape");
      if (found.trust == file_trust::damaged) throw journal_error(found.why);
    } else if (found.trust == file_trust::left_by_crash) {
      note_ = found.why + "; its tail may be missing";
      mark_open(found.open);
    }
    writer_ = std::move(found.open);
  }

  static int free_number(const std::string& path) {
    int number = 1;
    while (number < kept_aside_max &&
           std::filesystem::exists(path + ".corrupt-" + std::to_string(number)))
      ++number;
    return number;
  }

  /// What `writing_` holds, in one transaction. Only flush() changes it, under write_.
  void write() {
    transaction all(writer_);
    for (const auto& [key, one] : writing_.trades())
      insert_trade_.run(key.first, key.second, one.price, one.size, one.buyer_is_maker, one.at);
    for (const auto& [key, one] : writing_.candles()) {
      auto next = one;
      written_candles_.put({std::get<0>(key)}, std::get<1>(key), next);
    }
    crash_point("tape-inserted");
    all.commit();
    crash_point("tape-committed");
  }

  /// The buffer is full: writes it, or, when the disk does not take it, drops the oldest. Never
  /// throws: market data flows on.
  void make_room() {
    std::string why;
    try {
      flush();
    } catch (const std::exception& problem) {
      why = problem.what();
    }
    const std::lock_guard hold(buffers_);
    if (pending_.count() < buffered_max) return;
    dropped_ += pending_.shrink(room_after_shrink);
    if (!why.empty()) why_dropped_ = std::move(why);
  }

  std::mutex write_, read_, buffers_;
  database writer_; // and its statements: write_
  statement insert_trade_;
  candle_table written_candles_;
  database reader_; // and its statements: read_
  statement find_trades_;
  candle_table stored_candles_;
  tape_buffer pending_, writing_; // buffers_
  std::unordered_map<std::uint64_t, std::uint64_t> last_ids_;
  std::uint64_t dropped_ = 0;
  std::string note_, why_dropped_;
};

} // namespace

std::unique_ptr<tape_store> open_tape_store(const std::string& data_directory) {
  return std::make_unique<sqlite_tape>(data_directory + "/tape.sqlite");
}

} // namespace rialto::storage
