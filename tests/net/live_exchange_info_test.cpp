// What an exchange says of its instruments, into ours.
#include "net/live/exchange_info.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::net;

namespace {

std::string body(const std::string& symbol, const std::string& tick, const std::string& step,
                 const std::string& status = "TRADING") {
  return R"({"timezone":"UTC","symbols":[{"symbol":"OTHER"},{"symbol":")" + symbol +
         R"(","status":")" + status + R"(","baseAsset":"ETH","quoteAsset":"BTC","filters":[)" +
         R"({"filterType":"PRICE_FILTER","minPrice":"0.01","tickSize":")" + tick + R"("},)" +
         R"({"filterType":"LOT_SIZE","minQty":"0.00050000","maxQty":"9000000.0","stepSize":")" +
         step +
         R"("},{"filterType":"NOTIONAL","minNotional":"0.00010000"},{"filterType":"NEW"}]}]})";
}

exchange_symbol told(const std::string& tick, const std::string& step,
                     const std::string& status = "TRADING") {
  std::string why;
  const auto made = read_exchange_info(body("ETHBTC", tick, step, status), "ETHBTC", why);
  REQUIRE_MESSAGE(made, why);
  return *made;
}

} // namespace

TEST_CASE(
  "exchange_info: a symbol becomes an instrument with the exchange's tick, step and limits") {
  std::string why;
  const auto spec = instrument_of(told("0.01000000", "0.00010000"), why);
  REQUIRE_MESSAGE(spec, why);
  CHECK(spec->symbol == "ETHBTC");
  CHECK(spec->base == "ETH");
  CHECK(spec->quote == "BTC");
  CHECK(spec->tick_size.value == 1'000'000);
  CHECK(spec->lot_size.value == 10'000);
  CHECK(spec->notional_min.value == 10'000);
  CHECK(spec->quantity_min.value == 5);
  CHECK(spec->quantity_max.value == 90'000'000'000);
  CHECK(spec->mode == market_mode::mirrored);
  CHECK(spec->status == market_status::open);
}

TEST_CASE("exchange_info: a lot grows until every notional is exact, or the symbol is refused") {
  std::string why;
  const auto coarse = instrument_of(told("0.00001000", "0.00010000"), why);
  REQUIRE_MESSAGE(coarse, why);
  CHECK(coarse->lot_size.value == 100'000); // 0.001
  CHECK(coarse->quantity_min.value == 1);   // 0.0005 rounded up to a lot
  CHECK(check(*coarse).empty());
  CHECK_FALSE(read_exchange_info(body("ETHBTC", "0.000000001", "0.1"), "ETHBTC", why));
  CHECK(why == "tickSize: is not a plain decimal with at most 8 decimals");
}

TEST_CASE("exchange_info: what is missing or foreign is told by name") {
  std::string why;
  CHECK_FALSE(read_exchange_info("NaN", "ETHBTC", why));
  CHECK(why == "symbols: is missing or no list");
  CHECK_FALSE(read_exchange_info(R"({"symbols":[]})", "ETHBTC", why));
  CHECK(why == "symbol: is not in the answer");
  CHECK_FALSE(read_exchange_info(body("ETHBTC", "1e400", "1"), "ETHBTC", why));
  CHECK(why == "tickSize: is not a plain decimal with at most 8 decimals");
  CHECK_FALSE(read_exchange_info(body("ETHBTC", "0.00", "1"), "ETHBTC", why));
  CHECK(why == "tickSize: is missing or zero");
  CHECK_FALSE(read_exchange_info(R"({"symbols":[{"symbol":"ETHBTC"}]})", "ETHBTC", why));
  CHECK(why == "baseAsset: is missing or no text");
}

TEST_CASE("exchange_info: a halt of the exchange is followed and lifted, an operator's stays") {
  std::string why;
  const auto ours = instrument_of(told("0.01", "0.0001"), why).value();
  const auto halted = updated(ours, told("0.01", "0.0001", "BREAK"), true, why);
  CHECK(halted.status == market_status::halted);
  CHECK(updated(halted, told("0.01", "0.0001"), false, why).status == market_status::open);
  CHECK(updated(halted, told("0.01", "0.0001"), true, why).status == market_status::halted);
  CHECK(updated(halted, told("0.01", "0.0001"), {}, why).status == market_status::halted);
  auto finer = told("0.001", "0.0001");
  CHECK(updated(ours, finer, true, why).tick_size == ours.tick_size);
  CHECK(why.starts_with("tick_size: "));
}
