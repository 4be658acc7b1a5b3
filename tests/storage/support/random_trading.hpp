// tests/storage/support/random_trading.hpp: a script of users, orders and trades drawn from a seed.
#pragma once

#include "tests/storage/support/trading_script.hpp"

#include <random>

namespace rialto::storage {

/// `steps` actions of five accounts in two markets, cut into rows of 1 to 12 actions.
inline trading_script random_trading(std::uint64_t seed, int steps) {
  std::mt19937_64 from(seed);
  const auto draw = [&](std::uint64_t n) { return static_cast<std::int64_t>(from() % n); };
  trading_script script;
  std::vector<market_id> markets{script.add_market("BTC", "USDT"), script.add_market("ETH", "BTC")};
  std::vector<account_id> accounts;
  for (int i = 0; i < 5; ++i) {
    const auto user = script.add_user("user" + std::to_string(i) + "@rialto.local");
    accounts.push_back(script.add_account(user, "main"));
    for (const auto* asset : {"BTC", "ETH", "USDT"})
      script.transfer(accounts.back(), transfer_kind::deposit, asset, 1'000'000'000'000, "start");
  }
  for (int i = 0, left_in_row = 3; i < steps; ++i) {
    const auto account = accounts[static_cast<std::size_t>(draw(accounts.size()))];
    const auto market = markets[static_cast<std::size_t>(draw(2))];
    const auto way = draw(2) == 0 ? side::buy : side::sell;
    order_view some; // an open order, if there is one
    if (!script.open.empty()) {
      auto at = script.open.begin();
      std::advance(at, draw(script.open.size()));
      some = at->second;
    }
    const auto rest = (some.size - some.executed).value;
    switch (some.id ? draw(10) : 0) {
    case 0:
    case 1:
      script.place(account, market, way, 90 + draw(20), 1 + draw(30), std::to_string(i));
      break;
    case 2:
    case 3:
    case 4:
    case 5: { // another account takes from it at once
      const auto size = 1 + draw(static_cast<std::uint64_t>(rest));
      const auto better = some.way == side::sell ? some.price.value + draw(3) : some.price.value;
      const auto taker =
        script.place(account, some.market, opposite(some.way), better, size + draw(2));
      script.trade(some.id, taker, size);
      if (script.open.contains(taker)) script.end(taker, order_status::expired);
      break;
    }
    case 6: script.trade(some.id, {}, 1 + draw(static_cast<std::uint64_t>(rest))); break;
    case 7: script.amend(some.id, some.executed.value + 1 + draw(20)); break;
    case 8:
      script.end(some.id, draw(4) == 0 ? order_status::rejected : order_status::cancelled,
                 draw(2) == 0 ? reject_reason::none : reject_reason::would_take);
      break;
    default:
      script.transfer(account, draw(2) == 0 ? transfer_kind::deposit : transfer_kind::withdrawal,
                      "USDT", 1 + draw(1'000), "ref-" + std::to_string(i));
    }
    if (--left_in_row == 0) {
      script.end_row();
      left_in_row = static_cast<int>(1 + draw(12));
    }
  }
  return script;
}

} // namespace rialto::storage
