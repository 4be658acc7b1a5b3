#include "net/api/guard_json.hpp"

#include "domain/time_text.hpp"
#include "domain/words.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

std::string symbol_json(market_id market, const actors::directory& markets) {
  const auto* entry = market ? markets.find(market) : nullptr;
  return entry == nullptr ? "null" : json_text(entry->spec.symbol);
}

} // namespace

std::int64_t take_milliseconds(json_object& body, std::string_view name, std::int64_t min_ns,
                               std::int64_t max_ns, bool is_required) {
  const auto given = body.maybe_integer(name, 0, max_ns / ns_per_ms);
  if (!given) {
    if (is_required)
      body.fail(
        {request_error::missing_field, std::string(name) + " is required", std::string(name)});
    return 0;
  }
  const auto ns = *given * ns_per_ms;
  if (ns != 0 && ns < min_ns)
    body.refuse(name,
                fmt::format("must be 0 or from {} to {}", min_ns / ns_per_ms, max_ns / ns_per_ms));
  return ns;
}

market_id take_maybe_symbol(json_object& body, const actors::directory& markets) {
  const auto symbol = body.maybe_text("symbol", 20);
  if (!symbol) return {};
  if (const auto* entry = markets.find(*symbol)) return entry->spec.market;
  body.fail(
    {request_error::symbol_not_found, "symbol is not the name of an instrument here", "symbol"});
  return {};
}

std::string guard_json(const guard& one, const actors::directory& markets) {
  const bool is_armed = one.deadline.value != 0;
  return fmt::format(
    R"({{"kind":"{}","symbol":{},"session_id":{},"timeout_ms":{},"grace_ms":{},"deadline":{}}})",
    to_text(one.key.kind), symbol_json(one.key.market, markets), one.key.session,
    one.timeout_ns / ns_per_ms, one.grace_ns / ns_per_ms,
    is_armed ? json_text(format_time(one.deadline)) : "null");
}

std::string guards_json(const std::vector<guard>& guards, const actors::directory& markets) {
  std::string out = "[";
  for (const auto& one : guards) {
    if (out.size() > 1) out += ',';
    out += guard_json(one, markets);
  }
  return out + "]";
}

std::string fired_json(const guard_key& key, const actors::directory& markets) {
  return fmt::format(R"({{"event":"fired","kind":"{}","symbol":{},"session_id":{}}})",
                     to_text(key.kind), symbol_json(key.market, markets), key.session);
}

} // namespace rialto::net
