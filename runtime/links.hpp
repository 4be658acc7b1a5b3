// runtime/links.hpp: numbered messages between two entities: kept until acknowledged, applied once.
//
// The room: no CAF, no clock. Both halves belong to one entity and change only with its records, so
// a replay rebuilds them.
//   L1  an outbox numbers its messages to a peer 1, 2, 3...; the same events post the same numbers
//   L2  an inbox takes number n only after n - 1: a repeat is dropped, and so is what comes too
//   early (the sender re-sends in order) L3  an acknowledgement removes messages only when a record
//   carries it (settle), so the outbox is a function of the records
#pragma once

#include "domain/assert.hpp"
#include "domain/bytes.hpp"
#include "domain/ids.hpp"
#include "storage/record.hpp"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <variant>
#include <vector>

namespace rialto::runtime {

using storage::link_cursor;

/// The receiving half: the last number applied, per sender.
class inbox {
public:
  enum class verdict : std::uint8_t { next, repeat, early };

  [[nodiscard]] verdict look(entity_id from, std::uint64_t number) const {
    const auto at = last_.find(from);
    const auto last = at == last_.end() ? 0 : at->second;
    if (number <= last) return verdict::repeat;
    return number == last + 1 ? verdict::next : verdict::early;
  }
  void take(const link_cursor& cause) { last_[cause.peer] = cause.number; }
  [[nodiscard]] std::vector<link_cursor> cursors() const {
    std::vector<link_cursor> all;
    all.reserve(last_.size());
    for (const auto& [peer, number] : last_) all.push_back({peer, number});
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.peer < b.peer; });
    return all;
  }
  void restore(const std::vector<link_cursor>& all) {
    last_.clear();
    for (const auto& cursor : all) take(cursor);
  }

private:
  std::unordered_map<entity_id, std::uint64_t> last_; // order never matters: cursors() sorts
};

/// The sending half: per peer, the next number and the messages not yet acknowledged.
template <class Message, class Rider = std::monostate>
class outbox {
public:
  struct entry {
    std::uint64_t number = 0;
    Message body = {};
    std::shared_ptr<const Rider> rider = {}; // in memory alone
  };

  /// Numbers a message and keeps it.
  std::uint64_t post(entity_id to, const Message& body) {
    auto& peer = peers_[to];
    const auto number = ++peer.last;
    peer.kept.push_back({number, body});
    ++kept_;
    return number;
  }
  /// What goes along whenever the message is sent again by this process.
  void ride(entity_id to, std::uint64_t number, std::shared_ptr<const Rider> rider) {
    const auto at = peers_.find(to);
    if (at == peers_.end()) return;
    for (auto one = at->second.kept.rbegin(); one != at->second.kept.rend(); ++one)
      if (one->number == number) {
        one->rider = std::move(rider);
        return;
      }
  }
  /// The peer has durably received everything up to `number`. Nothing is removed before settle()
  /// (L3).
  void acknowledge(entity_id peer_id, std::uint64_t number) {
    const auto at = peers_.find(peer_id);
    if (at == peers_.end() || number <= at->second.acknowledged || number > at->second.last) return;
    auto& peer = at->second;
    acknowledged_kept_ += number - peer.acknowledged;
    peer.acknowledged = number;
    if (!peer.is_riding) {
      peer.is_riding = true;
      riding_.push_back(peer_id);
    }
  }
  /// Acknowledgements that the next record carries; the caller settles them with it.
  [[nodiscard]] std::vector<link_cursor> take_riding() {
    std::vector<link_cursor> all;
    all.reserve(riding_.size());
    for (const auto peer_id : riding_) {
      auto& peer = peers_[peer_id];
      peer.is_riding = false;
      if (!peer.kept.empty() && peer.kept.front().number <= peer.acknowledged)
        all.push_back({peer_id, peer.acknowledged});
    }
    riding_.clear();
    return all;
  }
  /// Removes what a record says was acknowledged.
  void settle(const link_cursor& cursor) {
    const auto at = peers_.find(cursor.peer);
    if (at == peers_.end()) return;
    auto& peer = at->second;
    const auto end = std::find_if(peer.kept.begin(), peer.kept.end(),
                                  [&](const entry& one) { return one.number > cursor.number; });
    const auto gone = static_cast<std::uint64_t>(end - peer.kept.begin());
    peer.kept.erase(peer.kept.begin(), end);
    kept_ -= gone;
    if (cursor.number > peer.acknowledged) {
      peer.acknowledged = cursor.number; // replay: the record is the first to tell
    } else {
      acknowledged_kept_ -= std::min(acknowledged_kept_, gone);
    }
  }
  /// Nothing waits for an acknowledgement (some may still wait to be carried by a record).
  [[nodiscard]] bool is_drained() const { return kept_ <= acknowledged_kept_; }
  [[nodiscard]] std::size_t kept() const { return kept_; }
  /// Calls send(peer, entry) for what is not acknowledged, in order per peer and with peers in
  /// order.
  template <class Send>
  void for_each_waiting(Send&& send) const {
    if (is_drained()) return;
    std::vector<entity_id> order;
    for (const auto& [peer_id, peer] : peers_)
      if (peer.last > peer.acknowledged) order.push_back(peer_id);
    std::sort(order.begin(), order.end());
    for (const auto peer_id : order) {
      const auto& peer = peers_.at(peer_id);
      for (const auto& one : peer.kept)
        if (one.number > peer.acknowledged) send(peer_id, one);
    }
  }
  /// The last number of a peer; 0: nothing was ever posted to it.
  [[nodiscard]] std::uint64_t last(entity_id to) const {
    const auto at = peers_.find(to);
    return at == peers_.end() ? 0 : at->second.last;
  }
  /// The last number per peer: part of the state hash.
  [[nodiscard]] std::vector<link_cursor> cursors() const {
    std::vector<link_cursor> all;
    all.reserve(peers_.size());
    for (const auto peer_id : peers_in_order()) all.push_back({peer_id, peers_.at(peer_id).last});
    return all;
  }
  void encode(byte_writer& out) const {
    out.put(static_cast<std::uint32_t>(peers_.size()));
    for (const auto peer_id : peers_in_order()) {
      const auto& peer = peers_.at(peer_id);
      out.put(peer_id);
      out.put(peer.last);
      out.put(static_cast<std::uint32_t>(peer.kept.size()));
      for (const auto& one : peer.kept) out.put(one.body); // numbered up to last, without gap
    }
  }
  void decode(byte_reader& in) {
    *this = {};
    for (auto peers = in.get<std::uint32_t>(); peers > 0 && !in.failed(); --peers) {
      const auto [at, is_new] = peers_.try_emplace(in.get<entity_id>());
      if (!is_new) return in.fail();
      auto& peer = at->second;
      in.get(peer.last);
      const auto count = in.get<std::uint32_t>();
      if (count > peer.last || count > in.left()) return in.fail();
      peer.acknowledged = peer.last - count;
      for (auto number = peer.acknowledged; number < peer.last && !in.failed();) {
        peer.kept.push_back({++number, {}});
        in.get(peer.kept.back().body);
      }
      kept_ += count;
    }
  }

private:
  struct peer_state {
    std::uint64_t last = 0, acknowledged = 0;
    bool is_riding = false;
    std::vector<entry> kept;
  };
  [[nodiscard]] std::vector<entity_id> peers_in_order() const {
    std::vector<entity_id> order;
    order.reserve(peers_.size());
    for (const auto& [peer_id, peer] : peers_) order.push_back(peer_id);
    std::sort(order.begin(), order.end());
    return order;
  }
  std::unordered_map<entity_id, peer_state>
    peers_; // order never matters: everything that leaves is sorted
  std::vector<entity_id> riding_;
  std::size_t kept_ = 0;                // messages kept, over all peers
  std::uint64_t acknowledged_kept_ = 0; // of these, acknowledged but not yet settled by a record
};

} // namespace rialto::runtime
