// storage/page_cursor.hpp: the opaque text between two pages of a list.
//
// The room: a cursor names the row that the next page begins with, so rows that arrive meanwhile
// (always at the front) neither hide nor repeat one. It carries a checksum over the list it belongs
// to; a text that was made up, cut or taken from another list is refused by name.
#pragma once

#include "domain/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace rialto::storage {

struct page_cursor {
  std::uint64_t row = 0; // 0: none
  std::uint32_t leg = 0; // within the row (ledger only)
};

/// `list` is the kind of list, `owner` whose it is (0: everybody's).
[[nodiscard]] std::string to_text(page_cursor at, std::string_view list, std::uint64_t owner);
/// Throws std::invalid_argument("cursor: ...").
[[nodiscard]] page_cursor parse_page_cursor(std::string_view text, std::string_view list,
                                            std::uint64_t owner);

} // namespace rialto::storage
