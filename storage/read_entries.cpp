#include "storage/read_entries.hpp"

#include "domain/ledger.hpp"
#include "storage/event_codec.hpp"

#include <cstring>

namespace rialto::storage {

namespace {

/// Room for the rows of one event, so that (event number, leg) is one rising number.
constexpr std::uint64_t legs_max = 8;

std::string kind_of(const account_event& happened) {
  if (const auto* transfer = std::get_if<transferred>(&happened))
    return transfer->kind == transfer_kind::deposit ? "deposit" : "withdrawal";
  return "trade";
}

std::string reference_of(const account_event& happened) {
  if (const auto* transfer = std::get_if<transferred>(&happened)) return transfer->reference;
  const auto& fill = std::get<fill_settled>(happened);
  return "order/" + std::to_string(fill.id.value) + "/trade/" +
         std::to_string(fill.fill.trade.value);
}

} // namespace

void entry_pack::add(const entry& one) {
  const auto from = bytes_.size();
  byte_writer out(bytes_);
  out.put(std::uint32_t{0}); // the entry's length, known below
  out.put(one.account);
  out.put(one.previous);
  out.put(one.order_previous);
  out.put(one.number);
  out.put(one.at);
  encode_event(one.happened, bytes_);
  const auto length = static_cast<std::uint32_t>(bytes_.size() - from - sizeof(std::uint32_t));
  std::memcpy(bytes_.data() + from, &length, sizeof length);
  ++count_;
}

void entry_pack::clear() {
  bytes_.clear();
  count_ = 0;
}

std::optional<entry> entry_pack::find(std::string_view bytes, std::uint64_t first,
                                      std::uint64_t id) {
  byte_reader rows(bytes);
  std::string_view body;
  auto at = first;
  for (;; ++at) {
    body = rows.take(rows.get<std::uint32_t>());
    if (rows.failed()) return {};
    if (at == id || rows.left() == 0) break;
  }
  entry found;
  byte_reader in(body);
  found.id = at;
  in.get(found.account);
  in.get(found.previous);
  in.get(found.order_previous);
  in.get(found.number);
  in.get(found.at);
  if (!decode_event(in, found.happened) || !in.done()) return {};
  return found;
}

std::vector<ledger_row> ledger_rows_of(const entry& one) {
  std::vector<ledger_row> rows;
  const auto kind = kind_of(one.happened);
  const auto add = [&](const std::string& asset, amount_units amount, const std::string& as) {
    for (auto& row : rows)
      if (row.asset == asset && row.kind == as) {
        row.amount += amount;
        return;
      }
    rows.push_back({0, "account/" + std::to_string(one.account.value), one.account, asset, amount,
                    as, reference_of(one.happened), one.at});
  };
  for (const auto& leg : postings_of(one.happened, one.account)) {
    switch (leg.to.kind) {
    case ledger_kind::available:
    case ledger_kind::hold: add(leg.asset, leg.amount, kind); break;
    case ledger_kind::fees: // the account received that much less
      add(leg.asset, leg.amount, kind);
      add(leg.asset, -leg.amount, "fee");
      break;
    case ledger_kind::clearing:
    case ledger_kind::house:
    case ledger_kind::external: break;
    }
  }
  std::uint64_t leg = 0;
  for (auto& row : rows) row.number = one.number * legs_max + leg++;
  return rows;
}

execution_row execution_of(const entry& one) {
  const auto& settled = std::get<fill_settled>(one.happened);
  execution_row row;
  row.number = one.number;
  row.account = one.account;
  row.order = settled.id;
  row.market = settled.market;
  row.way = settled.way;
  row.fill = settled.fill;
  row.fee_asset = settled.way == side::buy ? settled.base_asset : settled.quote_asset;
  return row;
}

} // namespace rialto::storage
