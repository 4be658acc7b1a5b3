#include "net/binance/stream_names.hpp"

#include <algorithm>

namespace rialto::net::binance {

namespace {

constexpr std::string_view raw_path = "/ws", combined_path = "/stream";
constexpr std::string_view eastern = "@+08:00"; // the one zone that Binance has beside UTC
constexpr std::int64_t eastern_ns = 8 * 3'600'000'000'000;
constexpr std::size_t symbol_bytes_max = 20;

std::optional<std::string> upper_symbol(std::string_view text) {
  if (text.empty() || text.size() > symbol_bytes_max) return {};
  std::string out;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z')
      out += static_cast<char>(c - 'a' + 'A');
    else if (c >= '0' && c <= '9')
      out += c;
    else
      return {};
  }
  return out;
}

/// Drops `tail` from the end; false: it is not there.
bool drop_tail(std::string_view& text, std::string_view tail) {
  if (!text.ends_with(tail)) return false;
  text.remove_suffix(tail.size());
  return true;
}

bool parse_depth(std::string_view what, stream_topic& to) {
  to.is_fast = drop_tail(what, "@100ms");
  if (!to.is_fast) static_cast<void>(drop_tail(what, "@1000ms"));
  if (what.empty()) {
    to.kind = stream_kind::depth;
    return true;
  }
  to.kind = stream_kind::partial_depth;
  to.levels = what == "5" ? 5 : what == "10" ? 10 : what == "20" ? 20 : 0;
  return to.levels != 0;
}

bool parse_kline(std::string_view what, stream_topic& to) {
  to.kind = stream_kind::kline;
  if (drop_tail(what, eastern)) to.offset_ns = eastern_ns;
  const auto interval = parse_candle_interval(what);
  to.interval = interval.value_or(candle_interval::s1);
  return interval.has_value();
}

void split(std::string_view text, std::vector<std::string_view>& out) {
  while (!text.empty()) {
    const auto end = std::min(text.find('/'), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

} // namespace

std::optional<stream_topic> parse_stream_name(std::string_view name) {
  stream_topic to;
  if (name == "!miniTicker@arr" || name == "!ticker@arr") {
    to.kind = name == "!ticker@arr" ? stream_kind::all_tickers : stream_kind::all_mini_tickers;
    return to;
  }
  const auto split_at = name.find('@');
  if (name.size() > stream_name_bytes_max || split_at == std::string_view::npos) return {};
  auto symbol = upper_symbol(name.substr(0, split_at));
  if (!symbol) return {};
  to.symbol = std::move(*symbol);
  auto what = name.substr(split_at + 1);
  if (what.starts_with("depth")) {
    what.remove_prefix(5);
    return parse_depth(what, to) ? std::optional{to} : std::nullopt;
  }
  if (what.starts_with("kline_")) {
    what.remove_prefix(6);
    return parse_kline(what, to) ? std::optional{to} : std::nullopt;
  }
  struct word {
    std::string_view text;
    stream_kind kind;
  };
  static constexpr word words[] = {{"trade", stream_kind::trade},
                                   {"aggTrade", stream_kind::aggregate_trade},
                                   {"ticker", stream_kind::ticker},
                                   {"miniTicker", stream_kind::mini_ticker},
                                   {"bookTicker", stream_kind::book_ticker},
                                   {"avgPrice", stream_kind::average_price}};
  for (const auto& one : words) {
    if (one.text != what) continue;
    to.kind = one.kind;
    return to;
  }
  return {};
}

bool looks_like_stream(std::string_view name) {
  return name.starts_with('!') || name.find('@') != std::string_view::npos;
}

bool is_stream_path(std::string_view path) {
  return path == raw_path || path.starts_with("/ws/") || path == combined_path ||
         path == "/stream/";
}

stream_target parse_stream_target(std::string_view path, std::string_view streams) {
  stream_target out;
  out.is_combined = path.starts_with(combined_path);
  if (!out.is_combined) {
    path.remove_prefix(std::min(raw_path.size(), path.size()));
    split(path, out.names);
  }
  split(streams, out.names);
  return out;
}

} // namespace rialto::net::binance
