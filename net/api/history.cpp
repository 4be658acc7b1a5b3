// What happened: executions and ledger entries, from the read models.
#include "net/api/handlers.hpp"
#include "net/api/order_json.hpp"
#include "net/api/query.hpp"

#include <algorithm>

namespace rialto::net {

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
  const std::string asset(query.text("asset"));
  const bool is_asset = asset.size() <= 10 && std::all_of(asset.begin(), asset.end(), [](char c) {
                          return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                        });
  if (!is_asset) query.refuse("asset", "must be at most 10 characters A-Z and 0-9");
  if (!query.ok()) return;
  using rows = storage::page<storage::ledger_row>;
  at.read_current<rows>(
    from,
    [account = from->account, asset, page](storage::read_models& models) {
      return models.ledger(account, asset, page);
    },
    [from](const rows& found) { from->done(200, page_json(found.rows, found.next, ledger_json)); });
}

} // namespace rialto::net
