// domain/ids.hpp: the numbers that name things. Each kind is its own type, so they cannot be mixed
// up.
#pragma once

#include "domain/fields.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace rialto {

template <class Kind>
struct id_number {
  std::uint64_t value = 0; // 0: none
  friend constexpr auto operator<=>(id_number, id_number) = default;
  [[nodiscard]] constexpr explicit operator bool() const { return value != 0; }
};

using user_id = id_number<struct user_id_kind>;
using account_id = id_number<struct account_id_kind>;
using market_id = id_number<struct market_id_kind>;
using order_id = id_number<struct order_id_kind>; // at most 15 digits, rising per account
using trade_id =
  id_number<struct trade_id_kind>; // one sequence per market, own and feed trades alike

/// An order has an address but no stream: its state is in its account's.
enum class entity_kind : std::uint8_t { none = 0, user = 1, account = 2, market = 3, order = 4 };

/// The number of an entity fits 56 bits.
inline constexpr std::uint64_t entity_number_max = 0x00ff'ffff'ffff'ffff;

/// Names one entity and its stream: the kind in the top byte, its number below.
struct entity_id {
  std::uint64_t value = 0;

  constexpr entity_id() = default;
  constexpr explicit entity_id(std::uint64_t raw) : value(raw) {}
  constexpr entity_id(entity_kind kind, std::uint64_t number)
      : value((static_cast<std::uint64_t>(kind) << 56) | number) {}
  constexpr entity_id(user_id id) : entity_id(entity_kind::user, id.value) {}
  constexpr entity_id(account_id id) : entity_id(entity_kind::account, id.value) {}
  constexpr entity_id(market_id id) : entity_id(entity_kind::market, id.value) {}
  constexpr entity_id(order_id id) : entity_id(entity_kind::order, id.value) {}

  [[nodiscard]] constexpr entity_kind kind() const { return static_cast<entity_kind>(value >> 56); }
  [[nodiscard]] constexpr std::uint64_t number() const { return value & entity_number_max; }
  [[nodiscard]] constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(entity_id, entity_id) = default;
};

/// "user", "account"...
[[nodiscard]] std::string_view kind_name(entity_kind kind);
/// "account/17", "market/3", "user/9".
[[nodiscard]] std::string to_string(entity_id id);
/// The reverse; entity_id{} if it is none.
[[nodiscard]] entity_id parse_entity_id(std::string_view text);

} // namespace rialto

template <class Kind>
struct std::hash<rialto::id_number<Kind>> {
  std::size_t operator()(rialto::id_number<Kind> id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value);
  }
};
template <>
struct std::hash<rialto::entity_id> {
  std::size_t operator()(rialto::entity_id id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value);
  }
};
