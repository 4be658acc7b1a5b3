// Numbers in texts: decimals against a slow second reading, prices and quantities, names of entities.
#include "domain/ids.hpp"
#include "domain/instrument.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <limits>

namespace rialto::fuzz {

namespace {

/// The rule in money.hpp, said digit by digit with texts: the count of 10^-8, or nothing.
std::optional<std::int64_t> slow_decimal8(std::string_view text) {
  if (text.empty() || text.size() > 40) return {};
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  auto part = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || (point != std::string_view::npos && part.empty())) return {};
  while (part.size() > 8 && part.ends_with('0')) part.remove_suffix(1);
  if (part.size() > 8) return {};
  auto digits = std::string(whole) + std::string(part) + std::string(8 - part.size(), '0');
  if (digits.find_first_not_of("0123456789") != std::string::npos) return {};
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  const auto most = std::to_string(std::numeric_limits<std::int64_t>::max());
  if (digits.size() > most.size() || (digits.size() == most.size() && digits > most)) return {};
  return digits.empty() ? 0 : std::stoll(digits);
}

} // namespace

RIALTO_FUZZ_TARGET(decimal) {
  const auto units = parse_decimal8(input);
  RIALTO_ASSERT(units == slow_decimal8(input));
  if (units) {
    for (const int decimals_min : {0, 2, 8})
      RIALTO_ASSERT(parse_decimal8(format_decimal8(*units, decimals_min)) == units);
    instrument spec;
    for (const std::int64_t step : {1LL, 10LL, 1'000'000LL, 25'000'000LL}) {
      spec.tick_size = spec.lot_size = {step};
      const auto price = parse_price(input, spec);
      RIALTO_ASSERT(price.has_value() == (*units > 0 && *units % step == 0));
      if (price) RIALTO_ASSERT(parse_price(format_price(*price, spec), spec) == price);
      const auto size = parse_quantity(input, spec);
      if (size) RIALTO_ASSERT(parse_quantity(format_quantity(*size, spec), spec) == size);
    }
  }
  const auto written = format_decimal8(static_cast<std::int64_t>(seed_of(input) >> 1));
  RIALTO_ASSERT(parse_decimal8(written).has_value());
}

RIALTO_FUZZ_TARGET(entity_name) {
  const auto id = parse_entity_id(input);
  if (id) RIALTO_ASSERT(parse_entity_id(to_string(id)) == id);
}

} // namespace rialto::fuzz
