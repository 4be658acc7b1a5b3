// storage/shard_map.hpp: which shard of a journal holds an entity's stream.
//
// The room: one function. It is as stable as the journal's bytes: an entity whose shard came out
// otherwise would not be found. The number of shards of a journal never changes; only moving it to
// another one does that (journal_copy.hpp).
#pragma once

#include "domain/bytes.hpp"
#include "domain/ids.hpp"
#include "storage/journal.hpp"

#include <array>

namespace rialto::storage {

inline constexpr shard_id embedded_shards = 1, usual_cluster_shards = 64, shards_max = 65'536;

/// A stable hash of the id, modulo the number of shards; 0 in a journal of one.
[[nodiscard]] inline shard_id shard_of(entity_id id, shard_id shard_count) {
  if (shard_count <= 1) return 0;
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(id.value >> (8 * i) & 0xff);
  return static_cast<shard_id>(hash64({bytes.data(), bytes.size()}) % shard_count);
}

} // namespace rialto::storage
