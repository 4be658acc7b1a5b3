#include "actors/market_face.hpp"

#include "domain/time_text.hpp"
#include "domain/words.hpp"

#include <fmt/format.h>

namespace rialto::actors {

namespace {

constexpr std::size_t recent_max = 100, minutes_max = 1'441;
constexpr std::int64_t minute_ns = 60'000'000'000, day_ns = 86'400'000'000'000;

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

std::vector<channel_message> market_face::apply(const market_publication& news) {
  const std::lock_guard hold(lock_);
  std::vector<channel_message> out;
  if (news.spec) {
    spec_ = *news.spec;
    ticker_changed_ = true;
    if (spec_.status != market_status::auction) auction_.reset();
  }
  if (news.auction) auction_ = news.auction, ticker_changed_ = true;
  if (news.is_snapshot) bids_.clear(), asks_.clear();
  for (const auto& level : news.levels) {
    if (level.way == side::buy) {
      if (level.size.value == 0)
        bids_.erase(level.price.value);
      else
        bids_[level.price.value] = level.size.value;
    } else {
      if (level.size.value == 0)
        asks_.erase(level.price.value);
      else
        asks_[level.price.value] = level.size.value;
    }
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
  const std::lock_guard hold(lock_);
  std::string data = fmt::format(R"({{"type":"snapshot","symbol":"{}","last_update":{},"bids":)",
                                 spec_.symbol, last_update_);
  write_levels(data, bids_, levels_max, spec_);
  data += R"(,"asks":)";
  write_levels(data, asks_, levels_max, spec_);
  data += '}';
  return book_log_.snapshot(data);
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

std::string market_face::ticker_json(timestamp_ns now) const {
  candle day;
  for (const auto& minute : minutes_) {
    if (minute.open_time.value + minute_ns <= now.value - day_ns) continue;
    if (day.trades == 0) day.open = day.high = day.low = minute.open;
    day.high = std::max(day.high, minute.high);
    day.low = std::min(day.low, minute.low);
    day.close = minute.close;
    day.volume += minute.volume;
    day.quote_volume += minute.quote_volume;
    day.trades += minute.trades;
  }
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
