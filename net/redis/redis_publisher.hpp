// net/redis/redis_publisher.hpp: copies of public market data in Redis, for programs outside.
//
// The room: one plain thread with one connection; nothing else in the process waits for it. The thread is told which
// channels have news and then reads the messages where they are kept anyway (gate::channel_since: the last 1,000 of a
// book, a tape or a ticker, 500 of a candle). That is the queue: bounded, and its oldest go first.
//   R1  note() waits for no Redis: it marks channels under a lock that is held for as long
//   R2  messages of a channel leave in the order of their numbers, each at least once, unless it was dropped
//   R3  a dropped message is counted, and what stands for it comes instead: the whole book, the last 100 trades, the newest
//       ticker or candle
//   R4  of several nodes the market's owner publishes it; who becomes the owner begins with what stands for everything before (R3)
//   R5  every key expires `key_seconds` after it was last written, so what a dead node left does not look alive
#pragma once

#include "actors/gate.hpp"
#include "storage/redis.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <thread>

namespace rialto::net {

struct redis_publisher_options {
  storage::redis_address at;
  std::string prefix = "rialto";
  std::chrono::milliseconds book_every{250}; // a book's key is written at most that often
  std::chrono::milliseconds gather{5}; // between two rounds: what comes meanwhile leaves together
  std::chrono::milliseconds refresh_every{10'000}; // all keys are written again
  std::int64_t key_seconds = 30;
  std::chrono::milliseconds pause_min{100}, pause_max{5'000}; // between two attempts to connect
  /// In a cluster every node has every market's messages; the one that this is true for publishes them. Empty: this one does.
  std::function<bool(market_id)> is_ours = {};
};

/// Written by the publisher's thread, read by anybody.
struct redis_statistics {
  std::atomic<std::uint64_t> published{0}; // messages
  std::atomic<std::uint64_t> dropped{
    0}; // messages that others stood for, those of tickers and running candles not counted
  std::atomic<std::uint64_t> keys{0};       // written
  std::atomic<std::uint64_t> reconnects{0}; // outages that ended
  std::atomic<bool> is_connected{false};    // the last round was taken
};

class redis_publisher {
public:
  /// The gate must outlive it.
  redis_publisher(redis_publisher_options options, const actors::gate& from);
  ~redis_publisher();
  redis_publisher(const redis_publisher&) = delete;
  redis_publisher& operator=(const redis_publisher&) = delete;

  /// When the markets are there.
  void start();
  /// Within the connection's bounds of time. What waits is not sent any more.
  void stop();
  /// These channels have news. From any thread, at any time.
  void note(std::span<const actors::channel_message> news);
  [[nodiscard]] const redis_statistics& statistics() const { return statistics_; }

private:
  enum class kind : std::uint8_t { book, trades, ticker, candles };
  struct channel {
    kind is = kind::book;
    bool has_news = false;     // messages may wait in the gate
    bool wants_whole = false;  // of a book: after an outage nobody wants its differences
    bool tape_is_gone = false; // Redis lost the recent trades
    bool key_is_old = false;
    std::optional<std::uint64_t> sent, confirmed;  // the last message's number
    std::shared_ptr<const std::string> newest;     // of candles
    std::chrono::steady_clock::time_point key_due; // not written again before
  };
  using channels = std::map<std::string, channel, std::less<>>;

  void run();
  [[nodiscard]] bool wait_for_work();
  [[nodiscard]] static kind kind_of(std::string_view name);
  channel& at(std::string_view name);
  void connect();
  void round();
  /// Channels of markets that others publish are forgotten.
  void leave_to_others();
  /// Marks every key to be written.
  void refresh();
  [[nodiscard]] std::vector<actors::channel_message> news_of(const std::string& name,
                                                             const channel& of);
  void publish(const std::string& name, channel& of);
  void store_trades(const std::string& name, const actors::channel_message& message);
  void write_key(const std::string& name, channel& of);
  void add(std::initializer_list<std::string_view> words);
  void note_up();
  void note_down(const std::string& why);

  const redis_publisher_options options_;
  const actors::gate& gate_;
  redis_statistics statistics_;
  std::mutex lock_;
  std::condition_variable wake_;
  bool ends_ = false;
  std::set<std::string, std::less<>> news_;
  // The thread's own.
  channels channels_;
  std::optional<storage::redis_connection> redis_;
  std::chrono::steady_clock::time_point not_before_, refresh_due_, down_since_;
  bool has_told_ = false; // that it is down
  std::thread thread_;
};

/// The edge behind a publisher: everything goes on to the real one, and the publisher hears of public news.
class redis_edge final : public actors::edge {
public:
  /// Both outlive it.
  redis_edge(actors::edge& behind, redis_publisher& copies) : behind_(behind), copies_(copies) {}
  void deliver(std::shared_ptr<actors::release> what) override { behind_.deliver(std::move(what)); }
  void broadcast(std::vector<actors::channel_message> messages) override {
    copies_.note(messages);
    behind_.broadcast(std::move(messages));
  }
  [[nodiscard]] bool wants(market_id market) const override { return behind_.wants(market); }
  void publish(std::shared_ptr<const actors::market_numbers> news) override {
    behind_.publish(std::move(news));
  }
  void news_lost() override { behind_.news_lost(); }

private:
  actors::edge& behind_;
  redis_publisher& copies_;
};

} // namespace rialto::net
