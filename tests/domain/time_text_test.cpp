#include "domain/time_text.hpp"

#include <doctest/doctest.h>

using namespace rialto;

TEST_CASE("time_text: worked examples") {
  CHECK(format_time({0}) == "1970-01-01T00:00:00.000000Z");
  CHECK(format_time({1'723'161'253'937'085'768}) == "2024-08-08T23:54:13.937085Z"); // floored
  CHECK(format_time({951'782'400'000'001'000}) == "2000-02-29T00:00:00.000001Z");
  CHECK(format_time({1'798'761'599'999'999'999}) == "2026-12-31T23:59:59.999999Z");
  CHECK(format_time({-1}) == "1969-12-31T23:59:59.999999Z");
  CHECK(format_time({INT64_MAX}) == "2262-04-11T23:47:16.854775Z");
  CHECK(format_time({INT64_MIN}) == "1677-09-21T00:12:43.145224Z");
}

TEST_CASE("time_text: reads what it writes, and RFC 3339 of UTC") {
  for (const auto text : {"1970-01-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z",
                          "2261-12-31T00:00:00.000001Z"})
    CHECK(format_time(parse_time(text).value()) == text);
  CHECK(parse_time("2030-01-31T12:00:00Z")->value == 1'896'091'200'000'000'000);
  CHECK(parse_time("2030-01-31T12:00:00.5Z")->value == 1'896'091'200'500'000'000);
  CHECK(parse_time("2030-01-31T12:00:00.123456789Z")->value == 1'896'091'200'123'456'789);
}

TEST_CASE("time_text: what is no UTC time is refused") {
  for (const auto text : {"",
                          "2030",
                          "2030-01-31",
                          "2030-01-31T12:00:00",
                          "2030-01-31T12:00:00+00:00",
                          "2030-01-31 12:00:00Z",
                          "2030-02-30T12:00:00Z",
                          "2030-13-01T12:00:00Z",
                          "2030-00-01T12:00:00Z",
                          "2030-01-31T24:00:00Z",
                          "2030-01-31T12:60:00Z",
                          "2030-01-31T12:00:60Z",
                          "1969-12-31T23:59:59Z",
                          "2262-01-01T00:00:00Z",
                          "2030-01-31T12:00:00.Z",
                          "2030-01-31T12:00:00.1234567890Z",
                          "2030-01-31T12:00:00.1x",
                          "2030-01-31T12:00:00Zx",
                          "2030-01-31T12:00:00.1Zx",
                          "-030-01-31T12:00:00Z",
                          "2030-1-31T12:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
  }
}
