#include "actors/feed_actor.hpp"

#include "actors/feed/mirror_commands.hpp"
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

void feed_actor::set_stale(const std::string& symbol, bool stale) {
  if (const auto faces = context_->faces.find(symbol)) faces->market.set_stale(stale);
}

void feed_actor::translate(const feed_news& one) {
  const auto& symbol = symbol_of(one);
  const auto* entry = markets_->find(symbol);
  if (entry == nullptr) {
    ++context_->gauges.unknown_symbol;
    return;
  }
  std::uint64_t off_grid = 0;
  auto command = mirror_command(one, entry->spec, off_grid);
  context_->gauges.off_tick += off_grid;
  if (!command) return;
  if (entry->spec.mode != market_mode::mirrored) {
    auto spec = entry->spec;
    spec.mode = market_mode::mirrored;
    batch_.push_back({0, spec.market, market_command{change_instrument{spec}}, {}});
  }
  batch_.push_back({0, entry->spec.market, std::move(*command), {}});
  if (std::holds_alternative<feed_snapshot>(one)) set_stale(symbol, false);
  if (!std::holds_alternative<feed_reset>(one)) return;
  set_stale(symbol, true);
  runtime::log_warning("feed", "{} is out of step; its mirror is empty until a snapshot comes",
                       symbol);
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
