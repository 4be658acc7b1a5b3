#include "actors/cluster/child_news.hpp"

#include <algorithm>

namespace rialto::actors {

using protocol::child_condition;
using runtime::cluster::nobody;

namespace {

bool is_newer(const protocol::child_report& one, const protocol::child_report& than) {
  return one.at_epoch != than.at_epoch ? one.at_epoch > than.at_epoch : one.number > than.number;
}

} // namespace

void child_news::changed(const std::vector<child_change>& all) {
  outgoing out;
  {
    const std::lock_guard hold(lock_);
    for (const auto& one : all) {
      auto at = mine_.find(one.child);
      const bool is_failure = one.condition != child_condition::running;
      if (at == mine_.end()) {
        if (!is_failure) continue; // nobody was told that it ever failed
        if (mine_.size() >= children_max) {
          const auto calm = std::find_if(mine_.begin(), mine_.end(), [](const auto& kept) {
            return kept.second.what.condition == child_condition::running;
          });
          if (calm == mine_.end()) {
            ++left_out_;
            continue;
          }
          mine_.erase(calm);
        }
        at = mine_.emplace(one.child, told{}).first;
        at->second.what.child = one.child;
      }
      auto& what = at->second.what;
      what.parent = one.parent;
      what.condition = one.condition;
      what.changed_at = one.at;
      what.at_epoch = around_.route_of(shard_of(one.child)).at_epoch;
      what.number = next_++;
      if (is_failure) {
        ++what.restarts;
        what.last_failure = one.why.substr(0, protocol::failure_bytes_max);
      }
      at->second.sent_to = nobody;
    }
    gather(out);
  }
  give_away(out);
}

void child_news::peer_closed(incarnation who) {
  const std::lock_guard hold(lock_);
  for (auto& [child, one] : mine_)
    if (one.sent_to == who) one.sent_to = nobody;
}

void child_news::tick(timestamp_ns now) {
  outgoing out;
  {
    const std::lock_guard hold(lock_);
    const auto is_elsewhere = [&](entity_id id) {
      const auto route = around_.route_of(shard_of(id));
      return !route.is_here && route.owner != nobody && !route.is_moving;
    };
    std::erase_if(mine_, [&](const auto& one) { return is_elsewhere(one.first); });
    for (auto at = heard_.begin();
         at != heard_.end();) { // not at once: this node's routes may be late
      const auto shard = shard_of(at->first);
      if (!is_elsewhere(at->first)) {
        left_.erase(shard);
        ++at;
        continue;
      }
      if (now.value - left_.try_emplace(shard, now).first->second.value < forget_ns) {
        ++at;
        continue;
      }
      heard_count_ -= at->second.size();
      at = heard_.erase(at);
    }
    for (storage::shard_id shard = 0; shard < shard_count_; ++shard) {
      const auto route = around_.route_of(shard);
      const bool is_there = route.is_here || (route.owner != nobody && !route.is_moving &&
                                              around_.is_linked(route.owner));
      if (is_there)
        away_.erase(shard);
      else
        away_.try_emplace(shard, now);
    }
    gather(out);
  }
  give_away(out);
}

/// What its parent's owner has not been sent.
void child_news::gather(outgoing& into) {
  for (auto& [child, one] : mine_) {
    const auto route = around_.route_of(shard_of(one.what.parent));
    if (route.is_here) {
      if (one.sent_to != route.owner) keep(one.what, into);
      one.sent_to = route.owner;
      continue;
    }
    if (route.owner == nobody || route.is_moving || one.sent_to == route.owner) continue;
    one.sent_to = route.owner;
    into.frames[route.owner].items.push_back(one.what);
  }
}

void child_news::keep(const report& one, outgoing& into) {
  auto& children = heard_[one.parent];
  const auto known = children.find(one.child);
  if (known != children.end()) {
    if (!is_newer(one, known->second)) return; // S1
    known->second = one;
    into.heard.push_back(one);
    return;
  }
  if (heard_count_ >= children_max) {
    for (auto at = heard_.begin(); at != heard_.end() && heard_count_ >= children_max;) {
      heard_count_ -= std::erase_if(at->second, [](const auto& kept) {
        return kept.second.condition == child_condition::running;
      });
      at = at->second.empty() && at->first != one.parent ? heard_.erase(at) : std::next(at);
    }
    if (heard_count_ >= children_max) {
      ++left_out_;
      if (children.empty()) heard_.erase(one.parent);
      return;
    }
  }
  children.emplace(one.child, one);
  ++heard_count_;
  into.heard.push_back(one);
}

void child_news::give_away(outgoing& all) {
  for (const auto& [owner, frame] : all.frames)
    for (const auto& bytes : protocol::encode(frame).frames) {
      if (around_.send(owner, bytes)) continue;
      peer_closed(owner); // all of it goes again
      break;
    }
  if (!around_.heard) return;
  for (const auto& one : all.heard) around_.heard(one);
}

void child_news::came(const protocol::child_report_frame& frame) {
  outgoing out;
  {
    const std::lock_guard hold(lock_);
    for (const auto& one : frame.items) keep(one, out); // routes may be late here, too
  }
  give_away(out);
}

child_view child_news::view_of(entity_id child, const report* said) const {
  const auto route = around_.route_of(shard_of(child));
  child_view made;
  made.child = child;
  made.owner = route.owner;
  if (said != nullptr) {
    made.restarts = said->restarts;
    made.changed_at = said->changed_at;
    made.last_failure = said->last_failure;
    if (route.at_epoch <= said->at_epoch) made.condition = said->condition; // S3
  }
  const auto away = away_.find(shard_of(child));
  if (away != away_.end()) made.away_since = away->second;
  return made;
}

std::vector<child_view> child_news::children_of(entity_id parent,
                                                const std::vector<entity_id>& known) const {
  const std::lock_guard hold(lock_);
  std::set<entity_id> all(known.begin(), known.end());
  const auto told_of = heard_.find(parent);
  if (told_of != heard_.end())
    for (const auto& [child, said] : told_of->second) all.insert(child);
  std::vector<child_view> made;
  for (const auto child : all) {
    const report* said = nullptr;
    if (told_of != heard_.end())
      if (const auto at = told_of->second.find(child); at != told_of->second.end())
        said = &at->second;
    made.push_back(view_of(child, said));
  }
  return made;
}

std::set<entity_id> child_news::degraded() const {
  const std::lock_guard hold(lock_);
  std::set<entity_id> found;
  for (const auto& [parent, children] : heard_)
    for (const auto& [child, said] : children)
      if (view_of(child, &said).condition == child_condition::given_up) found.insert(parent);
  return found;
}

} // namespace rialto::actors
