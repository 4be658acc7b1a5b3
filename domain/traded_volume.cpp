#include "domain/traded_volume.hpp"

#include "domain/account_history.hpp"

#include <algorithm>

namespace rialto {

namespace {

std::size_t slot_of(std::int64_t day) {
  return static_cast<std::size_t>(day % traded_volume::days);
}

} // namespace

void traded_volume::add(std::string_view quote, amount_units notional, timestamp_ns now) {
  auto at = by_quote_.find(quote);
  if (at == by_quote_.end()) at = by_quote_.emplace(std::string(quote), buckets{}).first;
  auto& kept = at->second;
  const auto today = now.value / day_ns;
  if (today > kept.day) {
    for (auto day = std::max(kept.day + 1, today - days + 1); day <= today; ++day)
      kept.sums[slot_of(day)] = 0;
    kept.day = today;
  }
  kept.sums[slot_of(kept.day)] += notional.value;
}

wide_units traded_volume::sum(std::string_view quote, timestamp_ns now) const {
  const auto at = by_quote_.find(quote);
  if (at == by_quote_.end()) return 0;
  const auto& kept = at->second;
  const auto today = std::max(kept.day, now.value / day_ns);
  wide_units sum = 0;
  for (auto day = std::max<std::int64_t>(0, today - days + 1); day <= kept.day; ++day)
    sum += kept.sums[slot_of(day)];
  return sum;
}

std::vector<std::string> traded_volume::assets() const {
  std::vector<std::string> all;
  for (const auto& [quote, kept] : by_quote_) all.push_back(quote);
  return all;
}

void traded_volume::encode(byte_writer& out) const {
  out.put(static_cast<std::uint32_t>(by_quote_.size()));
  for (const auto& [quote, kept] : by_quote_) {
    out.put(quote);
    out.put(kept.day);
    const auto traded = kept.sums.size() - std::count(kept.sums.begin(), kept.sums.end(), 0);
    out.put(static_cast<std::uint8_t>(traded)); // most days of most accounts have none
    for (std::size_t i = 0; i < kept.sums.size(); ++i) {
      if (kept.sums[i] == 0) continue;
      out.put(static_cast<std::uint8_t>(i));
      put_wide(kept.sums[i], out);
    }
  }
}

void traded_volume::decode(byte_reader& in) {
  by_quote_.clear();
  for (auto count = in.get<std::uint32_t>(); count > 0 && !in.failed(); --count) {
    auto& kept = by_quote_[in.get<std::string>()];
    in.get(kept.day);
    if (kept.day < 0) {
      kept.day = 0;
      return in.fail();
    }
    for (auto traded = in.get<std::uint8_t>(); traded > 0; --traded) {
      const auto slot = in.get<std::uint8_t>();
      if (slot >= kept.sums.size() || in.failed()) return in.fail();
      kept.sums[slot] = get_wide(in);
    }
  }
}

bool traded_volume::is_sound() const {
  for (const auto& [quote, kept] : by_quote_)
    for (const auto sum : kept.sums)
      if (sum < 0) return false;
  return true;
}

} // namespace rialto
