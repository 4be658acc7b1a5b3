#include "runtime/cluster/membership.hpp"

#include <algorithm>
#include <cstdlib>

namespace rialto::runtime::cluster {

namespace {

template <class... Functions>
struct either : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
either(Functions...) -> either<Functions...>;

} // namespace

void membership::step(const membership_input& input, timestamp_ns now,
                      std::vector<membership_output>& out) {
  std::visit(either{[&](const node_joined& in) { join(in, out); },
                    [&](const ready_asked&) { is_ready_ = true; },
                    [&](const drain_asked&) { is_draining_ = true; },
                    [&](const peer_closed& in) {
                      if (nodes_.contains(in.who)) closed_.insert(in.who);
                    },
                    [&](const peer_connected& in) { closed_.erase(in.who); },
                    [&](const time_passed&) {}, [&](const answer_came& in) { take(in.read, out); }},
             input);
  tell_lease(now, out);
}

own_lease membership::lease_at(timestamp_ns now) const {
  if (me_ == nobody) return own_lease::none;
  const auto age = now.value - confirmed_at_.value;
  if (age >= times_.lease_ns) return own_lease::lost;
  return age >= times_.reads_ns ? own_lease::unconfirmed : own_lease::confirmed;
}

node_state membership::declared() const {
  if (is_draining_) return node_state::draining;
  return is_ready_ && !is_clock_off_ ? node_state::up : node_state::joining;
}

void membership::join(const node_joined& input, std::vector<membership_output>& out) {
  if (told_ != own_lease::none && told_ != own_lease::lost)
    out.push_back(lease_changed{own_lease::lost}); // what the former life held
  told_ = own_lease::none;
  me_ = input.me;
  confirmed_at_ = input.sent;
}

void membership::take(const rows_read& read, std::vector<membership_output>& out) {
  look_for_gaps(read);
  is_clock_off_ = std::abs(read.wall_offset_ns) > times_.clock_off_ns;
  if (me_ != nobody && read.is_renewed)
    confirmed_at_ = std::max(confirmed_at_, read.sent);
  else if (me_ != nobody)
    leave_life(out);
  compare_nodes(read, out);
}

void membership::look_for_gaps(const rows_read& read) {
  const auto mine = read.sent.value - last_sent_.value;
  const auto theirs = read.database_now.value - last_database_now_.value;
  const bool is_gap = !has_read_ || read.database_started != last_database_started_ ||
                      mine > times_.gap_ns || theirs > times_.gap_ns ||
                      std::abs(mine - theirs) > times_.jump_ns;
  if (is_gap) spared_until_ = {read.database_now.value + times_.lease_ns};
  has_read_ = true;
  last_sent_ = read.sent;
  last_database_now_ = read.database_now;
  last_database_started_ = read.database_started;
}

void membership::compare_nodes(const rows_read& read, std::vector<membership_output>& out) {
  expired_.clear();
  for (const auto& row : read.nodes) {
    const auto [at, is_new] = nodes_.try_emplace(row.id);
    auto& known = at->second;
    if (is_new || known.state != row.state) out.push_back(node_changed{row.id, row.state});
    // A clock that went back leaves stamps of the future: they count from when they were seen.
    if (is_new || known.renewal != row.renewal) known.fresh_at = row.renewed_at;
    known.fresh_at = std::min(known.fresh_at, read.database_now);
    known.state = row.state;
    known.renewal = row.renewal;
    if (row.state == node_state::gone || row.id == me_) continue;
    const auto lease = closed_.contains(row.id) ? times_.short_lease_ns : times_.lease_ns;
    if (read.database_now.value - known.fresh_at.value >= lease &&
        read.database_now >= spared_until_)
      expired_.push_back({row.id, row.renewal});
  }
  std::sort(expired_.begin(), expired_.end());
  if (nodes_.size() == read.nodes.size()) return;
  std::set<incarnation> named;
  for (const auto& row : read.nodes) named.insert(row.id);
  for (auto at = nodes_.begin(); at != nodes_.end();) {
    if (named.contains(at->first)) {
      ++at;
      continue;
    }
    if (at->second.state != node_state::gone)
      out.push_back(node_changed{at->first, node_state::gone});
    closed_.erase(at->first);
    at = nodes_.erase(at);
  }
}

void membership::leave_life(std::vector<membership_output>& out) {
  me_ = nobody;
  if (told_ != own_lease::lost) out.push_back(lease_changed{own_lease::lost});
  told_ = own_lease::none;
  out.push_back(join_needed{});
}

void membership::tell_lease(timestamp_ns now, std::vector<membership_output>& out) {
  const auto is = lease_at(now);
  if (is == told_) return;
  told_ = is;
  if (is != own_lease::none) out.push_back(lease_changed{is});
}

} // namespace rialto::runtime::cluster
