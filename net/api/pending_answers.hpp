// net/api/pending_answers.hpp: what the edge waits for: tokens in the order they were given, one
// deadline sweep for all.
//
//   W1  every handler is called exactly once: with the answer, or with `unknown` at its deadline
//   W2  at most `open_max` wait; slots of answered ones are reused once all older ones are gone
#pragma once

#include "actors/gate.hpp"

#include <deque>
#include <functional>

namespace rialto::net {

using answer_handler = std::function<void(actors::answer&)>;

class pending_answers {
public:
  static constexpr std::size_t slots_max = 1'000'000;

  explicit pending_answers(std::size_t open_max) : open_max_(open_max) {}

  /// A token for the request; 0 when too many wait (the handler is then not taken).
  [[nodiscard]] std::uint64_t add(std::int64_t deadline_ns, answer_handler& then) {
    if (open_ >= open_max_ || slots_.size() >= slots_max) return 0;
    slots_.push_back({deadline_ns, std::move(then)});
    ++open_;
    return first_ + slots_.size() - 1;
  }
  /// An answer came; a late one for a token that was swept is dropped.
  void take(actors::answer& came) {
    if (came.token < first_ || came.token >= first_ + slots_.size()) return;
    finish(slots_[came.token - first_], came);
    trim();
  }
  /// Ends what is past its deadline.
  void sweep(std::int64_t now_ns) {
    // A handler may add a request; it goes to the back and is not due.
    while (!slots_.empty() && slots_.front().deadline_ns <= now_ns) {
      actors::answer late;
      late.token = first_;
      late.how = actors::delivery::unknown;
      auto due = std::move(slots_.front());
      slots_.pop_front();
      ++first_;
      finish(due, late);
    }
    trim();
  }
  [[nodiscard]] std::size_t open() const { return open_; }

private:
  struct slot {
    std::int64_t deadline_ns = 0;
    answer_handler then; // empty: answered
  };
  void finish(slot& one, actors::answer& came) {
    if (!one.then) return;
    const auto then = std::move(one.then);
    one.then = nullptr;
    --open_;
    then(came);
  }
  void trim() {
    while (!slots_.empty() && !slots_.front().then) {
      slots_.pop_front();
      ++first_;
    }
  }

  std::size_t open_max_;
  std::size_t open_ = 0;
  std::uint64_t first_ = 1; // token of slots_.front()
  std::deque<slot> slots_;
};

} // namespace rialto::net
