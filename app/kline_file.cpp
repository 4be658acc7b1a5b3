#include "app/kline_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>

namespace rialto::app {

namespace {

constexpr unsigned chunk_bytes = 65'536;

struct close_gz {
  void operator()(gzFile file) const { gzclose(file); }
};
using gz_file = std::unique_ptr<std::remove_pointer_t<gzFile>, close_gz>;

/// Why no more can be read; empty at a proper end.
std::string flaw_of(gzFile file) {
  int code = Z_OK;
  const char* words = gzerror(file, &code);
  if (code == Z_OK || code == Z_STREAM_END) return {};
  if (code == Z_BUF_ERROR) return "the compressed file ends early";
  return std::string("cannot be read: ") + (code == Z_ERRNO ? std::strerror(errno) : words);
}

/// Rows of an hour read as minutes are all sound, and nowhere a minute apart.
std::string flaw_of_spacing(const std::vector<candle>& candles, candle_interval interval) {
  auto least = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 1; i < candles.size(); ++i)
    least = std::min(least, candles[i].open_time.value - candles[i - 1].open_time.value);
  const auto length = length_ns(interval);
  if (candles.size() < 2 || least == length) return {};
  return "the interval is not " + std::string(to_string(interval)) + ": the rows are at least " +
         std::to_string(least / 1'000'000'000) + " s apart; name it with --interval";
}

} // namespace

kline_file_name kline_name_of(const std::string& path) {
  const auto name = std::filesystem::path(path).filename().string();
  const auto first = name.find('-');
  if (first == std::string::npos) return {};
  const auto end = name.find_first_of("-.", first + 1);
  const auto symbol = name.substr(0, first);
  const auto interval = name.substr(first + 1, end == std::string::npos ? end : end - first - 1);
  const bool is_symbol =
    symbol.size() >= 2 && symbol.size() <= 20 &&
    symbol.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string::npos;
  if (!is_symbol || !parse_candle_interval(interval)) return {};
  return {symbol, interval};
}

kline_file read_kline_file(const std::string& path, const instrument& spec,
                           candle_interval interval, timestamp_ns closed_by,
                           const std::function<void(std::uint64_t)>& progress) {
  kline_file made;
  errno = 0;
  const gz_file file(gzopen(path.c_str(), "rb"));
  if (!file) {
    made.flaw = errno != 0 ? std::strerror(errno) : "not enough memory";
    return made;
  }
  actors::kline_reader reader(spec, interval, closed_by);
  std::vector<char> chunk(chunk_bytes);
  bool is_sound = true;
  for (;;) {
    errno = 0;
    const auto count = gzread(file.get(), chunk.data(), chunk_bytes);
    made.flaw = flaw_of(file.get());
    if (count <= 0 || !made.flaw.empty()) break;
    is_sound = reader.take({chunk.data(), static_cast<std::size_t>(count)}, made.candles);
    progress(reader.counts().rows);
    if (made.candles.size() > kline_file_rows_max)
      made.flaw = "has more than 3,000,000 rows; cut it";
    if (!is_sound || !made.flaw.empty()) break;
  }
  if (made.flaw.empty() && (!is_sound || !reader.finish(made.candles))) made.flaw = reader.why();
  made.counts = reader.counts();
  made.refusals = reader.refusals();
  if (made.flaw.empty()) made.flaw = flaw_of_spacing(made.candles, interval);
  if (made.flaw.empty() && made.counts.rows == 0) made.flaw = "has no rows";
  return made;
}

} // namespace rialto::app
