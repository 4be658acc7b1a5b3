#include "domain/bytes.hpp"

namespace rialto {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  constexpr std::uint64_t prime = 0x0000'0100'0000'01b3;
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325 ^ seed;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    hash = (hash ^ word) * prime;
    hash ^= hash >> 32; // a word-wise FNV needs the high bits folded back
  }
  for (; at < bytes.size(); ++at) hash = (hash ^ static_cast<unsigned char>(bytes[at])) * prime;
  hash ^= bytes.size();
  hash ^= hash >> 33;
  hash *= 0xff51'afd7'ed55'8ccd;
  hash ^= hash >> 33;
  hash *= 0xc4ce'b9fe'1a85'ec53;
  return hash ^ (hash >> 33);
}

} // namespace rialto
