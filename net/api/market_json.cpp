#include "net/api/market_json.hpp"

#include "actors/candle_face.hpp"
#include "domain/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>

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

std::string candles_json(const std::vector<candle>& stored, std::string_view running,
                         candle_interval interval, const instrument& spec, const time_range& range,
                         std::uint32_t limit) {
  // The running candle is in the store too now and then; the channel's is newer.
  const auto length = length_ns(interval);
  const timestamp_ns open_time{range.now.value - range.now.value % length};
  const auto opens = [&](timestamp_ns at) {
    return fmt::format(R"({{"open_time":"{}")", format_time(at));
  };
  std::vector<std::string> texts;
  bool is_running_there = running == "null";
  for (const auto& one : stored) {
    if (!is_running_there && running.starts_with(opens(one.open_time))) {
      texts.emplace_back(running);
      is_running_there = true;
    } else {
      texts.push_back(
        actors::candle_json(one, interval, spec, one.open_time.value + length <= range.now.value));
    }
  }
  // After the stored ones: the candle of now, or the last one when the clock has just passed its
  // end.
  for (const auto at : {timestamp_ns{open_time.value - length}, open_time}) {
    if (is_running_there || at < range.from || at >= range.to) continue;
    if (!stored.empty() && at <= stored.back().open_time) continue;
    if (!running.starts_with(opens(at))) continue;
    texts.emplace_back(running);
    is_running_there = true;
  }
  if (texts.size() > limit) texts.erase(texts.begin());
  std::string out =
    fmt::format(R"({{"symbol":"{}","interval":"{}","items":[)", spec.symbol, to_string(interval));
  for (const auto& text : texts) {
    if (out.back() != '[') out += ',';
    out += text;
  }
  return out + "]}";
}

} // namespace rialto::net
