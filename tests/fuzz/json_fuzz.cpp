// Request bodies: the strict reader against a second JSON library, and orders read from them.
#include "net/api/order_body.hpp"
#include "net/api/order_json.hpp"
#include "net/json.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace rialto::fuzz {

namespace {

using namespace rialto::net;
using nlohmann::json;

void check_field(const json_field& field, const json& value) {
  switch (field.kind) {
  case json_kind::null: RIALTO_ASSERT(value.is_null()); return;
  case json_kind::text: RIALTO_ASSERT(value == field.text); return;
  case json_kind::integer: RIALTO_ASSERT(value == field.integer); return;
  case json_kind::number: RIALTO_ASSERT(value.is_number()); return;
  case json_kind::boolean: RIALTO_ASSERT(value == field.boolean); return;
  case json_kind::texts:
    RIALTO_ASSERT(value.is_array() && value.size() == field.texts.size());
    for (std::size_t i = 0; i < value.size(); ++i) RIALTO_ASSERT(value[i] == field.texts[i]);
    return;
  case json_kind::objects:
    RIALTO_ASSERT(value.is_array() && value.size() == field.objects.size());
    return;
  case json_kind::other: RIALTO_ASSERT(value.is_structured()); return;
  }
}

/// What a body is refused for is told in a problem that is JSON itself.
void check_refusal(const json_object& body) {
  const auto text = problem_json(body.why(), "request-1");
  RIALTO_ASSERT(json::accept(text));
  RIALTO_ASSERT_VALUES(text.size() < 2'000, text.size(), 0); // a huge name does not come back
}

const actors::directory& two_markets() {
  static const auto made = [] {
    actors::directory markets;
    instrument spec;
    spec.market = {1};
    spec.symbol = "BTCUSDT";
    spec.base = "BTC";
    spec.quote = "USDT";
    spec.tick_size = {1'000'000};
    spec.lot_size = {1'000};
    markets.by_symbol.emplace(spec.symbol, actors::market_entry{spec, {6'183'760}, false});
    spec.market = {2};
    spec.symbol = "SHIBUSDT";
    spec.base = "SHIB";
    spec.tick_size = {1};
    spec.lot_size = {100'000'000};
    markets.by_symbol.emplace(spec.symbol, actors::market_entry{spec, {}, true});
    for (const auto& [symbol, entry] : markets.by_symbol)
      markets.symbols.emplace(entry.spec.market, symbol);
    return markets;
  }();
  return made;
}

/// The order as a client would spell it again.
std::string spelled(const place_order& order) {
  const auto& spec = two_markets().find(order.terms.market)->spec;
  auto text = fmt::format(R"({{"symbol":"{}","side":"{}","type":"{}","time_in_force":"{}")",
                          spec.symbol, to_text(order.way), to_text(order.type), to_text(order.tif));
  const auto put = [&](std::string_view name, const std::string& value) {
    text += fmt::format(R"(,"{}":"{}")", name, value);
  };
  if (order.price.value != 0) put("price", format_price(order.price, spec));
  if (order.size.value != 0) put("quantity", format_quantity(order.size, spec));
  if (order.quote_quantity.value != 0) put("quote_quantity", format_amount(order.quote_quantity));
  if (!order.client_order_id.empty()) put("client_order_id", order.client_order_id);
  return text + "}";
}

} // namespace

RIALTO_FUZZ_TARGET(json_body) {
  static json_reader reader;
  auto& body = reader.read(input);
  if (!body.ok()) return check_refusal(body);
  if (input.empty()) return;
  const auto other = json::parse(input, nullptr, false);
  RIALTO_ASSERT(other.is_object());
  RIALTO_ASSERT(other.size() <= 64);
  for (const auto& [name, value] : other.items()) {
    const auto* field = body.take(name);
    RIALTO_ASSERT(field != nullptr);
    check_field(*field, value);
  }
  RIALTO_ASSERT(body.done()); // nothing is there that the other one does not see
}

RIALTO_FUZZ_TARGET(order_body) {
  static json_reader reader;
  auto& body = reader.read(input);
  const auto order = take_order(body, two_markets());
  if (!body.ok()) return check_refusal(body);
  RIALTO_ASSERT(order.price.value >= 0 && order.size.value >= 0 && order.quote_quantity.value >= 0);
  RIALTO_ASSERT((order.size.value != 0) != (order.quote_quantity.value != 0));
  RIALTO_ASSERT((order.price.value != 0) == (order.type != order_type::market));
  RIALTO_ASSERT(order.client_order_id.size() <= 36);
  RIALTO_ASSERT(order.body_hash == meaning_of(order));
  auto& again = reader.read(spelled(order));
  const auto same = take_order(again, two_markets());
  RIALTO_ASSERT(again.ok());
  RIALTO_ASSERT(meaning_of(same) == meaning_of(order));
  RIALTO_ASSERT(same.client_order_id == order.client_order_id);
}

} // namespace rialto::fuzz
