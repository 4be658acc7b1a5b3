// app/kline_file.hpp: one file of candles, plain or gz, read whole and checked.
#pragma once

#include "actors/feed/kline_rows.hpp"

#include <functional>

namespace rialto::app {

/// A month of seconds has 2,678,400 rows; ten years of minutes are two files.
inline constexpr std::size_t kline_file_rows_max = 3'000'000;

/// What a file's name says, as BTCUSDT-1m-2023-01.csv.gz does; empty where it says nothing.
struct kline_file_name {
  std::string symbol, interval;
};
[[nodiscard]] kline_file_name kline_name_of(const std::string& path);

struct kline_file {
  std::vector<candle> candles;
  actors::kline_counts counts;
  std::vector<std::string> refusals; // the first ones
  std::string flaw;                  // not empty: the file as a whole is not usable
};
/// `progress` is told the rows so far now and then.
[[nodiscard]] kline_file read_kline_file(const std::string& path, const instrument& spec,
                                         candle_interval interval, timestamp_ns closed_by,
                                         const std::function<void(std::uint64_t)>& progress);

} // namespace rialto::app
