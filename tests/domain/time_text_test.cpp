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
