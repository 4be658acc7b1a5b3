// actors/shard_outside.hpp: what of the shards' mail and life concerns other nodes. No CAF.
//
// The room: an interface. The shards' actor calls it on its own turn, once per turn and kind, so it only posts. An embedded node has none: all is
// here, for ever.
#pragma once

#include "actors/protocol/frames.hpp"
#include "actors/world.hpp"
#include "runtime/cluster/shard_duty.hpp"

#include <vector>

namespace rialto::actors {

using link_receipt = protocol::receipt;

/// What became of an entity of this node whose parent may be elsewhere.
struct child_change {
  entity_id child, parent;
  protocol::child_condition condition = protocol::child_condition::running;
  std::string why; // of a failure
  timestamp_ns at;
};

class shard_outside {
public:
  virtual ~shard_outside() = default;
  /// Durable link messages to entities of other shards than are open here. May be lost: their senders keep them.
  virtual void send(std::vector<runtime::envelope<trading_world>> messages) = 0;
  /// May be lost: a sender that is not told sends again.
  virtual void acknowledge(std::vector<link_receipt> receipts) = 0;
  /// Requests that came here and were not executed, since their shard is elsewhere.
  virtual void pass_on(std::vector<request> requests) = 0;

  /// States of children, for their parents.
  virtual void children_changed(std::vector<child_change>) {}

  virtual void opened(storage::shard_id shard, runtime::cluster::turn_number turn) = 0;
  /// `journal_epoch` above 0: the journal is there already, or above.
  virtual void open_failed(storage::shard_id shard, runtime::cluster::turn_number turn,
                           storage::epoch journal_epoch) = 0;
  virtual void drained(storage::shard_id shard, runtime::cluster::turn_number turn) = 0;
  /// The journal is at another epoch than this node's; the shard is dropped here.
  virtual void fenced(storage::shard_id shard, storage::epoch at_epoch,
                      storage::epoch journal_epoch) = 0;
};

} // namespace rialto::actors
