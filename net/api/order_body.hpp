// net/api/order_body.hpp: bodies of order entry to commands: texts to ticks and lots, with a problem
// that names field and rule.
#pragma once

#include "actors/gate.hpp"
#include "net/json.hpp"

#include <fmt/format.h>

#include <optional>

namespace rialto::net {

/// What an account must know of the market, as of now.
[[nodiscard]] market_terms terms_of(const actors::market_entry& entry);

/// A word of `words`, by `parse`; `otherwise` when absent. Fails the body with the words.
template <class Word, class Parse>
Word take_word(json_object& body, std::string_view name, Word otherwise, bool is_required,
               std::string_view words, Parse parse) {
  const auto text = is_required ? std::optional{body.text(name)} : body.maybe_text(name);
  if (!text || text->empty()) return otherwise;
  const auto word = parse(*text);
  if (!word) body.refuse(name, fmt::format("must be one of {}", words));
  return word.value_or(otherwise);
}

/// A positive price in ticks; absent or wrong: 0.
[[nodiscard]] price_ticks take_ticks(json_object& body, std::string_view name,
                                     const instrument& spec);
/// expires_at; absent or wrong: 0.
[[nodiscard]] timestamp_ns take_expiry(json_object& body);
/// client_order_id and self_trade_prevention.
void take_common(json_object& body, place_order& order);
/// A price or quantity field: `is_required` or absent (0). Fails the body with field and rule.
[[nodiscard]] price_ticks take_price(json_object& body, const instrument& spec, bool is_required);
[[nodiscard]] quantity_lots take_quantity(json_object& body, const instrument& spec,
                                          bool is_required);
/// A positive decimal amount; absent: empty.
[[nodiscard]] std::optional<amount_units> take_amount(json_object& body, std::string_view name);

/// The instrument the body's `symbol` names; null and a failure if there is none.
[[nodiscard]] const actors::market_entry* take_symbol(json_object& body,
                                                      const actors::directory& markets);

/// Everything but the id. Look at body.ok() before using it.
[[nodiscard]] place_order take_order(json_object& body, const actors::directory& markets);
/// The same meaning gives the same number, whatever the spelling.
[[nodiscard]] std::uint64_t meaning_of(const place_order& order);

} // namespace rialto::net
