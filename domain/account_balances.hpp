// domain/account_balances.hpp: what one account has, per asset: available and on hold.
//
// The room: sums are 128 bits wide, because what others pay in has no bound an account could refuse: no
// sequence of events overflows. What leaves as a view is capped at the largest amount.
//   - An asset keeps the index of its first appearance, so orders name assets by a number.
#pragma once

#include "domain/account_events.hpp"
#include "domain/assert.hpp"
#include "domain/bytes.hpp"
#include "domain/wide_units.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rialto {

class account_balances {
public:
  using index = std::uint32_t;
  struct balance {
    std::string asset;
    wide_units available = 0, hold = 0;
  };

  /// The asset's index; it appears with nothing.
  index index_of(std::string_view asset) {
    if (const auto at = by_name_.find(asset); at != by_name_.end()) return at->second;
    const auto fresh = static_cast<index>(all_.size());
    all_.push_back({std::string(asset), 0, 0});
    by_name_.emplace(asset, fresh);
    return fresh;
  }
  [[nodiscard]] const balance& operator[](index at) const { return all_[at]; }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  /// What can be spent; 0 for an asset it never had.
  [[nodiscard]] amount_units available(std::string_view asset) const {
    const auto at = by_name_.find(asset);
    return at == by_name_.end() ? amount_units{} : capped(all_[at->second].available);
  }
  [[nodiscard]] bool has(std::string_view asset) const { return by_name_.contains(asset); }

  void receive(index at, amount_units amount) { all_[at].available += amount.value; }
  void pay(index at, amount_units amount) { all_[at].available -= amount.value; }
  void pay_from_hold(index at, amount_units amount) { all_[at].hold -= amount.value; }
  void hold(index at, amount_units amount) {
    all_[at].available -= amount.value;
    all_[at].hold += amount.value;
  }
  void release(index at, amount_units amount) { hold(at, -amount); }

  [[nodiscard]] balance_view view(index at) const {
    const auto& one = all_[at];
    return {one.asset, capped(one.available), capped(one.hold)};
  }
  /// By name.
  [[nodiscard]] std::vector<balance_view> views() const {
    std::vector<balance_view> sorted;
    sorted.reserve(all_.size());
    for (const auto& [name, at] : by_name_) sorted.push_back(view(at));
    return sorted;
  }

  void encode(byte_writer& out) const {
    out.put(static_cast<std::uint32_t>(all_.size()));
    for (const auto& one : all_) {
      out.put(one.asset);
      put_wide(one.available, out);
      put_wide(one.hold, out);
    }
  }
  void decode(byte_reader& in) {
    all_.clear();
    by_name_.clear();
    for (auto count = in.get<std::uint32_t>(); count > 0 && !in.failed(); --count) {
      const auto asset = in.get<std::string>();
      if (by_name_.contains(asset)) return in.fail();
      const auto at = index_of(asset);
      all_[at].available = get_wide(in);
      all_[at].hold = get_wide(in);
    }
  }

private:
  std::vector<balance> all_; // in order of first appearance: that order is encoded
  std::map<std::string, index, std::less<>> by_name_;
};

} // namespace rialto
