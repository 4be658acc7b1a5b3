// actors/cluster/tape_relay.hpp: keeps this node's tape and candles whole when news of a market were missed. No CAF.
//
// The room: stands between news of markets and who shows them. After a gap (a lost frame, a link that ended, another publisher, a start) the trades that
// come wait for a moment, and every node with a tape is asked for those above the last one known. What all of them have is one tape: it is shown
// in the order of ids, then what waited. Books do not wait. Thread-safe: links' threads, the lane's, the mail's and a worker's call in. Reads and writes
// of the tape are the worker's (`post`).
//
//   T1  trades of a market are shown in the order of their ids, each once
//   T2  nothing waits longer than extended_ns, nor are more than held_max trades kept; then what is there is shown
//       past candles of the feed come unasked, a page at a time (number 0); one that is lost comes with a question at a start, or not at all
//   T3  of a gap the newest trades_max trades are asked for, and the candles of one minute before them; what nobody answered, or was older than
//       the tapes of others, is counted as broken, and candles that it touches are partial
#pragma once

#include "actors/protocol/frames.hpp"
#include "storage/tape_store.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace rialto::actors {

using runtime::cluster::incarnation;

struct tape_relay_limits {
  std::uint32_t trades_max = 5'000, page_max = 1'000, candles_max = 10'080;
  std::size_t held_max = 20'000;
  std::size_t shown_at_once = 500; // trades of one publication
  std::int64_t wait_ns = 1'500'000'000, extended_ns = 5'000'000'000;
  int tape_looks_max = 200; // 2 ms each: for news that are on their way to the tape
};

/// What the relay stands between; all but `post`'s jobs only post.
struct tape_relay_surroundings {
  std::function<std::int64_t()> monotonic_ns;
  std::function<timestamp_ns()> now; // as candles have it
  std::function<bool(incarnation, std::string_view)> send;
  std::function<void(std::vector<market_publication>)> show;
  /// On a thread that may block; false: too many wait.
  std::function<bool(std::function<void()>)> post;
  /// Past candles, stored and told; blocks.
  std::function<void(market_id, const std::vector<candle>&)> take_candles;
  /// Candles that run now, or end before `heard_from`, lack trades.
  std::function<void(market_id, timestamp_ns heard_from)> mark_partial;
};

struct tape_relay_statistics {
  std::atomic<std::uint64_t> gaps{0};       // that were asked about
  std::atomic<std::uint64_t> healed{0};     // trades that came from others
  std::atomic<std::uint64_t> broken{0};     // gaps of which something is missing for good
  std::atomic<std::uint64_t> asked{0};      // questions of others
  std::atomic<std::uint64_t> unanswered{0}; // of those, too many at once
  std::atomic<std::uint64_t> refused{0};    // pages of past candles, too many at once
};

class tape_relay {
public:
  tape_relay(storage::tape_store& tape, tape_relay_surroundings around,
             tape_relay_limits limits = {})
      : tape_(tape), around_(std::move(around)), limits_(limits) {}

  /// Trades between the last one known and what comes next may be missing; `peers` have tapes.
  void open(market_id market, const std::vector<incarnation>& peers);
  /// Before news are shown: takes out trades that must wait, or were shown.
  void pass(std::vector<market_publication>& news);

  /// Closed candles of one minute that the feed's exchange has told of its past: for the tapes of `peers`, too.
  void share(market_id market, const std::vector<candle>& closed,
             const std::vector<incarnation>& peers) const;

  void take(incarnation from, const protocol::tape_question_frame& frame);
  void take(incarnation from, protocol::tape_answer_frame& frame);
  /// Its link has ended: it answers no more.
  void closed(incarnation who);
  /// Every 20 ms or so.
  void tick();

  /// No gap of this market is being filled.
  [[nodiscard]] bool is_whole(market_id market) const;
  [[nodiscard]] const tape_relay_statistics& statistics() const { return statistics_; }

private:
  struct gap {
    std::uint64_t number = 0, after = 0; // of the question
    timestamp_ns since;
    std::int64_t begun_ns = 0, until_ns = 0;
    std::set<incarnation> asked; // and not answered
    std::size_t answers = 0, silent = 0;
    std::map<std::uint64_t, tape_entry> trades; // of answers
    std::uint64_t reaches = 0;                  // the lowest answer's
    std::map<std::int64_t, candle> candles;
    std::vector<tape_entry> held;
    bool is_closing = false; // a worker shows what is there
  };

  struct last_trade {
    std::uint64_t id = 0;
    timestamp_ns at; // 0: of a former life
  };
  [[nodiscard]] last_trade& shown_of(market_id market);
  void ask(market_id market, gap& at, const std::vector<incarnation>& peers);
  void note_silent(gap& at);
  void close_ready(std::unique_lock<std::mutex>& hold);
  void close(market_id market);
  [[nodiscard]] std::vector<tape_entry> next_part(market_id market, gap& at, bool& is_done);
  void answer(incarnation to, const protocol::tape_question& question, std::uint64_t known) const;
  void wait_for_tape(market_id market, std::uint64_t known) const;

  storage::tape_store& tape_;
  const tape_relay_surroundings around_;
  const tape_relay_limits limits_;
  tape_relay_statistics statistics_;
  mutable std::mutex lock_; // never held while a function of around_ that is not `send` runs
  std::map<market_id, gap> gaps_;
  std::map<market_id, last_trade> shown_;
  std::uint64_t numbers_ = 0;
};

} // namespace rialto::actors
