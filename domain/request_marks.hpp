// domain/request_marks.hpp: the signed requests an account has executed, until no edge takes them any more.
//
// The room: changes with events only; kept in the order they came, found by their hash. Two requests with the same
// 64-bit hash within a minute count as one: the second is refused, never executed.
//
// Bound: marks_max. Who would need one more is refused until the oldest is over; none is forgotten before its time.
#pragma once

#include "domain/account_events.hpp"
#include "domain/bytes.hpp"
#include "domain/hash_index.hpp"

namespace rialto {

class request_marks {
public:
  static constexpr std::size_t marks_max = 100'000;
  /// How far ahead a request's time may end: 60 s of receiving, a clock 1 s ahead, 1 s to spare, and some for ours.
  static constexpr std::int64_t ahead_ns_max = 70'000'000'000;

  /// Why a marked command may not run now: it has run, its time is over or not one, or there is no room.
  [[nodiscard]] reject_reason refusal_of(const request_mark& mark, timestamp_ns now) const;
  /// What an executed one led to; null if it is not known.
  [[nodiscard]] const request_executed* find(std::uint64_t hash) const;
  void add(const request_executed& one, timestamp_ns now);

  [[nodiscard]] std::size_t size() const { return kept_.size(); }
  [[nodiscard]] bool is_sound() const { return kept_.size() <= marks_max; }
  void encode(byte_writer& out) const { out.put(kept_); }
  void decode(byte_reader& in);

private:
  static constexpr int forget_max = 16; // dropped per new one: no long pause after a quiet time

  ring<request_executed> kept_; // in the order they came
  std::uint64_t first_ = 0;     // kept_[i] is number first_ + i
  hash_index numbers_;          // hash -> number of its newest
};

} // namespace rialto
