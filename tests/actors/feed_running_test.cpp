// The recorded spot market played into running actors: what a user trades with, and what a subscriber sees, is the exchange's own.
#include "actors/feed/replay_source.hpp"
#include "tests/actors/recorded_spot.hpp"
#include "tests/actors/running_shard.ipp"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <deque>
#include <set>

using namespace rialto;
using namespace rialto::actors;

namespace {

constexpr std::int64_t tick8 = 1'000'000, lot8 = 1'000; // of the market that running_shard lists

/// One moment at which the market was asked for its book: behind everything handed out before it.
struct moment {
  std::uint64_t update = 0; // the feed's; 0: not behind an update
  bool is_stale = false;    // what the public is told
};
/// What the market answered then.
struct offered_book {
  touch best;
  std::uint64_t published = 0; // its last publication
  std::size_t levels = 0;
};

/// What the feed's thread and the lane's thread tell the test.
struct notes {
  std::mutex lock;
  std::map<std::uint64_t, touch> told; // the exchange's ticker, by update id
  std::vector<moment> moments;
  std::vector<offered_book> books; // of the same index
  feed_status status;
  bool is_finished = false;

  void take(const answer& came) {
    const std::lock_guard hold(lock);
    books.resize(std::max(books.size(), moments.size()));
    const auto* const view = std::get_if<market_view>(&came.result);
    auto& book = books.at(came.token - running_shard::first_own_token);
    if (came.how != delivery::done || view == nullptr) return; // equals no ticker
    book.published = view->last_update;
    book.levels = view->levels.size();
    bool has_ask = false;
    for (const auto& level : view->levels) { // bids best first, then asks best first
      const auto price8 = level.price.value * tick8, size8 = level.size.value * lot8;
      if (level.way == side::buy && book.best.bid8 == 0)
        book.best.bid8 = price8, book.best.bid_size8 = size8;
      if (level.way == side::sell && !has_ask) {
        has_ask = true;
        book.best.ask8 = price8, book.best.ask_size8 = size8;
      }
    }
  }
  [[nodiscard]] bool is_done() {
    const std::lock_guard hold(lock);
    return is_finished && books.size() == moments.size() &&
           std::none_of(books.begin(), books.end(),
                        [](const auto& one) { return one.published == 0; });
  }
};

/// A recording that asks the market for its book after every change of depth. The feed actor sends
/// what it was handed before it asks for more, so the question stands in the shard's mailbox behind
/// exactly that.
class asking_source final : public feed_source {
public:
  asking_source(std::unique_ptr<replay_source> recording, gate& door, public_faces& faces,
                notes& into)
      : recording_(std::move(recording)), door_(door), faces_(faces), notes_(into) {}

  void next(timestamp_ns now, std::vector<feed_news>& out) override {
    if (asks_) ask();
    while (!asks_ && !is_finished()) {
      if (ahead_.empty()) read(now);
      while (!ahead_.empty() && !asks_) {
        hand_out(std::move(ahead_.front()), out);
        ahead_.pop_front();
      }
    }
    if (!is_finished() || asks_) return;
    const std::lock_guard hold(notes_.lock);
    notes_.status = recording_->status();
    notes_.is_finished = true;
  }
  [[nodiscard]] std::optional<timestamp_ns> next_due() const override {
    if (is_finished() && !asks_) return {};
    return timestamp_ns{0};
  }
  void request_snapshot(std::string_view symbol) override {
    recording_->request_snapshot(symbol); // before the first line: there is none to hand out
  }
  [[nodiscard]] bool is_synchronised(std::string_view symbol) const override {
    return recording_->is_synchronised(symbol);
  }
  [[nodiscard]] const feed_status& status() const override { return recording_->status(); }

private:
  [[nodiscard]] bool is_finished() const {
    return recording_->status().is_finished && ahead_.empty();
  }
  void read(timestamp_ns now) {
    std::vector<feed_news> news;
    recording_->next(now, news);
    std::move(news.begin(), news.end(), std::back_inserter(ahead_));
  }
  void hand_out(feed_news news, std::vector<feed_news>& out) {
    if (const auto* const ticker = std::get_if<feed_ticker>(&news)) {
      const std::lock_guard hold(notes_.lock);
      notes_.told[ticker->update] = {ticker->bid8, ticker->bid_size8, ticker->ask8,
                                     ticker->ask_size8};
    }
    const auto* const change = std::get_if<feed_depth>(&news);
    update_ = change == nullptr ? 0 : change->last_update;
    asks_ = change != nullptr || std::holds_alternative<feed_reset>(news);
    out.push_back(std::move(news));
  }
  void ask() {
    asks_ = false;
    std::vector<request> requests;
    {
      const std::lock_guard hold(notes_.lock);
      requests.push_back({running_shard::first_own_token + notes_.moments.size(),
                          market_id{1},
                          market_command{get_market{}},
                          {}});
      notes_.moments.push_back({update_, faces_.find("BTCUSDT")->market.is_stale()});
    }
    door_.submit(std::move(requests));
  }

  std::unique_ptr<replay_source> recording_;
  gate& door_;
  public_faces& faces_;
  notes& notes_;
  std::deque<feed_news> ahead_;
  std::uint64_t update_ = 0;
  bool asks_ = false;
};

/// Follows the channel book.BTCUSDT as any client of the stream would, and remembers the best
/// prices after every message.
class subscriber final : public edge {
public:
  void deliver(std::shared_ptr<release>) override {}
  void news_lost() override {}
  void broadcast(std::vector<channel_message> messages) override {
    const std::lock_guard hold(lock_);
    for (const auto& one : messages)
      if (one.channel == "book.BTCUSDT") take(*one.bytes);
  }
  /// Best prices after the last message up to this update; zeros if the message is still to come.
  [[nodiscard]] touch at(std::uint64_t published) {
    const std::lock_guard hold(lock_);
    const auto found = seen_.find(published);
    return found == seen_.end() ? touch{} : found->second;
  }
  [[nodiscard]] bool has(std::uint64_t published) {
    const std::lock_guard hold(lock_);
    return seen_.contains(published);
  }
  std::size_t holes = 0; // update ids that no message covered

private:
  void take(const std::string& text) {
    const auto data = parser_.parse(text)["data"];
    const std::uint64_t first = data["first_update"], last = data["last_update"];
    if (std::string_view(data["type"]) == "snapshot") {
      bids_.clear();
      asks_.clear();
    } else {
      holes += first != last_ + 1;
    }
    last_ = last;
    take(data["bids"], bids_);
    take(data["asks"], asks_);
    touch now;
    if (!bids_.empty()) now.bid8 = bids_.begin()->first, now.bid_size8 = bids_.begin()->second;
    if (!asks_.empty()) now.ask8 = asks_.begin()->first, now.ask_size8 = asks_.begin()->second;
    seen_[last] = now;
  }
  template <class Levels>
  static void take(simdjson::simdjson_result<simdjson::dom::element> levels, Levels& into) {
    for (const simdjson::dom::element level : simdjson::dom::array(levels)) {
      const auto price8 = parse_decimal8(std::string_view(level.at(0)));
      const auto size8 = parse_decimal8(std::string_view(level.at(1)));
      if (*size8 == 0)
        into.erase(*price8);
      else
        into[*price8] = *size8;
    }
  }
  std::mutex lock_;
  simdjson::dom::parser parser_;
  std::map<std::int64_t, std::int64_t, std::greater<>> bids_;
  std::map<std::int64_t, std::int64_t> asks_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, touch> seen_;
};

/// A node's shard, market data and feed, and the recording files played through them to the end.
struct played {
  notes noted;
  subscriber follower;
  running_shard node; // ends first

  explicit played(const std::string& files) {
    node.on_answer = [this](answer& came) { noted.take(came); };
    node.show_markets(follower);
    node.set_up(1, market_mode::mirrored);
    node.start_feed([this, files] {
      std::string why;
      const auto spec = parse_replay_spec(files + "@max", why);
      auto recording = spec ? replay_source::open(*spec, why) : nullptr;
      if (!recording) throw std::runtime_error(why);
      return std::make_unique<asking_source>(std::move(recording), node.door(), node.faces, noted);
    });
    for (int wait = 0; wait < 30 && !node.wait_until([&] { return noted.is_done(); }); ++wait) {
    }
    REQUIRE(noted.is_done());
    const auto last = noted.books.back().published;
    REQUIRE(node.wait_until([&] { return follower.has(last); }));
  }
  /// Comparable points with an update id above `from`, and at how many of them both the market and
  /// its subscriber agree with the exchange.
  [[nodiscard]] std::pair<std::size_t, std::size_t> compare(std::uint64_t from = 0) {
    std::size_t points = 0, equal = 0;
    for (std::size_t i = 0; i < noted.moments.size(); ++i) {
      const auto& [update, is_stale] = noted.moments[i];
      const auto told = noted.told.find(update);
      if (update <= from || told == noted.told.end()) continue;
      ++points;
      const auto& book = noted.books[i];
      equal +=
        !is_stale && book.best == told->second && follower.at(book.published) == told->second;
    }
    return {points, equal};
  }
};

std::string both_files() {
  return tests::recorded(first_file) + "," + tests::recorded(second_file);
}

} // namespace

TEST_CASE("feed: what users of running actors trade with is the exchange's book" *
          doctest::test_suite("recordings")) {
  if (!has_recordings()) return;
  played all(both_files());
  CHECK(all.noted.status.messages == 41'249 + 58'325);
  CHECK(all.noted.status.gaps == 0);
  CHECK(all.node.feed.gaps.load() == 0);
  CHECK(all.node.feed.off_tick.load() == 0);
  CHECK(all.node.feed.unknown_symbol.load() == 0);
  CHECK(all.noted.moments.size() == 6'493);
  CHECK(all.follower.holes == 0);
  CHECK(all.compare() == std::pair<std::size_t, std::size_t>(1'072, 1'072));

  // And it is traded with: at the exchange's price, from the exchange's size.
  const auto best = all.noted.books.back().best;
  place_order order;
  order.id = {1};
  order.way = side::buy;
  order.price = {best.ask8 / tick8};
  order.size = {best.ask_size8 / lot8 - 1};
  order.terms = all.node.terms();
  const auto came = all.node.ask(account_id{1}, account_command{order, {}});
  const auto* const view = std::get_if<order_view>(&came.result);
  REQUIRE(view != nullptr);
  CHECK(view->status == order_status::filled);
  REQUIRE(view->fills.size() == 1);
  CHECK(view->fills[0].price == order.price);
  CHECK(view->fills[0].size == order.size);
  const auto left = all.node.ask(market_id{1}, market_command{get_market{}});
  const auto& levels = std::get<market_view>(left.result).levels;
  const auto ask = std::find_if(levels.begin(), levels.end(),
                                [](const auto& one) { return one.way == side::sell; });
  REQUIRE(ask != levels.end());
  CHECK(*ask == level_change{side::sell, order.price, {1}});
}

TEST_CASE("feed: a missing line empties the market and marks it until a snapshot heals it" *
          doctest::test_suite("recordings")) {
  if (!has_recordings()) return;
  const broken_recording broken;
  const tests::scratch scratch;
  played all(scratch.write_gz("broken.gz", broken.text(true)) + "," + tests::recorded(second_file));
  CHECK(all.noted.status.gaps == 1);
  CHECK(all.noted.status.resyncs == 2);
  CHECK(all.node.feed.gaps.load() == 1);
  CHECK(all.node.feed.resyncs.load() == 2);

  // Out of step: nothing to trade with, and the public is told.
  std::size_t resets = 0;
  for (std::size_t i = 0; i < all.noted.moments.size(); ++i) {
    const auto& [update, is_stale] = all.noted.moments[i];
    if (update != 0) {
      CHECK_FALSE(is_stale);
      CHECK((update < broken.lost_at || update > broken.healed_at));
      continue;
    }
    ++resets;
    CHECK(is_stale);
    CHECK(all.noted.books[i].levels == 0);
    CHECK(all.follower.has(all.noted.books[i].published));
    CHECK(all.follower.at(all.noted.books[i].published) == touch{});
  }
  CHECK(resets == 1);
  CHECK_FALSE(all.node.faces.find("BTCUSDT")->market.is_stale());

  // In step again: equal at every point of both files that is left.
  feed_intake whole(feed_intake::times::keep);
  std::set<std::uint64_t> updates;
  std::map<std::uint64_t, touch> told;
  for (const auto* const file : {first_file, second_file})
    for (const auto& line : lines_of(tests::recorded(file))) {
      std::vector<feed_news> news;
      whole.take(std::string_view(line).substr(line.find(' ') + 1), {}, {1}, news);
      for (const auto& one : news) {
        if (const auto* const change = std::get_if<feed_depth>(&one))
          updates.insert(change->last_update);
        if (const auto* const ticker = std::get_if<feed_ticker>(&one)) told[ticker->update] = {};
      }
    }
  std::size_t left = 0, before = 0, points = 0;
  for (const auto update : updates) {
    if (!told.contains(update)) continue;
    ++points;
    before += update < broken.lost_at;
    left += update > broken.healed_at;
  }
  REQUIRE(points == 1'072);
  CHECK(left > 500);
  CHECK(all.compare(broken.healed_at) == std::pair(left, left));
  CHECK(all.compare() == std::pair(before + left, before + left));
}
