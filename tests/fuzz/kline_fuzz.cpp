// Candles as other venues write them.
#include "actors/feed/kline_rows.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace rialto::fuzz {

namespace {

using namespace rialto::actors;

constexpr std::int64_t minute_ns = 60'000'000'000;
constexpr timestamp_ns closed_by{1'800'000'000'000'000'000};

instrument bitcoin() {
  instrument made;
  made.tick_size = {1'000'000};
  made.lot_size = {1'000};
  return made;
}

struct read_all {
  std::vector<candle> candles;
  bool is_sound = false;
};

read_all read(kline_reader& reader, std::string_view input, const std::vector<std::size_t>& cuts) {
  read_all made;
  made.is_sound = true;
  for (const auto bytes : cuts) {
    if (!made.is_sound) break;
    made.is_sound = reader.take(input.substr(0, bytes), made.candles);
    input.remove_prefix(bytes);
  }
  made.is_sound = made.is_sound && reader.finish(made.candles);
  return made;
}

void check_candles(const std::vector<candle>& candles) {
  timestamp_ns last{-1};
  for (const auto& one : candles) {
    RIALTO_ASSERT(one.open_time > last && one.open_time.value % minute_ns == 0);
    RIALTO_ASSERT(one.open_time.value + minute_ns <= closed_by.value);
    RIALTO_ASSERT(one.low.value > 0 && one.low <= std::min(one.open, one.close));
    RIALTO_ASSERT(one.high >= std::max(one.open, one.close));
    RIALTO_ASSERT(one.taker_buy_volume.value >= 0 && one.taker_buy_volume <= one.volume);
    RIALTO_ASSERT(one.quote_volume.value >= 0);
    last = one.open_time;
  }
}

} // namespace

RIALTO_FUZZ_TARGET(klines) {
  kline_reader whole(bitcoin(), candle_interval::m1, closed_by);
  const auto got = read(whole, input, {input.size()});
  const auto& counts = whole.counts();
  RIALTO_ASSERT(counts.taken == got.candles.size() && counts.floored <= counts.taken);
  RIALTO_ASSERT(counts.rows == counts.taken + counts.refused + counts.repeated + counts.unfinished);
  RIALTO_ASSERT(counts.rows <= input.size() / 2 + 1);
  RIALTO_ASSERT(got.is_sound == whole.why().empty());
  RIALTO_ASSERT(whole.why().size() <= 200);
  RIALTO_ASSERT(whole.refusals().size() ==
                std::min<std::size_t>(counts.refused, kline_reader::refusals_max));
  for (const auto& one : whole.refusals())
    RIALTO_ASSERT(one.size() <= 200 && one.find(": ") != std::string::npos);
  check_candles(got.candles);

  kline_reader pieces(bitcoin(), candle_interval::m1, closed_by);
  const auto again = read(pieces, input, pieces_of(input.size(), seed_of(input)));
  RIALTO_ASSERT(again.candles == got.candles && again.is_sound == got.is_sound);
  RIALTO_ASSERT(pieces.why() == whole.why() && pieces.refusals() == whole.refusals());
}

} // namespace rialto::fuzz
