// tests/fuzz/fuzz.hpp: a fuzz target, and the small tools that targets share.
//
// A target is a function of foreign bytes that asserts what must hold of them, whatever they are. It keeps nothing from call to call.
// Choices other than the bytes themselves (where to cut, which list) come from seed_of(input), so that a corpus file stays what its
// name says: a real request, a real frame.
#pragma once

#include "domain/assert.hpp"
#include "domain/bytes.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::fuzz {

struct target {
  std::string_view name;
  void (*run)(std::string_view input) = nullptr;
  /// Good inputs made by the code of today, beside those of the corpus; null: the corpus has them all.
  std::vector<std::string> (*make_seeds)() = nullptr;
};

/// Every target of this program, by name.
[[nodiscard]] const std::vector<target>& targets();
[[nodiscard]] const target* find_target(std::string_view name);
bool add_target(const target& one);

/// Small, repeatable dice: an input and its seed always do the same.
class dice {
public:
  explicit dice(std::uint64_t seed) : state_(seed) {}
  /// 0 to bound - 1.
  std::size_t below(std::size_t bound) {
    state_ += 0x9e37'79b9'7f4a'7c15; // splitmix64
    auto x = state_;
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11eb;
    return static_cast<std::size_t>((x ^ (x >> 31)) % bound);
  }

private:
  std::uint64_t state_;
};

[[nodiscard]] inline std::uint64_t seed_of(std::string_view input) {
  return hash64(input);
}

/// Lengths of pieces that `bytes` is cut into: single bytes, small and large ones.
[[nodiscard]] inline std::vector<std::size_t> pieces_of(std::size_t bytes, std::uint64_t seed) {
  dice random(seed);
  const auto largest = std::size_t{1} << random.below(11);
  std::vector<std::size_t> pieces;
  for (std::size_t left = bytes; left > 0;) {
    pieces.push_back(std::min(left, 1 + random.below(largest)));
    left -= pieces.back();
  }
  return pieces;
}

} // namespace rialto::fuzz

/// RIALTO_FUZZ_TARGET(utf8) { ...looks at `input`... }
/// RIALTO_FUZZ_TARGET(journal_blob, make_blobs) { ... }
#define RIALTO_FUZZ_TARGET(target_name, ...)                                                       \
  static void fuzz_##target_name(std::string_view input);                                          \
  [[maybe_unused]] static const bool is_target_##target_name =                                     \
    ::rialto::fuzz::add_target({#target_name, fuzz_##target_name __VA_OPT__(, ) __VA_ARGS__});     \
  static void fuzz_##target_name(std::string_view input)
