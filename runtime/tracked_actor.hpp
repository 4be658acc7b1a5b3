// runtime/tracked_actor.hpp: the base of every actor of ours: registered, counted, with a default
// handler that drops the unknown.
//
// The room: CAF. A subclass overrides behave() and gets: an entry in the actor registry,
// enqueued/handled counts, time in handlers, a trace while somebody follows it, its failure's text kept
// (CAF's default loses it), and unknown or damaged remote messages counted instead of believed.
#pragma once

#include "runtime/actor_registry.hpp"
#include "runtime/clock.hpp"

#include <caf/all.hpp>

#include <ctime>

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

/// Processor time of this thread.
[[nodiscard]] inline std::int64_t thread_cpu_ns() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return at.tv_sec * std::int64_t{1'000'000'000} + at.tv_nsec;
}

/// Its error travels: the supervisor is told why.
class caf_actor_door final : public actor_door {
public:
  explicit caf_actor_door(caf::actor_addr who) : who_(std::move(who)) {}
  void end(const std::string& why) override {
    if (const auto alive = caf::actor_cast<caf::actor>(who_))
      caf::anon_send(alive, caf::exit_msg{{}, caf::make_error(caf::sec::runtime_error, why)});
  }

private:
  caf::actor_addr who_; // holds nobody alive
};

class tracked_actor : public caf::event_based_actor {
public:
  tracked_actor(caf::actor_config& config, actor_surroundings around, std::string kind,
                std::string name, std::string parent)
      : caf::event_based_actor(config), around_(around),
        entry_(around.registry.add(std::move(kind), std::move(name), std::move(parent),
                                   around.clock.now(),
                                   std::make_unique<caf_actor_door>(address()))) {
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
    const bool is_watched = around_.registry.is_watched();
    if (!is_watched && --unmeasured_ > 0) return caf::event_based_actor::consume(element);
    const measurement running(*this, element, is_watched);
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
  /// While a handler runs, however it ends. The thread's processor time is a system call, so it is asked for
  /// some of the messages only, which then stand for all.
  class measurement {
  public:
    measurement(tracked_actor& self, const caf::mailbox_element& element, bool is_watched)
        : self_(self), what_(name_of(self, element.content())),
          has_cpu_(!is_watched || --unmeasured_ <= 0),
          weight_(is_watched ? watched_cpu_every : actor_registry::sample_every) {
      if (self.entry_->is_traced.load(std::memory_order_relaxed) && element.sender)
        if (const auto* from = dynamic_cast<const tracked_actor*>(element.sender->get()))
          text_ = "from " + from->entry_->name;
      if (has_cpu_) {
        unmeasured_ = static_cast<int>(weight_);
        cpu_began_ = thread_cpu_ns();
      }
      began_ = actor_registry::monotonic_ns();
    }
    measurement(const measurement&) = delete;
    measurement& operator=(const measurement&) = delete;
    ~measurement() {
      const auto ended = actor_registry::monotonic_ns();
      auto& registry = self_.around_.registry;
      auto& entry = *self_.entry_;
      registry.end_watch_if_over(ended);
      const auto cpu = has_cpu_ ? static_cast<std::uint64_t>(thread_cpu_ns() - cpu_began_) : 0;
      entry.note_run(ended - began_, cpu * weight_, what_);
      if (entry.is_traced.load(std::memory_order_relaxed))
        entry.add_trace(self_.now(), ended, ended - began_, plain_type_name(what_),
                        std::move(text_));
    }

  private:
    static const char* name_of(tracked_actor& self, const caf::type_erased_tuple& content) {
      if (content.size() == 0) return "v";
      const auto type = content.type(0);
      if (type.second != nullptr) return type.second->name();
      return self.home_system().types().portable_name(type).c_str();
    }
    tracked_actor& self_;
    const char* what_;
    bool has_cpu_;
    std::uint64_t weight_;
    std::int64_t began_ = 0, cpu_began_ = 0;
    std::string text_;
  };
  static constexpr std::uint64_t watched_cpu_every = 8;
  static inline thread_local int unmeasured_ = static_cast<int>(actor_registry::sample_every);

  actor_surroundings around_;
  std::shared_ptr<actor_entry> entry_;
  std::uint64_t unknown_messages_ = 0;
};

} // namespace rialto::runtime
