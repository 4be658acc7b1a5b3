#include "actors/feed_actor.hpp"

#include "runtime/log.hpp"

#include <algorithm>
#include <chrono>

namespace rialto::actors {

namespace {
constexpr std::int64_t pause_min_ns = 1'000'000, pause_max_ns = 100'000'000;
}

feed_actor::feed_actor(caf::actor_config& config, runtime::actor_surroundings around,
                       std::string parent, std::shared_ptr<feed_context> context)
    : tracked_actor(config, around, "feed", "feed", std::move(parent)),
      context_(std::move(context)) {}

caf::behavior feed_actor::behave() {
  source_ = context_->open();
  schedule();
  return {
    [this](tick) {
      is_scheduled_ = false;
      poll();
      schedule();
    },
    [this](const batch_credit&) {
      waits_for_credit_ = false;
      schedule();
    },
  };
}

void feed_actor::schedule() {
  if (waits_for_credit_ || is_scheduled_) return; // the credit takes it up again
  const auto due = has_begun_ ? source_->next_due() : std::nullopt;
  auto pause = has_begun_
                 ? pause_max_ns
                 : pause_max_ns / 5; // also when nothing is due: somebody may ask for a snapshot
  if (due) pause = std::clamp(due->value - now().value, std::int64_t{0}, pause_max_ns);
  is_scheduled_ = true;
  if (pause < pause_min_ns)
    send(this, tick{});
  else
    delayed_send(this, std::chrono::nanoseconds(pause), tick{});
}

void feed_actor::poll() {
  if (!has_begun_ && !(has_begun_ = context_->markets_are_up())) return;
  markets_ = context_->faces.markets();
  for (const auto& [symbol, entry] : markets_->by_symbol) {
    if (known_.contains(symbol)) continue;
    known_.insert(symbol);
    if (context_->market_seen) context_->market_seen(*source_, entry.spec);
    source_->request_snapshot(symbol); // a market listed later, or a feed that began before it
  }
  news_.clear();
  source_->next(now(), news_);
  for (const auto& one : news_) translate(one);
  note_status();
  const auto shard = context_->shard();
  if (batch_.empty() || !shard) return batch_.clear();
  waits_for_credit_ = true;
  send(shard, feed_batch{std::make_shared<std::vector<actors::request>>(std::move(batch_))});
  batch_.clear();
}

void feed_actor::tell(const std::string& symbol, market_command command) {
  const auto* entry = markets_->find(symbol);
  if (entry == nullptr) {
    ++context_->gauges.unknown_symbol;
    return;
  }
  if (entry->spec.mode != market_mode::mirrored) {
    auto spec = entry->spec;
    spec.mode = market_mode::mirrored;
    batch_.push_back({0, spec.market, market_command{change_instrument{spec}}, {}});
  }
  batch_.push_back({0, entry->spec.market, std::move(command), {}});
}

void feed_actor::set_stale(const std::string& symbol, bool stale) {
  if (const auto faces = context_->faces.find(symbol)) faces->market.set_stale(stale);
}

void feed_actor::add_levels(const std::string& symbol, const std::vector<feed_level>& levels,
                            bool is_snapshot) {
  const auto* entry = markets_->find(symbol);
  if (entry == nullptr) {
    ++context_->gauges.unknown_symbol;
    return;
  }
  mirror_depth depth;
  depth.is_snapshot = is_snapshot;
  depth.levels.reserve(levels.size());
  const auto tick_size = entry->spec.tick_size.value, lot_size = entry->spec.lot_size.value;
  for (const auto& level : levels) {
    if (level.price8 % tick_size != 0) {
      ++context_->gauges.off_tick;
      continue;
    }
    depth.levels.push_back({level.way, {level.price8 / tick_size}, {level.size8 / lot_size}});
  }
  tell(symbol, std::move(depth));
}

void feed_actor::translate(const feed_news& one) {
  if (const auto* whole = std::get_if<feed_snapshot>(&one)) {
    add_levels(whole->symbol, whole->levels, true);
    set_stale(whole->symbol, false);
  } else if (const auto* change = std::get_if<feed_depth>(&one)) {
    add_levels(change->symbol, change->levels, false);
  } else if (const auto* trade = std::get_if<feed_trade>(&one)) {
    const auto* entry = markets_->find(trade->symbol);
    if (entry == nullptr) {
      ++context_->gauges.unknown_symbol;
      return;
    }
    const auto lots = trade->size8 / entry->spec.lot_size.value;
    if (trade->price8 % entry->spec.tick_size.value != 0 || lots == 0) {
      ++context_->gauges.off_tick;
      return;
    }
    tell(trade->symbol, mirror_trade{{trade->price8 / entry->spec.tick_size.value},
                                     {lots},
                                     trade->buyer_is_maker,
                                     trade->at});
  } else if (const auto* lost = std::get_if<feed_reset>(&one)) {
    // Rather no house liquidity than a wrong one.
    tell(lost->symbol, mirror_reset{});
    set_stale(lost->symbol, true);
    runtime::log_warning("feed", "{} is out of step; its mirror is empty until a snapshot comes",
                         lost->symbol);
  }
}

void feed_actor::note_status() {
  const auto& status = source_->status();
  auto& gauges = context_->gauges;
  gauges.messages = status.messages;
  gauges.ignored = status.ignored;
  gauges.parse_errors = status.parse_errors;
  gauges.gaps = status.gaps;
  gauges.resyncs = status.resyncs;
  gauges.problems = status.problems;
  gauges.last_message_ns = status.last_message_at.value;
  const auto problems = status.parse_errors + status.problems + status.gaps;
  if (problems > problems_told_ && !status.last_problem.empty())
    runtime::log_warning("feed", "{} (problem {} of this feed)", status.last_problem, problems);
  problems_told_ = problems;
  if (status.is_finished && !gauges.finished.exchange(true))
    runtime::log_info("feed", "finished after {} messages, {} gaps, {} refused", status.messages,
                      status.gaps, status.parse_errors);
}

} // namespace rialto::actors
