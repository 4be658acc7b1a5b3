#include "net/api/market_json.hpp"

#include "actors/candle_face.hpp"
#include "domain/time_text.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

/// Cuts the array of pairs that follows `name` in `book` after `levels` of them.
void put_side(std::string& out, std::string_view book, std::string_view name, std::size_t levels) {
  const auto begin = book.find(name);
  if (begin == std::string_view::npos) return;
  auto rest = book.substr(begin + name.size());
  const auto whole = rest.substr(0, rest.starts_with("[]") ? 1 : rest.find("]]") + 1);
  std::size_t at = 0;
  while (levels > 0 && at < whole.size()) {
    const auto end = whole.find(']', at);
    if (end == std::string_view::npos) break;
    at = end + 1;
    --levels;
  }
  out.append(at == 0 ? "[" : whole.substr(0, at)).append("]");
}

} // namespace

std::string_view data_of(std::string_view message) {
  constexpr std::string_view name = R"(,"data":)";
  const auto at = message.find(name);
  if (at == std::string_view::npos) return "null";
  message.remove_prefix(at + name.size());
  message.remove_suffix(1); // the message's own brace
  return message;
}

std::string with_levels(std::string_view book, std::size_t levels) {
  constexpr std::string_view bids = R"("bids":)", asks = R"("asks":)";
  const auto at = book.find(bids);
  if (at == std::string_view::npos) return std::string(book);
  std::string out(book.substr(0, at + bids.size()));
  put_side(out, book, bids, levels);
  out.append(",").append(asks);
  put_side(out, book, asks, levels);
  return out + "}";
}

std::string trades_json(const std::vector<tape_entry>& trades, const instrument& spec,
                        std::uint32_t limit) {
  std::string out = fmt::format(R"({{"symbol":"{}","items":[)", spec.symbol);
  for (const auto& one : trades) {
    if (out.back() != '[') out += ',';
    fmt::format_to(std::back_inserter(out),
                   R"({{"id":{},"price":"{}","quantity":"{}","side":"{}","time":"{}"}})",
                   one.trade.value, format_price(one.price, spec), format_quantity(one.size, spec),
                   one.buyer_is_maker ? "sell" : "buy", format_time(one.at));
  }
  if (trades.size() == limit)
    return out + fmt::format(R"(],"next_before":{}}})", trades.back().trade.value);
  return out + R"(],"next_before":null})";
}

std::string candles_json(const std::vector<candle>& candles, candle_interval interval,
                         const instrument& spec) {
  std::string out =
    fmt::format(R"({{"symbol":"{}","interval":"{}","items":[)", spec.symbol, to_string(interval));
  for (const auto& one : candles) {
    if (out.back() != '[') out += ',';
    out += actors::candle_json(one, interval, spec, !one.is_open);
  }
  return out + "]}";
}

} // namespace rialto::net
