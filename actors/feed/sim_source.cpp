#include "actors/feed/sim_source.hpp"

namespace rialto::actors {

namespace {
constexpr std::int64_t turns_per_beat = 4;
constexpr std::int64_t turn_ns = sim_beat_ns / turns_per_beat;
constexpr std::int64_t cross_price8_max = 100'000 * units_per_whole; // its moves stay in range
} // namespace

sim_source::sim_source(std::uint64_t seed, std::vector<sim_instrument> instruments)
    : seed_(seed), climate_(seed) {
  // Crosses follow their legs, whatever the order they are given in.
  std::vector<sim_instrument> crosses;
  const auto has = [&](std::string_view base, std::string_view quote) {
    for (const auto& one : instruments)
      if (one.base == base && one.quote == quote) return true;
    return false;
  };
  for (const auto& one : instruments) {
    bool is_cross = false;
    for (const auto& other : instruments)
      is_cross = is_cross || (other.base == one.base && other.quote != one.quote &&
                              has(one.quote, other.quote));
    if (is_cross)
      crosses.push_back(one);
    else
      add(one);
  }
  for (auto& one : crosses) add(std::move(one));
}

void sim_source::add(sim_instrument instrument) {
  if (places_.size() == sim_markets_max || by_symbol_.contains(instrument.symbol)) return;
  auto made = std::make_unique<place>();
  made->instrument = std::move(instrument);
  made->scale = scale_of(made->instrument);
  find_legs(*made);
  if (made->base_leg != nullptr) {
    const auto price8 = static_cast<__int128>(made->base_leg->scale.start_price8) *
                        units_per_whole / made->quote_leg->scale.start_price8;
    if (price8 >= __int128{100} * made->scale.tick8 && price8 <= cross_price8_max) {
      auto with_price = made->instrument;
      with_price.start_price8 = static_cast<std::int64_t>(price8);
      made->scale = scale_of(with_price);
    } else { // the tick is too coarse for the quotient
      made->base_leg = made->quote_leg = nullptr;
    }
  }
  made->market = std::make_unique<sim_market>(seed_, made->instrument, made->scale,
                                              past_of(*made, sim_day::minutes));
  by_symbol_.emplace(made->instrument.symbol, made.get());
  places_.push_back(std::move(made));
}

/// Legs are markets with a fair price of their own, in the same third asset.
void sim_source::find_legs(place& at) const {
  for (const auto& base : places_) {
    if (base->base_leg != nullptr || base->instrument.base != at.instrument.base) continue;
    for (const auto& quote : places_) {
      if (quote->base_leg != nullptr || quote->instrument.base != at.instrument.quote ||
          quote->instrument.quote != base->instrument.quote)
        continue;
      at.base_leg = base.get();
      at.quote_leg = quote.get();
      return;
    }
  }
}

std::vector<sim_minute> sim_source::past_of(const place& at, std::size_t minutes) const {
  if (at.base_leg == nullptr) return sim_past(seed_, at.instrument, at.scale, minutes);
  return sim_cross_past(seed_, at.instrument, at.scale, past_of(*at.base_leg, minutes),
                        at.base_leg->scale, past_of(*at.quote_leg, minutes), at.quote_leg->scale);
}

timestamp_ns sim_source::due() const {
  return {start_->value + (turn_ + 1) * turn_ns};
}

void sim_source::next(timestamp_ns now, std::vector<feed_news>& out) {
  now_ = std::max(now_, now);
  const auto first_new = out.size();
  if (start_) {
    if (const auto late = now_.value - due().value; late > sim_catch_up_ns_max)
      start_->value += late / sim_beat_ns * sim_beat_ns;
    for (; due() <= now_; ++turn_) step_turn(due(), out);
  } else {
    start_ = now_;
  }
  begin_new(now_, out);
  for (const auto& symbol : requests_.take())
    if (const auto at = by_symbol_.find(symbol); at != by_symbol_.end())
      out.emplace_back(at->second->market->snapshot());
  if (out.size() == first_new) return;
  status_.messages += out.size() - first_new;
  status_.last_message_at = now_;
}

void sim_source::begin_new(timestamp_ns now, std::vector<feed_news>& out) {
  for (; begun_ < places_.size(); ++begun_) {
    places_[begun_]->has_begun = true;
    places_[begun_]->market->begin(now, out);
    ++status_.resyncs;
  }
}

/// The markets whose turn it is take one beat.
void sim_source::step_turn(timestamp_ns at, std::vector<feed_news>& out) {
  const auto turn = static_cast<std::size_t>(turn_ % turns_per_beat);
  if (turn == 0) weather_ = climate_.step();
  for (auto n = turn; n < begun_; n += turns_per_beat) {
    auto& one = *places_[n];
    const auto first_new = out.size();
    std::int64_t leg_fair = 0;
    if (one.base_leg != nullptr)
      leg_fair =
        static_cast<std::int64_t>(static_cast<__int128>(one.base_leg->market->fair()) *
                                  units_per_whole * sim_fine / one.quote_leg->market->fair());
    one.market->step(weather_, leg_fair, at, out);
    one.messages += out.size() - first_new;
  }
}

std::optional<timestamp_ns> sim_source::next_due() const {
  if (!start_ || !requests_.empty() || begun_ < places_.size()) return now_;
  if (places_.empty()) return {};
  auto turns = turn_; // a turn nobody has needs no call
  const auto count = static_cast<std::int64_t>(places_.size());
  while (turns % turns_per_beat >= count) ++turns;
  return timestamp_ns{start_->value + (turns + 1) * turn_ns};
}

feed_report sim_source::report(timestamp_ns) const {
  auto made = report_of("sim", "simulation", status_);
  for (const auto& one : places_) {
    stream_report stream;
    stream.symbol = one->instrument.symbol;
    stream.state = one->has_begun ? stream_state::live : stream_state::syncing;
    stream.last_message_at = status_.last_message_at;
    stream.messages = one->messages;
    stream.resyncs = one->has_begun ? 1 : 0;
    made.streams.push_back(std::move(stream));
  }
  return made;
}

bool sim_source::is_synchronised(std::string_view symbol) const {
  const auto at = by_symbol_.find(symbol);
  return at != by_symbol_.end() && at->second->has_begun;
}

std::vector<candle> sim_source::history(std::string_view symbol, candle_interval interval,
                                        timestamp_ns until, std::size_t minutes) const {
  const auto at = by_symbol_.find(symbol);
  if (at == by_symbol_.end()) return {};
  return candles_of(past_of(*at->second, minutes), interval, until);
}

} // namespace rialto::actors
