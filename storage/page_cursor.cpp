#include "storage/page_cursor.hpp"

#include "domain/bytes.hpp"

#include <charconv>
#include <stdexcept>

namespace rialto::storage {

namespace {

constexpr std::size_t text_max = 48;

std::string hex(std::uint64_t number) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, 16).ptr;
  return {digits, end};
}

std::uint32_t check_of(page_cursor at, std::string_view list, std::uint64_t owner) {
  std::string bytes(list);
  byte_writer out(bytes);
  out.put(at.row);
  out.put(at.leg);
  out.put(owner);
  return static_cast<std::uint32_t>(hash64(bytes));
}

} // namespace

std::string to_text(page_cursor at, std::string_view list, std::uint64_t owner) {
  return hex(at.row) + "." + hex(at.leg) + "." + hex(check_of(at, list, owner));
}

page_cursor parse_page_cursor(std::string_view text, std::string_view list, std::uint64_t owner) {
  const auto refuse = [](const char* rule) -> void {
    throw std::invalid_argument(std::string("cursor: ") + rule);
  };
  if (text.size() > text_max) refuse("too long, it must be the `next` of an earlier page");
  std::uint64_t parts[3] = {};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int i = 0; i < 3; ++i) {
    const auto [stop, failed] = std::from_chars(at, end, parts[i], 16);
    const bool is_ended = i == 2 ? stop == end : stop != end && *stop == '.';
    if (failed != std::errc{} || !is_ended)
      refuse("malformed, it must be the `next` of an earlier page");
    at = stop + 1;
  }
  const page_cursor found{parts[0], static_cast<std::uint32_t>(parts[1])};
  if (parts[0] == 0 || parts[0] > static_cast<std::uint64_t>(INT64_MAX) ||
      to_text(found, list, owner) != text)
    refuse("not of this list, it must be the `next` of an earlier page of it");
  return found;
}

} // namespace rialto::storage
