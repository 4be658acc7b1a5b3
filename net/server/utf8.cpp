#include "net/server/utf8.hpp"

#include <cstring>

namespace rialto::net {

bool utf8_check::take(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    if (missing_ == 0) {
      for (std::uint64_t eight = 0; end - at >= 8; at += 8) { // mostly ASCII
        std::memcpy(&eight, at, 8);
        if ((eight & 0x8080'8080'8080'8080) != 0) break;
      }
      if (at == end) return true;
    }
    const auto byte = static_cast<std::uint8_t>(*at++);
    if (missing_ != 0) {
      if (byte < next_min_ || byte > next_max_) return false;
      --missing_;
      next_min_ = 0x80, next_max_ = 0xbf;
      continue;
    }
    if (byte < 0x80) continue;
    if (byte < 0xc2 || byte > 0xf4) return false;
    missing_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte == 0xe0) next_min_ = 0xa0;
    if (byte == 0xed) next_max_ = 0x9f;
    if (byte == 0xf0) next_min_ = 0x90;
    if (byte == 0xf4) next_max_ = 0x8f;
  }
  return true;
}

} // namespace rialto::net
