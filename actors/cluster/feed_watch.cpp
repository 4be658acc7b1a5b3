#include "actors/cluster/feed_watch.hpp"

namespace rialto::actors {

void feed_watch::heard(incarnation from, const std::vector<protocol::feed_state>& states,
                       std::int64_t now_ns) {
  const std::lock_guard hold(lock_);
  for (const auto& one : states) {
    if (one.at_epoch < feed_epoch_) continue; // W2
    feed_ = from;
    feed_epoch_ = one.at_epoch;
    auto& at = places_[one.market];
    at.said_ns = now_ns;
    at.is_live = one.is_live;
  }
}

void feed_watch::closed(incarnation who) {
  const std::lock_guard hold(lock_);
  for (auto& [market, at] : places_) {
    if (at.laid_by != who) continue;
    at.laid_by = runtime::cluster::nobody;
    at.is_wanted = true;
  }
}

bool feed_watch::admit(incarnation from, const request& one, storage::epoch at_epoch) {
  const auto* const command = std::get_if<market_command>(&one.command);
  if (command == nullptr) return true;
  const auto* const depth = std::get_if<mirror_depth>(command);
  const bool is_trade = std::holds_alternative<mirror_trade>(*command);
  const bool is_reset = std::holds_alternative<mirror_reset>(*command);
  if (depth == nullptr && !is_trade && !is_reset) return true;
  const std::lock_guard hold(lock_);
  if (feed_ != runtime::cluster::nobody && from != feed_) return false; // W2
  auto& at = places_[market_id{one.to.number()}];
  if (depth != nullptr && depth->is_snapshot) {
    at.laid_by = from;
    at.laid_at = at_epoch;
    at.is_wanted = false;
    return true;
  }
  if (is_reset) {
    at.laid_by = runtime::cluster::nobody;
    at.is_wanted = false; // it comes by itself once the feed has one
    return true;
  }
  if (at.laid_by == from && at.laid_at == at_epoch) return true; // W3
  at.is_wanted = true;
  return false;
}

feed_watch::step feed_watch::tick(incarnation me, const std::vector<market_id>& mirrored,
                                  std::int64_t now_ns) {
  step made;
  const std::lock_guard hold(lock_);
  made.feed = feed_;
  const std::set<market_id> watched(mirrored.begin(), mirrored.end());
  std::erase_if(places_, [&](const auto& one) { // no longer mirrored
    if (watched.contains(one.first)) return false;
    if (one.second.is_stale) made.changes.push_back({one.first, false, false});
    return true;
  });
  for (const auto market : watched) {
    auto& at = places_[market];
    const bool is_heard = at.said_ns != 0 && now_ns - at.said_ns <= limits_.silent_ns;
    const bool is_new = at.said_ns == 0 && now_ns - begun_ns_ <= limits_.patience_ns;
    const bool is_stale = !is_new && (!is_heard || !at.is_live);
    if (is_stale != at.is_stale) {
      at.is_stale = is_stale;
      if (is_stale && !is_heard) at.laid_by = runtime::cluster::nobody; // pulled, W4
      if (!is_stale && at.laid_by == runtime::cluster::nobody) at.is_wanted = true;
      made.changes.push_back({market, is_stale, is_stale && !is_heard});
    }
    if (!at.is_wanted || !is_heard || !at.is_live || now_ns - at.asked_ns < limits_.ask_every_ns)
      continue;
    at.asked_ns = now_ns;
    if (feed_ == me) at.is_wanted = false; // what is asked for here comes
    made.wanted.push_back(market);
  }
  return made;
}

bool feed_watch::is_stale(market_id market) const {
  const std::lock_guard hold(lock_);
  const auto at = places_.find(market);
  return at != places_.end() && at->second.is_stale;
}

} // namespace rialto::actors
