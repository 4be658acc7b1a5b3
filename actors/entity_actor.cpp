#include "actors/entity_actor.hpp"

#include "runtime/log.hpp"

#include <chrono>

namespace rialto::actors {

entity_actor::entity_actor(caf::actor_config& config, runtime::actor_surroundings around,
                           entity_id id, std::string parent, caf::actor shard,
                           std::shared_ptr<watched_orders> watched, order_supervision orders)
    : tracked_actor(config, around, std::string(kind_name(id.kind())), to_string(id),
                    std::move(parent)),
      id_(id), shard_(std::move(shard)), watched_(std::move(watched)), limits_(orders) {
  set_down_handler([this](const caf::down_msg& down) { ended(down); });
}

caf::behavior entity_actor::behave() {
  return {
    [this](const request_batch& batch) { send(shard_, batch); },
    [this](const kill_entity& one) { send(shard_, one); },
    [this](const adopt_child& one) {
      monitor(one.who);
      children_[one.who.address()] = one.id;
    },
    [this](const order_request& one) {
      const auto to = order(one.id, one.parent);
      if (one.requests == nullptr) return;
      if (to) return send(to, request_batch{one.requests});
      for (auto& asked : *one.requests) asked.to = id_; // the account answers for it
      send(shard_, request_batch{one.requests});
    },
    [this](const find_order& one) { return order(one.id, one.parent); },
    [this](const order_news& news) {
      const auto at = orders_.find(news.order->id);
      if (at != orders_.end() && at->second.running) send(at->second.running, news);
    },
    [this](const restart_order& due) {
      const auto at = orders_.find(due.id);
      if (at != orders_.end() && !at->second.running) start(due.id, at->second);
    },
  };
}

caf::actor entity_actor::order(order_id id, order_id parent) {
  auto at = orders_.find(id);
  if (at == orders_.end()) {
    if (orders_.size() >= limits_.children_max) return {};
    at = orders_
           .emplace(id, order_child{{}, runtime::restart_history(limits_.restarts), false, parent})
           .first;
    start(id, at->second);
  }
  return at->second.running;
}

void entity_actor::start(order_id id, order_child& at) {
  // A slice stands below the order it is of, and ends with its actor.
  auto parent = at.parent ? order(at.parent, {}) : caf::actor_cast<caf::actor>(this);
  const auto above = at.parent && parent ? entity_id(at.parent) : id_;
  if (!parent) parent = caf::actor_cast<caf::actor>(this);
  at.running =
    spawn<order_actor>(around(), id, id_, above, parent, shard_, watched_, limits_.idle_ns);
  monitor(at.running);
  children_[at.running.address()] = id;
}

void entity_actor::ended(const caf::down_msg& down) {
  const auto at = children_.find(down.source);
  if (at == children_.end()) return;
  const auto id = at->second;
  children_.erase(at);
  if (id.kind() == entity_kind::order) return order_ended({id.number()}, down);
  if (down.reason && down.reason != caf::exit_reason::user_shutdown)
    send(shard_, child_ended{id, down.source, runtime::reason_text(down.reason)});
}

void entity_actor::order_ended(order_id id, const caf::down_msg& down) {
  const auto at = orders_.find(id);
  if (at == orders_.end()) return;
  at->second.running = nullptr;
  if (!down.reason || down.reason == caf::exit_reason::user_shutdown) {
    orders_.erase(at); // final, or nobody asked for it
    return;
  }
  const auto why = runtime::reason_text(down.reason);
  const auto delay = at->second.history.failed(now(), why);
  at->second.is_given_up = !delay;
  const auto name = to_string(entity_id(id));
  around().registry.note_failure(
    name, "order", to_string(at->second.parent ? entity_id(at->second.parent) : id_), why, !delay);
  runtime::log_error("supervision", "{} failed{}: {}", name, delay ? "" : " and is given up", why);
  if (delay) delayed_send(this, std::chrono::nanoseconds(*delay), restart_order{id});
}

void entity_actor::on_exit() {
  shard_ = nullptr;
  orders_.clear();
  tracked_actor::on_exit();
}

} // namespace rialto::actors
