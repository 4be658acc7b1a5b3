#include "domain/time_text.hpp"

#include <chrono>
#include <cstdio>

namespace rialto {

std::string format_time(timestamp_ns at) {
  using namespace std::chrono;
  const auto micros = floor<microseconds>(sys_time<nanoseconds>{nanoseconds{at.value}});
  const auto day = floor<days>(micros);
  const year_month_day date{day};
  const hh_mm_ss time{micros - day};
  char text[48];
  const auto size = std::snprintf(
    text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
    static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text, static_cast<std::size_t>(size)};
}

} // namespace rialto
