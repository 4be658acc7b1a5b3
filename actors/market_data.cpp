#include "actors/market_data.hpp"

#include "actors/tape_candles.hpp"

#include <chrono>

namespace rialto::actors {

namespace {

using namespace std::chrono_literals;
constexpr std::int64_t day_ns = 86'400'000'000'000;

/// What news say beside the book, when they do not continue it: whoever listens gets no diff until the whole book has come.
market_publication without_book(const market_publication& news) {
  auto rest = news;
  rest.levels.clear();
  rest.first_update = rest.last_update = 0;
  return rest;
}

/// Book, tape and ticker of one market.
class market_data_actor : public runtime::tracked_actor {
public:
  market_data_actor(caf::actor_config& config, runtime::actor_surroundings around,
                    std::shared_ptr<market_data_context> context, const instrument& spec)
      : tracked_actor(config, around, "market_data", "market_data/" + spec.symbol, "market_data"),
        context_(std::move(context)), faces_(context_->faces.add(spec)), market_(spec.market) {}

protected:
  caf::behavior behave() override {
    if (!faces_->market.has_day()) {
      const auto to = now();
      faces_->market.restore_day(context_->tape.candles(
        market_, candle_interval::m1, {to.value - day_ns}, {to.value + 60'000'000'000}, 1'441));
    }
    delayed_send(this, 250ms, tick{});
    return {
      [this](const market_news& batch) {
        std::vector<channel_message> out;
        auto numbers = std::make_shared<market_numbers>();
        bool refresh = false;
        for (const auto& news : *batch.news) {
          if (news.market != market_) continue;
          const auto before = faces_->market.reference_price();
          const bool is_gap = news.last_update != 0 && !news.is_snapshot &&
                              !faces_->market.follows(news.first_update);
          if (is_gap) context_->ask_snapshot(market_);
          for (auto& message :
               faces_->market.apply(is_gap ? without_book(news) : news, context_->out, *numbers))
            out.push_back(std::move(message));
          if (!news.trades.empty()) context_->tape.append(market_, news.trades);
          const auto after = faces_->market.reference_price();
          refresh |=
            news.spec.has_value() || (before != after && (before.value == 0 || after.value == 0));
        }
        if (refresh) context_->faces.refresh();
        if (!out.empty()) context_->out.broadcast(std::move(out));
        if (!numbers->changes.empty()) context_->out.publish(std::move(numbers));
      },
      [this](tick) {
        delayed_send(this, 250ms, tick{});
        if (auto message = faces_->market.ticker_if_changed(now()))
          context_->out.broadcast({std::move(*message)});
      },
    };
  }

private:
  std::shared_ptr<market_data_context> context_;
  std::shared_ptr<market_faces> faces_;
  market_id market_;
};

/// The candles of one market, in every interval.
class candles_actor : public runtime::tracked_actor {
public:
  candles_actor(caf::actor_config& config, runtime::actor_surroundings around,
                std::shared_ptr<market_data_context> context, const instrument& spec)
      : tracked_actor(config, around, "candles", "candles/" + spec.symbol, "market_data"),
        context_(std::move(context)), faces_(context_->faces.add(spec)), market_(spec.market) {}

protected:
  caf::behavior behave() override {
    resume();
    delayed_send(this, 250ms, tick{});
    return {
      [this](const market_news& batch) {
        std::vector<closed_candles> closed;
        std::vector<channel_message> out;
        const auto late = context_->is_whole ? take_late(*batch.news) : timestamp_ns{};
        for (const auto& news : *batch.news)
          if (news.market == market_ && !news.trades.empty())
            faces_->candles.add(news.trades, closed, out);
        store(closed);
        if (late.value != 0)
          make_candles_anew(context_->tape, context_->faces, context_->out, market_, late, now());
        tell(closed);
        if (!out.empty()) context_->out.broadcast(std::move(out));
      },
      [this](tick) {
        delayed_send(this, 250ms, tick{});
        if (context_->is_whole && !context_->is_whole(market_)) return;
        std::vector<closed_candles> closed;
        std::vector<channel_message> out;
        faces_->candles.advance(now(), closed, out);
        store(closed);
        tell(closed);
        if (++ticks_ % 20 == 0)
          store(faces_->candles.running()); // so that a crash costs 5 s of a running candle
        if (!out.empty()) context_->out.broadcast(std::move(out));
      },
    };
  }

private:
  void resume() {
    if (context_->is_whole) go_on_with_tape(context_->tape, market_, *faces_);
    for (const auto interval : all_candle_intervals) {
      if (faces_->candles.current(interval)) continue; // a restarted actor goes on with the face
      const auto length = length_ns(interval);
      const timestamp_ns open_time{now().value - now().value % length};
      const auto stored =
        context_->tape.candles(market_, interval, open_time, {open_time.value + length}, 1);
      if (!stored.empty()) faces_->candles.resume(interval, stored.front());
    }
  }
  /// When the first of the trades was made that came too late for the candle of its second; then all are on the tape. 0: none.
  timestamp_ns take_late(const std::vector<market_publication>& batch) {
    timestamp_ns late;
    for (const auto& news : batch)
      if (news.market == market_ && late.value == 0) late = faces_->candles.first_late(news.trades);
    if (late.value == 0) return late;
    for (const auto& news : batch)
      if (news.market == market_) context_->tape.append(market_, news.trades);
    return late;
  }
  void store(const std::vector<closed_candles>& closed) {
    for (const auto& one : closed) context_->tape.put_candles(market_, one.interval, one.candles);
  }

  void tell(std::vector<closed_candles>& closed) {
    if (closed.empty() || !context_->out.wants(market_)) return;
    auto numbers = std::make_shared<market_numbers>();
    numbers->market = market_;
    numbers->candles = std::move(closed);
    context_->out.publish(std::move(numbers));
  }

  std::shared_ptr<market_data_context> context_;
  std::shared_ptr<market_faces> faces_;
  market_id market_;
  std::uint64_t ticks_ = 0;
};

} // namespace

market_data_hub::market_data_hub(caf::actor_config& config, runtime::actor_surroundings around,
                                 std::string parent, std::shared_ptr<market_data_context> context)
    : tracked_actor(config, around, "market_data_hub", "market_data", std::move(parent)),
      context_(std::move(context)) {
  set_down_handler([this](const caf::down_msg& down) {
    for (auto& [id, one] : children_) {
      const bool is_data = one.market_data && one.market_data.address() == down.source;
      const bool is_candles = one.candles && one.candles.address() == down.source;
      if (!is_data && !is_candles) continue;
      auto& history = is_data ? one.market_data_history : one.candles_history;
      (is_data ? one.market_data : one.candles) = nullptr;
      // Beyond its limits it stays down and listed as failed; the other markets go on.
      if (history.failed(this->around().clock.now(), caf::to_string(down.reason))) {
        start(one, is_data, is_candles);
        context_->ask_snapshot(id);
      }
      return;
    }
  });
  set_exit_handler([this](const caf::exit_msg& message) {
    for (auto& [id, one] : children_) {
      if (one.market_data) send_exit(one.market_data, message.reason);
      if (one.candles) send_exit(one.candles, message.reason);
    }
    quit(message.reason);
  });
}

void market_data_hub::start(pair& one, bool market_data, bool candles) {
  if (market_data) {
    one.market_data = spawn<market_data_actor>(around(), context_, one.spec);
    monitor(one.market_data);
  }
  if (candles) {
    one.candles = spawn<candles_actor>(around(), context_, one.spec);
    monitor(one.candles);
  }
}

void market_data_hub::flush() {
  flushed_ = std::chrono::steady_clock::now();
  const market_news batch{
    std::make_shared<const std::vector<market_publication>>(context_->news->take())};
  std::map<market_id, bool> seen; // market -> has trades
  for (const auto& news : *batch.news) {
    seen[news.market] |= !news.trades.empty();
    if (news.spec && !children_.contains(news.market)) {
      auto& one = children_[news.market];
      one.spec = *news.spec;
      start(one, true, true);
    }
  }
  for (const auto& [id, has_trades] : seen) {
    const auto at = children_.find(id);
    if (at == children_.end()) continue;
    if (at->second.market_data) send(at->second.market_data, batch);
    if (has_trades && at->second.candles) send(at->second.candles, batch);
  }
}

caf::behavior market_data_hub::behave() {
  delayed_send(this, 50ms, tick{});
  context_->news->set_merging(context_->flush_every.count() > 0);
  flush(); // what came while nobody listened
  return {
    [this](news_waiting) {
      const auto due = flushed_ + context_->flush_every;
      const auto now = std::chrono::steady_clock::now();
      if (now >= due)
        flush();
      else
        delayed_send(this, due - now, flush_news{});
    },
    [this](flush_news) { flush(); },
    [this](tick) { // reference prices for holds of market orders
      delayed_send(this, 50ms, tick{});
      context_->faces.refresh();
    },
  };
}

} // namespace rialto::actors
