// tests/simulation/event_queue.hpp: simulated time: what happens next, and a hash of everything that happened.
//
// The room: one queue for a whole simulation. Nothing in it waits for real time; the clock stands still between two events.
//   Q1  events run in order of their time; of the same time, in order of their after() calls
//   Q2  the history is a function of the seed: two runs of one seed have the same hash
// RIALTO_TRACE=1 prints every event and note with its time.
#pragma once

#include "domain/bytes.hpp"
#include "runtime/timer_queue.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>

namespace rialto::simulation {

class event_queue {
public:
  using action = std::function<void()>;
  static constexpr timestamp_ns beginning{1'700'000'000'000'000'000};

  [[nodiscard]] timestamp_ns now() const { return now_; }
  [[nodiscard]] std::int64_t elapsed_ns() const { return now_.value - beginning.value; }

  /// `what` lives as long as the program.
  void after(std::int64_t ns, const char* what, action run) {
    static_cast<void>(waiting_.schedule({now_.value + ns}, {what, std::move(run)}));
  }
  /// Runs the next event; false: nothing waits.
  bool run_next() {
    due_.clear();
    if (const auto next = waiting_.next_due()) now_ = std::max(now_, *next);
    waiting_.take_due(now_, 1, due_);
    if (due_.empty()) return false;
    ++events_;
    const auto one = std::move(due_.front().payload);
    note(one.what);
    one.run();
    return true;
  }

  /// Adds to the history.
  void note(std::string_view what, std::uint64_t detail = 0) {
    history_ = hash64(what, history_ ^ static_cast<std::uint64_t>(now_.value) ^
                              (detail * 0x9e37'79b9'7f4a'7c15));
    if (is_traced_) print(std::string(what) + " " + std::to_string(detail));
  }
  [[nodiscard]] bool is_traced() const { return is_traced_; }
  void print(const std::string& text) const {
    std::fprintf(stderr, "%14.6f %s\n", static_cast<double>(elapsed_ns()) * 1e-9, text.c_str());
  }
  [[nodiscard]] std::uint64_t history() const { return history_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

private:
  struct event {
    const char* what = "";
    action run;
  };
  timestamp_ns now_ = beginning;
  runtime::timer_queue<event> waiting_{1'000'000};
  std::vector<runtime::timer_queue<event>::fired> due_;
  std::uint64_t history_ = 0, events_ = 0;
  bool is_traced_ = std::getenv("RIALTO_TRACE") != nullptr;
};

} // namespace rialto::simulation
