#include "app/live_market.hpp"

#include "actors/feed/kline_rows.hpp"
#include "actors/past_candles.hpp"
#include "domain/time_text.hpp"
#include "net/live/stream_answer.hpp"
#include "runtime/log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::app {

namespace {

constexpr std::int64_t ms_ns = 1'000'000;
constexpr std::int64_t info_weight = 20, klines_weight = 2;

} // namespace

std::vector<std::string> live_market::mirrored(const actors::directory& markets,
                                               bool are_followed) const {
  std::vector<std::string> made;
  for (const auto& [symbol, entry] : markets.by_symbol) {
    const bool is_named =
      symbols_.empty() || std::find(symbols_.begin(), symbols_.end(), symbol) != symbols_.end();
    if (is_named == are_followed && entry.spec.mode == market_mode::mirrored)
      made.push_back(symbol);
  }
  return made;
}

std::vector<std::string> live_market::followed(const actors::directory& markets) const {
  return mirrored(markets, true);
}

std::vector<std::string> live_market::unfollowed(const actors::directory& markets) const {
  return mirrored(markets, false);
}

void live_market::keep(net::rest_client& rest) {
  if (minutes_++ % 60 == 0) {
    due_.insert(symbols_.begin(), symbols_.end());
    if (symbols_.empty())
      for (const auto& symbol : followed(*gate_.markets())) due_.insert(symbol);
  }
  for (const auto& symbol : due_) {
    const bool is_taken = rest.get(
      "/api/v3/exchangeInfo?symbol=" + symbol, info_weight, net::rest_client::urgency::patient,
      [this, symbol](const net::rest_answer& answer) { take_info(symbol, answer); });
    if (!is_taken) break; // the next minute asks again
  }
  const auto now_followed = followed(*gate_.markets());
  std::erase_if(histories_, [&](const auto& one) {
    return std::find(now_followed.begin(), now_followed.end(), one.first) == now_followed.end();
  });
  for (auto& [symbol, of] : histories_) fill(rest, symbol, of);
}

void live_market::take_info(const std::string& symbol, const net::rest_answer& answer) {
  if (!answer.is_good()) {
    if (answer.status == 400) due_.erase(symbol); // it knows no such symbol: asked again in an hour
    return say_once(symbol, "exchangeInfo: " + net::printable(answer.problem));
  }
  due_.erase(symbol);
  std::string why;
  const auto told = net::read_exchange_info(answer.body, symbol, why);
  if (!told) return say_once(symbol, "exchangeInfo: " + why);
  const auto markets = gate_.markets();
  if (const auto* entry = markets->find(symbol))
    update(entry->spec, *told);
  else
    list(*told);
  was_trading_[symbol] = told->is_trading;
}

void live_market::list(const net::exchange_symbol& told) {
  std::string why;
  auto spec = net::instrument_of(told, why);
  if (!spec) return say_once(told.symbol, "cannot be listed: " + why);
  const auto claim = "symbol:" + spec->symbol;
  if (gate_.find_claim(claim)) return; // listed, and not in the directory yet
  spec->market = {gate_.next_id("market")};
  runtime::log_info("feed", "{} is listed with the exchange's limits", spec->symbol);
  std::vector<actors::request> requests;
  requests.push_back(
    {0, spec->market, market_command{list_instrument{*spec}}, {{claim, spec->market}}});
  gate_.submit(std::move(requests));
}

void live_market::update(const instrument& ours, const net::exchange_symbol& told) {
  std::string why;
  const auto before = was_trading_.find(told.symbol);
  const bool is_first = before == was_trading_.end();
  auto spec = net::updated(
    ours, told, is_first ? std::optional<bool>() : std::optional<bool>(before->second), why);
  if (!why.empty()) say_once(told.symbol, why);
  if (is_first && !symbols_.empty()) spec.mode = market_mode::mirrored; // M2
  if (spec == ours) return;
  runtime::log_info("feed", "{} takes over the exchange's limits and status", told.symbol);
  std::vector<actors::request> requests;
  requests.push_back({0, spec.market, market_command{change_instrument{spec}}, {}});
  gate_.submit(std::move(requests));
}

void live_market::say_once(const std::string& symbol, const std::string& what) {
  auto& said = said_[symbol];
  if (said == what) return;
  said = what;
  runtime::log_warning("feed", "{}: {}", symbol, what);
}

void live_market::came_live(net::rest_client& rest, const std::string& symbol) {
  auto& of = histories_[symbol];
  of.plan.came_live(clock_.now());
  fill(rest, symbol, of);
}

void live_market::fill(net::rest_client& rest, const std::string& symbol, history& of) {
  const auto markets = gate_.markets();
  const auto* entry = markets->find(symbol);
  if (entry == nullptr) return;
  const auto& spec = entry->spec;
  const auto minute = timestamp_ns{net::history_plan::minute_ns};
  // A candle that is taken again changes nothing, and the longer ones are made anew of all their parts.
  for (const auto at : of.plan.ended(clock_.now())) {
    const auto part = tape_.candles(spec.market, candle_interval::m1, at, at + minute, 1);
    if (!part.empty() && !part.front().is_open && !part.front().is_partial)
      static_cast<void>(store(spec, part));
  }
  const bool is_first = of.plan.is_new();
  const auto where = of.plan.look(clock_.now());
  if (!where) return;
  if (is_first) say_older(spec, where->from);
  look_through(spec, *where, of);
  ask(rest, spec, of);
}

/// What is missing right before the time that is asked for stays missing.
void live_market::say_older(const instrument& spec, timestamp_ns asked_from) {
  const auto before = tape_.candles(spec.market, candle_interval::m1, {0}, asked_from, 1);
  if (before.empty()) return;
  const auto from = end_of(candle_interval::m1, before.front().open_time);
  if (from < asked_from)
    say_once(spec.symbol, fmt::format("candles from {} to {} are missing and too old to be asked "
                                      "for; rialto import klines takes them from files",
                                      format_time(from), format_time(asked_from)));
}

/// Page by page, backwards: a page holds the newest of its range.
void live_market::look_through(const instrument& spec, net::minute_range where, history& of) {
  std::vector<timestamp_ns> whole;
  for (auto to = where.to; where.from < to;) {
    const auto page = tape_.candles(spec.market, candle_interval::m1, where.from, to,
                                    storage::tape_store::rows_max);
    for (auto one = page.rbegin(); one != page.rend(); ++one)
      if (!one->is_open && !one->is_partial) whole.push_back(one->open_time);
    if (page.size() < storage::tape_store::rows_max) break;
    to = page.front().open_time;
  }
  std::reverse(whole.begin(), whole.end());
  of.sums = {};
  of.plan.found(whole);
}

/// One request at a time; the next follows its answer.
void live_market::ask(net::rest_client& rest, const instrument& spec, history& of) {
  const auto next = of.plan.next();
  if (!next) return;
  const bool is_taken =
    rest.get(fmt::format("/api/v3/klines?symbol={}&interval=1m&startTime={}&endTime={}&limit={}",
                         spec.symbol, next->from.value / ms_ns, next->to.value / ms_ns - 1,
                         net::history_plan::rows_max),
             klines_weight, net::rest_client::urgency::patient,
             [this, &rest, spec, asked = *next](const net::rest_answer& answer) {
               const auto at = histories_.find(spec.symbol);
               if (at == histories_.end()) return; // not followed any more
               auto& mine = at->second;
               if (mine.plan.next() != asked) return; // followed anew meanwhile
               mine.plan.answered(take_klines(spec, asked, answer, mine), clock_.now());
               if (mine.plan.next()) return ask(rest, spec, mine);
               const auto& sums = mine.sums;
               if (sums.added + sums.completed + sums.corrected > 0)
                 runtime::log_info(
                   "feed", "{}: of its history {} candles are new, {} completed, {} corrected",
                   spec.symbol, sums.added, sums.completed, sums.corrected);
             });
  if (!is_taken) of.plan.answered(false, clock_.now());
}

/// False: to be asked for again.
bool live_market::take_klines(const instrument& spec, net::minute_range asked,
                              const net::rest_answer& answer, history& of) {
  if (!answer.is_good()) {
    say_once(spec.symbol, "klines: " + net::printable(answer.problem));
    return false;
  }
  std::vector<candle> rows;
  actors::kline_reader reader(spec, candle_interval::m1, clock_.now());
  if (!reader.take(answer.body, rows) || !reader.finish(rows)) {
    say_once(spec.symbol, "klines: " + net::printable(reader.why()));
    return false;
  }
  if (!reader.refusals().empty())
    say_once(spec.symbol, "klines: " + net::printable(reader.refusals().front()));
  std::erase_if(rows, [&](const candle& one) {
    return one.open_time < asked.from || one.open_time >= asked.to;
  });
  try {
    const auto done = store(spec, rows);
    of.sums.added += done.added;
    of.sums.completed += done.completed;
    of.sums.corrected += done.corrected;
  } catch (const std::exception& problem) { // a full disk, mostly
    say_once(spec.symbol, std::string("klines are not stored: ") + problem.what());
    return false;
  }
  return true;
}

storage::candle_import live_market::store(const instrument& spec, const std::vector<candle>& rows) {
  if (rows.empty() || out_ == nullptr) return {};
  const auto done = actors::take_past_candles(tape_, faces_, *out_, spec.market,
                                              candle_interval::m1, rows, clock_.now());
  if (share_) share_(spec.market, rows);
  return done;
}

} // namespace rialto::app
