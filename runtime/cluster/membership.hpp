// runtime/cluster/membership.hpp: what a node knows of the nodes, and whether its own lease still stands.
//
// The room: step(input, now) -> outputs. `now` is this node's steady clock; leases of others are judged by the
// database's clock alone, as the rows were read. No clock, thread, CAF or SQL. One owner.
//
//   M1  a node is named expired only if its row shows no renewal for one lease; for one short lease if a peer's
//       connection to it was closed, and that is longer than its own reads go on without a renewal
//   M2  nobody is named expired within one lease after a gap in this node's own view: the first answer, a restart of
//       the database, answers further apart than `gap_ns`, a database clock that jumped
//   M3  the own lease counts from the moment a renewal was sent, so it ends here before it ends in the database
//   M4  a life that was declared gone is over: the node joins again as another incarnation
#pragma once

#include "runtime/cluster/rows.hpp"

#include <map>
#include <set>
#include <variant>

namespace rialto::runtime::cluster {

struct membership_times {
  std::int64_t renew_ns = 250'000'000; // how often the statement is sent
  std::int64_t lease_ns = 3'000'000'000;
  std::int64_t short_lease_ns =
    1'200'000'000;                       // of a node whose connection closed: reads_ns + jump_ns
  std::int64_t reads_ns = 1'000'000'000; // without a renewal: reads answer 503
  std::int64_t gap_ns = 1'500'000'000;
  std::int64_t jump_ns =
    200'000'000; // the database's clock against the own one, between two answers
  std::int64_t clock_off_ns = 1'000'000'000; // further off the database's clock: owns nothing
};

/// none: not joined. unconfirmed: reads answer 503. lost: every shard is dropped.
enum class own_lease : std::uint8_t { none, confirmed, unconfirmed, lost };

struct node_joined {
  incarnation me = nobody;
  timestamp_ns sent;
};
struct ready_asked {}; // the mesh stands, recovery may begin
struct drain_asked {}; // SIGTERM, or `cluster drain`
struct peer_closed {
  incarnation who = nobody;
};
struct peer_connected {
  incarnation who = nobody;
};
struct time_passed {};
/// The answer itself stays with the caller until step() returns.
struct answer_came {
  const rows_read& read;
};
using membership_input = std::variant<node_joined, ready_asked, drain_asked, peer_closed,
                                      peer_connected, time_passed, answer_came>;

struct lease_changed {
  own_lease to = own_lease::none;
};
struct join_needed {}; // M4
/// A node came, changed or went: to connect, to log, to show.
struct node_changed {
  incarnation who = nobody;
  node_state to = node_state::gone;
};
using membership_output = std::variant<lease_changed, join_needed, node_changed>;

/// A lease that is over as far as this node can see; `renewal` is the last one it saw.
struct expired_node {
  incarnation who = nobody;
  std::uint64_t renewal = 0;
  friend auto operator<=>(const expired_node&, const expired_node&) = default;
};

class membership {
public:
  explicit membership(membership_times times = {}) : times_(times) {}

  void step(const membership_input& input, timestamp_ns now, std::vector<membership_output>& out);

  /// As of the last answer (M1, M2), ascending; never this node itself.
  [[nodiscard]] const std::vector<expired_node>& expired() const { return expired_; }
  /// The last answer fell into the time after a gap (M2): what is old may only look so.
  [[nodiscard]] bool has_gap() const { return last_database_now_ < spared_until_; }
  /// Asked before every read that leaves the node, so that a process that was stopped does not answer on waking up.
  [[nodiscard]] own_lease lease_at(timestamp_ns now) const;
  [[nodiscard]] bool may_read(timestamp_ns now) const {
    return lease_at(now) == own_lease::confirmed;
  }
  /// When reads end unless another renewal is confirmed before; the beginning of time when not joined.
  [[nodiscard]] timestamp_ns reads_until() const {
    return me_ == nobody ? timestamp_ns{0} : timestamp_ns{confirmed_at_.value + times_.reads_ns};
  }
  /// What the next renewal says of this node.
  [[nodiscard]] node_state declared() const;
  [[nodiscard]] incarnation me() const { return me_; }

private:
  struct seen {
    node_state state = node_state::joining;
    std::uint64_t renewal = 0;
    timestamp_ns fresh_at; // of the last renewal, never later than when it was first seen
  };
  void join(const node_joined& input, std::vector<membership_output>& out);
  void take(const rows_read& read, std::vector<membership_output>& out);
  void look_for_gaps(const rows_read& read);
  void compare_nodes(const rows_read& read, std::vector<membership_output>& out);
  void leave_life(std::vector<membership_output>& out);
  void tell_lease(timestamp_ns now, std::vector<membership_output>& out);

  membership_times times_;
  incarnation me_ = nobody;
  timestamp_ns confirmed_at_; // when the last confirmed renewal was sent (M3)
  own_lease told_ = own_lease::none;
  bool is_ready_ = false, is_draining_ = false, is_clock_off_ = false, has_read_ = false;
  timestamp_ns last_sent_, last_database_now_, last_database_started_;
  timestamp_ns spared_until_; // the database's clock (M2)
  std::map<incarnation, seen> nodes_;
  std::set<incarnation> closed_; // never more than a few: what the rows no longer name is forgotten
  std::vector<expired_node> expired_;
};

} // namespace rialto::runtime::cluster
