// runtime/tracked_actor.hpp: the base of every actor of ours: registered, counted, with a default
// handler that drops the unknown.
//
// The room: CAF. A subclass overrides behave() and gets: an entry in the actor registry,
// enqueued/handled counts, its failure's text kept (CAF's default loses it), and unknown or damaged
// remote messages counted instead of believed.
#pragma once

#include "runtime/actor_registry.hpp"
#include "runtime/clock.hpp"

#include <caf/all.hpp>

namespace rialto::runtime {

/// Why an actor ended, as a sentence: what it threw, without CAF's wrapping.
[[nodiscard]] inline std::string reason_text(const caf::error& reason) {
  const auto& said = reason.context();
  return said.match_elements<std::string>() ? said.get_as<std::string>(0) : caf::to_string(reason);
}

/// What every actor needs to register itself.
struct actor_surroundings {
  actor_registry& registry;
  node_clock& clock;
};

class tracked_actor : public caf::event_based_actor {
public:
  tracked_actor(caf::actor_config& config, actor_surroundings around, std::string kind,
                std::string name, std::string parent)
      : caf::event_based_actor(config), around_(around),
        entry_(around.registry.add(std::move(kind), std::move(name), std::move(parent),
                                   around.clock.now())) {
    set_default_handler(
      [this](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
        ++unknown_messages_;
        return caf::make_error(caf::sec::unexpected_message);
      });
    set_exception_handler([](std::exception_ptr& thrown) -> caf::error {
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& problem) {
        return caf::make_error(caf::sec::runtime_error, problem.what());
      }
    });
  }

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* unit) override {
    entry_->enqueued.fetch_add(1, std::memory_order_relaxed);
    caf::event_based_actor::enqueue(std::move(element), unit);
  }
  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    // One thread at a time runs an actor, so this needs no atomic addition.
    entry_->handled.store(entry_->handled.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
    return caf::event_based_actor::consume(element);
  }
  caf::behavior make_behavior() final { return behave(); }
  void on_exit() override { around_.registry.remove(*entry_); }
  const char* name() const override { return entry_->kind.c_str(); }

protected:
  virtual caf::behavior behave() = 0;
  [[nodiscard]] const actor_surroundings& around() const { return around_; }
  [[nodiscard]] timestamp_ns now() const { return around_.clock.now(); }
  /// "account/17".
  [[nodiscard]] const std::string& tracked_name() const { return entry_->name; }

private:
  actor_surroundings around_;
  std::shared_ptr<actor_entry> entry_;
  std::uint64_t unknown_messages_ = 0;
};

} // namespace rialto::runtime
