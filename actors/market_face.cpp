#include "actors/market_face.hpp"

#include "domain/time_text.hpp"
#include "domain/words.hpp"

#include <fmt/format.h>

namespace rialto::actors {

namespace {

constexpr std::size_t recent_max = 100, minutes_max = 1'441;
constexpr std::int64_t minute_ns = 60'000'000'000, day_ns = 86'400'000'000'000;

bool is_within_day(const candle& minute, timestamp_ns now) {
  return minute.open_time.value + minute_ns > now.value - day_ns;
}

template <class Levels>
void write_levels(std::string& out, const Levels& levels, std::size_t levels_max,
                  const instrument& spec) {
  out += '[';
  for (const auto& [price, size] : levels) {
    if (levels_max-- == 0) break;
    if (out.back() != '[') out += ',';
    fmt::format_to(std::back_inserter(out), R"(["{}","{}"])", format_price({price}, spec),
                   format_quantity({size}, spec));
  }
  out += ']';
}

void write_changes(std::string& out, const std::vector<level_change>& changes, side way,
                   const instrument& spec) {
  out += '[';
  for (const auto& one : changes) {
    if (one.way != way) continue;
    if (out.back() != '[') out += ',';
    fmt::format_to(std::back_inserter(out), R"(["{}","{}"])", format_price(one.price, spec),
                   format_quantity(one.size, spec));
  }
  out += ']';
}

template <class Levels>
level_change best_of(side way, const Levels& levels) {
  return {way, {levels.begin()->first}, {levels.begin()->second}};
}

/// What makes `now` of `old`.
template <class Levels>
void add_difference(side way, const Levels& old, const Levels& now,
                    std::vector<level_change>& out) {
  for (const auto& [price, size] : old)
    if (!now.contains(price)) out.push_back({way, {price}, {}});
  for (const auto& [price, size] : now) {
    const auto known = old.find(price);
    if (known == old.end() || known->second != size) out.push_back({way, {price}, {size}});
  }
}

/// "auction":{...}, or null if none runs.
void write_auction(std::string& out, const std::optional<auction_view>& auction,
                   const instrument& spec) {
  if (!auction) {
    out += R"("auction":null,)";
    return;
  }
  const auto& quote = auction->quote;
  const auto price =
    quote.price.value == 0 ? std::string("null") : '"' + format_price(quote.price, spec) + '"';
  const auto left = quote.imbalance.value;
  fmt::format_to(
    std::back_inserter(out), R"("auction":{{"until":"{}","cause":"{}","price":{},"volume":"{}",)",
    format_time(auction->until), to_text(auction->why), price, format_quantity(quote.volume, spec));
  fmt::format_to(std::back_inserter(out), R"("imbalance":"{}","imbalance_side":{}}},)",
                 format_quantity({left < 0 ? -left : left}, spec),
                 left == 0  ? "null"
                 : left > 0 ? R"("buy")"
                            : R"("sell")");
}

} // namespace

market_face::market_face(const instrument& spec, std::uint64_t sequence_base)
    : spec_(spec), book_log_("book." + spec.symbol, 1'000, sequence_base),
      trades_log_("trades." + spec.symbol, 1'000, sequence_base),
      ticker_log_("ticker." + spec.symbol, 1'000, sequence_base) {}

void market_face::take_levels(const market_publication& news) {
  if (news.is_snapshot) bids_.clear(), asks_.clear();
  const auto set = [](auto& levels, const level_change& level) {
    if (level.size.value == 0)
      levels.erase(level.price.value);
    else
      levels[level.price.value] = level.size.value;
  };
  for (const auto& level : news.levels)
    level.way == side::buy ? set(bids_, level) : set(asks_, level);
}

std::vector<channel_message> market_face::apply(const market_publication& news,
                                                const edge& listener, market_numbers& numbers) {
  face_change change;
  auto out = apply(news, &change);
  if (!listener.wants(news.market)) return out;
  if (!news.is_snapshot) change.levels = news.levels;
  change.trades = news.trades;
  numbers.market = news.market;
  numbers.changes.push_back(std::move(change));
  return out;
}

/// `change` gets what the caller cannot know afterwards: of a whole book only how it differs from the old one.
std::vector<channel_message> market_face::apply(const market_publication& news,
                                                face_change* change) {
  const std::lock_guard hold(lock_);
  std::vector<channel_message> out;
  if (news.spec) {
    spec_ = *news.spec;
    ticker_changed_ = true;
    if (spec_.status != market_status::auction) auction_.reset();
  }
  if (news.auction) auction_ = news.auction, ticker_changed_ = true;
  const bool tells_difference = change != nullptr && news.is_snapshot;
  const auto old_bids = tells_difference ? bids_ : bids{};
  const auto old_asks = tells_difference ? asks_ : asks{};
  take_levels(news);
  // After a crash the market knows it and the tape, which is not synced, may be behind.
  if (news.is_snapshot && news.last_price.value != 0) last_price_ = news.last_price;
  if (tells_difference) {
    add_difference(side::buy, old_bids, bids_, change->levels);
    add_difference(side::sell, old_asks, asks_, change->levels);
  }
  if (change != nullptr) {
    change->at = news.at;
    if (news.last_update > last_update_) { // a whole book may come again
      change->first_update = last_update_ + 1;
      change->last_update = news.last_update;
    }
    if (!bids_.empty()) change->bid = best_of(side::buy, bids_);
    if (!asks_.empty()) change->ask = best_of(side::sell, asks_);
  }
  if (news.last_update != 0) {
    last_update_ = news.last_update;
    ticker_changed_ = true;
    std::string data = fmt::format(
      R"({{"type":"{}","symbol":"{}","first_update":{},"last_update":{},"time":"{}","bids":)",
      news.is_snapshot ? "snapshot" : "diff", spec_.symbol, news.first_update, news.last_update,
      format_time(news.at));
    write_changes(data, news.levels, side::buy, spec_);
    data += R"(,"asks":)";
    write_changes(data, news.levels, side::sell, spec_);
    data += '}';
    out.push_back(book_log_.add(data, false));
  }
  if (!news.trades.empty()) {
    for (const auto& trade : news.trades) note_trade(trade);
    out.push_back(trades_log_.add(trades_json(news.trades), false));
  }
  return out;
}

void market_face::note_trade(const tape_entry& trade) {
  recent_.push_back(trade);
  if (recent_.size() > recent_max) recent_.pop_front();
  last_price_ = trade.price;
  ticker_changed_ = true;
  const timestamp_ns open_time{trade.at.value - trade.at.value % minute_ns};
  if (minutes_.empty() || minutes_.back().open_time < open_time) {
    minutes_.push_back(
      {open_time, trade.price, trade.price, trade.price, trade.price, {}, {}, {}, 0});
    if (minutes_.size() > minutes_max) minutes_.pop_front();
  }
  auto& minute = minutes_.back();
  minute.high = std::max(minute.high, trade.price);
  minute.low = std::min(minute.low, trade.price);
  minute.close = trade.price;
  minute.volume += trade.size;
  if (const auto value = notional(trade.price, trade.size, spec_)) minute.quote_volume += *value;
  ++minute.trades;
}

void market_face::restore_day(const std::vector<candle>& minutes) {
  const std::lock_guard hold(lock_);
  for (const auto& minute : minutes) {
    if (minute.trades == 0 || (!minutes_.empty() && minute.open_time <= minutes_.back().open_time))
      continue;
    minutes_.push_back(minute);
    if (minutes_.size() > minutes_max) minutes_.pop_front();
    last_price_ = minute.close;
  }
}

bool market_face::has_day() const {
  const std::lock_guard hold(lock_);
  return !minutes_.empty();
}

bool market_face::follows(std::uint64_t first_update) const {
  const std::lock_guard hold(lock_);
  return last_update_ != 0 && first_update == last_update_ + 1;
}

void market_face::set_stale(bool stale) {
  const std::lock_guard hold(lock_);
  ticker_changed_ |= stale_ != stale;
  stale_ = stale;
}

instrument market_face::spec() const {
  const std::lock_guard hold(lock_);
  return spec_;
}

price_ticks market_face::reference_price() const {
  const std::lock_guard hold(lock_);
  if (auction_ && last_price_.value != 0) return last_price_; // the book may be crossed
  // Where somebody quotes, the quote nearest to the last trade is fresher than the trade.
  if (!asks_.empty() && (last_price_.value == 0 || last_price_.value > asks_.begin()->first))
    return {asks_.begin()->first};
  if (!bids_.empty() && (last_price_.value == 0 || last_price_.value < bids_.begin()->first))
    return {bids_.begin()->first};
  return last_price_;
}

bool market_face::is_stale() const {
  const std::lock_guard hold(lock_);
  return stale_;
}

channel_message market_face::book_snapshot(std::size_t levels_max) const {
  using levels = std::vector<std::pair<std::int64_t, std::int64_t>>;
  levels bid_levels, ask_levels;
  instrument spec;
  std::uint64_t last_update = 0;
  channel_message made;
  { // The market's news wait for this lock: levels are copied within it and become text outside.
    const std::lock_guard hold(lock_);
    const auto copy = [levels_max](const auto& from, levels& to) {
      to.reserve(std::min(from.size(), levels_max));
      for (auto at = from.begin(); at != from.end() && to.size() < levels_max; ++at)
        to.push_back(*at);
    };
    copy(bids_, bid_levels);
    copy(asks_, ask_levels);
    spec = spec_;
    last_update = last_update_;
    made = book_log_.snapshot("");
  }
  std::string text(*made.bytes, 0, made.bytes->size() - 1); // {"channel":..,"seq":N,"data":
  fmt::format_to(std::back_inserter(text),
                 R"({{"type":"snapshot","symbol":"{}","last_update":{},"bids":)", spec.symbol,
                 last_update);
  write_levels(text, bid_levels, levels_max, spec);
  text += R"(,"asks":)";
  write_levels(text, ask_levels, levels_max, spec);
  text += "}}";
  made.bytes = std::make_shared<const std::string>(std::move(text));
  return made;
}

channel_message market_face::trades_snapshot() const {
  const std::lock_guard hold(lock_);
  return trades_log_.snapshot(trades_json({recent_.begin(), recent_.end()}));
}

std::string market_face::trades_json(const std::vector<tape_entry>& trades) const {
  std::string data = R"({"symbol":")" + spec_.symbol + R"(","trades":[)";
  for (const auto& trade : trades) {
    if (data.back() != '[') data += ',';
    fmt::format_to(std::back_inserter(data),
                   R"({{"id":{},"price":"{}","quantity":"{}","side":"{}","time":"{}"}})",
                   trade.trade.value, format_price(trade.price, spec_),
                   format_quantity(trade.size, spec_), trade.buyer_is_maker ? "sell" : "buy",
                   format_time(trade.at));
  }
  return data + "]}";
}

candle market_face::day_of(timestamp_ns now) const {
  candle day;
  for (const auto& minute : minutes_) {
    if (!is_within_day(minute, now)) continue;
    if (day.trades == 0) {
      day.open = day.high = day.low = minute.open;
      day.open_time = minute.open_time;
    }
    day.high = std::max(day.high, minute.high);
    day.low = std::min(day.low, minute.low);
    day.close = minute.close;
    day.volume += minute.volume;
    day.quote_volume += minute.quote_volume;
    day.trades += minute.trades;
  }
  return day;
}

market_look market_face::look(timestamp_ns now, std::size_t levels_max) const {
  const std::lock_guard hold(lock_);
  market_look seen;
  seen.spec = spec_;
  seen.last_update = last_update_;
  const auto copy = [levels_max](side way, const auto& from, std::vector<level_change>& to) {
    to.reserve(std::min(from.size(), levels_max));
    for (const auto& [price, size] : from) {
      if (to.size() == levels_max) break;
      to.push_back({way, {price}, {size}});
    }
  };
  copy(side::buy, bids_, seen.bids);
  copy(side::sell, asks_, seen.asks);
  seen.last_price = last_price_;
  if (!recent_.empty()) seen.last_trade = recent_.back();
  seen.day = day_of(now);
  for (const auto& minute : minutes_)
    if (!is_within_day(minute, now)) seen.previous_close = minute.close;
  seen.is_stale = stale_;
  return seen;
}

std::string market_face::ticker_json(timestamp_ns now) const {
  const auto day = day_of(now);
  const auto price = [&](price_ticks ticks) {
    return ticks.value == 0 ? "null" : '"' + format_price(ticks, spec_) + '"';
  };
  std::string data =
    fmt::format(R"({{"symbol":"{}","last_price":{},"open_24h":{},"high_24h":{},"low_24h":{},)",
                spec_.symbol, price(last_price_), price(day.open), price(day.high), price(day.low));
  fmt::format_to(std::back_inserter(data),
                 R"("volume_24h":"{}","quote_volume_24h":"{}","trades_24h":{},)",
                 format_quantity(day.volume, spec_), format_amount(day.quote_volume), day.trades);
  const auto best = [&](const char* name, const auto& levels) {
    if (levels.empty())
      fmt::format_to(std::back_inserter(data), R"("{0}":null,"{0}_quantity":null,)", name);
    else
      fmt::format_to(std::back_inserter(data), R"("{0}":"{1}","{0}_quantity":"{2}",)", name,
                     format_price({levels.begin()->first}, spec_),
                     format_quantity({levels.begin()->second}, spec_));
  };
  best("bid", bids_);
  best("ask", asks_);
  write_auction(data, auction_, spec_);
  fmt::format_to(std::back_inserter(data), R"("status":"{}","stale":{},"time":"{}"}})",
                 to_text(spec_.status), stale_, format_time(now));
  return data;
}

std::optional<channel_message> market_face::ticker_if_changed(timestamp_ns now) {
  const std::lock_guard hold(lock_);
  if (!ticker_changed_) return {};
  ticker_changed_ = false;
  return ticker_log_.add(ticker_json(now), true);
}

channel_message market_face::ticker_snapshot(timestamp_ns now) const {
  const std::lock_guard hold(lock_);
  return ticker_log_.snapshot(ticker_json(now));
}

std::optional<std::vector<channel_message>> market_face::since(std::string_view channel,
                                                               std::uint64_t sequence) const {
  const std::lock_guard hold(lock_);
  for (const auto* log : {&book_log_, &trades_log_, &ticker_log_})
    if (log->channel() == channel) return log->since(sequence);
  return {};
}

} // namespace rialto::actors
