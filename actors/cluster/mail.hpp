// actors/cluster/mail.hpp: what passes between this node's edge and shards and those of other nodes. No CAF.
//
// The room: requests, link messages, receipts, answers and news are sorted by who owns what, coded into frames (protocol/) and given to the links;
// frames that arrive are sorted to the shards' actor, the edge and the market data hub. Thread-safe: the edge's thread, the shards' actor, the lane's
// thread and the links' threads call in, and nobody waits here. Placement is told by routes, which may be late: what arrives at the wrong node is sent on.
//
//   C1  what may run twice or not at all is decided by entities, never here: a link message that is lost is sent again by its sender, a request that
//       is sent again is one that may be (reads, orders with a client id)
//   C2  what has no owner at the moment, or one whose link takes nothing, is parked, in order per shard: requests for park_ns at most, link messages until
//       their senders send them again; at most parked_max in all. Beyond it requests are answered "busy" and link messages dropped
//   C3  an owner that has left `breaker_count` requests unanswered for breaker_ns and says nothing is sent one every breaker_try_ns: the others are "unavailable" at once
//   C4  what a feed says to a market is never parked nor sent twice: it is lost, and the feed lays the whole book in anew
//   C5  tokens name the node that waits: its number in 15 bits above the edge's 47
//   C6  answers and news for a node that lives and is not linked at the moment (a new node owns shards before all edges have dialed it) wait keep_ns for the
//       link, in order, at most kept_bytes_max for each; an edge that was apart for longer, or a gap in the numbers, tells clients to come again
#pragma once

#include "actors/cluster/feed_watch.hpp"
#include "actors/cluster/tape_relay.hpp"
#include "actors/protocol/frames.hpp"
#include "actors/shard_outside.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace rialto::actors {

using runtime::cluster::incarnation;

struct mail_limits {
  std::size_t parked_max = 20'000;
  std::int64_t park_ns = 4'500'000'000;
  std::int64_t park_message_ns = 1'000'000'000; // runtime::shard_options::resend_ns
  std::size_t open_max = 100'000;         // requests of this edge that are kept to be asked again
  std::int64_t open_ns = 10'000'000'000;  // then nobody waits for them any more
  std::int64_t repeat_ns = 1'500'000'000; // without an answer: asked again, if it may be
  std::int64_t breaker_ns = 1'000'000'000;
  std::int64_t breaker_try_ns = 500'000'000;
  std::size_t breaker_count = 3;
  std::int64_t keep_ns = 4'000'000'000;
  std::int64_t apart_ns =
    3'000'000'000; // shorter than keep_ns: the two sides do not notice at the same time
  std::size_t kept_bytes_max = 8'000'000;
};

/// What the mail stands between. All may be called from any thread and only post.
struct mail_surroundings {
  std::function<std::int64_t()> monotonic_ns;
  std::function<incarnation()> me;
  std::function<runtime::cluster::shard_route(storage::shard_id)> route_of;
  std::function<bool(incarnation, std::string_view)> send;
  // to the shards' actor
  std::function<void(std::vector<request>)> run;
  std::function<void(std::vector<runtime::envelope<trading_world>>)> deliver;
  std::function<void(std::vector<link_receipt>)> acknowledged;
  // to this node's edge
  std::function<void(std::shared_ptr<release>)> answer;
  std::function<void(std::vector<market_publication>)> show;
  std::function<void(storage::shard_id, storage::position)> head_moved;
  /// News for its users may have been missed.
  std::function<void()> news_lost;
  // What looks into market data on its way; null: nobody does.
  tape_relay* tape = nullptr;
  feed_watch* feed = nullptr;
  /// To this node's feed: these markets need the whole mirror.
  std::function<void(std::vector<market_id>)> mirror_wanted = {};
  /// Parents of this node hear of their children.
  std::function<void(const protocol::child_report_frame&)> reported = {};
  // to this node's inspector
  std::function<void(incarnation from, protocol::question_frame)> asked = {};
  std::function<void(incarnation from, const protocol::reply_frame&)> replied = {};
};

struct mail_statistics {
  std::atomic<std::uint64_t> requests_sent{0}, requests_received{0}, messages_sent{0},
    messages_received{0}, answers_sent{0}, answers_received{0}, kept{0}, parked{0}, expired{0},
    shed{0}, broken{0}, sent_again{0}, frames_refused{0}, news_sent{0}, news_received{0},
    news_lost{0}, mirror_lost{0};
};

class cluster_mail {
public:
  static constexpr unsigned token_bits = 47;
  static constexpr std::uint64_t token_mask = (std::uint64_t{1} << token_bits) - 1;
  static constexpr std::uint64_t origin_mask = 0x7fff;

  cluster_mail(storage::shard_id shard_count, mail_surroundings around, mail_limits limits = {})
      : shard_count_(shard_count), around_(std::move(around)), limits_(limits) {}

  /// From the edge: tokens are its own.
  void submit(std::vector<request> requests);
  /// From the shards' actor.
  void send(std::vector<runtime::envelope<trading_world>> messages);
  void acknowledge(std::vector<link_receipt> receipts);
  void pass_on(std::vector<request> requests);
  /// From the lane's thread, behind a commit: takes out the answers of other nodes and sends copies of the news to their edges. Trades may be taken out
  /// of the news (tape_relay).
  void release_far(release& out, std::vector<market_publication>& news,
                   const std::vector<std::pair<storage::shard_id, storage::position>>& heads);
  /// From this node's feed, to everybody.
  void beat(std::vector<protocol::feed_state> states);
  /// What this node's feed learned of the past, to every tape.
  void share_candles(market_id market, const std::vector<candle>& closed);
  /// To whose feed that is.
  void want_mirror(incarnation feed, std::vector<market_id> markets);

  /// From the links.
  void frame_came(incarnation from, std::string_view bytes);
  void peer_connected(incarnation who);
  void peer_closed(incarnation who);
  /// Who lives, and whose edge wants news.
  struct peer {
    incarnation id = runtime::cluster::nobody;
    bool has_edge = false;
  };
  void peers_changed(std::vector<peer> peers);
  /// Every 20 ms or so, and when routes have changed.
  void tick();

  [[nodiscard]] const mail_statistics& statistics() const { return statistics_; }

private:
  using envelope = runtime::envelope<trading_world>;
  struct waiting {
    std::variant<request, envelope> what;
    std::int64_t until_ns = 0;
  };
  /// What waits for an owner's answers.
  struct owner_state {
    std::size_t silent = 0;           // sent since it was heard last
    std::int64_t silent_since_ns = 0; // when the first of them was sent
    std::int64_t tried_ns = 0;        // when one was let through although its breaker is open
  };
  /// Of this node's edge, not answered yet; its owner may be this node, and what it waits for elsewhere.
  struct sent_request {
    incarnation owner = runtime::cluster::nobody;
    std::int64_t begun_ns = 0, sent_ns = 0;
    request copy; // of one that may be sent again
    bool may_repeat = false, is_repeated = false;
  };
  struct peer_state {
    bool is_listed = false, has_edge = false, is_connected = false;
    std::uint64_t news_sent = 0, news_expected = 1;
    std::int64_t apart_since_ns = 0;
    struct waiting_frame {
      std::int64_t until_ns = 0;
      std::string bytes;
    };
    std::deque<waiting_frame> kept; // C6
    std::size_t kept_bytes = 0;
  };
  /// To one node, and until when each waits if that does not take it.
  template <class What>
  struct outgoing {
    std::vector<What> items;
    std::vector<std::int64_t> until_ns;
    void add(What&& one, std::int64_t until) {
      items.push_back(std::move(one));
      until_ns.push_back(until);
    }
  };
  /// What one call sorts, given away when the lock is free.
  struct sorted {
    std::vector<request> here;
    std::vector<envelope> messages_here;
    std::map<incarnation, outgoing<request>> requests;
    std::map<incarnation, outgoing<envelope>> messages;
    std::vector<answer> refused; // tokens as they travel
    std::vector<market_id> lost; // of the feed here: what was for them is gone
  };

  [[nodiscard]] storage::shard_id shard_of(entity_id id) const {
    return storage::shard_of(id, shard_count_);
  }
  [[nodiscard]] std::uint64_t my_origin() const {
    return (around_.me() & origin_mask) << token_bits;
  }
  /// It could go there now.
  [[nodiscard]] bool has_place_at(const runtime::cluster::shard_route& route) const;
  void sort(request&& one, sorted& into) { sort(std::move(one), until(one), into); }
  void sort(envelope&& one, sorted& into) { sort(std::move(one), until(one), into); }
  void sort(request&& one, std::int64_t until_ns, sorted& into);
  void sort(envelope&& one, std::int64_t until_ns, sorted& into);
  /// How long something new may wait.
  [[nodiscard]] std::int64_t until(const request&) const {
    return around_.monotonic_ns() + limits_.park_ns;
  }
  [[nodiscard]] std::int64_t until(const envelope&) const {
    return around_.monotonic_ns() + limits_.park_message_ns;
  }
  void park(storage::shard_id shard, waiting&& one, sorted& into);
  void expire(waiting& one, sorted& into, delivery how);
  void give_away(sorted& what);
  void refuse(std::vector<answer> answers);
  void send_answers(std::vector<answer> answers, const std::vector<protocol::shard_head>& heads,
                    release* local);
  void send_answers_to(incarnation to, peer_state& at, protocol::answer_frame& frame);
  bool send_or_keep(incarnation to, peer_state& at, const std::string& bytes);
  static void forget_kept(peer_state& at, std::int64_t now);
  /// C3.
  [[nodiscard]] bool is_silent(owner_state& at, std::int64_t now) const;
  void repeat_open(std::int64_t now, sorted& into);
  void heard_of(incarnation who);
  /// True: the edge is to hear it.
  [[nodiscard]] bool note_answered(const answer& one);
  void note_sent(incarnation owner, const request& one, std::int64_t now);
  void note_open(incarnation owner, const request& one, std::int64_t now);
  void take(incarnation from, protocol::request_frame& frame);
  void take(incarnation from, protocol::answer_frame& frame);
  void take(incarnation from, protocol::message_frame& frame);
  void take(incarnation from, protocol::receipt_frame& frame);
  void take(incarnation from, protocol::news_frame& frame);
  void take(incarnation from, protocol::user_news_frame& frame);
  void take(incarnation from, protocol::republish_frame& frame);
  void take(incarnation from, protocol::feed_beat_frame& frame);
  void take(incarnation from, protocol::mirror_wanted_frame& frame);
  void take(incarnation from, protocol::tape_question_frame& frame);
  void take(incarnation from, protocol::tape_answer_frame& frame);
  /// Whose tape may know more.
  [[nodiscard]] std::vector<incarnation> tapes() const;
  [[nodiscard]] static bool is_of_feed(const request& one);
  void note_lost_mirror(const request& one, sorted& into);
  void take(incarnation from, protocol::question_frame& frame);
  void take(incarnation from, protocol::reply_frame& frame);
  void take(incarnation from, protocol::child_report_frame& frame);

  const storage::shard_id shard_count_;
  const mail_surroundings around_;
  const mail_limits limits_;
  const trading_world world_{};
  mail_statistics statistics_;

  std::mutex
    lock_; // of all below; never held while another is called, but for sends to the links, which keep the order
  std::map<storage::shard_id, std::deque<waiting>> parked_;
  std::size_t parked_count_ = 0;
  std::map<incarnation, owner_state> owners_;
  std::unordered_map<std::uint64_t, sent_request> open_;
  std::map<incarnation, peer_state> peers_;
  std::int64_t swept_ns_ = 0;
  struct publisher {
    storage::epoch at_epoch = 0; // the highest seen
    incarnation who = runtime::cluster::nobody;
    std::uint64_t number = 0; // of its last news here
  };
  std::map<market_id, publisher> publishers_;
  std::map<market_id, std::uint64_t> numbers_; // of news sent
};

} // namespace rialto::actors
