// runtime/clock.hpp: the only source of time in a node; the domain gets its `now` from here.
//
// The room: two raw clocks, the wall and one that only moves with real time, and a guard between them.
// Any thread may ask. The simulator and the tests use manual_clock.
//
//   T1  now() never follows the wall more than jump_ns_max ahead of what real time explains: a forward jump
//       is held back until the wall returns or accept_jump() says that the new time is right
//   T2  a backward jump is followed; an entity's own stamp keeps its stream from going back
#pragma once

#include "domain/money.hpp"

#include <atomic>
#include <cstdint>

namespace rialto::runtime {

class node_clock {
public:
  static constexpr std::int64_t jump_ns_max = 1'000'000'000;

  virtual ~node_clock() = default;
  /// The time to stamp (T1).
  [[nodiscard]] timestamp_ns now();
  /// The wall as it is.
  [[nodiscard]] virtual timestamp_ns wall() const = 0;
  /// Never goes back, does not jump; counts from an unknown beginning. For deadlines and durations.
  [[nodiscard]] virtual std::int64_t monotonic_ns() const = 0;

  /// How far the wall stands ahead of now(); 0 unless a forward jump is being held back.
  [[nodiscard]] std::int64_t held_back_ns() const {
    return held_back_ns_.load(std::memory_order_relaxed);
  }
  /// Forward jumps seen since the start.
  [[nodiscard]] std::uint64_t jump_count() const {
    return jump_count_.load(std::memory_order_relaxed);
  }
  /// Trusts the wall as it is now.
  void accept_jump();

protected:
  node_clock() = default;
  /// For the end of a constructor, when wall() and monotonic_ns() can be asked.
  void trust_wall();

private:
  // Wall minus monotonic. `highest_` is the largest offset ever trusted: coming back up to it after a
  // backward jump is not a forward jump. `current_` is what is added while a jump is held back.
  std::atomic<std::int64_t> highest_{0};
  std::atomic<std::int64_t> current_{0};
  std::atomic<std::int64_t> held_back_ns_{0};
  std::atomic<std::uint64_t> jump_count_{0};
};

/// The machine's clocks. The monotonic one runs on while the machine sleeps, so waking up is no jump.
class system_clock final : public node_clock {
public:
  system_clock() { trust_wall(); }
  [[nodiscard]] timestamp_ns wall() const override;
  [[nodiscard]] std::int64_t monotonic_ns() const override;
};

/// Stands still until told.
class manual_clock final : public node_clock {
public:
  /// Begins at 2024-08-08 00:00 UTC unless said otherwise.
  explicit manual_clock(timestamp_ns start = {1'723'075'200'000'000'000}) : wall_(start.value) {
    trust_wall();
  }
  [[nodiscard]] timestamp_ns wall() const override {
    return {wall_.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] std::int64_t monotonic_ns() const override {
    return monotonic_.load(std::memory_order_relaxed);
  }

  /// Real time passes: both clocks move.
  void advance(std::int64_t ns);
  /// Somebody sets the wall clock.
  void jump_wall(std::int64_t ns) { wall_.fetch_add(ns, std::memory_order_relaxed); }

private:
  std::atomic<std::int64_t> wall_;
  std::atomic<std::int64_t> monotonic_{1'000'000'000};
};

} // namespace rialto::runtime
