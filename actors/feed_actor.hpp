// actors/feed_actor.hpp: a feed source's news become what the markets' mirrors are told.
//
// The room: CAF. The source decides what is due; this actor asks it on a timer, floors sizes to our lots, lays depth and trades
// into the markets as one batch, and pulls a market's house liquidity when its book is out of step.
// A live source wakes it as soon as something came.
// In a cluster one node does so: whoever owns the feed's shard (storage/shard_map.hpp). It says to the others that it lives, and of which markets.
//   B1  one batch is on its way at a time: the shard's credit comes before the next, so a fast recording cannot flood it
#pragma once

#include "actors/feed/feed_source.hpp"
#include "actors/messages.hpp"
#include "actors/public_faces.hpp"
#include "runtime/tracked_actor.hpp"

#include <atomic>
#include <functional>
#include <set>

namespace rialto::actors {

/// Read by metrics from any thread.
struct feed_gauges {
  std::atomic<std::uint64_t> messages{0}, ignored{0}, parse_errors{0}, gaps{0}, resyncs{0},
    problems{0};
  std::atomic<std::uint64_t> off_tick{
    0}; // levels and trades left out: not on our ticks, or below a lot
  std::atomic<std::uint64_t> unknown_symbol{0}; // news of symbols without a market
  std::atomic<std::uint64_t> book_checks{0}, book_mismatches{0};
  std::atomic<std::int64_t> last_message_ns{0};
  std::atomic<bool> finished{false};
};

struct feed_context {
  std::function<std::unique_ptr<feed_source>()> open; // a restarted actor begins anew
  /// Told of each market once, before its first news is asked for.
  std::function<void(feed_source& source, const instrument& spec)> market_seen;
  public_faces& faces;
  feed_gauges& gauges;
  std::function<caf::actor()> shard;
  std::function<bool()>
    markets_are_up; // before that nothing is asked for: news of unknown markets would be lost
  /// Where reports are left; may be null.
  feed_board* board = nullptr;
  /// Told of the directory whenever it changed; a live source then follows other symbols. May be empty.
  std::function<void(feed_source& source, const directory& markets)> markets_changed = {};
  /// A market that the source speaks of becomes a mirrored one. A live source leaves that to the operator.
  bool makes_mirrored = true;
  /// In a cluster one node follows the feed, the others wait with their source closed. Empty: always this one.
  std::function<bool()> is_mine = {};
  /// Changes when a market has come to another node: its mirror is empty there. Empty: it never does.
  std::function<std::uint64_t(market_id)> epoch_of = {};
  /// In a cluster the others are told twice a second, and whenever it changes, which mirrored markets are live. Empty: nobody needs to know.
  struct market_state {
    market_id market;
    bool is_live = false;
    friend bool operator==(const market_state&, const market_state&) = default;
  };
  std::function<void(const std::vector<market_state>&)> beat = {};
  /// Takes the markets whose mirror must be laid in anew, because news were lost on their way.
  std::function<std::vector<market_id>()> take_wanted = {};
};

class feed_actor final : public runtime::tracked_actor {
public:
  feed_actor(caf::actor_config& config, runtime::actor_surroundings around, std::string parent,
             std::shared_ptr<feed_context> context);

  /// Ends the source, and with it its threads.
  void on_exit() override;

protected:
  caf::behavior behave() override;

private:
  void open_source();
  /// False: nothing is to be asked for.
  bool follows();
  void poll();
  void schedule();
  void take_up();
  void translate(const feed_news& one);
  void set_stale(const std::string& symbol, bool stale);
  void ask_wanted();
  void beat();
  void note_status();
  void note_report(bool has_changed);

  std::shared_ptr<feed_context> context_;
  std::unique_ptr<feed_source> source_;
  std::shared_ptr<const directory> markets_;
  std::vector<feed_news> news_;
  std::vector<actors::request> batch_;
  std::map<std::string, std::uint64_t, std::less<>>
    known_;                  // symbols whose market has been told of the feed, and its epoch then
  std::set<market_id> live_; // whose book was laid in and is not lost
  std::vector<feed_context::market_state> told_; // with the last beat
  std::uint64_t problems_told_ = 0;
  timestamp_ns problem_told_at_, reported_at_, beaten_at_;
  bool has_begun_ = false, waits_for_credit_ = false, is_scheduled_ = false;
};

} // namespace rialto::actors
