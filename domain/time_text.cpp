#include "domain/time_text.hpp"

#include <chrono>

namespace rialto {

namespace {

/// `value` as `digits` digits with leading zeros, at `to`; returns the end.
char* put_digits(char* to, std::uint32_t value, int digits) {
  for (int i = digits; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
  return to + digits;
}

/// Takes `digits` digits and then `mark` off the front; negative if they are not there.
int take_digits(std::string_view& text, std::size_t digits, char mark) {
  if (text.size() <= digits || text[digits] != mark) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits + 1);
  return value;
}

} // namespace

std::optional<timestamp_ns> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = take_digits(text, 4, '-');
  const auto month_number = take_digits(text, 2, '-');
  const auto day_number = take_digits(text, 2, 'T');
  const auto hour = take_digits(text, 2, ':'), minute = take_digits(text, 2, ':');
  const auto dot = text.find('.');
  const auto second = take_digits(text, 2, dot == 2 ? '.' : 'Z');
  if (year_number < 1970 || year_number > 2261 || month_number < 1 || day_number < 1 || hour < 0 ||
      hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
    return {};
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!date.ok()) return {};
  std::int64_t fraction = 0;
  if (dot == 2) {
    const auto digits = text.size() - 1;
    if (text.size() < 2 || digits > 9) return {};
    fraction = take_digits(text, digits, 'Z');
    if (fraction < 0) return {};
    for (auto i = digits; i < 9; ++i) fraction *= 10;
  }
  if (!text.empty()) return {};
  const auto at = sys_days{date} + hours{hour} + minutes{minute} + seconds{second};
  return timestamp_ns{duration_cast<nanoseconds>(at.time_since_epoch()).count() + fraction};
}

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
