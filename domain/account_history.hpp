// domain/account_history.hpp: what an account remembers beside balances and open orders, each with its
// bound: client order ids of a day, orders placed in a day, final orders, transfers.
//
// The room: everything here changes with events only, is encoded in the order it happened, and never
// depends on the order of an unordered container (those are only looked into).
#pragma once

#include "domain/account_events.hpp"
#include "domain/bytes.hpp"
#include "domain/hash_index.hpp"

#include <array>
#include <map>
#include <string>
#include <unordered_map>

namespace rialto {

inline constexpr std::int64_t hour_ns = 3'600'000'000'000;
inline constexpr std::int64_t day_ns = 24 * hour_ns;

/// A placed client order id: its order while open, the order's last state afterwards.
struct client_entry {
  std::uint64_t id_hash = 0, body_hash = 0;
  order_id order;
  timestamp_ns placed_at;
  order_status status = order_status::new_order; // final once the order is; not kept before
  reject_reason reason = reject_reason::none;
  price_ticks price;
  quantity_lots size, executed;
  amount_units executed_quote;
  timestamp_ns updated_at;
  RIALTO_FIELDS(id_hash, body_hash, order, placed_at, status, reason, price, size, executed,
                executed_quote, updated_at)
};

/// Client order ids of the last 24 h, and older ones while their order is open. Two ids of one account
/// with the same 64-bit hash count as one id.
///
/// Bound: one entry per order of 24 h (account_limits::orders_per_day_max) plus one per open order.
class client_ids {
public:
  enum class verdict : std::uint8_t { fresh, same, reused };
  struct answer {
    verdict what = verdict::fresh;
    const client_entry* entry = nullptr; // of `same`, and of `reused` while it is known
  };
  [[nodiscard]] answer look(std::uint64_t id_hash, std::uint64_t body_hash, timestamp_ns now) const;
  void add(const client_entry& placed, timestamp_ns now);
  /// The newest order of a client order id, if it is remembered; 0: none.
  [[nodiscard]] order_id order_of(std::uint64_t id_hash) const;
  /// An open order has it.
  [[nodiscard]] bool is_open(std::uint64_t id_hash) const;
  /// The order of `id_hash` is final.
  void close(std::uint64_t id_hash, const order_view& last);

  [[nodiscard]] std::size_t size() const { return recent_.size() + aged_.size(); }
  void encode(byte_writer& out) const;
  void decode(byte_reader& in);

private:
  static constexpr int forget_max =
    16; // expired entries dropped per new one: no long pause after a day
  [[nodiscard]] client_entry* find(std::uint64_t id_hash);

  ring<client_entry> recent_;              // in order of time
  std::uint64_t first_ = 0;                // recent_[i] is entry number first_ + i
  hash_index numbers_;                     // id hash -> number of its newest entry
  std::map<std::uint64_t, order_id> aged_; // dropped from recent_ while their order was open
};

/// Orders placed in the current hour and the 24 before it: never fewer than in the last 24 h.
class daily_orders {
public:
  [[nodiscard]] std::uint64_t count(timestamp_ns now) const;
  void add(timestamp_ns now);
  void encode(byte_writer& out) const;
  void decode(byte_reader& in);

private:
  static constexpr std::int64_t hours = 25;
  void move_to(std::int64_t hour);

  std::int64_t hour_ = 0; // of the newest count
  std::array<std::uint32_t, hours> counts_{};
  std::uint64_t sum_ = 0; // of counts_
};

/// Orders placed in the ten seconds that hold now, which begin at whole tens of the Unix time.
class burst_orders {
public:
  static constexpr std::int64_t span_ns = 10'000'000'000;
  [[nodiscard]] std::uint32_t count(timestamp_ns now) const {
    return now.value / span_ns <= span_ ? count_ : 0;
  }
  void add(timestamp_ns now) {
    if (const auto span = now.value / span_ns; span > span_) {
      span_ = span;
      count_ = 0;
    }
    ++count_;
  }
  RIALTO_FIELDS(span_, count_)

private:
  std::int64_t span_ = 0;
  std::uint32_t count_ = 0;
};

/// The last 1,000 final orders.
class final_orders {
public:
  static constexpr std::size_t kept_max = 1'000;
  void add(order_view last) {
    if (kept_.size() == kept_max) kept_.pop_front();
    kept_.push_back(std::move(last));
  }
  [[nodiscard]] const order_view* find(order_id id) const;
  template <class Do>
  void each(Do what) const {
    for (std::size_t i = 0; i < kept_.size(); ++i) what(kept_[i]);
  }
  void encode(byte_writer& out) const { out.put(kept_); }
  void decode(byte_reader& in) { in.get(kept_); }

private:
  ring<order_view> kept_;
};

struct transfer_entry {
  transfer_kind kind = transfer_kind::deposit;
  std::string asset;
  amount_units amount;
  std::string reference;
  amount_units available; // after it
  timestamp_ns at;
  RIALTO_FIELDS(kind, asset, amount, reference, available, at)
};

/// The last 10,000 transfers by reference.
class transfer_log {
public:
  static constexpr std::size_t kept_max = 10'000;
  [[nodiscard]] const transfer_entry* find(const std::string& reference) const;
  void add(transfer_entry done);
  void encode(byte_writer& out) const { out.put(kept_); }
  void decode(byte_reader& in);

private:
  ring<transfer_entry> kept_;
  std::uint64_t first_ = 0;
  std::unordered_map<std::string, std::uint64_t> numbers_;
};

} // namespace rialto
