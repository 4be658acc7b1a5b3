#include "domain/ids.hpp"

#include <array>
#include <charconv>
#include <string_view>

namespace rialto {

namespace {
constexpr std::array<std::string_view, 5> kind_names{"none", "user", "account", "market", "order"};
}

std::string_view kind_name(entity_kind kind) {
  const auto at = static_cast<std::size_t>(kind);
  return at < kind_names.size() ? kind_names[at] : "unknown";
}

std::string to_string(entity_id id) {
  return std::string(kind_name(id.kind())) + "/" + std::to_string(id.number());
}

entity_id parse_entity_id(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto digits = text.substr(slash + 1);
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc{} || end != digits.data() + digits.size() || number == 0 ||
      number >> 56 != 0)
    return {};
  for (std::size_t kind = 1; kind < kind_names.size(); ++kind)
    if (text.substr(0, slash) == kind_names[kind]) return {static_cast<entity_kind>(kind), number};
  return {};
}

} // namespace rialto
