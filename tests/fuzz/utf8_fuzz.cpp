// UTF-8 against a slow second reading, and JSON texts made of anything.
#include "net/json.hpp"
#include "net/server/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace rialto::fuzz {

namespace {

/// RFC 3629 by arithmetic: bytes of the character that `text` begins with, 0 if it begins with none.
std::size_t slow_character(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(text[i])};
  };
  if (byte(0) < 0x80) return 1;
  static constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x1'0000};
  for (std::size_t length = 2; length <= 4; ++length) {
    const auto mark =
      static_cast<unsigned>(0xf00U >> length) & 0xff; // 110xxxxx, 1110xxxx, 11110xxx
    if ((byte(0) >> (7 - length)) << (7 - length) != mark || text.size() < length) continue;
    std::uint32_t point = byte(0) & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return 0;
      point = point << 6 | (byte(i) & 0x3f);
    }
    const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < least[length] || point > 0x10'ffff || is_surrogate ? 0 : length;
  }
  return 0;
}

enum class reading { whole, unfinished, wrong };

reading slow_reading(std::string_view text) {
  while (!text.empty()) {
    const auto length = slow_character(text);
    if (length != 0) {
      text.remove_prefix(length);
      continue;
    }
    // A beginning of a character, if some bytes behind it make one.
    for (const std::string_view rest :
         {"\x80", "\xa0", "\x80\x80", "\x90\x80", "\xa0\x80", "\x80\x80\x80", "\x90\x80\x80"})
      if (const auto all = std::string(text) + std::string(rest); slow_character(all) == all.size())
        return reading::unfinished;
    return reading::wrong;
  }
  return reading::whole;
}

reading read(std::string_view text) {
  net::utf8_check check;
  if (!check.take(text)) return reading::wrong;
  return check.is_whole() ? reading::whole : reading::unfinished;
}

} // namespace

RIALTO_FUZZ_TARGET(utf8) {
  const auto whole = read(input);
  RIALTO_ASSERT(whole == slow_reading(input));
  // No later than the first wrong byte, in pieces of any size.
  const auto prefix = input.substr(0, dice(seed_of(input)).below(input.size() + 1));
  RIALTO_ASSERT(read(prefix) == slow_reading(prefix));
  net::utf8_check check;
  bool is_good = true;
  for (auto rest = input; const auto size : pieces_of(input.size(), seed_of(input))) {
    is_good = is_good && check.take(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  RIALTO_ASSERT(is_good == (whole != reading::wrong));
  if (is_good) RIALTO_ASSERT(check.is_whole() == (whole == reading::whole));
}

RIALTO_FUZZ_TARGET(json_text) {
  const auto written = net::json_text(input);
  RIALTO_ASSERT(slow_reading(written) == reading::whole);
  RIALTO_ASSERT(written.size() <= 6 * input.size() + 2);
  static net::json_reader reader;
  const auto* field = reader.read("{\"text\":" + written + "}").take("text");
  RIALTO_ASSERT(field != nullptr);
  RIALTO_ASSERT(field->kind == net::json_kind::text);
  if (slow_reading(input) == reading::whole) RIALTO_ASSERT(field->text == input);
}

} // namespace rialto::fuzz
