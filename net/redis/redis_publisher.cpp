#include "net/redis/redis_publisher.hpp"

#include "runtime/log.hpp"
#include "storage/thread_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

namespace rialto::net {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t pipeline_bytes_max = 1 << 20; // then it is sent and answered first
constexpr std::string_view trades_kept = "1000";    // about: Redis cuts where it is cheap

void count(std::atomic<std::uint64_t>& into, std::uint64_t by = 1) {
  into.fetch_add(by, std::memory_order_relaxed);
}

} // namespace

redis_publisher::redis_publisher(redis_publisher_options options, const actors::gate& from)
    : options_(std::move(options)), gate_(from) {}

redis_publisher::~redis_publisher() {
  stop();
}

void redis_publisher::start() {
  thread_ = std::thread([this] { run(); });
}

void redis_publisher::stop() {
  {
    const std::lock_guard hold(lock_);
    ends_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void redis_publisher::note(std::span<const actors::channel_message> news) {
  {
    const std::lock_guard hold(lock_);
    for (const auto& one : news)
      if (!news_.contains(one.channel)) news_.insert(one.channel);
  }
  wake_.notify_one();
}

void redis_publisher::run() {
  storage::name_thread("redis");
  sigset_t broken_pipe; // of a server that went away: an error like any other
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  auto pause = options_.pause_min;
  while (wait_for_work()) {
    try {
      if (!redis_) connect();
      round();
      note_up();
      pause = options_.pause_min;
      not_before_ = steady_clock::now() + options_.gather;
    } catch (const storage::redis_error& problem) {
      redis_.reset();
      note_down(problem.what());
      not_before_ = steady_clock::now() + pause;
      pause = std::min(pause * 2, options_.pause_max);
    }
  }
}

/// Until there is news, a key is due or, without a connection, the pause is over. False: it is to end.
bool redis_publisher::wait_for_work() {
  auto due = redis_ ? refresh_due_ : steady_clock::time_point{};
  for (const auto& [name, one] : channels_)
    if (one.key_is_old) due = std::min(due, one.key_due);
  std::unique_lock hold(lock_);
  if (wake_.wait_until(hold, not_before_, [this] { return ends_; })) return false;
  wake_.wait_until(hold, due, [this] { return ends_ || !news_.empty(); });
  if (ends_) return false;
  for (const auto& name : news_) at(name).has_news = true;
  news_.clear();
  return true;
}

redis_publisher::kind redis_publisher::kind_of(std::string_view name) {
  if (name.starts_with("book.")) return kind::book;
  if (name.starts_with("trades.")) return kind::trades;
  return name.starts_with("ticker.") ? kind::ticker : kind::candles;
}

redis_publisher::channel& redis_publisher::at(std::string_view name) {
  const auto found = channels_.find(name);
  if (found != channels_.end()) return found->second;
  auto& made = channels_[std::string(name)];
  made.is = kind_of(name);
  return made;
}

/// What a round before the outage sent and nobody confirmed is sent again.
void redis_publisher::connect() {
  redis_.emplace(options_.at);
  for (auto& [name, one] : channels_) {
    one.sent = one.confirmed;
    one.has_news = true;
    one.wants_whole = one.is == kind::book;
    if (one.is == kind::trades)
      one.tape_is_gone =
        redis_->ask({"EXISTS", fmt::format("{}:recent:{}", options_.prefix, name)}).number == 0;
  }
  refresh_due_ = steady_clock::now();
}

void redis_publisher::round() {
  const auto now = steady_clock::now();
  if (now >= refresh_due_) refresh();
  leave_to_others();
  for (auto& [name, one] : channels_) {
    if (one.has_news) publish(name, one);
    if (one.key_is_old && now >= one.key_due) write_key(name, one);
  }
  static_cast<void>(redis_->send());
  for (auto& [name, one] : channels_) one.confirmed = one.sent;
}

void redis_publisher::leave_to_others() {
  if (!options_.is_ours) return;
  const auto markets = gate_.markets();
  std::erase_if(channels_, [&](const auto& one) {
    const auto* const market =
      markets->find(std::string_view(one.first).substr(one.first.rfind('.') + 1));
    return market == nullptr || !options_.is_ours(market->spec.market);
  });
}

void redis_publisher::refresh() {
  const auto now = steady_clock::now();
  refresh_due_ = now + options_.refresh_every;
  const auto markets = gate_.markets();
  for (const auto& [symbol, market] : markets->by_symbol) {
    at("book." + symbol);
    at("ticker." + symbol);
    for (const auto interval : all_candle_intervals) // of the others there is nothing to show yet
      if (gate_.running_candle(market.spec.market, interval))
        at(fmt::format("candles.{}.{}", to_string(interval), symbol));
  }
  for (auto& [name, one] : channels_) {
    one.key_is_old = true;
    one.key_due = now;
  }
}

/// Counts what can no longer be had.
std::vector<actors::channel_message> redis_publisher::news_of(const std::string& name,
                                                              const channel& of) {
  if (of.sent && !of.wants_whole)
    if (auto since = gate_.channel_since(name, *of.sent)) return std::move(*since);
  auto whole = gate_.channel_snapshot(name);
  if (!whole) return {};
  if (of.sent && whole->sequence > *of.sent) count(statistics_.dropped, whole->sequence - *of.sent);
  if (of.is == kind::candles) // the newest may be one that closed
    if (auto newest = gate_.channel_since(name, whole->sequence - 1)) return std::move(*newest);
  return {std::move(*whole)};
}

void redis_publisher::publish(const std::string& name, channel& of) {
  of.has_news = false;
  const auto news = news_of(name, of);
  of.wants_whole = false;
  if (news.empty()) return;
  const auto channel_name = fmt::format("{}:{}", options_.prefix, name);
  for (const auto& one : news) {
    if (one.conflate && &one != &news.back()) continue; // a newer one replaces it
    add({"PUBLISH", channel_name, *one.bytes});
    count(statistics_.published);
    if (of.is == kind::trades && !of.tape_is_gone) store_trades(name, one);
  }
  if (of.tape_is_gone) {
    of.tape_is_gone = false;
    if (const auto recent = gate_.channel_snapshot(name)) store_trades(name, *recent);
  }
  of.sent = news.back().sequence;
  if (of.is == kind::candles) of.newest = news.back().bytes;
  of.key_is_old = true;
}

void redis_publisher::store_trades(const std::string& name,
                                   const actors::channel_message& message) {
  add({"XADD", fmt::format("{}:recent:{}", options_.prefix, name), "MAXLEN", "~", trades_kept, "*",
       "seq", std::to_string(message.sequence), "message", *message.bytes});
}

void redis_publisher::write_key(const std::string& name, channel& of) {
  of.key_is_old = false;
  const auto seconds = std::to_string(options_.key_seconds);
  if (of.is == kind::trades) {
    add({"EXPIRE", fmt::format("{}:recent:{}", options_.prefix, name), seconds});
    return;
  }
  auto bytes = of.newest;
  if (!bytes)
    if (const auto now = gate_.channel_snapshot(name)) bytes = now->bytes;
  if (!bytes) return;
  add({"SET", fmt::format("{}:latest:{}", options_.prefix, name), *bytes, "EX", seconds});
  count(statistics_.keys);
  if (of.is == kind::book) of.key_due = steady_clock::now() + options_.book_every;
}

void redis_publisher::add(std::initializer_list<std::string_view> words) {
  redis_->add(words);
  if (redis_->waiting_bytes() >= pipeline_bytes_max) static_cast<void>(redis_->send());
}

void redis_publisher::note_up() {
  if (statistics_.is_connected) return;
  statistics_.is_connected = true;
  if (has_told_) {
    count(statistics_.reconnects);
    runtime::log_info(
      "redis", "takes copies of market data again after {} ms",
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - down_since_)
        .count());
  } else {
    runtime::log_info("redis", "copies of market data go to {}:{}", options_.at.host,
                      options_.at.port);
  }
  has_told_ = false;
}

/// Once an outage.
void redis_publisher::note_down(const std::string& why) {
  statistics_.is_connected = false;
  if (has_told_) return;
  has_told_ = true;
  down_since_ = steady_clock::now();
  runtime::log_warning("redis", "takes no copies of market data now, trading goes on: {}", why);
}

} // namespace rialto::net
