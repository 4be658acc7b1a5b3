#include "runtime/supervisor.hpp"

#include <chrono>
#include <utility>

namespace rialto::runtime {

supervisor_actor::supervisor_actor(caf::actor_config& config, actor_surroundings around,
                                   std::string parent, supervisor_spec spec)
    : tracked_actor(config, around, "supervisor", spec.name, std::move(parent)),
      spec_(std::move(spec)) {
  set_down_handler([this](const caf::down_msg& down) { ended(down); });
  set_exit_handler([this](const caf::exit_msg& message) {
    stop_from(0);
    quit(message.reason);
  });
}

caf::behavior supervisor_actor::behave() {
  children_.resize(spec_.children.size());
  for (std::size_t i = 0; i < children_.size(); ++i) {
    children_[i].history = restart_history(spec_.children[i].limits);
    start(i);
  }
  return {
    [this](const restart_child& due) {
      if (children_[due.index].running || children_[due.index].is_failed) return;
      const auto last =
        spec_.strategy == restart_strategy::rest_for_one ? children_.size() : due.index + 1;
      for (auto i = due.index; i < last; ++i)
        if (!children_[i].running && !children_[i].is_failed) start(i);
    },
    [this](const restart_now& one) { return restart(one.id); },
    [this](const get_child& ask) -> caf::actor {
      for (std::size_t i = 0; i < children_.size(); ++i)
        if (spec_.children[i].id == ask.id) return children_[i].running;
      return {};
    },
  };
}

bool supervisor_actor::restart(const std::string& id) {
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (spec_.children[i].id != id) continue;
    auto& one = children_[i];
    one.history = restart_history(spec_.children[i].limits);
    one.is_failed = false;
    one.starts_again = static_cast<bool>(one.running);
    if (one.running)
      send_exit(one.running, caf::exit_reason::user_shutdown);
    else
      start(i);
    return true;
  }
  return false;
}

void supervisor_actor::start(std::size_t index) {
  children_[index].running = spec_.children[index].start(*this);
  monitor(children_[index].running);
}

/// Bottom up: the last child first.
void supervisor_actor::stop_from(std::size_t index) {
  for (auto i = children_.size(); i-- > index;) {
    if (!children_[i].running) continue;
    demonitor(children_[i].running);
    send_exit(children_[i].running, caf::exit_reason::user_shutdown);
    children_[i].running = nullptr;
  }
}

void supervisor_actor::ended(const caf::down_msg& down) {
  for (std::size_t i = 0; i < children_.size(); ++i) {
    auto& one = children_[i];
    if (!one.running || one.running.address() != down.source) continue;
    one.running = nullptr;
    if (std::exchange(one.starts_again, false)) return start(i);
    if (!down.reason || down.reason == caf::exit_reason::user_shutdown)
      return; // it was asked to stop
    const auto why = reason_text(down.reason);
    const auto delay = one.history.failed(now(), why);
    const auto& id = spec_.children[i].id;
    around().registry.note_failure(id, id.substr(0, id.find('/')), spec_.name, why, !delay);
    if (!delay) {
      one.is_failed = true;
      if (!spec_.children[i].essential) return;
      stop_from(0);
      quit(
        caf::make_error(caf::sec::runtime_error, spec_.children[i].id + " keeps failing: " + why));
      return;
    }
    if (spec_.strategy == restart_strategy::rest_for_one) stop_from(i + 1);
    delayed_send(this, std::chrono::nanoseconds(*delay), restart_child{i});
    return;
  }
}

} // namespace rialto::runtime
