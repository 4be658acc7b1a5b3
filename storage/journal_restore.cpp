#include "storage/journal_restore.hpp"

#include "storage/data_lock.hpp"
#include "storage/event_codec.hpp"
#include "storage/migrations.hpp"
#include "storage/record.hpp"
#include "storage/restore_source.hpp"
#include "storage/sqlite_row_id.hpp"
#include "storage/unsynced_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace rialto::storage {

namespace {

constexpr std::size_t transaction_bytes = 8 << 20;

/// Not a source's fault: the whole attempt ends.
struct target_problem : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the events tell of the tables beside the rows.
class derived_tables {
public:
  /// False if an event cannot be decoded.
  [[nodiscard]] bool take(const record& one) {
    switch (one.stream.kind()) {
    case entity_kind::user: return take_events<user_event>(one, "user");
    case entity_kind::account: return take_events<account_event>(one, "account");
    case entity_kind::market: return take_events<market_event>(one, "market");
    case entity_kind::order:
    case entity_kind::none: break;
    }
    return false;
  }
  std::map<std::string, entity_id, std::less<>> claims;
  std::map<std::string, std::uint64_t, std::less<>> last_ids;

private:
  template <class Event>
  [[nodiscard]] bool take_events(const record& one, const char* sequence) {
    note_id(sequence, one.stream.number());
    byte_reader in(one.events);
    Event event;
    for (std::uint32_t i = 0; i < one.event_count; ++i) {
      if (!decode_event(in, event)) return false;
      take_event(event, one.stream);
    }
    return in.done();
  }
  void take_event(const user_event& event, entity_id stream) {
    if (const auto* made = std::get_if<user_registered>(&event))
      claims.try_emplace("email:" + made->email, stream);
    if (const auto* made = std::get_if<account_added>(&event))
      note_id("account", made->account.value);
  }
  void take_event(const market_event& event, entity_id stream) {
    if (const auto* made = std::get_if<instrument_listed>(&event))
      claims.try_emplace("symbol:" + made->spec.symbol, stream);
  }
  void take_event(const account_event& event, entity_id) {
    if (const auto* made = std::get_if<order_placed>(&event))
      note_id("order", made->order.id.value);
    if (const auto* made = std::get_if<list_placed>(&event))
      for (const auto& one : made->orders) note_id("order", one.id.value);
    if (const auto* made =
          std::get_if<sliced_order_placed>(&event)) // its slices' ids follow its own
      note_id("order", made->order.id.value + made->slicing.slices);
  }
  void note_id(std::string_view sequence, std::uint64_t id) {
    auto at = last_ids.find(sequence);
    if (at == last_ids.end()) at = last_ids.emplace(sequence, 0).first;
    at->second = std::max(at->second, id);
  }
};

/// One new journal.sqlite under a temporary name.
class restoration {
public:
  restoration(restore_sources& sources, const std::string& path)
      : sources_(sources), into_(path, {.sync = sync_mode::normal}) {
    migrate(into_, "journal");
    insert_ = into_.prepare("INSERT INTO journal(id, epoch, blob) VALUES(?, ?, ?)");
  }

  restore_outcome run() {
    into_.exec("BEGIN");
    for (const auto shard : sources_.shards()) copy_shard(shard);
    copy_tables();
    into_.exec("COMMIT");
    into_.exec("PRAGMA synchronous=FULL");
    into_.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    done_.notes.insert(done_.notes.end(), sources_.notes.begin(), sources_.notes.end());
    return std::move(done_);
  }

private:
  void copy_shard(shard_id shard) {
    next_ = 1;
    for (const auto last = sources_.last(shard); next_ <= last;) {
      const auto before = next_;
      std::string why;
      for (const auto& one : sources_.all) {
        if (!one->holds(shard, next_)) continue;
        try {
          one->read(next_, [&](position at, epoch of, std::string_view blob) {
            take_row(shard, at, of, blob);
          });
        } catch (const journal_error& problem) {
          why += std::string(why.empty() ? "" : "; ") + problem.what();
        }
      }
      if (next_ == before)
        throw target_problem("row " + std::to_string(next_) + " of shard " + std::to_string(shard) +
                             " is in no source" +
                             (why.empty() ? why : " that can be read: " + why));
      if (!why.empty()) done_.notes.push_back(why);
    }
    done_.last[shard] = next_ - 1;
  }

  /// Throws journal_error when the source is to blame.
  void take_row(shard_id shard, position at, epoch of, std::string_view blob) {
    const auto words = "row " + std::to_string(at) + " of shard " + std::to_string(shard);
    if (at != next_) throw journal_error(words + " follows row " + std::to_string(next_ - 1));
    const auto records = read_blob(blob);
    if (!records) throw journal_error(words + " is damaged");
    for (const auto& one : *records)
      if (!derived_.take(one)) throw target_problem(words + " has an event of an unknown kind");
    try {
      insert_.run(row_id(shard, at), of, blob_view{blob});
      if ((open_bytes_ += blob.size()) >= transaction_bytes) {
        open_bytes_ = 0;
        into_.exec("COMMIT");
        into_.exec("BEGIN");
      }
    } catch (const journal_error& problem) {
      throw target_problem(problem.what());
    }
    auto& known = sources_.epochs[shard];
    known = std::max(known, of);
    ++next_;
    ++done_.rows;
    done_.bytes += blob.size();
  }

  void copy_tables() {
    auto claims = sources_.claims;
    claims.insert(derived_.claims.begin(), derived_.claims.end());
    auto take_claim = into_.prepare("INSERT INTO claims(key, owner) VALUES(?, ?)");
    for (const auto& [key, owner] : claims) take_claim.run(key, owner);
    done_.claims = claims.size();

    auto next_ids = sources_.next_ids;
    for (const auto& [name, last] : derived_.last_ids)
      next_ids[name] = std::max(next_ids[name], last + 1);
    auto set_next = into_.prepare("INSERT INTO sequences(name, next) VALUES(?, ?)");
    for (const auto& [name, next] : next_ids)
      set_next.run(name, next + (name == "order" ? order_ids_skipped : ids_skipped));

    auto set_epoch = into_.prepare("INSERT INTO shards(shard, epoch) VALUES(?, ?)");
    for (const auto& [shard, at_epoch] : sources_.epochs) set_epoch.run(shard, at_epoch);
  }

  restore_sources& sources_;
  database into_;
  statement insert_;
  derived_tables derived_;
  position next_ = 1;
  std::size_t open_bytes_ = 0;
  restore_outcome done_;
};

} // namespace

restore_outcome restore_journal(const std::vector<std::string>& paths, const std::string& target) {
  if (std::filesystem::exists(target + "/journal.sqlite"))
    throw journal_error(target + " has a journal already; name a new directory");
  if (!list_archives(target + "/archive").empty())
    throw journal_error(target + " has archives already; name a new directory");
  restore_sources sources(paths);
  const data_lock lock(target);
  const auto path = target + "/journal.sqlite.unfinished";
  move_database(path, "");
  try {
    auto done = restoration(sources, path).run();
    if (std::rename(path.c_str(), (target + "/journal.sqlite").c_str()) != 0)
      throw target_problem(path + ": cannot be renamed: " + std::strerror(errno));
    sync_directory(target);
    return done;
  } catch (const target_problem& problem) {
    move_database(path, "");
    throw journal_error(problem.what());
  } catch (...) {
    move_database(path, "");
    throw;
  }
}

} // namespace rialto::storage
