#include "storage/account_flows.hpp"

#include <array>

namespace rialto::storage {

namespace {

/// In the order they are encoded.
constexpr std::array all_flows{&asset_flows::deposits, &asset_flows::withdrawals,
                               &asset_flows::bought,   &asset_flows::sold,
                               &asset_flows::fees,     &asset_flows::rebates};

void take_fee(asset_flows& to, amount_units fee) {
  (fee.value >= 0 ? to.fees : to.rebates) += fee.value >= 0 ? fee.value : -fee.value;
}

} // namespace

asset_flows& asset_flows::operator-=(const asset_flows& other) {
  for (const auto flow : all_flows) this->*flow -= other.*flow;
  return *this;
}

asset_flows& account_flows::of(std::string_view asset) {
  const auto at = assets_.find(asset);
  return at != assets_.end() ? at->second : assets_[std::string(asset)];
}

void account_flows::add(const entry& one) {
  ++entries_;
  if (const auto* moved = std::get_if<transferred>(&one.happened)) {
    auto& flows = of(moved->asset);
    (moved->kind == transfer_kind::deposit ? flows.deposits : flows.withdrawals) +=
      moved->amount.value;
    return;
  }
  const auto& fill = std::get<fill_settled>(one.happened);
  auto& base = of(fill.base_asset);
  auto& quote = of(fill.quote_asset);
  const bool buys = fill.way == side::buy;
  (buys ? base.bought : base.sold) += fill.base.value;
  (buys ? quote.sold : quote.bought) += fill.fill.notional.value;
  take_fee(buys ? base : quote, fill.fill.fee);
}

void account_flows::encode(std::string& bytes) const {
  byte_writer out(bytes);
  out.put(entries_);
  out.put(static_cast<std::uint32_t>(assets_.size()));
  for (const auto& [asset, flows] : assets_) {
    out.put(asset);
    for (const auto flow : all_flows) put_wide(flows.*flow, out);
  }
}

bool account_flows::decode(std::string_view bytes) {
  account_flows read;
  byte_reader in(bytes);
  in.get(read.entries_);
  for (auto count = in.get<std::uint32_t>(); count > 0 && !in.failed(); --count) {
    auto& flows = read.assets_[in.get<std::string>()];
    for (const auto flow : all_flows) flows.*flow = get_wide(in);
  }
  if (!in.done()) return false;
  *this = std::move(read);
  return true;
}

} // namespace rialto::storage
