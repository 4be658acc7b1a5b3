#include "app/node_feed.hpp"

#include "actors/feed/replay_source.hpp"
#include "actors/feed/sim_source.hpp"
#include "net/live/binance_source.hpp"

#include <stdexcept>
#include <utility>

namespace rialto::app {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

/// A market without a past begins at a price people know it at (whole quote units), or at 100.
std::int64_t usual_price8(const std::string& symbol) {
  static constexpr std::pair<std::string_view, std::int64_t> known[] = {
    {"BTCUSDT", 60'000 * units_per_whole},   {"ETHUSDT", 2'600 * units_per_whole},
    {"BNBUSDT", 520 * units_per_whole},      {"SOLUSDT", 150 * units_per_whole},
    {"XRPUSDT", units_per_whole * 58 / 100}, {"ETHBTC", units_per_whole * 4'333 / 100'000}};
  for (const auto& [name, price] : known)
    if (name == symbol) return price;
  return 100 * units_per_whole;
}

/// check_settings() has read the addresses already.
runtime::web_address address_of(const runtime::node_settings::text_setting& setting,
                                runtime::address_kind kind) {
  std::string why;
  const auto made = runtime::read_web_address(*setting, kind, why);
  if (!made) throw std::runtime_error(std::string(setting.spec().name) + " " + why);
  return *made;
}

std::unique_ptr<actors::feed_source> open_binance(const runtime::node_settings& settings,
                                                  const live_surroundings& live) {
  net::binance_source_options to;
  auto& sockets = to.streams.sockets;
  sockets.server = address_of(settings.feed_stream_url, runtime::address_kind::ws);
  to.rest.server = address_of(settings.feed_rest_url, runtime::address_kind::http);
  if (!settings.feed_proxy->empty())
    sockets.proxy = to.rest.proxy = address_of(settings.feed_proxy, runtime::address_kind::proxy);
  sockets.ca_file = to.rest.ca_file = *settings.feed_ca_file;
  to.streams.plan.silence_ns = *settings.feed_silence_seconds * second_ns;
  to.streams.plan.seed = static_cast<std::uint64_t>(live.clock.wall().value);
  to.stale_ns = *settings.feed_stale_seconds * second_ns;
  to.every_minute = [&market = live.market](net::rest_client& rest) { market.keep(rest); };
  to.came_live = [&market = live.market](net::rest_client& rest, const std::string& symbol) {
    market.came_live(rest, symbol);
  };
  return std::make_unique<net::binance_source>(std::move(to), live.clock);
}

} // namespace

std::unique_ptr<actors::feed_source> open_feed(const runtime::node_settings& settings,
                                               const live_surroundings& live) {
  const auto& feed = *settings.feed_source;
  std::string why;
  switch (feed.source) {
  case runtime::feed_choice::kind::none: break;
  case runtime::feed_choice::kind::binance: return open_binance(settings, live);
  case runtime::feed_choice::kind::sim:
    return std::make_unique<actors::sim_source>(static_cast<std::uint64_t>(*settings.feed_seed),
                                                std::vector<actors::sim_instrument>{});
  case runtime::feed_choice::kind::replay:
    auto files = actors::parse_replay_files(feed.file, why);
    auto made =
      files ? actors::replay_source::open({std::move(*files), feed.speed_permille}, why) : nullptr;
    if (!made) throw std::runtime_error("feed.source: " + why);
    return made;
  }
  return std::make_unique<actors::silent_source>();
}

void follow_markets(actors::feed_source& source, const live_market& market,
                    const actors::directory& markets) {
  if (auto* live = dynamic_cast<net::binance_source*>(&source))
    live->follow(market.followed(markets), market.unfollowed(markets));
}

void introduce_market(actors::feed_source& source, const instrument& spec,
                      storage::tape_store& tape, actors::public_faces& faces, timestamp_ns now) {
  auto* exchange = dynamic_cast<actors::sim_source*>(&source);
  if (exchange == nullptr) return;
  const auto last = tape.trades(spec.market, 0, 1);
  const auto price8 =
    last.empty() ? usual_price8(spec.symbol) : last.front().price.value * spec.tick_size.value;
  exchange->add(
    {spec.symbol, spec.base, spec.quote, spec.tick_size.value, spec.lot_size.value, price8});
  if (!last.empty()) return;
  for (const auto interval : all_candle_intervals) {
    if (interval == candle_interval::s1) continue;
    const auto past = exchange->history(spec.symbol, interval, now);
    tape.put_candles(spec.market, interval, past);
    if (interval != candle_interval::m1) continue;
    if (const auto face = faces.find(spec.market)) face->market.restore_day(past);
  }
}

market_mode first_market_mode(const runtime::node_settings& settings) {
  return settings.feed_source->source == runtime::feed_choice::kind::none ? market_mode::own
                                                                          : market_mode::mirrored;
}

} // namespace rialto::app
