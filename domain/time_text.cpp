#include "domain/time_text.hpp"

#include <chrono>

namespace rialto {

namespace {

/// `value` as `digits` digits with leading zeros, at `to`; returns the end.
char* put_digits(char* to, std::uint32_t value, int digits) {
  for (int i = digits; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
  return to + digits;
}

} // namespace

std::string format_time(timestamp_ns at) {
  using namespace std::chrono;
  const auto micros = floor<microseconds>(sys_time<nanoseconds>{nanoseconds{at.value}});
  const auto day = floor<days>(micros);
  const year_month_day date{day};
  const hh_mm_ss time{micros - day};
  // 64-bit nanoseconds reach from 1677 to 2262, so a year has four digits.
  std::string text = "0000-00-00T00:00:00.000000Z";
  auto* to =
    put_digits(text.data(), static_cast<std::uint32_t>(static_cast<int>(date.year())), 4) + 1;
  to = put_digits(to, static_cast<unsigned>(date.month()), 2) + 1;
  to = put_digits(to, static_cast<unsigned>(date.day()), 2) + 1;
  to = put_digits(to, static_cast<std::uint32_t>(time.hours().count()), 2) + 1;
  to = put_digits(to, static_cast<std::uint32_t>(time.minutes().count()), 2) + 1;
  to = put_digits(to, static_cast<std::uint32_t>(time.seconds().count()), 2) + 1;
  put_digits(to, static_cast<std::uint32_t>(time.subseconds().count()), 6);
  return text;
}

} // namespace rialto
