// storage/shard_map.hpp: which shard of a journal holds an entity's stream.
//
// The room: an entity's kind says which part of the shards it is in, its hash which one there. It is as stable as the journal's bytes: an entity whose shard came out
// otherwise would not be found. The number of shards of a journal never changes; only moving it to
// another one does that (journal_copy.hpp).
#pragma once

#include "domain/bytes.hpp"
#include "domain/ids.hpp"
#include "storage/journal.hpp"

#include <array>

namespace rialto::storage {

inline constexpr shard_id embedded_shards = 1, usual_cluster_shards = 64, shards_max = 65'536;

/// Nodes of a role own the shards of one part. Those below this one hold users. 0 in a journal of one shard, which holds all.
[[nodiscard]] constexpr shard_id users_shards(shard_id shard_count) {
  return shard_count <= 1 ? 0 : shard_count < 16 ? 1 : shard_count / 8;
}
/// Whoever owns this one follows the feed; with three shards or more nothing else is in it. The others hold accounts and markets.
[[nodiscard]] constexpr shard_id feed_shard(shard_id shard_count) {
  return shard_count == 0 ? 0 : shard_count - 1;
}
[[nodiscard]] constexpr bool is_only_feed(shard_id shard, shard_id shard_count) {
  return shard_count >= 3 && shard == feed_shard(shard_count);
}

/// A stable hash of the id within the part of its kind; 0 in a journal of one shard.
[[nodiscard]] inline shard_id shard_of(entity_id id, shard_id shard_count) {
  if (shard_count <= 1) return 0;
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(id.value >> (8 * i) & 0xff);
  const auto hash = hash64({bytes.data(), bytes.size()});
  const auto users = users_shards(shard_count);
  if (id.kind() == entity_kind::user) return static_cast<shard_id>(hash % users);
  const auto others = shard_count - users - (shard_count >= 3 ? 1 : 0);
  return static_cast<shard_id>(users + hash % others);
}

} // namespace rialto::storage
