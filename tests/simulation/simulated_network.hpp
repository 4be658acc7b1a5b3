// tests/simulation/simulated_network.hpp: messages between clients and nodes: delayed, overtaken, lost, doubled, cut off.
//
// The room: ends are numbers, clients are end 0. A message is what happens at its arrival. Without faults messages arrive once and in
// order per direction, as on a connection; with faults nothing is promised.
#pragma once

#include "tests/simulation/event_queue.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/random.hpp"

#include <map>
#include <set>

namespace rialto::simulation {

class simulated_network {
public:
  simulated_network(event_queue& queue, random& dice, const fault_plan& plan, fault_counts& counts)
      : queue_(queue), dice_(dice), plan_(plan), counts_(counts) {}

  /// `may_double`: false for what a connection may lose but its receiver could not tell from a second wish.
  void send(int from, int to, const char* what, std::function<void()> arrive,
            bool may_double = true);
  /// Nothing passes from one end to the other until it heals: what is on its way is lost too.
  void cut(int from, int to) { cut_.insert({from, to}); }
  void heal(int from, int to) { cut_.erase({from, to}); }
  void heal_all() { cut_.clear(); }
  void set_faults(bool on) { has_faults_ = on; }
  /// Messages on their way.
  [[nodiscard]] std::size_t on_the_way() const { return on_the_way_; }

private:
  struct direction {
    std::uint64_t sent = 0, arrived = 0; // numbers of messages
    timestamp_ns last;                   // arrival of the last one that kept its place
  };
  void send_one(direction& way, std::pair<int, int> ends, const char* what,
                const std::function<void()>& arrive);

  event_queue& queue_;
  random& dice_;
  const fault_plan& plan_;
  fault_counts& counts_;
  std::map<std::pair<int, int>, direction> directions_;
  std::set<std::pair<int, int>> cut_;
  std::size_t on_the_way_ = 0;
  bool has_faults_ = true;
};

} // namespace rialto::simulation
