#include "net/live/history_plan.hpp"

#include <algorithm>
#include <utility>

namespace rialto::net {

namespace {

constexpr auto minute_ns = history_plan::minute_ns;
constexpr std::int64_t back_ns = history_plan::days_max * 24 * 60 * minute_ns;

timestamp_ns minute_of(timestamp_ns at) {
  return start_of(candle_interval::m1, at);
}

} // namespace

std::deque<minute_range> ranges_to_ask(const std::vector<timestamp_ns>& whole, minute_range in) {
  std::deque<minute_range> made;
  auto known = whole.begin();
  for (auto at = in.from; at < in.to; at.value += minute_ns) {
    known = std::lower_bound(known, whole.end(), at);
    if (known != whole.end() && *known == at) continue;
    // One question reaches over minutes that are known: rows cost nothing, questions do.
    const bool fits =
      !made.empty() && at.value - made.back().from.value < history_plan::rows_max * minute_ns;
    if (!fits) made.push_back({at, at});
    made.back().to = {at.value + minute_ns};
  }
  return made;
}

void history_plan::came_live(timestamp_ns now) {
  wants_overlap_ = true;
  if (looked_at_.value == 0 || now.value - looked_at_.value >= minute_ns) due_.insert(now);
  for (const auto interval : all_candle_intervals) {
    if (interval < candle_interval::m1) continue;
    const timestamp_ns end{end_of(interval, start_of(interval, now)).value + settle_ns};
    due_.insert(end);
    if (interval > candle_interval::m1) ending_[end] = minute_of(now);
  }
}

std::optional<minute_range> history_plan::look(timestamp_ns now) {
  if (!queue_.empty() || due_.empty() || *due_.begin() > now) return {};
  due_.erase(due_.begin(), due_.upper_bound(now));
  looked_at_ = now;
  const auto until = minute_of({now.value - settle_ns});
  const auto overlap = wants_overlap_ ? overlap_minutes * minute_ns : 0;
  const timestamp_ns from{std::max(until.value - back_ns, asked_until_.value - overlap)};
  if (from >= until) return {};
  looked_ = {from, until};
  return looked_;
}

void history_plan::found(const std::vector<timestamp_ns>& whole) {
  auto trusted = whole;
  if (wants_overlap_ && !whole.empty()) {
    const timestamp_ns end{whole.back().value - overlap_minutes * minute_ns};
    trusted.erase(std::upper_bound(trusted.begin(), trusted.end(), end), trusted.end());
  }
  queue_ = ranges_to_ask(trusted, looked_);
  if (queue_.empty()) done();
}

std::optional<minute_range> history_plan::next() const {
  return queue_.empty() ? std::nullopt : std::optional(queue_.front());
}

void history_plan::answered(bool is_good, timestamp_ns now) {
  if (queue_.empty()) return;
  if (is_good) {
    queue_.pop_front();
    if (queue_.empty()) done();
  } else {
    queue_.clear();
    due_.insert({now.value + minute_ns});
  }
}

void history_plan::done() {
  asked_until_ = looked_.to;
  wants_overlap_ = false;
}

std::vector<timestamp_ns> history_plan::ended(timestamp_ns now) {
  std::vector<timestamp_ns> made;
  for (auto at = ending_.begin(); at != ending_.end() && at->first <= now; at = ending_.erase(at))
    made.push_back(at->second);
  made.erase(std::unique(made.begin(), made.end()), made.end());
  return made;
}

} // namespace rialto::net
