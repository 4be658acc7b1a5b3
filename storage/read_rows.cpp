#include "storage/read_rows.hpp"

#include "storage/projected_orders.hpp"

namespace rialto::storage {

namespace {

constexpr const char* order_columns =
  "id, account, previous, market, client_order_id, way, type, tif, status, reason, price, size, "
  "quote_quantity, executed, executed_quote, created_at, updated_at, last_entry FROM orders ";
constexpr const char* entry_columns =
  "id, account, previous, number, at, kind, order_id, order_previous, market, way, trade, price, "
  "size, notional, fee, is_maker, base, asset, amount, reference FROM entries ";

// With WHERE id <= ?, one statement serves a chain (the row is there) and a scan (the next one).
constexpr const char* at_or_below = "WHERE id <= ? ORDER BY id DESC LIMIT 1";

} // namespace

row_reader::row_reader(database& file)
    : find_order_(file.prepare(std::string("SELECT ") + order_columns + at_or_below)),
      find_entry_(file.prepare(std::string("SELECT ") + entry_columns + at_or_below)),
      find_heads_(file.prepare("SELECT last_order, last_entry FROM accounts WHERE id = ?")),
      find_open_(file.prepare("SELECT state FROM open_orders WHERE id = ?")),
      find_market_(file.prepare("SELECT base, quote FROM markets WHERE id = ?")) {}

std::pair<std::uint64_t, std::uint64_t> row_reader::heads_of(account_id account) {
  if (!account) return {INT64_MAX, INT64_MAX};
  std::pair<std::uint64_t, std::uint64_t> heads;
  find_heads_.with(account);
  if (find_heads_.step()) heads = {find_heads_.number(0), find_heads_.number(1)};
  find_heads_.reset();
  return heads;
}

std::uint64_t row_reader::last_fill_of(order_id id) {
  if (const auto found = order_at(id.value); found && found->view.id == id)
    return found->last_entry;
  std::uint64_t last = 0;
  find_open_.with(id);
  if (find_open_.step()) {
    projected_order open;
    byte_reader in(find_open_.bytes(0));
    in.get(open);
    if (in.done()) last = open.last_entry;
  }
  find_open_.reset();
  return last;
}

std::optional<final_order> row_reader::order_at(std::uint64_t id) {
  auto& row = find_order_.with(id);
  if (!row.step()) return {};
  final_order found;
  auto& view = found.view;
  view.id.value = row.number(0);
  view.account.value = row.number(1);
  found.previous = row.number(2);
  view.market.value = row.number(3);
  view.client_order_id = row.text(4);
  view.way = static_cast<side>(row.integer(5));
  view.type = static_cast<order_type>(row.integer(6));
  view.tif = static_cast<time_in_force>(row.integer(7));
  view.status = static_cast<order_status>(row.integer(8));
  view.reason = static_cast<reject_reason>(row.integer(9));
  view.price.value = row.integer(10);
  view.size.value = row.integer(11);
  view.quote_quantity.value = row.integer(12);
  view.executed.value = row.integer(13);
  view.executed_quote.value = row.integer(14);
  view.created_at.value = row.integer(15);
  view.updated_at.value = row.integer(16);
  found.last_entry = row.number(17);
  row.reset();
  return found;
}

std::optional<entry> row_reader::entry_at(std::uint64_t id) {
  auto& row = find_entry_.with(id);
  if (!row.step()) return {};
  entry found;
  found.id = row.number(0);
  found.account.value = row.number(1);
  found.previous = row.number(2);
  found.number = row.number(3);
  found.at.value = row.integer(4);
  const auto kind = static_cast<entry_kind>(row.integer(5));
  if (kind != entry_kind::fill) {
    found.happened =
      transferred{kind == entry_kind::deposit ? transfer_kind::deposit : transfer_kind::withdrawal,
                  row.text(17), amount_units{row.integer(18)}, row.text(19)};
    row.reset();
    return found;
  }
  fill_settled settled;
  settled.id.value = row.number(6);
  found.order_previous = row.number(7);
  settled.market.value = row.number(8);
  settled.way = static_cast<side>(row.integer(9));
  settled.fill.trade.value = row.number(10);
  settled.fill.price.value = row.integer(11);
  settled.fill.size.value = row.integer(12);
  settled.fill.notional.value = row.integer(13);
  settled.fill.fee.value = row.integer(14);
  settled.fill.is_maker = row.integer(15) != 0;
  settled.fill.at = found.at;
  settled.base.value = row.integer(16);
  row.reset();
  const auto& assets = assets_of(settled.market);
  settled.base_asset = assets.base;
  settled.quote_asset = assets.quote;
  found.happened = std::move(settled);
  return found;
}

const asset_pair& row_reader::assets_of(market_id market) {
  const auto [at, is_new] = markets_.try_emplace(market);
  if (is_new) { // a fill's market is written before the fill, and never changes
    find_market_.with(market);
    if (find_market_.step()) at->second = {find_market_.text(0), find_market_.text(1)};
    find_market_.reset();
  }
  return at->second;
}

} // namespace rialto::storage
