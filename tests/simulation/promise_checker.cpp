#include "tests/simulation/promise_checker.hpp"

namespace rialto::simulation {

// ---- what clients are told

void promise_checker::attempted(account_id account, const place_order& order) {
  attempts_.emplace_back(account, order);
}

void promise_checker::acknowledged(account_id account, const place_order& order,
                                   const order_view& view) {
  const auto id = std::to_string(view.id.value);
  if (view.account != account)
    violation("P4 the answer about order " + id + " names another account");
  acknowledged_[view.id] = account;
  if (!journal_.has_order(view.id))
    violation("P4 order " + id + " was acknowledged and is not in the journal");
  if (order.client_order_id.empty()) return;
  const auto [first, is_new] = client_ids_.try_emplace({account, order.client_order_id}, view.id);
  // A later, different order may reuse the id only after 24 h, which no session lasts.
  if (!is_new && first->second != view.id)
    violation("P4 client id " + order.client_order_id + " gave orders " +
              std::to_string(first->second.value) + " and " + id);
}

void promise_checker::check_told() {
  for (const auto& [id, account] : acknowledged_)
    if (!journal_.has_order(id))
      violation("P4 order " + std::to_string(id.value) +
                " was acknowledged and is not in the journal");
  for (const auto id : refused_)
    if (journal_.has_order(id))
      violation("P4 order " + std::to_string(id.value) + " was refused and is in the journal");
  std::map<std::pair<account_id, std::string>, order_id> taken;
  for (const auto& [account, order] : attempts_) {
    if (order.client_order_id.empty() || !journal_.has_order(order.id)) continue;
    const auto [first, is_new] = taken.try_emplace({account, order.client_order_id}, order.id);
    if (!is_new && first->second != order.id)
      violation("P4 client id " + order.client_order_id + " was taken twice, by orders " +
                std::to_string(first->second.value) + " and " + std::to_string(order.id.value));
  }
}

// ---- what is on the disks

void promise_checker::look() {
  for (const auto& one : cluster_.nodes()) look_at(*one, nodes_[one.get()]);
}

void promise_checker::look_at(simulated_node& node, node_state& seen) {
  read_rows(node, seen);
  for (; checked_snapshots_ < stage_.saved.size(); ++checked_snapshots_)
    check_rebuilt(stage_.saved[checked_snapshots_]);
  check_live(node, seen);
  if (seen.deaths == node.deaths()) return;
  seen.deaths = node.deaths();
  check_told();
  for (const auto& [id, records] : records_)
    if (const auto* made = node.disk().peek_snapshot(id)) check_rebuilt(*made);
}

/// New rows, and no old one changed.
void promise_checker::read_rows(const simulated_node& node, node_state& seen) {
  const auto& rows = node.rows();
  auto& hashes = seen.row_hashes;
  if (rows.size() == hashes.size() && seen.deaths == node.deaths()) return;
  if (rows.size() < hashes.size())
    return violation("P4 row " + std::to_string(hashes.size()) + " was durable and is gone");
  if (!hashes.empty() && hash64(rows[hashes.size() - 1]) != hashes.back())
    return violation("P4 row " + std::to_string(hashes.size()) + " was durable and is another one");
  while (hashes.size() < rows.size()) {
    const auto& row = rows[hashes.size()];
    hashes.push_back(hash64(row));
    order_.emplace_back(&node, hashes.size());
    const auto known = journal_.violations().size();
    journal_.take(node.shard_id(), hashes.size(), row);
    for (auto i = known; i < journal_.violations().size(); ++i) violation(journal_.violations()[i]);
    check_writer(node, seen, hashes.size());
    auto found = storage::read_blob(row);
    if (!found) continue;
    for (auto& one : *found) {
      if (stage_.queue.is_traced()) print(one);
      if (one.at > node.stamp_max())
        violation("T1 " + to_string(one.stream) + " event " + std::to_string(one.first_event) +
                  " is stamped in the future");
      seen.unchecked.insert(one.stream);
      records_[one.stream].push_back(std::move(one));
    }
  }
}

void promise_checker::print(const storage::record& one) const {
  byte_reader in(one.events);
  const auto head = to_string(one.stream) + " " + std::to_string(one.first_event) + " ";
  if (one.cause.peer)
    stage_.queue.print(head + "takes message " + std::to_string(one.cause.number) + " of " +
                       to_string(one.cause.peer));
  for (const auto& told : one.acknowledged)
    stage_.queue.print(head + "settles up to " + std::to_string(told.number) + " to " +
                       to_string(told.peer));
  const auto print_event = [&](auto event) {
    static_cast<void>(storage::decode_event(in, event));
    stage_.queue.print(head + storage::event_to_json(event));
  };
  for (std::uint32_t i = 0; i < one.event_count; ++i) switch (one.stream.kind()) {
    case entity_kind::account: print_event(account_event{}); break;
    case entity_kind::market: print_event(market_event{}); break;
    default: print_event(user_event{}); break;
    }
}

void promise_checker::check_writer(const simulated_node& node, node_state& seen,
                                   storage::position at) {
  const auto& writers = node.disk().writers(node.shard_id());
  const auto& [at_epoch, session] = writers.of_row[at - 1];
  const auto raised = static_cast<storage::epoch>(
    std::count_if(writers.raised.begin(), writers.raised.end(),
                  [&](const storage::position head) { return head < at; }));
  const auto where = "P8 shard " + std::to_string(node.shard_id()) + " row " + std::to_string(at);
  if (at_epoch != raised)
    violation(where + " is written under epoch " + std::to_string(at_epoch) + ", the shard's is " +
              std::to_string(raised));
  if (session < seen.last_session) violation(where + " is written by who was followed by another");
  seen.last_session = std::max(seen.last_session, session);
}

// ---- what is in memory

/// What is in memory is what the journal says from its first row on, wherever nothing is in flight.
void promise_checker::check_live(simulated_node& node, node_state& seen) {
  auto* const process = node.process();
  if (process == nullptr) return seen.unchecked.clear();
  seen.unchecked.merge(process->take_activated());
  std::erase_if(seen.unchecked, [&](const entity_id id) {
    const auto* live = process->shard().peek(id);
    const auto* durable = journal_.find(id);
    if (live == nullptr || durable == nullptr) return live == nullptr;
    if (durable->event_number() != live->event_number()) return false;
    if (durable->state_hash() != live->state_hash())
      violation("P7 " + to_string(id) + " differs from its replay");
    return true;
  });
}

/// The snapshot and the records behind it lead to what all records lead to.
void promise_checker::check_rebuilt(const storage::snapshot& made) {
  ++rebuilt_;
  const auto what = "P7 the snapshot of " + to_string(made.entity) + " at event " +
                    std::to_string(made.event_number);
  const auto* durable = journal_.find(made.entity);
  if (durable == nullptr || durable->event_number() < made.event_number)
    return violation(what + " is ahead of the journal");
  auto copy = actors::trading_world().make(made.entity);
  if (!copy->restore(made)) return violation(what + " does not restore");
  for (const auto& one : records_[made.entity])
    if (one.first_event > made.event_number && !copy->replay(one))
      return violation(what + " does not lead to event " + std::to_string(one.first_event));
  if (copy->state_hash() != durable->state_hash()) violation(what + " leads to another state");
}

// ---- what stream clients believe

void promise_checker::compare(const stream_client& stayed, const stream_client& dropped) {
  ++compared_;
  for (const auto* const one : {&stayed, &dropped})
    if (!one->problem().empty()) violation("P9 " + one->problem());
  const auto what = "P9 " + to_string(stayed.of()) + " " + stayed.channel();
  if (stayed.state() != dropped.state())
    violation(what + ": who resumed believes\n" + dropped.state() + "who stayed\n" +
              stayed.state());
  if (const auto truth = stayed.truth(journal_); stayed.state() != truth)
    violation(what + ": who stayed believes\n" + stayed.state() + "true is\n" + truth);
}

void promise_checker::finish() {
  look();
  check_told();
  const auto known = journal_.violations().size();
  journal_.finish(true);
  for (auto i = known; i < journal_.violations().size(); ++i) violation(journal_.violations()[i]);
  // P7 from every snapshot: a second reading of all rows meets each of them.
  actors::journal_checker again;
  for (const auto& made : stage_.saved) again.expect(made);
  for (const auto& [node, at] : order_) again.take(node->shard_id(), at, node->rows()[at - 1]);
  again.finish();
  for (const auto& one : again.violations()) violation(one);
}

} // namespace rialto::simulation
