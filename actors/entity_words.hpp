// actors/entity_words.hpp: what the inspector says of entities: their state field by field, and what they were asked. No CAF.
//
// The room: plain reading. Passwords, hashes, sealed secrets and whole API keys are in nothing that leaves here; lists are
// cut after `items_max` and say how long they were.
#pragma once

#include "actors/world.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace rialto::actors {

inline constexpr std::size_t state_items_max = 50;

/// The state of an entity; markets as they stand with `state_items_max` levels a side.
[[nodiscard]] nlohmann::ordered_json state_of(const trading_world::entity_type& one);
/// Of each peer that it sends to: the last number sent, and how many and from which on are not acknowledged.
[[nodiscard]] nlohmann::ordered_json links_of(const trading_world::entity_type& one);
/// An open order of an account; null: it has none of that number.
[[nodiscard]] nlohmann::ordered_json order_of(const trading_world::entity_type& holder,
                                              order_id id);
/// Bytes an entity is held to take in memory, from what is counted anyway; cheap.
[[nodiscard]] std::uint64_t memory_of(const runtime::slot_look<trading_world>& at);

/// The name of the type a command is, as the compiler has it; lives as long as the program.
[[nodiscard]] const char* type_of(const entity_command& one);
[[nodiscard]] const char* type_of(const link_message& one);
/// What it is about, in a few words.
[[nodiscard]] std::string text_of(const entity_command& one);
[[nodiscard]] std::string text_of(const link_message& one);

} // namespace rialto::actors
