#include "actors/cluster/tape_relay.hpp"

#include "runtime/log.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace rialto::actors {

namespace {

template <class Frame>
bool send_all(const tape_relay_surroundings& around, incarnation to, const Frame& frame) {
  for (const auto& bytes : protocol::encode(frame).frames)
    if (!around.send(to, bytes)) return false;
  return true;
}

constexpr std::int64_t minute_ns = 60'000'000'000;

timestamp_ns minute_of(timestamp_ns at) {
  return {at.value - at.value % minute_ns};
}

} // namespace

tape_relay::last_trade& tape_relay::shown_of(market_id market) {
  const auto [at, is_new] = shown_.try_emplace(market);
  if (is_new) at->second.id = tape_.last_trade_id(market); // memory only
  return at->second;
}

// ---- gaps

void tape_relay::open(market_id market, const std::vector<incarnation>& peers) {
  std::unique_lock hold(lock_);
  const auto last = shown_of(market);
  const auto [found, is_new] = gaps_.try_emplace(market);
  auto& at = found->second;
  const auto now = around_.monotonic_ns();
  if (is_new) {
    at.begun_ns = now;
    at.after = last.id;
    at.since = last.at;
    ++statistics_.gaps;
  }
  at.until_ns = std::min(now + limits_.wait_ns, at.begun_ns + limits_.extended_ns);
  ask(market, at, peers);
  close_ready(hold);
}

void tape_relay::ask(market_id market, gap& at, const std::vector<incarnation>& peers) {
  at.number = ++numbers_;
  at.asked.clear();
  at.answers = at.silent = 0;
  at.reaches = at.after;
  protocol::tape_question_frame frame;
  frame.items.push_back({market, at.number, at.after, at.since});
  for (const auto peer : peers)
    if (send_all(around_, peer, frame))
      at.asked.insert(peer);
    else
      ++at.silent;
}

void tape_relay::closed(incarnation who) {
  std::unique_lock hold(lock_);
  for (auto& [market, at] : gaps_)
    if (at.asked.erase(who) > 0) ++at.silent;
  close_ready(hold);
}

void tape_relay::tick() {
  std::unique_lock hold(lock_);
  const auto now = around_.monotonic_ns();
  for (auto& [market, at] : gaps_) {
    if (now < at.until_ns) continue;
    at.silent += at.asked.size();
    at.asked.clear();
  }
  close_ready(hold);
}

bool tape_relay::is_whole(market_id market) const {
  const std::lock_guard hold(lock_);
  return !gaps_.contains(market);
}

/// Gaps that wait for nobody any more. What the worker does not take now is tried again with the next tick.
void tape_relay::close_ready(std::unique_lock<std::mutex>& hold) {
  std::vector<market_id> ready;
  for (auto& [market, at] : gaps_) {
    if (at.is_closing || !at.asked.empty()) continue;
    at.is_closing = true;
    ready.push_back(market);
  }
  hold.unlock();
  std::vector<market_id> untaken;
  for (const auto market : ready)
    if (!around_.post([this, market] { close(market); })) untaken.push_back(market);
  hold.lock();
  for (const auto market : untaken)
    if (const auto at = gaps_.find(market); at != gaps_.end()) at->second.is_closing = false;
}

/// What is to be shown next; `is_done`: nothing, and the gap is closed. Empty and not done: another gap was seen meanwhile.
std::vector<tape_entry> tape_relay::next_part(market_id market, gap& at, bool& is_done) {
  std::vector<tape_entry> part;
  if (!at.asked.empty()) {
    at.is_closing = false;
    return part;
  }
  for (auto& one : std::exchange(at.held, {})) at.trades.emplace(one.trade.value, one);
  auto& shown = shown_of(market);
  while (!at.trades.empty() && part.size() < limits_.shown_at_once) {
    const auto first = at.trades.begin();
    if (first->first > shown.id) {
      part.push_back(first->second);
      shown = {first->first, first->second.at};
    }
    at.trades.erase(first);
  }
  is_done = part.empty();
  if (is_done) gaps_.erase(market);
  return part;
}

/// On the worker.
void tape_relay::close(market_id market) {
  std::vector<candle> candles;
  timestamp_ns heard_from;
  std::uint64_t after = 0, reaches = 0, first = 0;
  bool is_broken = false;
  {
    const std::lock_guard hold(lock_);
    auto& at = gaps_.at(market);
    after = at.after;
    reaches = at.reaches;
    // Who did not answer may have known more, unless another knows that nothing is missing; nobody was there to ask: nobody missed anything.
    is_broken = reaches > after || (at.answers == 0 && at.silent > 0);
    std::size_t healed = 0;
    for (const auto& [id, trade] : at.trades) healed += id > after ? 1 : 0;
    statistics_.healed += healed;
    for (const auto& [open_time, one] : std::exchange(at.candles, {})) candles.push_back(one);
    const auto next = at.trades.upper_bound(after);
    if (next != at.trades.end()) {
      first = next->first;
      heard_from = next->second.at;
    } else if (!at.held.empty()) {
      first = at.held.front().trade.value;
      heard_from = at.held.front().at;
    }
  }
  if (heard_from.value == 0) heard_from = around_.now();
  if (after == 0) is_broken = false; // a tape that begins
  if (is_broken) {
    ++statistics_.broken;
    runtime::log_warning(
      "market_data", "market/{}: trades between {} and {} are not on this node's tape; {}",
      market.value, after, first,
      candles.empty() ? "candles of that time are partial" : "its candles are another node's");
  }
  if (reaches > after || is_broken) around_.mark_partial(market, heard_from);
  if (!candles.empty()) around_.take_candles(market, candles);
  for (;;) {
    bool is_done = false;
    std::vector<tape_entry> part;
    {
      const std::lock_guard hold(lock_);
      part = next_part(market, gaps_.at(market), is_done);
    }
    if (part.empty()) return;
    market_publication one;
    one.market = market;
    one.at = around_.now();
    one.trades = std::move(part);
    around_.show({std::move(one)});
  }
}

void tape_relay::pass(std::vector<market_publication>& news) {
  std::unique_lock hold(lock_);
  for (auto& one : news) {
    if (one.trades.empty()) continue;
    const auto at = gaps_.find(one.market);
    auto& shown = shown_of(one.market);
    if (at == gaps_.end()) {
      std::erase_if(one.trades, [&](const tape_entry& trade) {
        if (trade.trade.value <= shown.id) return true;
        shown = {trade.trade.value, trade.at};
        return false;
      });
      continue;
    }
    auto& held = at->second.held;
    held.insert(held.end(), one.trades.begin(), one.trades.end());
    one.trades.clear();
    if (held.size() < limits_.held_max || at->second.asked.empty()) continue;
    at->second.silent += at->second.asked.size(); // T2
    at->second.asked.clear();
  }
  close_ready(hold);
}

// ---- questions and answers

void tape_relay::take(incarnation from, const protocol::tape_question_frame& frame) {
  for (const auto& one : frame.items) {
    ++statistics_.asked;
    std::uint64_t known = 0;
    {
      const std::lock_guard hold(lock_);
      known = shown_of(one.market).id;
    }
    if (!around_.post([this, from, one, known] { answer(from, one, known); }))
      ++statistics_.unanswered;
  }
}

/// What was published before the question was sent is on its way to our own tape, too.
void tape_relay::wait_for_tape(market_id market, std::uint64_t known) const {
  for (int looks = 0; looks < limits_.tape_looks_max && tape_.last_trade_id(market) < known;
       ++looks)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

/// On the worker. Where not all trades go, they begin with a minute, and candles say what was before.
void tape_relay::answer(incarnation to, const protocol::tape_question& question,
                        std::uint64_t known) const {
  const auto market = question.market;
  wait_for_tape(market, known);
  auto newest = tape_.trades(market, 0, limits_.trades_max);
  const bool is_all =
    newest.size() < limits_.trades_max || newest.back().trade.value <= question.after;
  std::erase_if(newest, [&](const tape_entry& one) { return one.trade.value <= question.after; });
  std::reverse(newest.begin(), newest.end());
  auto reaches = question.after;
  std::vector<candle> candles;
  if (!is_all) {
    const timestamp_ns begin{minute_of(newest.front().at).value + minute_ns};
    const auto first =
      std::find_if(newest.begin(), newest.end(), [&](const auto& one) { return one.at >= begin; });
    if (first != newest.end()) newest.erase(newest.begin(), first);
    reaches = newest.front().trade.value - 1;
  }
  if (!is_all || question.after == 0) {
    const auto to_minute = newest.empty() ? minute_of(around_.now()) : minute_of(newest.front().at);
    candles = tape_.candles(market, candle_interval::m1, minute_of(question.since), to_minute,
                            limits_.candles_max);
    std::erase_if(candles, [](const candle& one) { return one.is_open; });
  }
  protocol::tape_answer_frame frame;
  for (std::size_t i = 0; i < candles.size(); i += limits_.page_max) {
    auto& page = frame.items.emplace_back();
    const auto end = std::min(candles.size(), i + limits_.page_max);
    page.candles.assign(candles.begin() + static_cast<std::ptrdiff_t>(i),
                        candles.begin() + static_cast<std::ptrdiff_t>(end));
  }
  for (std::size_t i = 0; i < newest.size(); i += limits_.page_max) {
    auto& page = frame.items.emplace_back();
    const auto end = std::min(newest.size(), i + limits_.page_max);
    page.trades.assign(newest.begin() + static_cast<std::ptrdiff_t>(i),
                       newest.begin() + static_cast<std::ptrdiff_t>(end));
  }
  if (frame.items.empty()) frame.items.emplace_back();
  for (auto& page : frame.items) {
    page.market = market;
    page.number = question.number;
    page.reaches = reaches;
  }
  frame.items.back().is_last = true;
  static_cast<void>(send_all(around_, to, frame)); // or whoever asked waits no longer than wait_ns
}

void tape_relay::share(market_id market, const std::vector<candle>& closed,
                       const std::vector<incarnation>& peers) const {
  protocol::tape_answer_frame frame;
  for (std::size_t i = 0; i < closed.size(); i += limits_.page_max) {
    auto& page = frame.items.emplace_back();
    page.market = market;
    page.candles.assign(
      closed.begin() + static_cast<std::ptrdiff_t>(i),
      closed.begin() + static_cast<std::ptrdiff_t>(std::min(closed.size(), i + limits_.page_max)));
  }
  for (const auto peer : peers) static_cast<void>(send_all(around_, peer, frame));
}

void tape_relay::take(incarnation from, protocol::tape_answer_frame& frame) {
  for (auto& page : frame.items)
    if (page.number == 0 && !page.candles.empty() &&
        !around_.post([this, market = page.market, candles = std::move(page.candles)] {
          around_.take_candles(market, candles);
        }))
      ++statistics_.refused;
  std::unique_lock hold(lock_);
  for (auto& page : frame.items) {
    const auto found = gaps_.find(page.market);
    if (found == gaps_.end() || found->second.number != page.number ||
        !found->second.asked.contains(from))
      continue; // nobody waits for it any more
    auto& at = found->second;
    for (const auto& trade : page.trades) at.trades.emplace(trade.trade.value, trade);
    for (const auto& one : page.candles) at.candles.emplace(one.open_time.value, one);
    if (!page.is_last) continue;
    at.reaches = at.answers == 0 ? page.reaches : std::min(at.reaches, page.reaches);
    ++at.answers;
    at.asked.erase(from);
  }
  close_ready(hold);
}

} // namespace rialto::actors
