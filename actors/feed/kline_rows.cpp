#include "actors/feed/kline_rows.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace rialto::actors {

namespace {

constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view names[] = {"open_time",  "open",
                                      "high",       "low",
                                      "close",      "volume",
                                      "close_time", "quote_volume",
                                      "count",      "taker_buy_volume"}; // what follows is not used
constexpr std::size_t short_row = 6, long_row_min = 11, long_row_max = 12;

/// Thrown inside one row, caught at its end: a field and the rule it breaks.
struct broken_rule {
  std::string_view field, rule;
};

struct decimal8 {
  std::int64_t units = 0; // of 10^-8
  bool is_finer = false;  // something smaller was cut off
};

struct number_parts {
  std::string digits; // of the mantissa, without leading zeros
  int decimals = 0;
  int exponent = 0;
};

/// A number as JSON writes it, without a sign. Empty: it is not one.
std::optional<number_parts> parts_of(std::string_view text) {
  number_parts made;
  std::size_t at = 0;
  const auto is_digit = [&] { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  const auto put = [&] {
    if (!made.digits.empty() || text[at] != '0') made.digits += text[at];
    ++at;
  };
  if (!is_digit()) return {};
  const bool is_zero_first = text[0] == '0';
  put();
  if (is_zero_first && is_digit()) return {};
  while (is_digit()) put();
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!is_digit()) return {};
    for (; is_digit(); ++made.decimals) put();
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool is_negative = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (!is_digit()) return {};
    for (; is_digit(); ++at) made.exponent = std::min(made.exponent * 10 + (text[at] - '0'), 1'000);
    if (is_negative) made.exponent = -made.exponent;
  }
  if (at != text.size()) return {};
  return made;
}

decimal8 decimal_of(std::string_view field, std::string_view text) {
  const auto parts = parts_of(text);
  if (!parts) throw broken_rule{field, "is not a plain number from 0"};
  decimal8 made;
  if (parts->digits.empty()) return made;
  const auto shift = parts->exponent - parts->decimals + asset_decimals; // times 10^shift is units
  auto used = static_cast<std::int64_t>(parts->digits.size());
  if (shift < 0) used = std::max<std::int64_t>(used + shift, 0);
  const auto cut = std::string_view(parts->digits).substr(static_cast<std::size_t>(used));
  made.is_finer = cut.find_first_not_of('0') != std::string_view::npos;
  for (std::int64_t i = 0; i < used + std::max(shift, 0); ++i) {
    const auto digit = i < used ? parts->digits[static_cast<std::size_t>(i)] - '0' : 0;
    if (__builtin_mul_overflow(made.units, 10, &made.units) ||
        __builtin_add_overflow(made.units, digit, &made.units))
      throw broken_rule{field, "is above 92233720368"};
  }
  return made;
}

std::uint64_t whole_of(std::string_view field, std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty() || text.size() > 18 || (text.size() > 1 && text[0] == '0') ||
      text.find_first_not_of("0123456789") != std::string_view::npos)
    throw broken_rule{field, "is not a whole number from 0 below 10^18"};
  for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

std::int64_t time_of(std::string_view field, std::string_view text) {
  constexpr std::uint64_t millis_max = 100'000'000'000'000; // the year 5138
  const auto value = whole_of(field, text);
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(value, value < millis_max ? 1'000'000 : 1'000, &ns))
    throw broken_rule{field, "is after the year 2261"};
  return ns;
}

price_ticks price_of(std::string_view field, std::string_view text, const instrument& spec) {
  const auto read = decimal_of(field, text);
  if (read.is_finer || read.units % spec.tick_size.value != 0)
    throw broken_rule{field, "is between two ticks of the instrument"};
  if (read.units == 0) throw broken_rule{field, "is not above 0"};
  return {read.units / spec.tick_size.value};
}

quantity_lots volume_of(std::string_view field, std::string_view text, const instrument& spec,
                        bool& is_floored) {
  const auto read = decimal_of(field, text);
  is_floored |= read.is_finer || read.units % spec.lot_size.value != 0;
  return {read.units / spec.lot_size.value};
}

} // namespace

kline_reader::kline_reader(const instrument& spec, candle_interval interval, timestamp_ns closed_by)
    : spec_(spec), interval_(interval), closed_by_(closed_by) {}

bool kline_reader::is_header() const {
  if (cells_.is_json() || cells_.count() < short_row) return false;
  for (std::size_t i = 0; i < short_row; ++i)
    if (cells_.cell(i) != names[i]) return false;
  return true;
}

candle kline_reader::read_row(bool& is_floored) const {
  const auto count = cells_.count();
  if (count != short_row && (count < long_row_min || count > long_row_max))
    throw broken_rule{"row", "has neither 6 nor 11 to 12 fields"};
  const auto text = [&](std::size_t index) { return cells_.cell(index); };
  const auto length = length_ns(interval_);
  const auto opens = time_of(names[0], text(0));
  candle made;
  made.open_time = {opens};
  if (opens % length != 0) throw broken_rule{names[0], "is not a start of the interval"};
  if (opens > int64_max - length) throw broken_rule{names[0], "is after the year 2261"};
  made.open = price_of(names[1], text(1), spec_);
  made.high = price_of(names[2], text(2), spec_);
  made.low = price_of(names[3], text(3), spec_);
  made.close = price_of(names[4], text(4), spec_);
  if (made.high < std::max(made.open, made.close))
    throw broken_rule{names[2], "is below open or close"};
  if (made.low > std::min(made.open, made.close))
    throw broken_rule{names[3], "is above open or close"};
  made.volume = volume_of(names[5], text(5), spec_, is_floored);
  if (count == short_row) return made;
  const auto closes = time_of(names[6], text(6));
  // An exchange that went down within the interval ends its candle there.
  if (closes <= opens || closes >= opens + length)
    throw broken_rule{names[6], "is not within the interval"};
  const auto quote = decimal_of(names[7], text(7));
  if (quote.is_finer) throw broken_rule{names[7], "has more than 8 decimals"};
  made.quote_volume = {quote.units};
  made.trades = whole_of(names[8], text(8));
  made.taker_buy_volume = volume_of(names[9], text(9), spec_, is_floored);
  if (made.taker_buy_volume > made.volume) throw broken_rule{names[9], "is above volume"};
  return made;
}

void kline_reader::take_row(std::vector<candle>& out) {
  if (std::exchange(is_first_, false) && is_header()) return;
  ++counts_.rows;
  try {
    bool is_floored = false;
    const auto made = read_row(is_floored);
    if (last_ && made == *last_) {
      ++counts_.repeated;
      return;
    }
    if (last_ && made.open_time <= last_->open_time)
      throw broken_rule{names[0], "is not above that of the row before"};
    if (made.open_time.value + length_ns(interval_) > closed_by_.value) {
      ++counts_.unfinished;
      return;
    }
    counts_.floored += is_floored ? 1 : 0;
    ++counts_.taken;
    last_ = made;
    out.push_back(made);
  } catch (const broken_rule& broken) {
    ++counts_.refused;
    if (refusals_.size() < refusals_max)
      refusals_.push_back(
        cells_.here().append(": ").append(broken.field).append(": ").append(broken.rule));
  }
}

bool kline_reader::take(std::string_view bytes, std::vector<candle>& out) {
  for (;;) {
    switch (cells_.next(bytes)) {
    case kline_cells::step::row: take_row(out); break;
    case kline_cells::step::more: return true;
    case kline_cells::step::broken: return false;
    }
  }
}

bool kline_reader::finish(std::vector<candle>& out) {
  const auto last = cells_.finish();
  if (last == kline_cells::step::row) take_row(out);
  return last != kline_cells::step::broken;
}

std::optional<std::vector<candle>> read_klines(std::string_view text, const instrument& spec,
                                               candle_interval interval, timestamp_ns closed_by,
                                               std::string& why) {
  kline_reader reader(spec, interval, closed_by);
  std::vector<candle> made;
  if (!reader.take(text, made) || !reader.finish(made)) {
    why = reader.why();
    return {};
  }
  if (reader.counts().refused > 0) {
    why = reader.refusals().front();
    return {};
  }
  return made;
}

} // namespace rialto::actors
