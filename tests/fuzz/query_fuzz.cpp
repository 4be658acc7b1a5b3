// What stands in a request's target: paths, query strings, numbers, cursors of lists.
#include "net/api/query.hpp"
#include "net/api/routes.hpp"
#include "storage/page_cursor.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace rialto::fuzz {

namespace {

using namespace rialto::net;
using parameters = std::map<std::string, std::string, std::less<>>;

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::vector<std::string> make_cursors() {
  return {storage::to_text({1, 0}, "orders", 17), storage::to_text({INT64_MAX, 7}, "ledger", 0)};
}

} // namespace

RIALTO_FUZZ_TARGET(query_string) {
  parameters found;
  if (const auto refusal = parse_query(input, found)) {
    RIALTO_ASSERT(refusal->what.status == 400);
    RIALTO_ASSERT(!refusal->detail.empty() && refusal->detail.size() <= 100);
    return;
  }
  RIALTO_ASSERT(found.size() <= 32);
  std::string again;
  for (const auto& [name, value] : found) {
    RIALTO_ASSERT(name.size() <= 64);
    RIALTO_ASSERT(name.size() + value.size() <= input.size());
    RIALTO_ASSERT(value.find('\0') == std::string::npos || input.find('\0') < input.size());
    again += percent_encoded(name) + "=" + percent_encoded(value) + "&";
  }
  if (input.find('\0') != std::string_view::npos) return; // no head with a NUL comes so far
  parameters same;
  RIALTO_ASSERT(!parse_query(again, same));
  RIALTO_ASSERT(same == found);
}

RIALTO_FUZZ_TARGET(path) {
  std::vector<std::string> values;
  for (const std::string_view method : {"GET", "POST", "DELETE"}) {
    const auto found = match(method, input, values);
    if (found.found == nullptr) continue;
    RIALTO_ASSERT(found.path_exists);
    RIALTO_ASSERT(found.found->method == method);
    RIALTO_ASSERT(found.methods.find(method) != std::string::npos);
    const auto names = std::count(found.found->pattern.begin(), found.found->pattern.end(), '{');
    RIALTO_ASSERT(values.size() == static_cast<std::size_t>(names));
    for (const auto& value : values) RIALTO_ASSERT(!value.empty() && value.size() <= input.size());
  }
  const auto last = input.substr(input.rfind('/') + 1);
  const auto number = parse_number(last);
  RIALTO_ASSERT(!number || std::to_string(*number) == last); // one spelling of a number
  RIALTO_ASSERT(!number || (*number > 0 && *number < std::uint64_t{1} << 56));
}

RIALTO_FUZZ_TARGET(page_cursor, make_cursors) {
  for (const std::string_view list : {"orders", "ledger"}) {
    const std::uint64_t owner = list == "orders" ? 17 : 0;
    try {
      const auto found = storage::parse_page_cursor(input, list, owner);
      RIALTO_ASSERT(found.row > 0 && found.row <= INT64_MAX);
      RIALTO_ASSERT(storage::to_text(found, list, owner) == input);
    } catch (const std::invalid_argument& refusal) {
      RIALTO_ASSERT(std::string_view(refusal.what()).starts_with("cursor: "));
    }
    const auto seed = seed_of(input);
    const storage::page_cursor made{1 + (seed >> 2), static_cast<std::uint32_t>(seed)};
    const auto text = storage::to_text(made, list, owner);
    const auto read = storage::parse_page_cursor(text, list, owner);
    RIALTO_ASSERT(read.row == made.row && read.leg == made.leg);
  }
}

} // namespace rialto::fuzz
