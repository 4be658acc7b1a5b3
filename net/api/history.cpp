// What happened: executions, ledger entries and everybody's transfers, from the read models.
#include "domain/time_text.hpp"
#include "domain/words.hpp"
#include "net/api/handlers.hpp"
#include "net/api/order_json.hpp"
#include "net/api/query.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

namespace {

/// The query's asset; empty when it is absent.
std::string take_asset(query_reader& query) {
  const auto asset = query.text("asset");
  const bool is_asset = asset.size() <= 10 && std::all_of(asset.begin(), asset.end(), [](char c) {
                          return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                        });
  if (!is_asset) query.refuse("asset", "must be at most 10 characters A-Z and 0-9");
  return std::string(asset);
}

std::string booked_json(const storage::transfer_row& row) {
  return fmt::format(
    R"({{"account_id":{},"kind":"{}","asset":"{}","amount":"{}","reference":{},"time":"{}"}})",
    row.account.value, to_text(row.kind), row.asset, format_amount(row.amount),
    json_text(row.reference), format_time(row.at));
}

} // namespace

void get_executions(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto market = query.market(*at.gate().markets());
  const auto page = query.page();
  const order_id order{query.number("order_id", 0, (std::uint64_t{1} << 56) - 1)};
  if (!query.ok()) return;
  using rows = storage::page<storage::execution_row>;
  at.read_current<rows>(
    from,
    [account = from->account, market, order, page](storage::read_models& models) {
      return models.executions(account, market, order, page);
    },
    [&at, from](const rows& found) {
      const auto markets = at.gate().markets();
      from->done(200, page_json(found.rows, found.next, [&](const storage::execution_row& row) {
                   return execution_json(row, *markets);
                 }));
    });
}

void get_ledger(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto page = query.page();
  const auto asset = take_asset(query);
  if (!query.ok()) return;
  using rows = storage::page<storage::ledger_row>;
  at.read_current<rows>(
    from,
    [account = from->account, asset, page](storage::read_models& models) {
      return models.ledger(account, asset, page);
    },
    [from](const rows& found) { from->done(200, page_json(found.rows, found.next, ledger_json)); });
}

void get_transfers(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto page = query.page();
  const auto asset = take_asset(query);
  const account_id account{query.number("account_id", 0, (std::uint64_t{1} << 56) - 1)};
  if (!query.ok()) return;
  using rows = storage::page<storage::transfer_row>;
  at.read_current<rows>(
    from,
    [account, asset, page](storage::read_models& models) {
      return models.transfers(account, asset, page);
    },
    [from](const rows& found) { from->done(200, page_json(found.rows, found.next, booked_json)); });
}

} // namespace rialto::net
