// domain/ring.hpp: a queue in one array: what goes in at the back and out at the front, found by its place.
//
// The room: as std::deque in its uses here, but an empty one takes no memory (a deque takes 576 bytes), which counts where there are
// hundreds of thousands. Grows by doubling and never shrinks by itself; who fills it states a bound.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace rialto {

template <class T>
class ring {
public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// The i-th from the front.
  [[nodiscard]] T& operator[](std::size_t i) { return slots_[place(i)]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return slots_[place(i)]; }
  [[nodiscard]] T& front() { return slots_[first_]; }
  [[nodiscard]] const T& front() const { return slots_[first_]; }

  T& push_back(T one) {
    if (size_ == slots_.size()) grow();
    auto& slot = slots_[place(size_++)];
    slot = std::move(one);
    return slot;
  }
  T& emplace_back() { return push_back(T{}); }
  void pop_front() {
    slots_[first_] = T{};
    first_ = place(1);
    --size_;
  }
  void clear() {
    slots_ = {};
    first_ = size_ = 0;
  }

private:
  static constexpr std::size_t least = 4;
  [[nodiscard]] std::size_t place(std::size_t i) const {
    return (first_ + i) & (slots_.size() - 1);
  }
  void grow() {
    std::vector<T> larger(slots_.empty() ? least : 2 * slots_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move(slots_[place(i)]);
    slots_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> slots_; // a power of two of them, or none
  std::size_t first_ = 0, size_ = 0;
};

} // namespace rialto
