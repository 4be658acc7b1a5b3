#include "runtime/cluster/leader.hpp"

#include <algorithm>

namespace rialto::runtime::cluster {

namespace {

/// L4
bool may_lead(const rows_known& in, timestamp_ns now) {
  const auto* me = in.rows.find(in.nodes.me());
  return me != nullptr && me->state == node_state::up && in.nodes.may_read(now);
}

} // namespace

void leader::step(const leader_input& input, timestamp_ns now, std::vector<leader_output>& out) {
  if (std::holds_alternative<lock_gained>(input)) {
    leads_ = true;
    cold_since_.reset();
    is_trying_ = is_writing_ = false;
    read_after_ = now; // what a former leader wrote last is in the next answer
    out.push_back(read_now{});
  } else if (std::holds_alternative<lock_refused>(input)) {
    is_trying_ = false;
  } else if (std::holds_alternative<lock_lost>(input)) {
    leads_ = is_trying_ = is_writing_ = false;
  } else if (std::holds_alternative<written>(input)) {
    is_writing_ = false;
    read_after_ = now;
    if (leads_) out.push_back(read_now{});
  } else if (const auto& known = std::get<rows_known>(input); leads_) {
    if (!is_writing_ && known.sent >= read_after_) lead(known, now, out);
  } else {
    follow(known, now, out);
  }
}

void leader::lead(const rows_known& in, timestamp_ns now, std::vector<leader_output>& out) {
  if (!may_lead(in, now)) {
    leads_ = false; // until the lock is back, nobody leads
    out.push_back(unlock{});
    return;
  }
  if (!in.nodes.expired().empty()) {
    is_writing_ = true;
    out.push_back(write_deaths{in.nodes.expired()});
    return;
  }
  if (gathers(in.rows, now)) return;
  auto plan = plan_placement(in.rows, options_, in.nodes.has_gap());
  for (const auto& refused : plan.refused) out.push_back(move_refused{refused});
  if (plan.changes.empty()) return;
  is_writing_ = true;
  out.push_back(write_changes{std::move(plan.changes)});
}

bool leader::gathers(const cluster_rows& rows, timestamp_ns now) {
  const auto& shards = rows.shards();
  if (std::any_of(shards.begin(), shards.end(),
                  [&](const shard_row& row) { return rows.is_alive(row.owner); })) {
    cold_since_.reset();
    return false;
  }
  if (!cold_since_) cold_since_ = now;
  return now.value - cold_since_->value < options_.gather_ns;
}

void leader::follow(const rows_known& in, timestamp_ns now, std::vector<leader_output>& out) {
  const auto holder = in.rows.leader();
  if (holder != nobody && holder != in.nodes.me()) {
    const auto& over = in.nodes.expired();
    const auto at = std::find_if(over.begin(), over.end(),
                                 [&](const expired_node& one) { return one.who == holder; });
    if (at != over.end()) {
      out.push_back(end_holder{*at});
    } else if (const auto* row = in.rows.find(holder);
               row == nullptr || row->state == node_state::gone) {
      out.push_back(end_holder{{holder, row == nullptr ? 0 : row->renewal}});
    }
    return;
  }
  if (holder != nobody || is_trying_ || !may_lead(in, now)) return;
  is_trying_ = true;
  out.push_back(try_lock{});
}

} // namespace rialto::runtime::cluster
