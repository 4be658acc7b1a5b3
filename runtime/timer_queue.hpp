// runtime/timer_queue.hpp: what is due when. No clock and no thread: whoever owns it says what time it is.
//
// The room: one owner, never shared between threads. The same calls give the same order on every machine.
//
//   Q1  timers fire in order of their time; of the same time, in order of their schedule() calls
//   Q2  at most `capacity` timers wait; schedule() refuses the next one, so the owner must answer for it
//   Q3  a timer fires at most once, and never after cancel() returned true
#pragma once

#include "domain/assert.hpp"
#include "domain/money.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace rialto::runtime {

/// Names a waiting timer; for cancel(). A default one names none.
struct timer_id {
  timestamp_ns due;
  std::uint64_t number = 0;
  friend auto operator<=>(const timer_id&, const timer_id&) = default;
};

template <class Payload>
class timer_queue {
public:
  struct fired {
    timer_id id;
    Payload payload;
  };

  explicit timer_queue(std::size_t capacity) : capacity_(capacity) {}

  /// Empty when full (Q2). A time that has passed is due at once.
  [[nodiscard]] std::optional<timer_id> schedule(timestamp_ns due, Payload payload) {
    if (waiting_.size() >= capacity_) return std::nullopt;
    const timer_id id{due, ++last_number_};
    waiting_.emplace(id, std::move(payload));
    return id;
  }

  /// False if it has fired or was cancelled before.
  bool cancel(const timer_id& id) { return waiting_.erase(id) == 1; }

  /// Moves what is due at `now` to the end of `out`, at most `count_max`; the rest stays due. Timers that
  /// the owner schedules while it handles these are for the next call.
  void take_due(timestamp_ns now, std::size_t count_max, std::vector<fired>& out) {
    for (; count_max > 0 && !waiting_.empty(); --count_max) {
      const auto first = waiting_.begin();
      if (first->first.due > now) return;
      out.push_back({first->first, std::move(first->second)});
      waiting_.erase(first);
    }
  }

  /// When the owner must look again; empty: nothing waits.
  [[nodiscard]] std::optional<timestamp_ns> next_due() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.begin()->first.due;
  }

  [[nodiscard]] std::size_t count() const { return waiting_.size(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

private:
  std::size_t capacity_;
  std::uint64_t last_number_ = 0;
  std::map<timer_id, Payload> waiting_;
};

} // namespace rialto::runtime
