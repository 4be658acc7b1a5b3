#include "storage/projected_accounts.hpp"

namespace rialto::storage {

projected_accounts::projected_accounts(database& file)
    : insert_account_(file.prepare(
        "INSERT INTO accounts VALUES(?, ?, ?, 0, 0, x'') "
        "ON CONFLICT(id) DO UPDATE SET owner = excluded.owner, label = excluded.label")),
      load_account_(
        file.prepare("SELECT last_order, last_entry, flows FROM accounts WHERE id = ?")),
      save_account_(file.prepare("INSERT INTO accounts VALUES(?, 0, '', ?, ?, ?) "
                                 "ON CONFLICT(id) DO UPDATE SET last_order = excluded.last_order, "
                                 "last_entry = excluded.last_entry, flows = excluded.flows")),
      load_balances_(file.prepare("SELECT asset, available, available_e18, hold, hold_e18 "
                                  "FROM balances WHERE account = ?")),
      save_balance_(file.prepare("INSERT OR REPLACE INTO balances VALUES(?, ?, ?, ?, ?, ?)")),
      insert_mark_(file.prepare("INSERT OR REPLACE INTO flow_marks VALUES(?, ?, ?, ?)")),
      load_system_(
        file.prepare("SELECT kind, number, asset, amount, amount_e18 FROM system_balances")),
      save_system_(file.prepare("INSERT OR REPLACE INTO system_balances VALUES(?, ?, ?, ?, ?)")) {
  load_system();
}

void projected_accounts::load_system() {
  load_system_.with();
  while (load_system_.step())
    system_[{{static_cast<ledger_kind>(load_system_.integer(0)), load_system_.number(1)},
             load_system_.text(2)}]
      .amount = sum_of({load_system_.integer(3), load_system_.integer(4)});
}

void projected_accounts::open(const account_opened& one) {
  insert_account_.run(one.account, one.owner, one.label);
}

projected_accounts::state& projected_accounts::touch(account_id account) {
  const auto [at, is_new] = cached_.try_emplace(account);
  auto& one = at->second;
  if (is_new) {
    load_account_.with(account);
    if (load_account_.step()) {
      one.last_order = load_account_.number(0);
      one.last_entry = load_account_.number(1);
      const auto flows = load_account_.bytes(2);
      if (!flows.empty() && !one.flows.decode(flows))
        throw journal_error("read models: the flows of account " + std::to_string(account.value) +
                            " do not decode");
    }
    load_account_.reset();
    load_balances_.with(account);
    while (load_balances_.step())
      one.balances.push_back(
        {load_balances_.text(0), sum_of({load_balances_.integer(1), load_balances_.integer(2)}),
         sum_of({load_balances_.integer(3), load_balances_.integer(4)}), false});
  }
  if (!one.is_dirty) {
    one.is_dirty = true;
    dirty_.push_back(account);
  }
  return one;
}

void projected_accounts::book(account_id account, state& mine, const entry& one) {
  mine.last_entry = one.id;
  mine.flows.add(one);
  if (!mine.flows.is_at_mark()) return;
  bytes_.clear();
  mine.flows.encode(bytes_);
  insert_mark_.run(account, one.at, one.id, blob_view{bytes_});
}

void projected_accounts::post(const std::vector<posting>& legs, state* mine) {
  for (const auto& leg : legs) {
    const bool is_available = leg.to.kind == ledger_kind::available;
    if (!is_available && leg.to.kind != ledger_kind::hold) {
      auto& sum = system_[{leg.to, leg.asset}];
      sum.amount += leg.amount.value;
      sum.is_dirty = true;
      continue;
    }
    auto at = mine->balances.begin(); // an account has few assets
    while (at != mine->balances.end() && at->asset != leg.asset) ++at;
    if (at == mine->balances.end()) at = mine->balances.insert(at, {leg.asset, 0, 0, false});
    (is_available ? at->available : at->hold) += leg.amount.value;
    at->is_dirty = true;
  }
}

void projected_accounts::save() {
  for (const auto account : dirty_) {
    auto& one = cached_[account];
    one.is_dirty = false;
    bytes_.clear();
    if (one.flows.entries() != 0) one.flows.encode(bytes_);
    save_account_.run(account, one.last_order, one.last_entry, blob_view{bytes_});
    for (auto& balance : one.balances) {
      if (!balance.is_dirty) continue;
      balance.is_dirty = false;
      const auto available = columns_of(balance.available), hold = columns_of(balance.hold);
      save_balance_.run(account, balance.asset, available.low, available.high, hold.low, hold.high);
    }
  }
  dirty_.clear();
  for (auto& [key, sum] : system_) {
    if (!sum.is_dirty) continue;
    sum.is_dirty = false;
    const auto amount = columns_of(sum.amount);
    save_system_.run(key.first.kind, key.first.number, key.second, amount.low, amount.high);
  }
  if (cached_.size() > cached_max) cached_.clear(); // all of it is in the file
}

void projected_accounts::forget() {
  cached_.clear();
  dirty_.clear();
  system_.clear();
  load_system();
}

} // namespace rialto::storage
