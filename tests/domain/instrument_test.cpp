#include "domain/instrument.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace rialto;

namespace {

instrument btcusdt() {
  instrument spec;
  spec.market = {1};
  spec.symbol = "BTCUSDT";
  spec.base = "BTC";
  spec.quote = "USDT";
  spec.tick_size = {1'000'000}; // 0.01
  spec.lot_size = {1'000};      // 0.00001
  spec.notional_min = {5 * units_per_whole};
  return spec;
}

template <class Change>
std::string flaw(Change change) {
  auto spec = btcusdt();
  change(spec);
  return check(spec);
}

} // namespace

TEST_CASE("instrument: a sound one passes") {
  CHECK(check(btcusdt()) == "");
  auto cross = btcusdt(); // ETHBTC: tick 0.00001, lot 0.001
  cross.symbol = "ETHBTC";
  cross.base = "ETH";
  cross.quote = "BTC";
  cross.tick_size = {1'000};
  cross.lot_size = {100'000};
  CHECK(check(cross) == "");
  CHECK(cross.units_per_tick_lot() == 1);
}

TEST_CASE("instrument: each broken rule is named by its field") {
  const auto starts = [](const std::string& text, const char* field) {
    return text.rfind(std::string(field) + ": ", 0) == 0;
  };
  CHECK(starts(flaw([](auto& s) { s.symbol = std::string("B"); }), "symbol"));
  CHECK(starts(flaw([](auto& s) { s.symbol = std::string("btcusdt"); }), "symbol"));
  CHECK(starts(flaw([](auto& s) { s.symbol = std::string(21, 'A'); }), "symbol"));
  CHECK(starts(flaw([](auto& s) { s.base.clear(); }), "base"));
  CHECK(starts(flaw([](auto& s) { s.quote = std::string("US-T"); }), "quote"));
  CHECK(starts(flaw([](auto& s) { s.quote = s.base; }), "quote"));
  CHECK(starts(flaw([](auto& s) { s.tick_size = {0}; }), "tick_size"));
  CHECK(starts(flaw([](auto& s) { s.lot_size = {-1}; }), "lot_size"));
  CHECK(starts(flaw([](auto& s) { s.lot_size = {10}; }), "lot_size"));  // 0.1 units a tick and lot
  CHECK(starts(flaw([](auto& s) { s.lot_size = {150}; }), "lot_size")); // 1.5
  CHECK(starts(flaw([](auto& s) { s.tick_size = s.lot_size = {1LL << 60}; }), "lot_size"));
  CHECK(starts(flaw([](auto& s) { s.notional_min = {-1}; }), "notional_min"));
  CHECK(starts(flaw([](auto& s) { s.quantity_min = {0}; }), "quantity_min"));
  CHECK(starts(flaw([](auto& s) { s.quantity_max = {0}; }), "quantity_max"));
  CHECK(starts(flaw([](auto& s) { s.quantity_max = {1LL << 62}; }), "quantity_max"));
  CHECK(starts(flaw([](auto& s) { s.maker_fee = {1'000'001}; }), "maker_fee"));
  CHECK(starts(flaw([](auto& s) { s.maker_fee = {-2'000}; }), "maker_fee"));
  CHECK(starts(flaw([](auto& s) { s.taker_fee = {-1}; }), "taker_fee"));
  CHECK(starts(flaw([](auto& s) { s.taker_fee = {1'000'001}; }), "taker_fee"));
  CHECK(starts(flaw([](auto& s) { s.collar = {1'000'001}; }), "collar"));
  CHECK(starts(flaw([](auto& s) { s.status = static_cast<market_status>(0); }), "status"));
  CHECK(starts(flaw([](auto& s) { s.mode = static_cast<market_mode>(9); }), "mode"));
}

TEST_CASE("instrument: prices and quantities are whole ticks and lots, or nothing") {
  const auto spec = btcusdt();
  CHECK(parse_price("61837.60", spec) == price_ticks{6'183'760});
  CHECK(parse_price("0.01", spec) == price_ticks{1});
  for (const char* text : {"0", "0.00", "0.001", "61837.605", "-1", "abc", ""}) {
    CAPTURE(text);
    CHECK_FALSE(parse_price(text, spec));
  }
  CHECK(parse_quantity("1.5", spec) == quantity_lots{150'000});
  CHECK(parse_quantity("0.00001", spec) == quantity_lots{1});
  for (const char* text : {"0", "0.000001", "0.000015", "1e-5"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_quantity(text, spec));
  }
}

TEST_CASE("instrument: text has the decimals of the tick and of the lot") {
  const auto spec = btcusdt();
  CHECK(format_price({6'183'760}, spec) == "61837.60");
  CHECK(format_price({1}, spec) == "0.01");
  CHECK(format_quantity({150'000}, spec) == "1.50000");
  CHECK(format_quantity({0}, spec) == "0.00000");
  for (std::int64_t ticks = 1; ticks < 100'000; ticks += 37)
    CHECK(parse_price(format_price({ticks}, spec), spec) == price_ticks{ticks});
}

TEST_CASE("instrument: notionals are exact and overflow is seen") {
  const auto spec = btcusdt();
  CHECK(spec.units_per_tick_lot() == 10);
  // 61837.60 x 0.00001 = 0.618376
  CHECK(notional({6'183'760}, {1}, spec) == amount_units{61'837'600});
  CHECK(base_amount({150'000}, spec) == amount_units{150'000'000});
  constexpr auto int64_max = std::numeric_limits<std::int64_t>::max();
  CHECK_FALSE(notional({int64_max}, {2}, spec));
  CHECK_FALSE(notional({int64_max / 5}, {1}, spec));
  CHECK_FALSE(base_amount({int64_max / 999}, spec));
}
