#include "domain/money.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>

using namespace rialto;

namespace {
constexpr auto int64_max = std::numeric_limits<std::int64_t>::max();
}

TEST_CASE("money: decimals are read exactly") {
  CHECK(parse_decimal8("0") == 0);
  CHECK(parse_decimal8("1") == 100'000'000);
  CHECK(parse_decimal8("0.00012300") == 12'300);
  CHECK(parse_decimal8("61837.60") == 6'183'760'000'000);
  CHECK(parse_decimal8("0.00000001") == 1);
  CHECK(parse_decimal8("00012.5") == 1'250'000'000);
  CHECK(parse_decimal8("92233720368.54775807") == int64_max);
  CHECK(parse_decimal8("1.000000000000") == 100'000'000); // zeros beyond the eighth decimal
}

TEST_CASE("money: what is not a plain decimal of at most eight places is refused") {
  for (const char* text : {"",
                           ".",
                           "1.",
                           ".5",
                           "-1",
                           "+1",
                           "1e3",
                           "1,5",
                           " 1",
                           "1 ",
                           "0x1",
                           "1.2.3",
                           "nan",
                           "inf",
                           "0.000000001",
                           "1.123456789",
                           "92233720368.54775808",
                           "92233720369",
                           "999999999999999999999999999999999999999",
                           "00000000000000000000000000000000000000001"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_decimal8(text));
  }
}

TEST_CASE("money: amounts are written with the decimals asked for, and no zeros more") {
  CHECK(format_decimal8(0) == "0");
  CHECK(format_decimal8(0, 2) == "0.00");
  CHECK(format_decimal8(100'000'000) == "1");
  CHECK(format_decimal8(6'183'760'000'000, 2) == "61837.60");
  CHECK(format_decimal8(6'183'760'000'001, 2) == "61837.60000001");
  CHECK(format_decimal8(1) == "0.00000001");
  CHECK(format_decimal8(-150'000'000) == "-1.5");
  CHECK(format_decimal8(int64_max) == "92233720368.54775807");
  CHECK(format_decimal8(std::numeric_limits<std::int64_t>::min()) == "-92233720368.54775808");
}

TEST_CASE("money: what is written is read back") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) {
    const auto units = static_cast<std::int64_t>(random() >> (1 + random() % 63));
    const auto decimals = static_cast<int>(random() % 9);
    CAPTURE(units);
    REQUIRE(parse_decimal8(format_decimal8(units, decimals)) == units);
  }
}

TEST_CASE("money: scale rounds as told and says when it overflows") {
  CHECK(scale(10, 1, 3, rounding::down) == 3);
  CHECK(scale(10, 1, 3, rounding::up) == 4);
  CHECK(scale(9, 1, 3, rounding::up) == 3);
  CHECK(scale(0, 7, 3, rounding::up) == 0);
  CHECK(scale(int64_max, 1'000'000, 1'000'000, rounding::up) == int64_max);
  CHECK(scale(int64_max, 999'999, 1'000'000, rounding::down) == 9'223'362'813'482'738'952);
  CHECK_FALSE(scale(int64_max, 2, 1, rounding::down));
  CHECK_FALSE(scale(int64_max, 1'000'001, 1'000'000, rounding::up));
}

TEST_CASE("money: a fee rounds against its payer, a rebate too") {
  CHECK(fee_on({1'000'000}, {1'000}) == amount_units{1'000});
  CHECK(fee_on({1}, {1'000}) == amount_units{1});
  CHECK(fee_on({1'000'001}, {1'000}) == amount_units{1'001});
  CHECK(fee_on({123}, {0}) == amount_units{0});
  CHECK(fee_on({0}, {1'000}) == amount_units{0});
  CHECK(fee_on({1'000'001}, {-1'000}) == amount_units{-1'000});
  CHECK(fee_on({999}, {-1'000}) == amount_units{0});
  CHECK(fee_on({int64_max}, {1'000'000}) == amount_units{int64_max});
}

TEST_CASE("money: a fee never exceeds what was received, and two halves never pay less than one") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 100'000; ++i) {
    const auto a = static_cast<std::int64_t>(random() >> (2 + random() % 60));
    const auto b = static_cast<std::int64_t>(random() >> (2 + random() % 60));
    const rate_ppm rate{static_cast<std::int64_t>(random() % 1'000'001)};
    CAPTURE(a);
    CAPTURE(b);
    CAPTURE(rate.value);
    REQUIRE(fee_on({a}, rate).value <= a);
    REQUIRE(fee_on({a}, rate).value + fee_on({b}, rate).value >= fee_on({a + b}, rate).value);
    REQUIRE(fee_on({a}, -rate).value <= 0);
    REQUIRE(-fee_on({a}, -rate).value <= fee_on({a}, rate).value);
  }
}
