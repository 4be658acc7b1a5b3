// actors/messages.hpp: what our actors on one node say to one another. Local only: they carry
// pointers, never a wire format. What crosses nodes is in actors/protocol/.
#pragma once

#include "actors/entity_loader.hpp"
#include "actors/gate.hpp"
#include "actors/shard_outside.hpp"
#include "domain/feed.hpp"
#include "runtime/shard.hpp"
#include "storage/stream_index.hpp"

#include <caf/all.hpp>

#include <memory>

namespace rialto::actors {

/// To the shard: what one poll tick of an edge, or one step of a feed, asks for.
struct request_batch {
  std::shared_ptr<std::vector<request>> requests;
};
/// To the shard: the same from a feed; answered with batch_credit once it has run.
struct feed_batch {
  std::shared_ptr<std::vector<request>> requests;
};
struct batch_credit {};
/// To the shard: what the lane committed.
struct durable_batch {
  std::shared_ptr<std::vector<storage::notice>> notices;
};
/// To the shard: entities that the loader's thread brought back.
struct entities_recovered {
  std::shared_ptr<std::vector<recovered_entity>> all;
};
/// To the shards: the lane is open again.
struct lane_reopened {
  struct shard {
    storage::shard_id id = 0;
    storage::epoch at_epoch = 0;
    storage::journal_head journal; // at another epoch: somebody else has it
    storage::index_tail tail;      // rows that the index may not know
  };
  std::shared_ptr<std::vector<shard>> shards;
};
/// To the shards by themselves.
struct restart_lane_later {};
/// To the shards: open one, leave one between two messages, or go on with it, or forget it.
struct open_shard {
  storage::shard_id shard = 0;
  storage::epoch at_epoch = 0;
  runtime::cluster::turn_number turn = 0;
};
struct stop_shard {
  storage::shard_id shard = 0;
  runtime::cluster::turn_number turn = 0;
};
struct resume_shard {
  storage::shard_id shard = 0;
};
struct drop_shard {
  storage::shard_id shard = 0;
};
/// To the shards, from the loader's thread: the journal is at the epoch asked for, and this is what lies in it. Or not.
struct shard_prepared {
  open_shard order;
  storage::journal_head head;
  bool is_taken = false; // the journal is at the epoch asked for, by this lane
  std::shared_ptr<storage::stream_index> index; // null: it failed, or is not taken
  std::shared_ptr<std::map<entity_id, timestamp_ns>> wakes;
};
/// To the shards, from another node.
struct link_batch {
  std::shared_ptr<std::vector<runtime::envelope<trading_world>>> messages;
};
struct receipt_batch {
  std::shared_ptr<std::vector<link_receipt>> receipts;
};
/// To the shard: rows up to `covers` are no longer needed to recover these entities.
struct saved_snapshot {
  entity_id id;
  storage::position covers = 0;
  std::uint64_t bytes = 0;
};
struct snapshots_saved {
  std::shared_ptr<const std::vector<saved_snapshot>> all;
};
/// To an entity's actor or the shard: drop it and recover it.
struct kill_entity {
  entity_id id;
};
/// To the shard: answered with the actor of an entity or working order, which is activated for it; an invalid handle if there is none.
struct find_actor {
  entity_id id;
};
/// To an entity's actor: another entity's actor is its child from now on.
struct adopt_child {
  entity_id id;
  caf::actor who;
};
/// To the shard, from a supervisor: the actor of an entity below it ended with an error.
struct child_ended {
  entity_id id;
  caf::actor_addr who;
  std::string why;
};
/// To an account's actor: one of its working orders is asked for; `requests` may be null.
struct order_request {
  order_id id, parent; // parent: of a slice; 0: none
  std::shared_ptr<std::vector<request>> requests;
};
/// To an account's actor: answered with the actor of a working order.
struct find_order {
  order_id id, parent;
};
/// From the lane to the shard, on to an account's actor and its order's: what is durable of an order now. An id without a status: it is unknown.
struct order_news {
  std::shared_ptr<const order_view> order;
};
/// To an order's actor: what it knows of its order; answered with order_state.
struct get_order_state {};
struct order_state {
  std::shared_ptr<const order_view> order; // null: not yet known
  std::uint64_t news = 0;                  // how often it was told of a change
};
/// To an account's actor by itself: an order's back-off is over.
struct restart_order {
  order_id id;
};
/// To the market data hub: the box of news is not empty any more.
struct news_waiting {};
/// To the hub by itself: a flush is due.
struct flush_news {};
/// To a market's publisher and its candle maker.
struct market_news {
  std::shared_ptr<const std::vector<market_publication>> news;
};
struct tick {};
/// To the feed actor, from a thread of its source: next() has something to do.
struct feed_wake {};

} // namespace rialto::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::request_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::feed_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::batch_credit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::durable_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::entities_recovered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::lane_reopened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::restart_lane_later)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::open_shard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::stop_shard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::resume_shard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::drop_shard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::shard_prepared)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::link_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::receipt_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::snapshots_saved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::kill_entity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::find_actor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::adopt_child)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::child_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::order_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::find_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::order_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::get_order_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::order_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::restart_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::news_waiting)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::flush_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::market_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::feed_wake)
