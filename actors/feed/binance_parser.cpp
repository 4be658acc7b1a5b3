#include "actors/feed/binance_parser.hpp"

#include <simdjson.h>

#include <cstring>
#include <optional>
#include <vector>

namespace rialto::actors {

namespace {

namespace dom = simdjson::dom;

constexpr std::uint64_t id_max = 9'000'000'000'000'000'000;
constexpr std::int64_t size8_max = 9'000'000'000'000'000'000; // 9 * 10^10 whole units

/// Thrown inside one parse, caught at its end: a field and the rule it breaks.
struct broken_rule {
  std::string_view field;
  std::string_view rule;
};

/// The fields of one object that are single letters or known words; each may come once.
class field_map {
public:
  explicit field_map(const dom::object& object) {
    for (const auto field : object) {
      if (field.key.empty() || field.key.size() > 12) continue;
      for (std::size_t i = 0; i < count_; ++i)
        if (fields_[i].key == field.key) throw broken_rule{field.key, "is named twice"};
      if (count_ == std::size(fields_)) throw broken_rule{"", "has more than 40 fields"};
      fields_[count_++] = {field.key, field.value};
    }
  }
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] const dom::element& at(std::string_view key) const {
    const auto* found = find(key);
    if (found == nullptr) throw broken_rule{key, "is missing"};
    return *found;
  }
  [[nodiscard]] std::string_view text(std::string_view key) const {
    std::string_view value;
    if (at(key).get(value) != simdjson::SUCCESS) throw broken_rule{key, "is not a text"};
    return value;
  }
  [[nodiscard]] bool flag(std::string_view key) const {
    bool value = false;
    if (at(key).get(value) != simdjson::SUCCESS) throw broken_rule{key, "is not true or false"};
    return value;
  }
  [[nodiscard]] std::uint64_t whole(std::string_view key, std::uint64_t max = id_max) const {
    std::uint64_t value = 0;
    if (at(key).get(value) != simdjson::SUCCESS)
      throw broken_rule{key, "is not a whole number from 0"};
    if (value > max) throw broken_rule{key, "is too large"};
    return value;
  }
  /// Milliseconds, or microseconds where the stream was asked for them.
  [[nodiscard]] timestamp_ns time(std::string_view key) const {
    constexpr std::uint64_t millis_max = 100'000'000'000'000; // the year 5138
    const auto value = whole(key, 1'000 * millis_max);
    const auto ns = value < millis_max ? static_cast<unsigned __int128>(value) * 1'000'000
                                       : static_cast<unsigned __int128>(value) * 1'000;
    if (ns > static_cast<std::uint64_t>(INT64_MAX)) throw broken_rule{key, "is not a time"};
    return {static_cast<std::int64_t>(ns)};
  }
  [[nodiscard]] std::int64_t decimal(std::string_view key) const {
    return decimal_of(key, at(key));
  }
  [[nodiscard]] std::int64_t positive(std::string_view key) const {
    const auto value = decimal(key);
    if (value == 0) throw broken_rule{key, "is zero"};
    return value;
  }
  [[nodiscard]] std::string symbol(std::string_view key) const {
    const auto value = text(key);
    if (value.size() < 2 || value.size() > 20) throw broken_rule{key, "is not 2 to 20 characters"};
    for (const char c : value)
      if ((c < 'A' || c > 'Z') && (c < '0' || c > '9'))
        throw broken_rule{key, "has a character outside A-Z and 0-9"};
    return std::string(value);
  }
  [[nodiscard]] static std::int64_t decimal_of(std::string_view key, const dom::element& element) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) throw broken_rule{key, "is not a decimal text"};
    const auto value = parse_decimal8(text);
    if (!value)
      throw broken_rule{key, "is not a plain decimal with at most 8 decimals below 92233720368"};
    if (*value > size8_max) throw broken_rule{key, "is above 90000000000"};
    return *value;
  }

private:
  struct entry {
    std::string_view key;
    dom::element value;
  };
  [[nodiscard]] const dom::element* find(std::string_view key) const {
    for (std::size_t i = 0; i < count_; ++i)
      if (fields_[i].key == key) return &fields_[i].value;
    return nullptr;
  }
  entry fields_[40];
  std::size_t count_ = 0;
};

void read_levels(const field_map& fields, std::string_view key, side way,
                 std::vector<feed_level>& levels) {
  dom::array rows;
  if (fields.at(key).get(rows) != simdjson::SUCCESS) throw broken_rule{key, "is not a list"};
  levels.reserve(levels.size() + rows.size());
  for (const auto row : rows) {
    dom::array pair;
    if (row.get(pair) != simdjson::SUCCESS) throw broken_rule{key, "has a level that is no list"};
    auto at = pair.begin();
    const auto end = pair.end();
    if (!(at != end)) throw broken_rule{key, "has a level without price and size"};
    const auto price8 = field_map::decimal_of(key, *at);
    ++at;
    if (!(at != end)) throw broken_rule{key, "has a level without a size"};
    const auto size8 = field_map::decimal_of(key, *at); // what follows is historical: ignored
    if (price8 == 0) throw broken_rule{key, "has a level with price zero"};
    if (levels.size() == feed_levels_max) throw broken_rule{key, "has more than 20000 levels"};
    levels.push_back({way, price8, size8});
  }
}

feed_depth read_depth(const field_map& fields) {
  feed_depth made;
  made.symbol = fields.symbol("s");
  made.first_update = fields.whole("U");
  made.last_update = fields.whole("u");
  if (made.last_update < made.first_update) throw broken_rule{"u", "is below U"};
  if (fields.has("pu")) {
    const auto before = fields.whole("pu");
    if (before >= made.last_update) throw broken_rule{"pu", "is not below u"};
    made.first_update = before + 1;
  }
  made.at = fields.time("E");
  read_levels(fields, "b", side::buy, made.levels);
  read_levels(fields, "a", side::sell, made.levels);
  return made;
}

feed_snapshot read_snapshot(const field_map& fields, std::string_view symbol) {
  feed_snapshot made;
  made.symbol = symbol;
  made.last_update = fields.whole("lastUpdateId");
  read_levels(fields, "bids", side::buy, made.levels);
  read_levels(fields, "asks", side::sell, made.levels);
  return made;
}

feed_trade read_trade(const field_map& fields) {
  feed_trade made;
  made.symbol = fields.symbol("s");
  made.id = fields.whole("t");
  made.price8 = fields.positive("p");
  made.size8 = fields.positive("q");
  made.at = fields.time("T");
  made.buyer_is_maker = fields.flag("m");
  return made;
}

feed_ticker read_ticker(const field_map& fields) {
  feed_ticker made;
  made.symbol = fields.symbol("s");
  made.update = fields.whole("u");
  made.bid8 = fields.decimal("b"); // zero: that side is empty
  made.bid_size8 = fields.decimal("B");
  made.ask8 = fields.decimal("a");
  made.ask_size8 = fields.decimal("A");
  return made;
}

feed_statistics read_statistics(const field_map& fields) {
  feed_statistics made;
  made.symbol = fields.symbol("s");
  made.open8 = fields.decimal("o");
  made.high8 = fields.decimal("h");
  made.low8 = fields.decimal("l");
  made.last8 = fields.decimal("c");
  made.volume8 = fields.decimal("v");
  made.quote_volume8 = fields.decimal("q");
  made.at = fields.time("E");
  if (made.low8 > made.high8) throw broken_rule{"l", "is above h"};
  return made;
}

/// "btcusdt@trade" is the stream of BTCUSDT.
bool is_stream_of(std::string_view stream, std::string_view symbol) {
  const auto name = stream.substr(0, stream.find('@'));
  if (name.size() != symbol.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != symbol[i]) return false;
  }
  return true;
}

/// False: a kind that is ignored.
bool read_payload(const field_map& fields, bool is_bare, std::string_view snapshot_symbol,
                  feed_message& out) {
  if (fields.has("e")) {
    const auto kind = fields.text("e");
    if (kind == "depthUpdate")
      out = read_depth(fields);
    else if (kind == "trade")
      out = read_trade(fields);
    else if (kind == "bookTicker")
      out = read_ticker(fields);
    else if (kind == "24hrTicker")
      out = read_statistics(fields);
    else
      return false;
    return true;
  }
  if (fields.has("lastUpdateId")) {
    if (!is_bare) return false; // a partial book of 5 to 20 levels (depth20): not the whole one
    out = read_snapshot(fields, snapshot_symbol);
    return true;
  }
  if (fields.has("u") && (fields.has("B") || fields.has("A"))) { // spot bookTicker names no kind
    out = read_ticker(fields);
    return true;
  }
  return false;
}

bool read_document(const dom::element& document, std::string_view snapshot_symbol,
                   feed_message& out) {
  dom::object object;
  if (document.get(object) != simdjson::SUCCESS) {
    dom::array list; // a stream of many markets at once (!ticker@arr): not used
    if (document.get(list) == simdjson::SUCCESS) return false;
    throw broken_rule{"", "is not an object"};
  }
  const field_map fields(object);
  if (!fields.has("stream")) return read_payload(fields, true, snapshot_symbol, out);
  const auto stream = fields.text("stream");
  dom::object data;
  if (fields.at("data").get(data) != simdjson::SUCCESS) {
    dom::array list;
    if (fields.at("data").get(list) == simdjson::SUCCESS) return false;
    throw broken_rule{"data", "is not an object"};
  }
  if (!read_payload(field_map(data), false, {}, out)) return false;
  const auto& symbol =
    std::visit([](const auto& one) -> const std::string& { return one.symbol; }, out);
  if (!stream.starts_with('!') && !is_stream_of(stream, symbol))
    throw broken_rule{"s", "is not the symbol of the stream"};
  return true;
}

} // namespace

struct binance_parser::machinery {
  dom::parser parser{2 * feed_text_bytes_max};
  std::vector<char> text; // with the padding simdjson reads into
};

binance_parser::binance_parser() : machinery_(std::make_unique<machinery>()) {}
binance_parser::~binance_parser() = default;
binance_parser::binance_parser(binance_parser&&) noexcept = default;
binance_parser& binance_parser::operator=(binance_parser&&) noexcept = default;

parse_result binance_parser::parse(std::string_view text, std::string_view snapshot_symbol,
                                   feed_message& out) {
  why_.clear();
  if (text.size() > feed_text_bytes_max) {
    why_ = "text: is longer than 1 MiB";
    return parse_result::refused;
  }
  auto& buffer = machinery_->text;
  if (buffer.size() < text.size() + simdjson::SIMDJSON_PADDING)
    buffer.resize(text.size() + text.size() / 2 + simdjson::SIMDJSON_PADDING);
  if (!text.empty()) std::memcpy(buffer.data(), text.data(), text.size());
  dom::element document;
  const auto error = machinery_->parser.parse(buffer.data(), text.size(), false).get(document);
  if (error != simdjson::SUCCESS) {
    why_ = std::string("text: is not JSON: ") + simdjson::error_message(error);
    return parse_result::refused;
  }
  try {
    return read_document(document, snapshot_symbol, out) ? parse_result::message
                                                         : parse_result::ignored;
  } catch (const broken_rule& broken) {
    why_ = broken.field.empty() ? std::string("text") : std::string(broken.field);
    why_ += ": ";
    why_ += broken.rule;
    return parse_result::refused;
  }
}

} // namespace rialto::actors
