// domain/traded_volume.hpp: what an account has traded per quote asset in the last 30 days.
//
// The rule: the current UTC day and the 29 before it, so between 29 and 30 times 24 hours. Every fill counts
// with its notional on the day it reaches the account, both as maker and as taker; days are dropped whole at
// midnight UTC. Changes with fills only, so a replay has the same sums.
//
// Bound: 30 sums per quote asset ever traded.
#pragma once

#include "domain/wide_units.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rialto {

class traded_volume {
public:
  static constexpr std::int64_t days = 30;

  void add(std::string_view quote, amount_units notional, timestamp_ns now);
  /// Of the 30 days that end with that of `now`; 0 for an asset never traded.
  [[nodiscard]] wide_units sum(std::string_view quote, timestamp_ns now) const;

  /// The quote assets ever traded in.
  [[nodiscard]] std::vector<std::string> assets() const;

  void encode(byte_writer& out) const;
  void decode(byte_reader& in);
  /// No sum is negative.
  [[nodiscard]] bool is_sound() const;

private:
  struct buckets {
    std::int64_t day = 0; // the newest, since the Unix epoch
    std::array<wide_units, days> sums{};
  };
  std::map<std::string, buckets, std::less<>> by_quote_;
};

} // namespace rialto
