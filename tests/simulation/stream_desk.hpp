// tests/simulation/stream_desk.hpp: the node's side of stream clients: the faces and rings of the real node, subscriptions as net/api/stream_hub
// keeps them. What it knows dies with its process.
#pragma once

#include "actors/market_face.hpp"
#include "net/api/private_feed.hpp"
#include "tests/simulation/faults.hpp"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace rialto::simulation {

/// A JSON text on its way to a client.
using stream_text = std::shared_ptr<const std::string>;

struct stream_wish {
  std::string channel;                      // "book.BTCUSDT", "orders", "balances"
  account_id account;                       // of a private one
  std::optional<std::uint64_t> resume_from; // empty: anew
};

class stream_desk {
public:
  using sink = std::function<void(const stream_text&)>;
  using answered = std::function<void(actors::answer&)>;
  using ask = std::function<void(actors::request, answered)>;

  stream_desk(std::shared_ptr<const actors::directory> markets, timestamp_ns started, ask ask,
              broken_rule broken)
      : markets_(std::move(markets)), sequence_base_(actors::sequence_base(started)),
        ask_(std::move(ask)), broken_(broken) {}

  /// What became durable, in order.
  void publish(const std::vector<publication>& news);
  /// Sends what the client missed, or a snapshot, then everything new. True: it goes on where it was.
  bool subscribe(std::uint64_t client, const stream_wish& wish, const sink& to);
  void unsubscribe(std::uint64_t client) { subscriptions_.erase(client); }

private:
  struct subscription {
    stream_wish wish;
    sink to;
    std::uint64_t sent = 0; // of a public channel: messages up to this number are in its snapshot
    bool is_live = false;   // its snapshot is out
  };
  void take(const market_publication& news);
  void take(const account_publication& news);
  void take(const user_publication&) {}
  [[nodiscard]] bool open_public(subscription& made);
  [[nodiscard]] bool open_private(std::uint64_t client, subscription& made,
                                  net::private_channel channel);
  void ask_snapshot(std::uint64_t client, const stream_wish& wish);
  [[nodiscard]] actors::market_face* face_of(std::string_view channel);

  std::shared_ptr<const actors::directory> markets_;
  std::uint64_t sequence_base_;
  ask ask_;
  broken_rule broken_;
  std::map<market_id, std::unique_ptr<actors::market_face>> faces_;
  net::private_feed feed_{200};
  std::map<std::uint64_t, subscription> subscriptions_; // by client
};

} // namespace rialto::simulation
