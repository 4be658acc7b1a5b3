// app/count_text.hpp: numbers for people: "12,345,678", "6.0 : 1".
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace rialto::app {

/// In groups of three digits.
[[nodiscard]] inline std::string grouped(std::uint64_t count) {
  auto text = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

/// "1 row", "12,345 rows".
[[nodiscard]] inline std::string counted(std::uint64_t count, const std::string& word) {
  return grouped(count) + " " + word + (count == 1 ? "" : "s");
}

/// How many times as large; "-" when there is nothing to compare with.
[[nodiscard]] inline std::string ratio(std::uint64_t larger, std::uint64_t smaller) {
  return smaller == 0
           ? "-"
           : fmt::format("{:.1f} : 1", static_cast<double>(larger) / static_cast<double>(smaller));
}

} // namespace rialto::app
