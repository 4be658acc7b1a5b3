#include "actors/past_candles.hpp"
#include "tests/actors/feed_recordings.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace rialto;
using namespace rialto::actors;
using nlohmann::json;

namespace {

constexpr std::int64_t minute_ns = 60'000'000'000;
constexpr std::int64_t noon = 1'723'118'400'000'000'000; // 2024-08-08 12:00 UTC

instrument btcusdt() {
  instrument made;
  made.market = {1};
  made.symbol = "BTCUSDT";
  made.base = "BTC";
  made.quote = "USDT";
  made.tick_size = {1'000'000};
  made.lot_size = {1'000};
  return made;
}

struct heard final : edge {
  void news_lost() override {}
  void deliver(std::shared_ptr<release>) override {}
  void broadcast(std::vector<channel_message> messages) override {
    for (auto& one : messages) all.push_back(std::move(one));
  }
  std::vector<channel_message> all;
};

std::vector<candle> minutes(std::int64_t count) {
  std::vector<candle> made(static_cast<std::size_t>(count));
  for (std::int64_t n = 0; n < count; ++n) {
    auto& one = made[static_cast<std::size_t>(n)];
    one.open_time.value = noon + n * minute_ns;
    one.open = one.high = one.low = one.close = {6'000'000};
    one.volume = {10};
    one.trades = 1;
  }
  return made;
}

} // namespace

TEST_CASE("past_candles: what is new is stored in silence, a correction is told on its channels") {
  tests::scratch home;
  const auto tape = storage::open_tape_store(home.path(""));
  public_faces faces;
  faces.add(btcusdt());
  heard out;
  const timestamp_ns now{noon + 20 * minute_ns};
  auto past = minutes(20);
  const auto take = [&] {
    return take_past_candles(*tape, faces, out, {1}, candle_interval::m1, past, now);
  };
  CHECK(take().added == 20);
  CHECK(take().same == 20);
  CHECK(out.all.empty());

  past[7].high = {6'100'000};
  CHECK(take().corrected == 1);
  std::vector<std::string> channels;
  for (const auto& one : out.all) {
    channels.push_back(one.channel);
    CHECK_FALSE(one.conflate);
    const auto data = json::parse(*one.bytes)["data"];
    CHECK(data["corrected"] == true);
    CHECK(data["closed"] == true);
    CHECK(data["high"] == "61000.00");
  }
  // The hour is still open, so it is no correction.
  CHECK(channels == std::vector<std::string>{"candles.15m.BTCUSDT", "candles.5m.BTCUSDT",
                                             "candles.1m.BTCUSDT"});
  const auto last = json::parse(*out.all.back().bytes);
  CHECK(last["data"]["open_time"] == "2024-08-08T12:07:00.000000Z");
  CHECK(faces.since("candles.1m.BTCUSDT", last["seq"].get<std::uint64_t>() - 1)->size() == 1);
  out.all.clear();
  CHECK(take().same == 20);
  CHECK(out.all.empty());
}
