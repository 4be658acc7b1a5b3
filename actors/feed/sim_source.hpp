// actors/feed/sim_source.hpp: a seeded simulated exchange that says what a real one would: first a
// snapshot per market, then depth updates every 100 ms, trades, best prices and 24-hour statistics.
//
// The room: pure integers and a seed, no clock: the same calls hand out the same bytes. Markets
// take turns within a beat so that the load is spread. It is told nothing of our users' orders; the
// market lays those over it. A market whose assets both trade against the same third one (ETHBTC
// beside ETHUSDT and BTCUSDT) follows the quotient of the two.
#pragma once

#include "actors/feed/sim_history.hpp"
#include "actors/feed/sim_market.hpp"

#include <map>
#include <memory>

namespace rialto::actors {

inline constexpr std::size_t sim_markets_max = 10'000;
/// A caller that comes later than this does not get what it missed: the exchange stood still.
inline constexpr std::int64_t sim_catch_up_ns_max = 5'000'000'000;

class sim_source final : public feed_source {
public:
  sim_source(std::uint64_t seed, std::vector<sim_instrument> instruments);

  /// One market more; it begins with the next call of next(). Nothing happens if it is there, or
  /// at sim_markets_max.
  void add(sim_instrument instrument);

  void next(timestamp_ns now, std::vector<feed_news>& out) override;
  [[nodiscard]] std::optional<timestamp_ns> next_due() const override;
  void request_snapshot(std::string_view symbol) override { requests_.add(symbol); }
  [[nodiscard]] bool is_synchronised(std::string_view symbol) const override;
  [[nodiscard]] const feed_status& status() const override { return status_; }
  [[nodiscard]] feed_report report(timestamp_ns now) const override;

  /// Candles of the time before the start, oldest first, from one minute up: `minutes` before
  /// `until`, the last one closing at the start price. Empty for a market that is not simulated.
  [[nodiscard]] std::vector<candle> history(std::string_view symbol, candle_interval interval,
                                            timestamp_ns until,
                                            std::size_t minutes = 24 * 60) const;

private:
  struct place {
    sim_instrument instrument;
    sim_scale scale;
    const place* base_leg = nullptr; // both or none
    const place* quote_leg = nullptr;
    std::unique_ptr<sim_market> market;
    bool has_begun = false;
    std::uint64_t messages = 0; // since it began
  };

  void find_legs(place& at) const;
  [[nodiscard]] std::vector<sim_minute> past_of(const place& at, std::size_t minutes) const;
  void begin_new(timestamp_ns now, std::vector<feed_news>& out);
  void step_turn(timestamp_ns at, std::vector<feed_news>& out);
  [[nodiscard]] timestamp_ns due() const;

  std::uint64_t seed_;
  sim_climate climate_;
  sim_weather weather_;
  std::vector<std::unique_ptr<place>> places_;
  std::map<std::string, place*, std::less<>> by_symbol_;
  std::size_t begun_ = 0; // places that have
  std::optional<timestamp_ns> start_;
  std::int64_t turn_ = 0; // turns taken since the start, four a beat
  timestamp_ns now_;
  snapshot_requests requests_;
  feed_status status_;
};

} // namespace rialto::actors
