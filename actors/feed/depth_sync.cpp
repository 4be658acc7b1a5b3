#include "actors/feed/depth_sync.hpp"

namespace rialto::actors {

namespace {
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t ask_pause_ns_max = 60 * second_ns;
} // namespace

void depth_sync::on_depth(feed_depth update, std::vector<feed_news>& out) {
  if (!is_synchronised_) {
    wait(std::move(update));
    return;
  }
  if (update.last_update <= last_update_) {
    ++dropped_;
    return;
  }
  if (update.first_update > last_update_ + 1) {
    lose(update.symbol, out);
    wait(std::move(update));
    return;
  }
  last_update_ = update.last_update;
  out.emplace_back(std::move(update));
}

void depth_sync::on_snapshot(feed_snapshot whole, std::vector<feed_news>& out) {
  if (is_synchronised_) {
    ++dropped_;
    return;
  }
  if (!waiting_.empty() && waiting_.front().first_update > whole.last_update + 1) {
    ++dropped_; // too old: the updates between it and the first waiting one were never seen
    return;
  }
  is_synchronised_ = true;
  ask_again_at_ = {};
  ask_pause_ns_ = 0;
  ++resyncs_;
  last_update_ = whole.last_update;
  out.emplace_back(std::move(whole));
  auto waiting = std::exchange(waiting_, {});
  forget_waiting();
  for (auto& update : waiting) on_depth(std::move(update), out);
}

void depth_sync::lose(const std::string& symbol, std::vector<feed_news>& out) {
  if (!is_synchronised_) return;
  is_synchronised_ = false;
  last_update_ = 0;
  ++gaps_;
  out.emplace_back(feed_reset{symbol});
}

void depth_sync::forget(const std::string& symbol, std::vector<feed_news>& out) {
  forget_waiting();
  ask_again_at_ = {};
  ask_pause_ns_ = 0;
  if (std::exchange(is_synchronised_, false)) out.emplace_back(feed_reset{symbol});
  last_update_ = 0;
}

bool depth_sync::wants_snapshot(timestamp_ns now) {
  if (is_synchronised_ || now < ask_again_at_) return false;
  ask_pause_ns_ = std::clamp(2 * ask_pause_ns_, second_ns, ask_pause_ns_max);
  ask_again_at_ = now + timestamp_ns{ask_pause_ns_};
  return true;
}

void depth_sync::wait(feed_depth update) {
  if (!waiting_.empty()) {
    const auto last = waiting_.back().last_update;
    if (update.last_update <= last) {
      ++dropped_;
      return;
    }
    if (update.first_update > last + 1) {
      ++gaps_;
      forget_waiting();
    }
  }
  if (waiting_.size() == depth_sync_updates_max ||
      waiting_levels_ + update.levels.size() > depth_sync_levels_max) {
    ++overflows_;
    forget_waiting();
  }
  waiting_levels_ += update.levels.size();
  waiting_.push_back(std::move(update));
}

void depth_sync::forget_waiting() {
  waiting_.clear();
  waiting_levels_ = 0;
}

} // namespace rialto::actors
