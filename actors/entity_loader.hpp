// actors/entity_loader.hpp: brings entities back from the journal: snapshot, then the records after it. Blocking; runs on the loader's thread.
//
// The room: no CAF. However many entities are asked for, each row is read and decoded once: a start after a crash costs one pass over the journal's tail. A damaged row
// or event fails the entities that need it, and nobody else.
#pragma once

#include "actors/world.hpp"

namespace rialto::actors {

/// The rows that hold its records, rising; those its snapshot covers may be among them.
struct entity_request {
  entity_id id;
  std::vector<storage::position> rows;
};

using recovered_entity = runtime::recovered_entity<trading_world>;

/// One result per request, in their order.
[[nodiscard]] std::vector<recovered_entity>
recover_entities(storage::journal& store, storage::shard_id shard, const trading_world& world,
                 const std::vector<entity_request>& wanted);

} // namespace rialto::actors
