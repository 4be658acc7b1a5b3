#include "tests/simulation/simulated_cluster.hpp"

namespace rialto::simulation {

constexpr int clients_end = 0;

simulated_cluster::simulated_cluster(stage& on, placement how, storage::journal_lie lie)
    : stage_(on), placement_(how) {
  const std::size_t count = how == placement::one_lane ? 1 : 2;
  for (std::size_t i = 0; i < count; ++i)
    nodes_.push_back(std::make_unique<simulated_node>(stage_, *this, i, lie));
}

std::size_t simulated_cluster::home_of(entity_id id) const {
  switch (placement_) {
  case placement::one_lane: return 0;
  case placement::by_kind: return id.kind() == entity_kind::market ? 1 : 0;
  case placement::by_hash: break;
  }
  return (id.value * 0x9e37'79b9'7f4a'7c15 >> 40) % 2;
}

// ---- messages

void simulated_cluster::arrive(std::size_t node,
                               const std::function<void(simulated_process&)>& what) {
  if (auto* const process = nodes_[node]->reach())
    what(*process);
  else
    ++stage_.counts.messages_to_the_dead;
}

void simulated_cluster::submit(actors::request one) {
  const auto to = home_of(one.to);
  // An edge sends an order once: two owners could say yes and no to two copies. Its client tries again under a new number.
  const auto* to_account = std::get_if<account_command>(&one.command);
  const bool may_double =
    to_account == nullptr || (!std::holds_alternative<place_order>(to_account->body) &&
                              !std::holds_alternative<place_list>(to_account->body));
  stage_.network.send(
    clients_end, end_of(to), "a request arrives",
    [this, to, one = std::move(one)] {
      arrive(to, [&](simulated_process& process) { process.submit(one); });
    },
    may_double);
}

void simulated_cluster::answer(std::size_t from, std::vector<actors::answer> answers) {
  stage_.network.send(end_of(from), clients_end, "answers arrive",
                      [this, answers = std::move(answers)] {
                        for (const auto& one : answers) answered(one);
                      });
}

void simulated_cluster::carry(std::size_t from, runtime::envelope<actors::trading_world> message) {
  const auto to = home_of(message.to);
  stage_.network.send(end_of(from), end_of(to), "a link message arrives",
                      [this, to, message = std::move(message)] {
                        arrive(to, [&](simulated_process& process) { process.deliver(message); });
                      });
}

void simulated_cluster::carry_receipt(std::size_t from, entity_id sender, entity_id receiver,
                                      std::uint64_t number) {
  const auto to = home_of(sender);
  stage_.network.send(end_of(from), end_of(to), "a link receipt arrives", [=, this] {
    arrive(to, [&](simulated_process& process) { process.acknowledged(sender, receiver, number); });
  });
}

std::uint64_t simulated_cluster::draw_order_id(account_id account) {
  const auto node = home_of(account);
  const auto drawn = nodes_[node]->draw_id();
  return drawn == 0 ? 0 : drawn * nodes_.size() + node;
}

// ---- faults

void simulated_cluster::stir() {
  if (!stage_.has_faults) return;
  const auto& plan = stage_.plan;
  auto& dice = stage_.dice;
  auto& node = *nodes_[dice.below(nodes_.size())];
  if (dice.chance(plan.crash)) {
    for (const auto& other : nodes_)
      stage_.counts.alone += other.get() != &node && other->process() && node.process();
    node.kill();
  }
  if (dice.chance(plan.crash_in_call)) node.die_in(1 + dice.below(10));
  if (dice.chance(plan.takeover)) node.take_over();
  if (dice.chance(plan.clock_jump)) {
    const auto far =
      dice.between(1'100'000'000, dice.chance(0.3) ? 3'600'000'000'000 : 60'000'000'000);
    node.jump_clock(dice.chance(0.5) ? far : -far);
  }
  if (dice.chance(plan.partition)) cut();
  if (dice.chance(plan.kill_entity)) kill_entity();
}

/// Between two ends: both nodes, or a node and the clients.
void simulated_cluster::cut() {
  auto from = static_cast<int>(stage_.dice.below(nodes_.size() + 1));
  auto to = static_cast<int>(stage_.dice.below(nodes_.size()));
  to += to >= from;
  const bool both = stage_.dice.chance(0.5);
  ++(both ? stage_.counts.partitions_both_ways : stage_.counts.partitions_one_way);
  stage_.network.cut(from, to);
  if (both) stage_.network.cut(to, from);
  stage_.queue.after(stage_.dice.between(50'000'000, 6'000'000'000), "a partition heals",
                     [this, from, to] {
                       stage_.network.heal(from, to);
                       stage_.network.heal(to, from);
                     });
}

/// An operator drops an entity from memory; not so often that it is given up.
void simulated_cluster::kill_entity() {
  auto* const process = nodes_[stage_.dice.below(nodes_.size())]->process();
  if (process == nullptr) return;
  std::vector<entity_id> all;
  process->shard().for_each_active([&](const auto& one) { all.push_back(one.self()); });
  if (all.empty()) return;
  std::sort(all.begin(), all.end());
  const auto id = all[stage_.dice.below(all.size())];
  auto& last = killed_[id];
  if (stage_.queue.now().value - last.value < 60'000'000'000) return;
  last = stage_.queue.now();
  process->kill_entity(id);
}

// ---- the end

bool simulated_cluster::is_quiet() const {
  return stage_.network.on_the_way() == 0 &&
         std::all_of(nodes_.begin(), nodes_.end(), [](const auto& one) { return one->is_quiet(); });
}

void simulated_cluster::calm() {
  stage_.has_faults = false;
  stage_.network.set_faults(false);
  stage_.network.heal_all();
  for (const auto& one : nodes_) one->mend();
}

bool simulated_cluster::drain(const std::function<void()>& after_event) {
  calm();
  const auto end = stage_.queue.now().value + 120'000'000'000;
  while (stage_.queue.now().value < end && stage_.queue.run_next()) {
    after_event();
    if (is_quiet()) break;
  }
  const bool drained = is_quiet();
  stage_.has_faults = true;
  stage_.network.set_faults(true);
  return drained;
}

} // namespace rialto::simulation
