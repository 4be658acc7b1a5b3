// runtime/supervisor.hpp: a supervision tree as data, and the actor that keeps it.
//
// The room: CAF. Children are started top down and stopped bottom up; a child that ends with an
// error is started again after its back-off, within its limits (restart_policy.hpp); beyond them it
// is shown as failed and its siblings go on, or, when it is `essential`, the supervisor ends too
// and the failure climbs.
#pragma once

#include "runtime/restart_policy.hpp"
#include "runtime/tracked_actor.hpp"

#include <functional>
#include <string>
#include <vector>

namespace rialto::runtime {

enum class restart_strategy : std::uint8_t {
  one_for_one,
  rest_for_one
}; // rest_for_one: later children stand on earlier ones

struct child_spec {
  std::string id;
  std::function<caf::actor(caf::event_based_actor& parent)> start;
  restart_limits limits;
  bool essential = false;
};

struct supervisor_spec {
  std::string name;
  restart_strategy strategy = restart_strategy::one_for_one;
  std::vector<child_spec> children;
};

/// Sent to itself when a back-off is over.
struct restart_child {
  std::size_t index = 0;
};
/// Stops a child and starts it again, one that was given up too, as if it had never failed. Answered with whether there is such a child.
struct restart_now {
  std::string id;
};
/// Asks for the actor a child is at the moment (invalid while it is down).
struct get_child {
  std::string id;
};

class supervisor_actor : public tracked_actor {
public:
  supervisor_actor(caf::actor_config& config, actor_surroundings around, std::string parent,
                   supervisor_spec spec);

protected:
  caf::behavior behave() override;

private:
  struct child {
    caf::actor running;
    restart_history history;
    bool is_failed = false, starts_again = false; // starts_again: it was told to stop for that
  };
  bool restart(const std::string& id);
  void start(std::size_t index);
  void ended(const caf::down_msg& down);
  void stop_from(std::size_t index);

  supervisor_spec spec_;
  std::vector<child> children_;
};

} // namespace rialto::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::restart_child)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::restart_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::get_child)
