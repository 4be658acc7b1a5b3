#include "storage/crash_point.hpp"
#include "storage/event_codec.hpp"
#include "storage/projected_orders.hpp"
#include "storage/read_entries.hpp"
#include "storage/read_models.hpp"
#include "storage/unsynced_file.hpp"

#include <sqlite3.h>

#include <utility>

namespace rialto::storage {

namespace {

const std::string file_name = "/read.sqlite";

/// Everything that is bound to one open file, so that a file can be replaced as a whole.
struct projection {
  explicit projection(database& file)
      : accounts(file), orders(file),
        load_cursor(file.prepare("SELECT position FROM cursors WHERE shard = ?")),
        save_cursor(file.prepare("INSERT OR REPLACE INTO cursors VALUES(?, ?)")),
        insert_user(file.prepare("INSERT OR IGNORE INTO users VALUES(?, ?, ?, ?, ?)")),
        update_user(file.prepare("UPDATE users SET status = ? WHERE id = ?")),
        insert_user_account(file.prepare("INSERT OR IGNORE INTO user_accounts VALUES(?, ?, ?)")),
        insert_transfer(file.prepare("INSERT INTO transfers VALUES(?, ?, ?, ?, ?, ?, ?)")),
        insert_market(file.prepare("INSERT OR IGNORE INTO markets VALUES(?, ?, ?)")),
        load_markets(file.prepare("SELECT id, base, quote FROM markets")),
        insert_entries(file.prepare("INSERT INTO entries VALUES(?, ?)")),
        load_last_entry(file.prepare("SELECT id, bytes FROM entries ORDER BY id DESC LIMIT 1")) {
    load();
  }

  /// What is kept in memory, from the file; also after a rollback.
  void load() {
    accounts.forget();
    orders.forget();
    markets.clear();
    load_markets.with();
    while (load_markets.step())
      markets[{load_markets.number(0)}] = {load_markets.text(1), load_markets.text(2)};
    load_last_entry.with();
    last_entry = 0;
    if (load_last_entry.step())
      if (const auto last =
            entry_pack::find(load_last_entry.bytes(1), load_last_entry.number(0), UINT64_MAX))
        last_entry = last->id;
    load_last_entry.reset();
    pack.clear();
  }

  /// Numbers an entry and puts it behind the others; returns its id.
  std::uint64_t add(const entry& one) {
    pack.add(one);
    ++last_entry;
    if (pack.is_full()) save_entries();
    return last_entry;
  }
  void save_entries() {
    if (pack.count() == 0) return;
    insert_entries.run(last_entry + 1 - pack.count(), blob_view{pack.bytes()});
    pack.clear();
  }

  projected_accounts accounts;
  projected_orders orders;
  statement load_cursor, save_cursor, insert_user, update_user, insert_user_account,
    insert_transfer, insert_market, load_markets, insert_entries, load_last_entry;
  std::unordered_map<market_id, asset_pair> markets; // order never matters: looked up only
  std::uint64_t last_entry = 0;
  entry_pack pack; // entries of this transaction that have no row yet
};

class sqlite_projector final : public projector {
public:
  explicit sqlite_projector(const std::string& path) : path_(path) {
    auto found = open_unsynced(path, "read");
    if (found.trust != file_trust::whole) {
      note_ = found.why + "; it was dropped and is projected again from the journal";
      found.open = {};
      move_database(path, "");
      found = open_unsynced(path, "read");
      if (found.trust != file_trust::whole) throw journal_error(found.why);
    }
    file_ = std::move(found.open);
    file_.exec("PRAGMA cache_size=-16384"); // 16 MB: the pages that appends and open orders touch
    into_ = std::make_unique<projection>(file_);
  }
  ~sqlite_projector() override {
    into_.reset();
    if (!is_lost_) close_unsynced(file_);
  }

  position cursor(shard_id shard) override {
    auto& load = into_->load_cursor.with(shard);
    const position at = load.step() ? load.number(0) : 0;
    load.reset();
    return at;
  }

  void project(const std::vector<shard_rows>& rows) override {
    if (is_stale_) into_->load();
    is_stale_ = true; // until it is committed
    try {
      transaction all(file_);
      for (const auto& one : rows) take_rows(one);
      into_->save_entries();
      into_->orders.save();
      into_->accounts.save();
      crash_point("projection-inserted");
      all.commit();
      crash_point("projection-committed");
      is_stale_ = false;
    } catch (const sqlite_error& problem) {
      drop_if_damaged(problem);
      throw;
    }
  }

  void reset() override {
    transaction all(file_);
    for (const auto* table :
         {"cursors", "users", "user_accounts", "accounts", "markets", "orders", "open_orders",
          "entries", "transfers", "flow_marks", "balances", "system_balances"})
      file_.exec(std::string("DELETE FROM ") + table);
    all.commit();
    into_->load();
  }

  std::string note() override { return std::exchange(note_, {}); }

private:
  /// A file that turns out to be damaged is removed, so that the next start projects it again;
  /// until then readers keep what they have open.
  void drop_if_damaged(const sqlite_error& problem) {
    const auto code = problem.code & 0xff;
    if (code != SQLITE_CORRUPT && code != SQLITE_NOTADB) return;
    is_lost_ = true;
    move_database(path_, "");
    throw journal_error(std::string(problem.what()) +
                        "; the file was removed and is projected again at the next start");
  }

  void take_rows(const shard_rows& some) {
    const auto done = cursor(some.shard);
    if (some.first == 0 || some.first > done + 1)
      throw journal_error(path_ + ": shard " + std::to_string(some.shard) + " row " +
                          std::to_string(some.first) + " does not follow row " +
                          std::to_string(done));
    const auto end = some.first + some.blobs.size();
    if (end <= done + 1) return; // all of it was seen
    for (auto at = done + 1; at < end; ++at) take_row(some.shard, at, some.blobs[at - some.first]);
    into_->save_cursor.run(some.shard, end - 1);
  }

  void take_row(shard_id shard, position at, std::string_view blob) {
    bool is_sound = frame_blob(blob, frames_);
    for (std::size_t i = 0; is_sound && i < frames_.size(); ++i) is_sound = take(frames_[i]);
    if (!is_sound)
      throw journal_error("journal shard " + std::to_string(shard) + " row " + std::to_string(at) +
                          ": its checksum, framing or an event is wrong; see rialto journal "
                          "verify");
  }

  [[nodiscard]] bool take(const record_frame& one) {
    switch (one.stream.kind()) {
    case entity_kind::account: return take_events<account_event>(one);
    case entity_kind::market: return take_events<market_event>(one);
    case entity_kind::user: return take_events<user_event>(one);
    case entity_kind::order:
    case entity_kind::none: break;
    }
    return false;
  }

  template <class Event>
  [[nodiscard]] bool take_events(const record_frame& one) {
    byte_reader in(one.events);
    Event event;
    for (std::uint32_t i = 0; i < one.event_count; ++i) {
      if (!decode_event(in, event)) return false;
      take_event(event, one, one.first_event + i);
    }
    return in.done();
  }

  void take_event(const user_event& event, const record_frame& from, std::uint64_t) {
    const user_id self{from.stream.number()};
    if (const auto* one = std::get_if<user_registered>(&event))
      into_->insert_user.run(one->id, one->email, one->role, from.at, user_status::active);
    else if (const auto* added = std::get_if<account_added>(&event))
      into_->insert_user_account.run(self, added->account, added->label);
    else if (const auto* changed = std::get_if<user_status_changed>(&event))
      into_->update_user.run(changed->status, self);
  }

  void take_event(const market_event& event, const record_frame& from, std::uint64_t) {
    const market_id market{from.stream.number()};
    if (const auto* listed = std::get_if<instrument_listed>(&event))
      note_market(market, listed->spec.base, listed->spec.quote);
    const auto* trade = std::get_if<trade_executed>(&event);
    if (trade == nullptr || (trade->taker && trade->maker)) return; // the house is not in it
    const auto& assets = into_->markets[market];
    into_->accounts.post(postings_of(event, market, assets.base, assets.quote), nullptr);
  }

  void take_event(const account_event& event, const record_frame& from, std::uint64_t number) {
    const account_id self{from.stream.number()};
    if (const auto* opened = std::get_if<account_opened>(&event)) {
      into_->accounts.open(*opened);
      return;
    }
    auto& account = into_->accounts.touch(self);
    into_->accounts.post(postings_of(event, self), &account);
    const event_place at{self, account, number, from.at};
    std::visit(
      [&](const auto& one) {
        if constexpr (requires { follow(one, at); }) follow(one, at);
      },
      event);
  }

  struct event_place {
    account_id self;
    projected_accounts::state& account;
    std::uint64_t number; // in the account's stream
    timestamp_ns now;
  };

  void follow(const order_placed& one, const event_place& at) {
    auto order = order_of(one.order, one, at);
    order.view.client_order_id = one.client_order_id;
    into_->orders.place(std::move(order));
  }

  void follow(const list_placed& one, const event_place& at) {
    for (const auto& wish : one.orders) {
      auto order = order_of(wish, one, at);
      order.view.list = one.list;
      if (wish.id == one.list)
        order.view.client_order_id = one.client_order_id;
      else
        order.view.is_pending = one.has_entry;
      into_->orders.place(std::move(order));
    }
  }

  void follow(const sliced_order_placed& one, const event_place& at) {
    auto order = order_of(one.order, one, at);
    const auto& how = one.slicing;
    order.view.client_order_id = one.client_order_id;
    auto& shown = order.view.slicing.emplace();
    shown.kind = how.kind;
    shown.is_by_volume = !how.weights.empty();
    shown.start_at = shown.next_at = how.start_at;
    shown.end_at = {how.start_at.value + how.duration_ns};
    shown.slices = how.slices;
    into_->orders.place(std::move(order));
  }

  void follow(const slice_placed& one, const event_place& at) {
    auto* whole = into_->orders.find(one.parent);
    if (whole == nullptr) return;
    projected_order order;
    order.view = whole->view; // market, side, price
    auto& view = order.view;
    view.id = one.order.id;
    view.parent = one.parent;
    view.slicing.reset();
    view.client_order_id.clear();
    view.tif = one.order.tif;
    view.status = order_status::new_order;
    view.size = one.order.size;
    view.executed = view.prevented = {};
    view.executed_quote = {};
    view.created_at = view.updated_at = at.now;
    ++whole->view.slicing->sent;
    note_slice(whole->view, one.number);
    into_->orders.place(std::move(order));
  }
  void follow(const slice_passed& one, const event_place&) {
    if (auto* whole = into_->orders.find(one.parent)) note_slice(whole->view, one.number);
  }
  static void note_slice(order_view& whole, std::uint32_t number) {
    auto& how = *whole.slicing;
    const auto duration_ns = how.end_at.value - how.start_at.value;
    how.next_at = number < how.slices ? slice_due(how.start_at, duration_ns, how.slices, number + 1)
                                      : timestamp_ns{};
  }
  /// What its slice traded.
  void note_slice_fill(order_id parent, const fill_view& fill, const event_place& at) {
    auto* whole = into_->orders.find(parent);
    if (whole == nullptr) return;
    auto& view = whole->view;
    view.executed += fill.size;
    view.executed_quote += fill.notional;
    view.updated_at = at.now;
    view.status = order_status::partially_filled;
  }

  template <class Placed>
  projected_order order_of(const submit_order& wish, const Placed& one, const event_place& at) {
    note_market(one.market, one.base, one.quote);
    projected_order order;
    auto& view = order.view;
    view.id = wish.id;
    view.account = at.self;
    view.market = one.market;
    view.way = wish.way;
    view.type = wish.type;
    view.tif = wish.tif;
    view.price = wish.price;
    if (wish.quote_target.value == 0) view.size = wish.size; // else it only bounds what may trade
    view.quote_quantity = wish.quote_target;
    view.created_at = view.updated_at = at.now;
    view.stp = wish.stp;
    view.rules = wish.rules;
    return order;
  }

  void follow(const exits_settled& one, const event_place& at) {
    for (const auto id : one.exits) {
      auto* order = into_->orders.find(id);
      if (order == nullptr) continue;
      order->view.size = one.size;
      order->view.is_pending = false;
      order->view.updated_at = at.now;
    }
  }

  void follow(const fill_settled& one, const event_place& at) {
    note_market(one.market, one.base_asset, one.quote_asset);
    auto* order = into_->orders.find(one.id);
    const auto& fill = one.fill;
    const auto id = book({0, at.account.last_entry, order != nullptr ? order->last_entry : 0,
                          at.number, at.self, at.now, one},
                         at.account);
    if (order == nullptr) return; // `journal verify` is what notices; a projection cannot say no
    order->last_entry = id;
    auto& view = order->view;
    view.executed += fill.size;
    view.executed_quote += fill.notional;
    view.updated_at = at.now;
    view.status = one.is_last ? order_status::filled : order_status::partially_filled;
    const auto parent = view.parent;
    if (one.is_last) into_->orders.close(*order, at.account);
    if (parent) note_slice_fill(parent, fill, at);
  }

  void follow(const order_done& one, const event_place& at) {
    auto* order = into_->orders.find(one.id);
    if (order == nullptr) return;
    order->view.status = one.status;
    order->view.reason = one.reason;
    order->view.updated_at = at.now;
    into_->orders.close(*order, at.account);
  }

  void follow(const order_cut& one, const event_place& at) {
    auto* order = into_->orders.find(one.id);
    if (order == nullptr) return;
    order->view.prevented += one.size;
    order->view.updated_at = at.now;
    const auto parent = order->view.parent;
    if (!parent) return;
    order = into_->orders.find(parent);
    if (order == nullptr) return;
    order->view.prevented += one.size;
    order->view.updated_at = at.now;
  }

  void follow(const trigger_noted& one, const event_place& at) {
    auto* order = into_->orders.find(one.id);
    if (order == nullptr) return;
    order->view.is_triggered = true;
    order->view.updated_at = at.now;
  }

  void follow(const amend_settled& one, const event_place& at) {
    auto* order = into_->orders.find(one.id);
    if (order == nullptr) return;
    order->view.price = one.price;
    order->view.size = one.size;
    order->view.updated_at = at.now;
  }

  void follow(const transferred& one, const event_place& at) {
    const auto id =
      book({0, at.account.last_entry, 0, at.number, at.self, at.now, one}, at.account);
    into_->insert_transfer.run(id, at.self, one.kind, one.asset, one.amount, one.reference, at.now);
  }

  /// Puts an entry behind the others and into its account; returns its id.
  std::uint64_t book(entry one, projected_accounts::state& account) {
    one.id = into_->add(one);
    into_->accounts.book(one.account, account, one);
    return one.id;
  }

  void note_market(market_id market, const std::string& base, const std::string& quote) {
    const auto [at, is_new] = into_->markets.try_emplace(market);
    if (!is_new) return;
    at->second = {base, quote};
    into_->insert_market.run(market, base, quote);
  }

  std::string path_, note_;
  std::vector<record_frame> frames_; // of the blob at hand
  bool is_lost_ = false;
  bool is_stale_ = false; // what is in memory is not what the file holds
  database file_;
  std::unique_ptr<projection> into_; // after file_: its statements end before the file closes
};

} // namespace

std::unique_ptr<projector> open_projector(const std::string& data_directory) {
  return std::make_unique<sqlite_projector>(data_directory + file_name);
}

} // namespace rialto::storage
