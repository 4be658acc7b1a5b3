#include "tests/simulation/simulated_network.hpp"

namespace rialto::simulation {

void simulated_network::send(int from, int to, const char* what, std::function<void()> arrive,
                             bool may_double) {
  ++counts_.messages;
  auto& way = directions_[{from, to}];
  if (has_faults_ && dice_.chance(plan_.message_lost)) {
    ++counts_.messages_lost;
    return;
  }
  if (may_double && has_faults_ && dice_.chance(plan_.message_doubled)) {
    ++counts_.messages_doubled;
    send_one(way, {from, to}, what, arrive);
  }
  send_one(way, {from, to}, what, arrive);
}

void simulated_network::send_one(direction& way, std::pair<int, int> ends, const char* what,
                                 const std::function<void()>& arrive) {
  auto delay = dice_.between(50'000, 1'500'000);
  if (has_faults_ && dice_.chance(plan_.message_slow)) {
    ++counts_.messages_slow;
    delay += dice_.between(1'000'000, 3'000'000'000);
  } else { // on the connection's own place
    way.last = {std::max(way.last.value, queue_.now().value + delay)};
    delay = way.last.value - queue_.now().value;
  }
  ++on_the_way_;
  queue_.after(delay, what, [this, &way, ends, number = ++way.sent, arrive] {
    --on_the_way_;
    if (cut_.contains(ends)) {
      ++counts_.messages_cut;
      return;
    }
    counts_.messages_overtaken += number < way.arrived;
    way.arrived = std::max(way.arrived, number);
    arrive();
  });
}

} // namespace rialto::simulation
