// What the two sides of a trade pay, as tables: who pays which of its rates in which asset, and when a rebate is paid.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::market_under_test;
using rialto::testing::whole_units;

namespace {

submit_order order_of(std::uint64_t id, side way, fee_rates rates) {
  submit_order order;
  order.id = {id};
  order.account = {id};
  order.owner = {id};
  order.way = way;
  order.price = {100};
  order.size = {10};
  order.maker_fee = rates.maker;
  order.taker_fee = rates.taker;
  return order;
}

/// "0.01 AAA", or "-" for the house.
std::string said(order_id id, amount_units fee, side way) {
  if (!id) {
    CHECK(fee == amount_units{});
    return "-";
  }
  const auto size = format_amount({std::abs(fee.value)});
  return (fee.value < 0 ? "-" : "") + size + (way == side::buy ? " AAA" : " BBB");
}

/// 10 lots at 100 change hands: 10 AAA for 1000 BBB.
///   "continuous buy 1000/500 400/300"  the taker's side, its taker and maker rates in ppm, those of the maker
///   "auction buy ..."                  the younger's and the older's
///   "house buy 1000/500"               it takes from the mirrored book; "feed buy 1000/500": the feed fills it
/// Outcome: what the taker (the younger) pays, and what the maker (the older).
void run(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto arrow = line.find("=>");
    if (arrow == std::string::npos) continue;
    CAPTURE(line);
    std::istringstream words(line.substr(0, arrow));
    std::string venue, word;
    words >> venue >> word;
    const auto way = word == "buy" ? side::buy : side::sell;
    const auto read_rates = [&] {
      fee_rates rates;
      char slash = 0;
      words >> rates.taker.value >> slash >> rates.maker.value;
      return rates;
    };
    const bool is_mirrored = venue == "house" || venue == "feed";
    market_under_test market(whole_units(is_mirrored ? market_mode::mirrored : market_mode::own));
    const auto first = read_rates();
    if (is_mirrored) {
      mirror_depth depth{{{opposite(way), {100}, {10}}}, true};
      if (venue == "feed") depth.levels[0] = {way, {50}, {10}};
      if (venue == "feed" && way == side::sell) depth.levels[0].price = {200};
      market.run(depth);
      market.run(order_of(2, way, first));
      if (venue == "feed") market.run(mirror_trade{{100}, {10}, way == side::buy, {}});
    } else {
      const auto second = read_rates();
      auto spec = market.machine.spec();
      spec.status = venue == "auction" ? market_status::auction : market_status::open;
      market.run(change_instrument{spec, 60});
      market.run(order_of(1, opposite(way), second));
      market.run(order_of(2, way, first));
      spec.status = market_status::open;
      if (venue == "auction") market.run(change_instrument{spec});
    }
    std::string told;
    std::int64_t venue_loses = 0; // at the trade's price, in quote units
    for (const auto& event : market.events)
      if (const auto* trade = std::get_if<trade_executed>(&event)) {
        REQUIRE(told.empty());
        const auto taker_way = trade->taker_side;
        told = said(trade->taker, trade->taker_fee, taker_way) + ", " +
               said(trade->maker, trade->maker_fee, opposite(taker_way));
        venue_loses -= trade->taker_fee.value * (taker_way == side::buy ? 100 : 1);
        venue_loses -= trade->maker_fee.value * (taker_way == side::buy ? 1 : 100);
      }
    std::istringstream expected(line.substr(arrow + 2));
    std::string want;
    for (std::string one; expected >> one;) want += (want.empty() ? "" : " ") + one;
    CHECK(told == want);
    CHECK(venue_loses <= 0);
    market.check_replay();
  }
}

} // namespace

TEST_CASE("fees of a trade: the taker pays its taker rate, the maker its maker rate") {
  run(R"(
    continuous buy  1000/500 400/300    => 0.01 AAA, 0.3 BBB
    continuous sell 1000/500 400/300    => 1 BBB, 0.003 AAA
    continuous buy  0/500    400/0      => 0 AAA, 0 BBB
    # a rebate comes out of what the taker pays
    continuous buy  1000/500 400/-300   => 0.01 AAA, -0.3 BBB
    continuous sell 1000/500 400/-300   => 1 BBB, -0.003 AAA
    continuous sell 1000/500 400/-1000  => 1 BBB, -0.01 AAA
    # and is never more, whatever schedule it was stamped by
    continuous buy  200/100  400/-300   => 0.002 AAA, -0.2 BBB
    continuous sell 0/0      400/-300   => 0 BBB, 0 AAA
  )");
}

TEST_CASE(
  "fees of a trade: in an auction both pay their maker rate, and a rebate what the other pays") {
  run(R"(
    auction buy  1000/500  400/300      => 0.005 AAA, 0.3 BBB
    auction sell 1000/500  400/300      => 0.5 BBB, 0.003 AAA
    auction buy  1000/0    400/0        => 0 AAA, 0 BBB
    auction buy  1000/500  400/-300     => 0.005 AAA, -0.3 BBB
    auction sell 1000/500  400/-300     => 0.5 BBB, -0.003 AAA
    auction buy  1000/-300 400/500      => -0.003 AAA, 0.5 BBB
    auction sell 1000/-300 400/500      => -0.3 BBB, 0.005 AAA
    auction buy  1000/100  400/-300     => 0.001 AAA, -0.1 BBB
    # two rebates: nobody pays one
    auction buy  1000/-300 400/-300     => 0 AAA, 0 BBB
    auction sell 1000/-300 400/-300     => 0 BBB, 0 AAA
  )");
}

TEST_CASE(
  "fees of a trade: the house neither pays nor is paid, and nobody has a rebate against it") {
  run(R"(
    house buy  1000/500    => 0.01 AAA, -
    house sell 1000/500    => 1 BBB, -
    house buy  1000/-300   => 0.01 AAA, -
    feed  buy  1000/500    => -, 0.005 AAA
    feed  sell 1000/500    => -, 0.5 BBB
    feed  buy  1000/-300   => -, 0 AAA
    feed  sell 1000/-300   => -, 0 BBB
  )");
}

// 3 units pay 0.3 % of a unit: the payer loses a whole one. Of a rebate as small nothing is left.
TEST_CASE("fees of a trade: rounding is against the payer, and against who gets a rebate") {
  auto spec = whole_units(market_mode::own);
  spec.tick_size = {1};
  for (const bool has_rebate : {false, true}) {
    market_under_test market(spec);
    auto maker = order_of(1, side::sell, {{has_rebate ? -1'000 : 1'000}, {0}});
    maker.price = {3};
    maker.size = {1};
    auto taker = order_of(2, side::buy, {{0}, {1'000}});
    taker.price = {3};
    taker.size = {1};
    market.run(maker);
    market.run(taker);
    const auto trade = std::get<trade_executed>(market.last().at(0));
    CHECK(trade.notional == amount_units{3});
    CHECK(trade.maker_fee == amount_units{has_rebate ? 0 : 1});
    CHECK(trade.taker_fee == amount_units{units_per_whole / 1'000});
  }
}
