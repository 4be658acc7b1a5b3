// actors/cluster/feed_watch.hpp: whether mirrored markets hear their feed, as seen from one node. No CAF.
//
// The room: one node follows the feed; twice a second it says to all which markets it has live (protocol/feed_beat). Each node keeps here what it
// heard last, so each edge shows a market stale by itself, and each owner pulls the house's orders by itself. Depth of the feed may be lost on its way
// as all mail may; then the mirror is not continued but asked for anew. Thread-safe: links' threads, the mail's and the feed's call in; nobody waits.
//
//   W1  a market that was not said to be live for silent_ns is stale, whatever the reason
//   W2  of two feeds the one of the higher epoch is believed, also about what it said before it died
//   W3  a mirror begins with a whole book of the feed that is believed; changes are let in only from the node whose book they continue, on a link that
//       has not ended since, and while the market's shard has not moved
//   W4  house liquidity of a market that is owned here and stale by silence is pulled, and laid in anew when the feed is heard again
#pragma once

#include "actors/protocol/frames.hpp"

#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace rialto::actors {

using runtime::cluster::incarnation;

struct feed_watch_limits {
  std::int64_t silent_ns = 2'500'000'000;
  std::int64_t patience_ns = 5'000'000'000; // of a node that has just begun and heard of no feed
  std::int64_t ask_every_ns = 250'000'000;  // for the whole mirror of a market
};

class feed_watch {
public:
  explicit feed_watch(std::int64_t now_ns, feed_watch_limits limits = {})
      : limits_(limits), begun_ns_(now_ns) {}

  /// Said by `from`, which may be this node.
  void heard(incarnation from, const std::vector<protocol::feed_state>& states,
             std::int64_t now_ns);
  /// Its link has ended: what it laid in until then is not continued.
  void closed(incarnation who);

  /// Whether a command that came from another node may run here; all but the feed's may. `at_epoch`: of the market's shard as it is here.
  [[nodiscard]] bool admit(incarnation from, const request& one, storage::epoch at_epoch);

  struct change {
    market_id market;
    bool is_stale = false;
    bool is_silence = false; // nobody says that it is: the owner must pull
  };
  struct step {
    std::vector<change> changes;   // since the last one
    std::vector<market_id> wanted; // of this feed:
    incarnation feed = runtime::cluster::nobody;
  };
  /// `mirrored`: the markets that are.
  [[nodiscard]] step tick(incarnation me, const std::vector<market_id>& mirrored,
                          std::int64_t now_ns);
  [[nodiscard]] bool is_stale(market_id market) const;

private:
  struct place {
    std::int64_t said_ns = 0; // when anything was said of it; 0: never
    bool is_live = false;     // what was said
    bool is_stale = false;
    incarnation laid_by = runtime::cluster::nobody; // whose book it continues
    storage::epoch laid_at = 0;
    bool is_wanted = false;
    std::int64_t asked_ns = 0;
  };

  const feed_watch_limits limits_;
  const std::int64_t begun_ns_;
  mutable std::mutex lock_;
  incarnation feed_ = runtime::cluster::nobody; // the newest
  storage::epoch feed_epoch_ = 0;
  std::map<market_id, place> places_;
};

} // namespace rialto::actors
