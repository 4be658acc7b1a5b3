// domain/account_timer_events.hpp: commands and events of what an account does by itself when its time has come:
// mass cancel beyond one step, dead-man timers, cancel-on-disconnect. The rules are domain/account_timers.cpp's.
#pragma once

#include "domain/order.hpp"

#include <optional>
#include <vector>

namespace rialto {

/// timer: fires unless it is armed again in time. connection: fires when the connection that armed it closes, or
/// when the edge that has the connection stops renewing it.
enum class guard_kind : std::uint8_t { timer = 1, connection = 2 };

/// One guard per kind, session and market of an account.
struct guard_key {
  guard_kind kind = guard_kind::timer;
  std::uint64_t session = 0;
  market_id market; // 0: every market
  RIALTO_FIELDS(kind, session, market)
  friend auto operator<=>(const guard_key&, const guard_key&) = default;
};

/// Cancels the open orders of its market at `deadline`.
struct guard {
  guard_key key;
  std::int64_t timeout_ns = 0;  // from arming to firing; of a connection: how long a renewal lasts
  std::int64_t grace_ns = 0;    // of a connection: from its end to firing
  std::uint64_t edge = 0;       // of a connection: which life of which edge has it,
  std::uint64_t connection = 0; // and its number there
  timestamp_ns deadline;
  RIALTO_FIELDS(key, timeout_ns, grace_ns, edge, connection, deadline)
  friend bool operator==(const guard&, const guard&) = default;
};

// ---- commands

/// Arms or renews; `wish.deadline` is the account's to say. timeout_ns 0 disarms. Outcome: guards_view of what is
/// armed now under this key. A renewal (`only_renews`) of what another connection armed since, or what has fired,
/// changes nothing and gives none.
struct arm_guard {
  guard wish;
  bool only_renews = false;
  RIALTO_FIELDS(wish, only_renews)
};
/// A connection has ended: what it armed fires now, or after its grace. Outcome: guards_view of the latter.
struct close_connection {
  std::uint64_t edge = 0, connection = 0;
  RIALTO_FIELDS(edge, connection)
};
struct get_guards {
  RIALTO_NO_FIELDS()
}; // outcome: guards_view

// ---- events

struct guard_armed {
  guard what;
  RIALTO_FIELDS(what)
};
struct guard_disarmed {
  guard_key key;
  RIALTO_FIELDS(key)
};
struct guard_fired {
  guard_key key;
  RIALTO_FIELDS(key)
};
/// Posts cancel_order for every open order of `market` (0: any) and `way` (empty: both) whose id is above `after` and
/// at most `through`. Orders above that and at most `last` follow in further events. `until_gone`: and once through,
/// all of them again some time later, until none of them is open (a halted market refuses cancels).
struct cancels_asked {
  market_id market;
  std::optional<side> way;
  order_id after, through, last;
  bool until_gone = false;
  RIALTO_FIELDS(market, way, after, through, last, until_gone)
};

// ---- answers

struct guards_view {
  account_id account;
  std::vector<guard> guards;
  RIALTO_FIELDS(account, guards)
};

} // namespace rialto
