// domain/hash_index.hpp: from a 64-bit hash to a number, in one flat array.
//
// The room: linear probing, at most three quarters full, no iteration: the order of the slots is nobody's
// business, so what looks into it stays deterministic. Keys are hashes already: they are not hashed again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rialto {

class hash_index {
public:
  static constexpr std::uint64_t none = ~std::uint64_t{0};

  [[nodiscard]] std::uint64_t find(std::uint64_t key) const {
    if (slots_.empty()) return none;
    for (auto at = home(key);; at = next(at)) {
      const auto& one = slots_[at];
      if (one.number == none || one.key == key) return one.number;
    }
  }
  /// Adds or replaces; `number` is not none.
  void set(std::uint64_t key, std::uint64_t number) {
    if ((used_ + 1) * 4 > slots_.size() * 3) grow();
    auto at = home(key);
    for (; slots_[at].number != none; at = next(at))
      if (slots_[at].key == key) {
        slots_[at].number = number;
        return;
      }
    slots_[at] = {key, number};
    ++used_;
  }
  void erase(std::uint64_t key) {
    if (slots_.empty()) return;
    auto hole = home(key);
    for (; slots_[hole].key != key || slots_[hole].number == none; hole = next(hole))
      if (slots_[hole].number == none) return;
    --used_;
    // What follows moves up where its way from home passes the hole, so no probe ends too early.
    for (auto at = next(hole);; at = next(at)) {
      if (slots_[at].number == none) break;
      const auto from_home = (at - home(slots_[at].key)) & (slots_.size() - 1);
      const auto from_hole = (at - hole) & (slots_.size() - 1);
      if (from_home < from_hole) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole].number = none;
  }
  void clear() {
    slots_.clear();
    used_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return used_; }

private:
  struct slot {
    std::uint64_t key = 0, number = none;
  };
  [[nodiscard]] std::size_t home(std::uint64_t key) const { return key & (slots_.size() - 1); }
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  void grow() {
    std::vector<slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    used_ = 0;
    for (const auto& one : old)
      if (one.number != none) set(one.key, one.number);
  }

  std::vector<slot> slots_; // a power of two of them
  std::size_t used_ = 0;
};

} // namespace rialto
