// storage/sqlite_row_id.hpp: shard and position of a row in one number, the key of table journal.
#pragma once

#include "storage/journal.hpp"

namespace rialto::storage {

inline constexpr int position_bits = 40; // 10^12 rows a shard: 34 years at 1,000 commits a second
inline constexpr shard_id shard_limit = 1u << (63 - position_bits);

[[nodiscard]] inline std::uint64_t row_id(shard_id shard, position at) {
  return (static_cast<std::uint64_t>(shard) << position_bits) | at;
}
[[nodiscard]] inline shard_id shard_of(std::uint64_t id) {
  return static_cast<shard_id>(id >> position_bits);
}
[[nodiscard]] inline position position_of(std::uint64_t id) {
  return id & ((std::uint64_t{1} << position_bits) - 1);
}

} // namespace rialto::storage
