// net/live/binance_source.hpp: the live market as a feed source: combined streams and snapshots of a Binance-like exchange.
//
// The room: next() and everything without a remark run on the feed actor's thread. Texts come from stream_client's queue, snapshots from
// rest_client's thread; what they mean is feed_intake's. No CAF.
//   V1  a symbol is live only while its streams are confirmed on an open connection, that connection brought data within stale_ns, and its
//       book is in step; whenever one of these ends, feed_reset is handed out before anything else of the symbol
//   V2  a snapshot counts only if nothing was lost between the question and its answer
//   V3  a text that may have been a depth update and could not be read loses the book it may have been for
//   V4  bounds: symbols symbols_max, one next() texts_per_call_max texts, one question for a snapshot a symbol on its way
#pragma once

#include "actors/feed/feed_intake.hpp"
#include "net/live/rest_client.hpp"
#include "net/live/stream_client.hpp"

#include <map>
#include <set>

namespace rialto::net {

struct binance_source_options {
  stream_client_options streams;
  rest_client_options rest;
  std::int64_t stale_ns = 15'000'000'000;
  /// Run on the REST thread: at the start and then a few seconds after each minute; and for a symbol whose book came into step. May be
  /// empty.
  std::function<void(rest_client&)> every_minute;
  std::function<void(rest_client&, const std::string& symbol)> came_live;
  static constexpr std::size_t symbols_max = 1'000, texts_per_call_max = 5'000;
};

class binance_source final : public actors::feed_source {
public:
  /// `clock` outlives it. Connects when it is first asked. Throws std::runtime_error naming the setting.
  binance_source(binance_source_options options, runtime::node_clock& clock);
  ~binance_source() override;

  /// The symbols to follow from now on; the others are dropped. Names that no stream can have are left out. `off` are markets that nobody
  /// tells anything of: their books are taken away, and the report says so.
  void follow(const std::vector<std::string>& symbols, const std::vector<std::string>& off = {});

  void next(timestamp_ns now, std::vector<actors::feed_news>& out) override;
  [[nodiscard]] std::optional<timestamp_ns> next_due() const override;
  void request_snapshot(std::string_view symbol) override { requests_.add(symbol); }
  [[nodiscard]] bool is_synchronised(std::string_view symbol) const override;
  [[nodiscard]] const actors::feed_status& status() const override { return status_; }
  [[nodiscard]] actors::feed_report report(timestamp_ns now) const override;
  void wake_by(std::function<void()> wake) override;

private:
  struct place {
    bool is_up = false, is_stale = false, is_asking = false, was_live = false;
    lane_number lane = 0;
    std::uint64_t life = 0; // grows whenever the book is lost (V2)
    std::string reason = "not connected yet";
  };
  struct lane_data {
    timestamp_ns last_at;
    std::uint64_t messages = 0;
  };
  struct snapshot_answer {
    std::string symbol;
    std::uint64_t life = 0;
    rest_answer answer;
  };
  /// What the REST and io threads share with the source; outlives it in their callbacks.
  struct mail {
    std::mutex lock;
    std::vector<snapshot_answer> answers;
    std::function<void()> wake;
    std::atomic<bool> has_answers{false};
    void ring();
  };

  void take_news(const stream_news& one, timestamp_ns now, std::vector<actors::feed_news>& out);
  void take_text(const stream_text& text, std::vector<actors::feed_news>& out);
  void take_unreadable(const stream_text& text, std::vector<actors::feed_news>& out);
  void take_snapshots(timestamp_ns now, std::vector<actors::feed_news>& out);
  void lose(const std::string& symbol, std::string reason, std::vector<actors::feed_news>& out);
  void find_stale(timestamp_ns now, std::vector<actors::feed_news>& out);
  void ask_snapshots(timestamp_ns now);
  void note_changes(const std::vector<actors::feed_news>& out, std::size_t first_new);
  void tell(std::string problem);
  [[nodiscard]] bool is_fresh(const place& at, timestamp_ns now) const;

  binance_source_options options_;
  runtime::node_clock& clock_;
  std::shared_ptr<mail> mail_ = std::make_shared<mail>();
  actors::feed_intake intake_{actors::feed_intake::times::keep,
                              actors::feed_intake::symbols::expected};
  std::map<std::string, place, std::less<>> places_;
  std::set<std::string, std::less<>> off_;
  std::map<lane_number, lane_data> lanes_;
  std::vector<std::string> new_symbols_, old_symbols_,
    off_symbols_; // to be told with the next next()
  std::vector<stream_news> backlog_;
  std::size_t backlog_done_ = 0;
  actors::snapshot_requests requests_;
  actors::feed_status status_;
  std::string last_problem_;
  std::uint64_t problems_ = 0, stale_times_ = 0, odd_times_ = 0;
  timestamp_ns minute_due_, now_;
  bool has_begun_ = false;
  rest_client rest_;
  stream_client streams_;
};

} // namespace rialto::net
