// Fee schedules: the tier an order's rates come from, what counts for it, and who bears the rounding.
#include "domain/fee_schedule.hpp"
#include "tests/domain/account_fixture.hpp"

using namespace rialto;
using namespace rialto::testing;

namespace {

/// From 1000 BBB on 0.05 % and 0.08 %; from 5000 a rebate of 0.01 % and 0.04 %.
std::vector<fee_tier> two_tiers() {
  return {{coins(1'000), {{500}, {800}}}, {coins(5'000), {{-100}, {400}}}};
}

constexpr fee_rates below{{1'000}, {1'000}};

/// Trades `notional` whole BBB at once.
void trade(account_under_test& it, std::uint64_t order, std::int64_t notional) {
  it.deposit("BBB", coins(notional));
  CHECK(is_forwarded(it.ask(limit_order(order, side::buy, 100, notional / 100))));
  it.fill(order, 100, notional / 100, true);
}

fee_rates rates_of_next(account_under_test& it, std::uint64_t order) {
  auto wish = limit_order(order, side::buy, 1, 1);
  wish.terms.maker_fee = below.maker;
  wish.terms.taker_fee = below.taker;
  wish.terms.fee_tiers = two_tiers();
  it.deposit("BBB", coins(1));
  REQUIRE(is_forwarded(it.ask(wish)));
  const auto& sent = it.last_post<submit_order>();
  return {sent.maker_fee, sent.taker_fee};
}

} // namespace

TEST_CASE("fees: the highest tier reached counts") {
  struct line {
    std::int64_t volume;
    std::size_t tier;
    std::int64_t maker, taker;
  };
  for (const auto& one : {line{0, 0, 1'000, 1'000}, line{99'999'999'999, 0, 1'000, 1'000},
                          line{100'000'000'000, 1, 500, 800}, line{499'999'999'999, 1, 500, 800},
                          line{500'000'000'000, 2, -100, 400},
                          line{std::numeric_limits<std::int64_t>::max(), 2, -100, 400}}) {
    CAPTURE(one.volume);
    CHECK(tier_of(two_tiers(), one.volume) == one.tier);
    CHECK(rates_for(below, two_tiers(), one.volume) == fee_rates{{one.maker}, {one.taker}});
  }
  CHECK(rates_for(below, {}, 1) == below);
}

TEST_CASE("fees: a schedule that does not hold together is refused with its field") {
  struct line {
    std::vector<fee_tier> tiers;
    const char* says;
  };
  for (const auto& one : {
         line{two_tiers(), ""},
         line{{}, ""},
         line{{{{0}, below}}, "fee_tiers[0].volume_min: must be positive"},
         line{{{{5}, below}, {{5}, below}},
              "fee_tiers[1].volume_min: must be above that of the tier before"},
         line{{{{5}, {{0}, {-1}}}}, "fee_tiers[0].taker_fee: must not be negative"},
         line{{{{5}, {{0}, {1'000'001}}}}, "fee_tiers[0].taker_fee: between -1 and 1"},
         line{{{{5}, {{-1'000'001}, {0}}}}, "fee_tiers[0].maker_fee: between -1 and 1"},
         line{std::vector<fee_tier>(17, fee_tier{{1}, below}), "fee_tiers: at most 16 tiers"},
       })
    CHECK(check(below, one.tiers) == one.says);
  // The two sides of a trade may be in different tiers.
  CHECK(check(below, {{{5}, {{-600}, {700}}}, {{9}, {{0}, {500}}}}).find("rebate") !=
        std::string::npos);
}

TEST_CASE("fees: an order has the rates of the volume its account has when it is placed") {
  account_under_test it;
  CHECK(rates_of_next(it, 1) == below);
  trade(it, 2, 900);
  CHECK(rates_of_next(it, 3) == below);
  trade(it, 4, 100);
  CHECK(rates_of_next(it, 5) == fee_rates{{500}, {800}});
  it.pass_through_snapshot();
  trade(it, 6, 4'000);
  CHECK(rates_of_next(it, 7) == fee_rates{{-100}, {400}});
  const auto view = std::get<volumes_view>(it.ask(get_volumes{}));
  CHECK(view.volumes == std::map<std::string, amount_units>{{"BBB", coins(5'000)}});
  it.check_replay();
}

TEST_CASE("fees: a day counts for itself and the 29 after it") {
  account_under_test it;
  it.now.value -= it.now.value % day_ns; // midnight
  const auto midnight = it.now.value;
  trade(it, 1, 1'000);
  it.now.value = midnight + 29 * day_ns;
  trade(it, 2, 4'000);
  it.now.value = midnight + 30 * day_ns - 1'000'000;
  CHECK(rates_of_next(it, 3) == fee_rates{{-100}, {400}});
  it.now.value = midnight + 30 * day_ns;
  CHECK(rates_of_next(it, 4) == fee_rates{{500}, {800}});
  it.pass_through_snapshot();
  it.now.value = midnight + 59 * day_ns;
  CHECK(rates_of_next(it, 5) == below);
  it.check_replay();
}

TEST_CASE("fees: volume against a slow model") {
  dice throws(31);
  traded_volume it;
  std::vector<std::pair<std::int64_t, std::int64_t>> all; // day, notional
  timestamp_ns now{1'700'000'000'000'000'000};
  for (int i = 0; i < 3'000; ++i) {
    now.value += throws.between(0, throws.chance(0.02) ? 40 * day_ns : day_ns / 4);
    const auto notional = throws.between(0, 1'000);
    it.add("BBB", {notional}, now);
    const auto today = now.value / day_ns;
    all.emplace_back(today, notional);
    const auto asked = today + throws.between(0, 35);
    std::int64_t expected = 0;
    for (const auto& [day, one] : all)
      if (day > asked - traded_volume::days) expected += one;
    REQUIRE(it.sum("BBB", {asked * day_ns}) == expected);
    if (i % 100 != 0) continue;
    std::string bytes;
    byte_writer out(bytes);
    it.encode(out);
    traded_volume copy;
    byte_reader in(bytes);
    copy.decode(in);
    REQUIRE(in.done());
    it = copy;
  }
}

// Binance's commission FAQ sells 0.49975 BTC at 35,000 and charges what is received. Its sum of special rates
// is 0.06. Its other rates are below 0.000001, which is our smallest; it adds rates per side, taxes and a
// discount for paying in a coin of its own, we have one rate per role.
TEST_CASE("fees: Binance's example of a commission") {
  const amount_units notional{1'749'125'000'000};                     // 17,491.25 USDT
  CHECK(fee_on(notional, {60'000}) == amount_units{104'947'500'000}); // 1,049.475 USDT
}
