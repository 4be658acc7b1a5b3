#include "actors/feed/sim_market.hpp"

namespace rialto::actors {

namespace {

// Levels a side: made at the start, never fewer, never more.
constexpr std::int64_t levels_start = 100, levels_min = 80, levels_max = 120;
constexpr std::int64_t trades_per_beat_max = 40;

timestamp_ns part_of_beat(timestamp_ns end, std::int64_t part, std::int64_t parts) {
  return {end.value - sim_beat_ns + sim_beat_ns * part / parts};
}

std::int64_t saturated(__int128 value) {
  return static_cast<std::int64_t>(std::min<__int128>(value, INT64_MAX));
}

} // namespace

sim_market::sim_market(std::uint64_t seed, const sim_instrument& instrument, const sim_scale& scale,
                       std::vector<sim_minute> past)
    : symbol_(instrument.symbol), scale_(scale), random_(seed ^ sim_hash(instrument.symbol)),
      day_(std::move(past)) {
  fair_ = scale_.start_price8 * sim_fine;
  touch_ = scale_.start_price8 / scale_.tick8;
  gap_mean_ = std::max<std::int64_t>(1, touch_ / 25'000); // 0.4 basis points
  update_ = 1'000'000 + static_cast<std::uint64_t>(random_.below(1'000'000'000));
  trade_id_ = 1'000'000 + static_cast<std::uint64_t>(random_.below(1'000'000'000));
  fill_book();
}

void sim_market::fill_book() {
  for (const auto way : {side::buy, side::sell}) {
    auto& levels = ladder(way);
    auto rank = limit(way);
    for (std::int64_t n = 0; n < levels_start && (way == side::sell || rank > 0); ++n) {
      levels.set(rank, level_lots(n));
      rank -= gap();
    }
    std::vector<feed_level> unsaid; // the snapshot says it all
    levels.take_changes(scale_.tick8, scale_.lot8, unsaid);
  }
}

void sim_market::begin(timestamp_ns at, std::vector<feed_news>& out) {
  begun_ = at;
  out.emplace_back(snapshot());
  last_ticker_ = ticker();
  out.emplace_back(last_ticker_);
  out.emplace_back(statistics(at));
}

void sim_market::step(const sim_weather& weather, std::int64_t leg_fair, timestamp_ns at,
                      std::vector<feed_news>& out) {
  move(weather, leg_fair);
  trade(weather, at, out);
  follow(at, out);
  for (const auto way : {side::buy, side::sell}) refill(way);
  churn(weather);
  publish(at, out);
  if (++beat_ % sim_beats_per_minute == 0) day_.roll();
  if (beat_ % 10 == 0) out.emplace_back(statistics(at));
}

/// Common and own return, and a weak pull back to where it began, so that a simulation of a year
/// still has plausible prices.
void sim_market::move(const sim_weather& weather, std::int64_t leg_fair) {
  const auto before = fair_;
  const auto start = scale_.start_price8 * sim_fine;
  if (leg_fair > 0) {
    fair_ = leg_fair;
  } else {
    const auto own = random_.bell(weather.deviation) * 6 / 10;
    const auto pull = static_cast<std::int64_t>(static_cast<__int128>(start - fair_) * 250 / start);
    const auto moved = (weather.common_return + own) * scale_.volatility / 1'000 + pull;
    fair_ += static_cast<std::int64_t>(static_cast<__int128>(fair_) * moved / 1'000'000'000);
  }
  fair_ = std::clamp(fair_, start / 4, start * 4);
  last_return_ = fair_ - before;
}

void sim_market::trade(const sim_weather& weather, timestamp_ns at, std::vector<feed_news>& out) {
  const auto expected = weather.activity * 20 / 100; // per mille of a trade in this beat
  auto count = expected / 1'000 + (random_.permille(expected % 1'000) ? 1 : 0);
  if (count > 0 && random_.one_in(4)) count += random_.between(1, 4); // trades come in flocks
  count = std::min(count, trades_per_beat_max);
  for (std::int64_t n = 0; n < count; ++n) {
    const auto lean = last_return_ > 0 ? side::buy : side::sell;
    const auto roll = random_.below(10);
    last_taker_ = roll < 5   ? last_taker_
                  : roll < 7 ? lean
                             : (random_.one_in(2) ? side::buy : side::sell);
    auto lots = scale_.unit_lots * random_.between(1, 160) / 400;
    if (random_.one_in(16)) lots *= 10;
    if (random_.one_in(250)) lots *= 40;
    take(last_taker_, std::max<std::int64_t>(lots, 1),
         std::max(begun_, part_of_beat(at, n + 1, count + 1)), out);
  }
}

/// Takes up to `lots` from the best levels, at most five of them; the last level of a side stays.
void sim_market::take(side taker, std::int64_t lots, timestamp_ns at, std::vector<feed_news>& out) {
  auto& levels = ladder(opposite(taker));
  for (int n = 0; n < 5 && lots > 0 && levels.count() > 1; ++n) {
    const auto best = levels.best();
    const auto size = std::min(lots, best.lots);
    const auto tick = levels.tick_of(best.rank);
    lots -= size;
    levels.set(best.rank, best.lots - size);
    day_.add(tick, size, scale_.quote8(tick, size), taker == side::buy);
    out.emplace_back(feed_trade{symbol_, ++trade_id_, tick * scale_.tick8, size * scale_.lot8,
                                taker == side::sell, at});
  }
}

/// The touch follows the fair price once it is clearly elsewhere: takers eat, or makers pull, what
/// is in the way.
void sim_market::follow(timestamp_ns at, std::vector<feed_news>& out) {
  const auto tick = scale_.tick8 * sim_fine;
  const auto middle = touch_ * tick + tick / 2;
  const auto slack = tick / 2 + std::max(tick / 4, fair_ / 50'000);
  if (fair_ > middle + slack || fair_ < middle - slack)
    touch_ = std::max<std::int64_t>(fair_ / tick, 2);
  for (const auto way : {side::buy, side::sell}) leave(way, at, out);
}

void sim_market::leave(side way, timestamp_ns at, std::vector<feed_news>& out) {
  auto& levels = ladder(way);
  int eaten = 0;
  while (!levels.empty() && levels.best().rank > limit(way)) {
    const auto best = levels.best();
    if (eaten < 4 && levels.count() > 1 && random_.permille(350)) {
      take(opposite(way), best.lots, at, out);
      ++eaten;
    } else {
      levels.set(best.rank, 0);
    }
  }
}

/// Makers come back: to the touch nearly at once, into the holes behind it step by step. Levels that
/// the market has left far behind go.
void sim_market::refill(side way) {
  auto& levels = ladder(way);
  const auto top = limit(way);
  if (levels.empty() || (levels.best().rank < top && random_.permille(800)))
    levels.set(top, level_lots(0));
  const auto span = levels_start * gap_mean_;
  for (int tries = 0; tries < 8 && levels.count() < levels_min; ++tries) {
    const auto behind = std::min(random_.below(span), random_.below(span));
    const auto rank = top - behind;
    if ((way == side::sell || rank > 0) && !levels.has(rank))
      levels.set(rank, level_lots(behind / gap_mean_));
  }
  while (levels.count() > levels_max || levels.worst().rank < top - 2 * span) levels.remove_worst();
}

/// Makers add, change and pull orders, mostly near the touch.
void sim_market::churn(const sim_weather& weather) {
  const auto count = random_.below(3 + weather.activity / 250);
  for (std::int64_t n = 0; n < count; ++n) {
    const auto way = random_.one_in(2) ? side::buy : side::sell;
    auto& levels = ladder(way);
    const auto nth = std::min(random_.below(levels.count()), random_.below(levels.count()));
    const auto rank = levels.nth(nth).rank;
    const auto above = nth == 0 ? limit(way) + 1 : levels.nth(nth - 1).rank;
    const auto roll = random_.below(10);
    if (roll < 6)
      levels.set(rank, level_lots(nth));
    else if (roll < 8 && above - rank > 1 && levels.count() < levels_max)
      levels.set(random_.between(rank + 1, above - 1), level_lots(nth));
    else if (roll >= 8 && levels.count() > levels_min)
      levels.set(rank, 0);
  }
}

void sim_market::publish(timestamp_ns at, std::vector<feed_news>& out) {
  if (!bids_.has_changed() && !asks_.has_changed()) return;
  feed_depth change{symbol_, update_ + 1, 0, at, {}};
  bids_.take_changes(scale_.tick8, scale_.lot8, change.levels);
  asks_.take_changes(scale_.tick8, scale_.lot8, change.levels);
  update_ += change.levels.size();
  change.last_update = update_;
  out.emplace_back(std::move(change));
  auto now = ticker();
  if (now.bid8 == last_ticker_.bid8 && now.bid_size8 == last_ticker_.bid_size8 &&
      now.ask8 == last_ticker_.ask8 && now.ask_size8 == last_ticker_.ask_size8)
    return;
  last_ticker_ = now;
  out.emplace_back(std::move(now));
}

feed_snapshot sim_market::snapshot() const {
  feed_snapshot made{symbol_, update_, {}};
  bids_.write(scale_.tick8, scale_.lot8, made.levels);
  asks_.write(scale_.tick8, scale_.lot8, made.levels);
  return made;
}

feed_ticker sim_market::ticker() const {
  const auto& bid = bids_.best();
  const auto& ask = asks_.best();
  return {symbol_,
          update_,
          bids_.tick_of(bid.rank) * scale_.tick8,
          bid.lots * scale_.lot8,
          asks_.tick_of(ask.rank) * scale_.tick8,
          ask.lots * scale_.lot8};
}

feed_statistics sim_market::statistics(timestamp_ns at) const {
  const auto day = day_.whole();
  return {symbol_,
          day.open * scale_.tick8,
          day.high * scale_.tick8,
          day.low * scale_.tick8,
          day.close * scale_.tick8,
          saturated(static_cast<__int128>(day.lots) * scale_.lot8),
          day.quote8,
          at};
}

/// Thin at the touch, thicker behind, now and then a wall.
std::int64_t sim_market::level_lots(std::int64_t distance) {
  auto lots = scale_.unit_lots * random_.between(25, 800) / 100;
  lots = lots * (4 + std::min<std::int64_t>(distance, 60)) / 16;
  if (random_.one_in(40)) lots *= 8;
  return std::max<std::int64_t>(lots, 1);
}

std::int64_t sim_market::gap() {
  return random_.between(1, 2 * gap_mean_ - 1);
}

} // namespace rialto::actors
