#include "actors/feed_actor.hpp"

#include "actors/feed/mirror_commands.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <chrono>

namespace rialto::actors {

namespace {
constexpr std::int64_t pause_min_ns = 1'000'000, pause_max_ns = 100'000'000;
constexpr std::int64_t report_pause_ns = 50'000'000, problem_pause_ns = 1'000'000'000;
constexpr std::int64_t beat_pause_ns = 500'000'000;
} // namespace

feed_actor::feed_actor(caf::actor_config& config, runtime::actor_surroundings around,
                       std::string parent, std::shared_ptr<feed_context> context)
    : tracked_actor(config, around, "feed", "feed", std::move(parent)),
      context_(std::move(context)) {}

caf::behavior feed_actor::behave() {
  if (!context_->is_mine) open_source();
  schedule();
  return {
    [this](tick) {
      is_scheduled_ = false;
      poll();
      schedule();
    },
    [this](const batch_credit&) {
      waits_for_credit_ = false;
      take_up();
    },
    [this](feed_wake) {
      if (waits_for_credit_) return; // the credit takes it up
      poll();
      take_up();
    },
  };
}

void feed_actor::open_source() {
  source_ = context_->open();
  // Weak: the source must not keep alive whom it belongs to.
  source_->wake_by([weak = address()] {
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      caf::anon_send(caf::actor_cast<caf::actor>(strong), feed_wake{});
  });
}

bool feed_actor::follows() {
  const bool is_mine = !context_->is_mine || context_->is_mine();
  if (is_mine && context_->markets_are_up()) {
    if (!source_) open_source();
    return true;
  }
  if (is_mine || !source_) return false;
  runtime::log_info("feed", "another node follows the feed now");
  source_->wake_by({});
  source_.reset();
  known_.clear();
  live_.clear();
  told_.clear();
  has_begun_ = false;
  return false;
}

/// Goes on with what is due now, although a timer may be running.
void feed_actor::take_up() {
  if (waits_for_credit_) return;
  if (!is_scheduled_) return schedule();
  const auto due = has_begun_ ? source_->next_due() : std::nullopt;
  if (due && *due <= now()) send(this, feed_wake{});
}

void feed_actor::on_exit() {
  if (source_) source_->wake_by({});
  source_.reset();
  tracked_actor::on_exit();
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
  if ((!has_begun_ || context_->is_mine) && !(has_begun_ = follows())) return;
  auto markets = context_->faces.markets();
  const bool has_changed = markets != markets_;
  markets_ = std::move(markets);
  if (has_changed && context_->markets_changed) context_->markets_changed(*source_, *markets_);
  for (const auto& [symbol, entry] : markets_->by_symbol) {
    const auto at_epoch = context_->epoch_of ? context_->epoch_of(entry.spec.market) : 0;
    const auto [known, is_new] = known_.emplace(symbol, at_epoch);
    if (!is_new && known->second == at_epoch) continue;
    known->second = at_epoch;
    if (is_new && context_->market_seen) context_->market_seen(*source_, entry.spec);
    source_->request_snapshot(symbol); // a market listed later, or a feed that began before it
  }
  ask_wanted();
  news_.clear();
  source_->next(now(), news_);
  note_status();
  // Told before the markets are: who sees one marked stale finds the reason.
  note_report(std::any_of(news_.begin(), news_.end(), [](const feed_news& one) {
    return std::holds_alternative<feed_reset>(one) || std::holds_alternative<feed_snapshot>(one);
  }));
  for (const auto& one : news_) translate(one);
  beat(); // before the batch: who hears of a new feed believes its books
  const auto shard = context_->shard();
  if (batch_.empty() || !shard) return batch_.clear();
  waits_for_credit_ = true;
  send(shard, feed_batch{std::make_shared<std::vector<actors::request>>(std::move(batch_))});
  batch_.clear();
}

void feed_actor::ask_wanted() {
  if (!context_->take_wanted) return;
  for (const auto market : context_->take_wanted())
    if (const auto* entry = markets_->find(market)) source_->request_snapshot(entry->spec.symbol);
}

void feed_actor::beat() {
  if (!context_->beat) return;
  std::vector<feed_context::market_state> states;
  for (const auto& [symbol, entry] : markets_->by_symbol)
    if (entry.spec.mode == market_mode::mirrored || live_.contains(entry.spec.market))
      states.push_back({entry.spec.market, live_.contains(entry.spec.market)});
  if (states == told_ && now().value - beaten_at_.value < beat_pause_ns && now() >= beaten_at_)
    return;
  beaten_at_ = now();
  context_->beat(states);
  told_ = std::move(states);
}

void feed_actor::set_stale(const std::string& symbol, bool stale) {
  const auto faces = context_->faces.find(symbol);
  if (!faces || faces->market.is_stale() == stale) return;
  faces->market.set_stale(stale);
  faces->candles.set_deaf(stale, now()); // what is traded there meanwhile is not all told to us
  context_->faces.refresh();             // the directory says it as well
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
    if (!context_->makes_mirrored) return set_stale(symbol, false); // it has nothing of the feed's
    auto spec = entry->spec;
    spec.mode = market_mode::mirrored;
    batch_.push_back({0, spec.market, market_command{change_instrument{spec}}, {}});
  }
  batch_.push_back({0, entry->spec.market, std::move(*command), {}});
  if (std::holds_alternative<feed_snapshot>(one)) {
    live_.insert(entry->spec.market);
    set_stale(symbol, false);
  }
  if (!std::holds_alternative<feed_reset>(one)) return;
  live_.erase(entry->spec.market);
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
  gauges.book_checks = status.book_checks;
  gauges.book_mismatches = status.book_mismatches;
  gauges.last_message_ns = status.last_message_at.value;
  const auto problems = status.parse_errors + status.problems + status.gaps;
  if (problems > problems_told_ && !status.last_problem.empty() &&
      now() >= problem_told_at_ + timestamp_ns{problem_pause_ns}) {
    runtime::log_warning("feed", "{} (problem {} of this feed)", status.last_problem, problems);
    problems_told_ = problems;
    problem_told_at_ = now();
  }
  if (status.is_finished && !gauges.finished.exchange(true))
    runtime::log_info("feed", "finished after {} messages, {} gaps, {} refused", status.messages,
                      status.gaps, status.parse_errors);
}

void feed_actor::note_report(bool has_changed) {
  if (context_->board == nullptr) return;
  const auto at = now();
  if (!has_changed && reported_at_.value != 0 && at.value - reported_at_.value < report_pause_ns &&
      at >= reported_at_)
    return;
  reported_at_ = at;
  context_->board->put(source_->report(at));
}

} // namespace rialto::actors
