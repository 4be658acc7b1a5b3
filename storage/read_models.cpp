#include "storage/read_models.hpp"

#include "domain/account_balances.hpp"
#include "storage/page_cursor.hpp"
#include "storage/projected_accounts.hpp"
#include "storage/read_rows.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>

namespace rialto::storage {

namespace {

constexpr std::uint32_t limit_max = 1'000;
constexpr std::uint32_t fills_max = 1'000;
/// Rows that one call looks at. A filter that matches fewer ends the page early, with a cursor.
constexpr std::uint32_t scanned_max = 20'000;
constexpr std::uint32_t users_scanned_max = 100'000; // a search of the addresses; a row is short

std::uint64_t newest() {
  return INT64_MAX;
}

std::uint32_t limit_of(const page_request& page) {
  if (page.limit == 0) throw std::invalid_argument("limit: 0, it must be 1 to 1000");
  return std::min(page.limit, limit_max);
}

/// One state of the file for all statements of a call.
class read_transaction {
public:
  explicit read_transaction(database& on) : on_(on) { on_.exec("BEGIN"); }
  ~read_transaction() {
    try {
      on_.exec("ROLLBACK");
    } catch (const std::exception&) {
      // The engine ended it by itself.
    }
  }
  read_transaction(const read_transaction&) = delete;
  read_transaction& operator=(const read_transaction&) = delete;

private:
  database& on_;
};

/// Calls are serialised by a mutex, so an instance may be shared; callers that want to read side by
/// side open one each.
class sqlite_read_models final : public read_models {
public:
  explicit sqlite_read_models(const std::string& path)
      : file_(path, {.sync = sync_mode::off, .is_read_only = true}), rows_(file_) {
    find_users_ = file_.prepare("SELECT id, email, role, created_at, status FROM users "
                                "WHERE id <= ? ORDER BY id DESC");
    find_user_accounts_ =
      file_.prepare("SELECT account, label FROM user_accounts WHERE owner = ? ORDER BY account");
    find_transfers_ = file_.prepare("SELECT id, account, kind, asset, amount, reference, at "
                                    "FROM transfers WHERE id <= ? ORDER BY id DESC");
    find_transfers_of_ =
      file_.prepare("SELECT id, account, kind, asset, amount, reference, at "
                    "FROM transfers WHERE account = ?2 AND id <= ?1 ORDER BY id DESC");
    find_balances_ = file_.prepare("SELECT asset, available, available_e18, hold, hold_e18 "
                                   "FROM balances WHERE account = ? ORDER BY asset");
    find_system_ = file_.prepare("SELECT kind, number, asset, amount, amount_e18 "
                                 "FROM system_balances ORDER BY kind, number, asset");
  }

  std::optional<order_view> order(account_id account, order_id id) override {
    const call guard(*this);
    auto found = rows_.order_at(id.value);
    if (!found || found->view.id != id || found->view.account != account) return {};
    auto& view = found->view;
    for (auto next = found->last_entry; next != 0 && view.fills.size() < fills_max;) {
      const auto fill = rows_.entry_at(next);
      if (!fill) break;
      view.fills.push_back(execution_of(*fill).fill);
      next = fill->order_previous;
    }
    std::reverse(view.fills.begin(), view.fills.end());
    return std::move(view);
  }

  page<order_view> orders(const order_filter& filter, const page_request& request) override {
    const call guard(*this);
    const auto limit = limit_of(request);
    const auto owner = filter.account.value;
    page<order_view> out;
    auto next =
      start_of(request, "orders", owner, [&] { return rows_.heads_of(filter.account).first; });
    for (std::uint32_t scanned = 0; next != 0; ++scanned) {
      if (scanned == scanned_max) {
        out.next = to_text({next, 0}, "orders", owner);
        break;
      }
      auto found = rows_.order_at(next);
      if (!found || !is_of(found->view.account, filter.account)) break;
      const bool matches = (!filter.market || found->view.market == filter.market) &&
                           (!filter.status || found->view.status == *filter.status);
      if (matches && out.rows.size() == limit) {
        out.next = to_text({found->view.id.value, 0}, "orders", owner);
        break;
      }
      next = filter.account ? found->previous : found->view.id.value - 1;
      if (matches) out.rows.push_back(std::move(found->view));
    }
    return out;
  }

  page<execution_row> executions(account_id account, market_id market, order_id order,
                                 const page_request& request) override {
    const call guard(*this);
    const auto limit = limit_of(request);
    const std::string list = order ? "executions/" + std::to_string(order.value) : "executions";
    page<execution_row> out;
    auto next = start_of(request, list, account.value, [&] {
      return order ? rows_.last_fill_of(order) : rows_.heads_of(account).second;
    });
    for (std::uint32_t scanned = 0; next != 0; ++scanned) {
      if (scanned == scanned_max) {
        out.next = to_text({next, 0}, list, account.value);
        break;
      }
      const auto found = rows_.entry_at(next);
      if (!found || !is_of(found->account, account)) break;
      const auto* fill = std::get_if<fill_settled>(&found->happened);
      const bool matches =
        fill != nullptr && (!market || fill->market == market) && (!order || fill->id == order);
      if (matches && out.rows.size() == limit) {
        out.next = to_text({found->id, 0}, list, account.value);
        break;
      }
      next = order ? found->order_previous : account ? found->previous : found->id - 1;
      if (matches) out.rows.push_back(execution_of(*found));
    }
    return out;
  }

  page<ledger_row> ledger(account_id account, std::string_view asset,
                          const page_request& request) override {
    const call guard(*this);
    const auto limit = limit_of(request);
    if (!account) throw std::invalid_argument("account: 0, a ledger is of one account");
    page<ledger_row> out;
    auto at = request.cursor.empty() ? page_cursor{rows_.heads_of(account).second, 0}
                                     : parse_page_cursor(request.cursor, "ledger", account.value);
    for (std::uint32_t scanned = 0; at.row != 0; ++scanned) {
      if (scanned == scanned_max) {
        out.next = to_text(at, "ledger", account.value);
        break;
      }
      const auto found = rows_.entry_at(at.row);
      if (!found || found->account != account) break;
      auto rows = ledger_rows_of(*found);
      std::reverse(rows.begin(), rows.end());
      for (; at.leg < rows.size(); ++at.leg) {
        auto& row = rows[at.leg];
        if (!asset.empty() && row.asset != asset) continue;
        if (out.rows.size() == limit) {
          out.next = to_text(at, "ledger", account.value);
          return out;
        }
        out.rows.push_back(std::move(row));
      }
      at = {found->previous, 0};
    }
    return out;
  }

  std::vector<statement_row> statement_of(account_id account, timestamp_ns from,
                                          timestamp_ns to) override {
    const call guard(*this);
    const auto before = rows_.flows_before(account, from);
    const auto after = rows_.flows_before(account, to);
    std::vector<statement_row> rows;
    for (const auto& [asset, until] : after.assets()) { // what was there before is there after
      auto moved = until;
      wide_units opening = 0;
      if (const auto at = before.assets().find(asset); at != before.assets().end()) {
        moved -= at->second;
        opening = at->second.sum();
      }
      const statement_row row{asset,
                              capped(opening),
                              capped(moved.deposits),
                              capped(moved.withdrawals),
                              capped(moved.bought),
                              capped(moved.sold),
                              capped(moved.fees),
                              capped(moved.rebates),
                              capped(until.sum())};
      const bool has_moved = moved.deposits + moved.withdrawals + moved.bought + moved.sold +
                               moved.fees + moved.rebates !=
                             0;
      if (has_moved || row.opening.value != 0) rows.push_back(row);
    }
    return rows;
  }

  page<user_row> users(std::string_view search, const page_request& request) override {
    const call guard(*this);
    const auto limit = limit_of(request);
    page<user_row> out;
    find_users_.with(start_of(request, "users", 0, newest));
    for (std::uint32_t scanned = 0; find_users_.step(); ++scanned) {
      user_row row;
      row.user.value = find_users_.number(0);
      row.email = find_users_.text(1);
      const bool matches =
        row.email.find(search) != std::string::npos || std::to_string(row.user.value) == search;
      if (scanned == users_scanned_max || (matches && out.rows.size() == limit)) {
        out.next = to_text({row.user.value, 0}, "users", 0);
        break;
      }
      if (!matches) continue;
      row.role = static_cast<user_role>(find_users_.integer(2));
      row.created_at.value = find_users_.integer(3);
      row.status = static_cast<user_status>(find_users_.integer(4));
      out.rows.push_back(std::move(row));
    }
    find_users_.reset();
    for (auto& row : out.rows) {
      find_user_accounts_.with(row.user);
      while (find_user_accounts_.step())
        row.accounts.push_back({{find_user_accounts_.number(0)}, find_user_accounts_.text(1)});
    }
    return out;
  }

  page<transfer_row> transfers(account_id account, std::string_view asset,
                               const page_request& request) override {
    const call guard(*this);
    const auto limit = limit_of(request);
    const auto start = start_of(request, "transfers", account.value, newest);
    auto& found = account ? find_transfers_of_.with(start, account) : find_transfers_.with(start);
    page<transfer_row> out;
    for (std::uint32_t scanned = 0; found.step(); ++scanned) {
      transfer_row row;
      row.account.value = found.number(1);
      row.kind = static_cast<transfer_kind>(found.integer(2));
      row.asset = found.text(3);
      const bool matches = asset.empty() || row.asset == asset;
      if (scanned == scanned_max || (matches && out.rows.size() == limit)) {
        out.next = to_text({found.number(0), 0}, "transfers", account.value);
        break;
      }
      if (!matches) continue;
      row.amount.value = found.integer(4);
      row.reference = found.text(5);
      row.at.value = found.integer(6);
      out.rows.push_back(std::move(row));
    }
    found.reset();
    return out;
  }

  std::vector<balance_row> balances(account_id account) override {
    const call guard(*this);
    std::vector<balance_row> rows;
    find_balances_.with(account);
    while (find_balances_.step())
      rows.push_back({account, find_balances_.text(0),
                      capped(sum_of({find_balances_.integer(1), find_balances_.integer(2)})),
                      capped(sum_of({find_balances_.integer(3), find_balances_.integer(4)}))});
    return rows;
  }

  std::vector<ledger_row> system_balances() override {
    const call guard(*this);
    std::vector<ledger_row> rows;
    find_system_.with();
    while (find_system_.step()) {
      ledger_row row;
      row.ledger_account = to_string(
        ledger_account{static_cast<ledger_kind>(find_system_.integer(0)), find_system_.number(1)});
      row.asset = find_system_.text(2);
      row.amount = capped(sum_of({find_system_.integer(3), find_system_.integer(4)}));
      row.kind = "balance";
      rows.push_back(std::move(row));
    }
    return rows;
  }

private:
  /// The lock and the read transaction of one call.
  struct call {
    explicit call(sqlite_read_models& on) : hold(on.lock_), reading(on.file_) {}
    std::lock_guard<std::mutex> hold;
    read_transaction reading;
  };

  static bool is_of(account_id found, account_id wanted) { return !wanted || found == wanted; }

  template <class Head>
  std::uint64_t start_of(const page_request& request, std::string_view list, std::uint64_t owner,
                         Head&& head) {
    return request.cursor.empty() ? head() : parse_page_cursor(request.cursor, list, owner).row;
  }

  std::mutex lock_;
  database file_;
  row_reader rows_;
  statement find_users_, find_user_accounts_, find_transfers_, find_transfers_of_, find_balances_,
    find_system_;
};

} // namespace

std::unique_ptr<read_models> open_read_models(const std::string& data_directory) {
  return std::make_unique<sqlite_read_models>(data_directory + "/read.sqlite");
}

} // namespace rialto::storage
