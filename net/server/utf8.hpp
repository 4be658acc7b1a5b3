// net/server/utf8.hpp: is this UTF-8? In pieces of any size, and no later than the first wrong byte.
#pragma once

#include <cstdint>
#include <string_view>

namespace rialto::net {

class utf8_check {
public:
  /// False from the first byte on that no UTF-8 text can have there (RFC 3629: no overlong form, no surrogate, nothing above 10FFFF).
  [[nodiscard]] bool take(std::string_view bytes);
  /// No character is half said.
  [[nodiscard]] bool is_whole() const { return missing_ == 0; }
  void reset() { *this = {}; }

private:
  std::uint8_t missing_ = 0;                       // continuation bytes still to come
  std::uint8_t next_min_ = 0x80, next_max_ = 0xbf; // of the next one
};

} // namespace rialto::net
