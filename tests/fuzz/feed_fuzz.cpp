// Market data as others send and record it.
#include "actors/feed/binance_parser.hpp"
#include "actors/feed/recording_reader.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/memory_file.hpp"

namespace rialto::fuzz {

namespace {

using namespace rialto::actors;

constexpr std::int64_t size8_max = 9'000'000'000'000'000'000;

void check_symbol(std::string_view symbol) {
  RIALTO_ASSERT(symbol.size() >= 2 && symbol.size() <= 20);
  RIALTO_ASSERT(symbol.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
                std::string_view::npos);
}

void check_levels(const std::vector<feed_level>& levels, std::size_t bytes) {
  RIALTO_ASSERT(levels.size() <= feed_levels_max && levels.size() <= bytes / 7); // ["1","1"]
  for (const auto& level : levels) {
    RIALTO_ASSERT(level.price8 > 0 && level.price8 <= size8_max);
    RIALTO_ASSERT(level.size8 >= 0 && level.size8 <= size8_max);
  }
}

void check(const feed_depth& one, std::size_t bytes) {
  check_symbol(one.symbol);
  RIALTO_ASSERT(one.first_update <= one.last_update);
  check_levels(one.levels, bytes);
}
void check(const feed_snapshot& one, std::size_t bytes) {
  RIALTO_ASSERT(one.symbol == "BTCUSDT"); // what the caller said
  check_levels(one.levels, bytes);
}
void check(const feed_trade& one, std::size_t) {
  check_symbol(one.symbol);
  RIALTO_ASSERT(one.price8 > 0 && one.size8 > 0 && one.at.value >= 0);
}
void check(const feed_ticker& one, std::size_t) {
  check_symbol(one.symbol);
  for (const auto x : {one.bid8, one.bid_size8, one.ask8, one.ask_size8}) RIALTO_ASSERT(x >= 0);
}
void check(const feed_statistics& one, std::size_t) {
  check_symbol(one.symbol);
  RIALTO_ASSERT(one.low8 >= 0 && one.low8 <= one.high8);
}

void check_message(binance_parser& parser, std::string_view text) {
  feed_message out;
  switch (parser.parse(text, "BTCUSDT", out)) {
  case parse_result::message:
    return std::visit([&](const auto& one) { check(one, text.size()); }, out);
  case parse_result::ignored: return;
  case parse_result::refused:
    RIALTO_ASSERT(parser.why().find(": ") != std::string::npos);
    RIALTO_ASSERT(parser.why().size() <= 200);
  }
}

binance_parser& shared_parser() {
  static binance_parser made;
  return made;
}

} // namespace

RIALTO_FUZZ_TARGET(feed_message) {
  check_message(shared_parser(), input);
}

RIALTO_FUZZ_TARGET(recording) {
  const memory_file file(input);
  std::string why;
  const auto reader = recording_reader::open(file.path(), why);
  if (reader == nullptr) {
    RIALTO_ASSERT(!why.empty());
    return;
  }
  const bool is_packed = input.starts_with("\x1f\x8b");
  std::size_t lines = 0, told = 0;
  recording_reader::line line;
  for (auto result = reader->next(line); result != recording_reader::result::end;
       result = reader->next(line)) {
    RIALTO_ASSERT(++told <= 1'100 * input.size() + 1); // deflate packs at most 1,032 to one
    if (result != recording_reader::result::line) {
      RIALTO_ASSERT(reader->why().starts_with(file.path() + ":"));
      continue;
    }
    ++lines;
    RIALTO_ASSERT(line.received.value >= 0);
    RIALTO_ASSERT(line.text.find('\n') == std::string_view::npos);
    if (!is_packed) RIALTO_ASSERT(input.find(line.text) != std::string_view::npos);
    check_message(shared_parser(), line.text);
  }
  const auto ends = static_cast<std::size_t>(std::count(input.begin(), input.end(), '\n'));
  if (!is_packed) RIALTO_ASSERT(lines <= ends + 1);
}

} // namespace rialto::fuzz
