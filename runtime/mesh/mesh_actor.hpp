// runtime/mesh/mesh_actor.hpp: what a node publishes: takes hellos and requests of tools, keeps one peer_actor per listed peer.
//
// The room: CAF. It checks who speaks (protocol, cluster, both incarnations) and passes a good hello to the peer's actor.
// A peer actor that ends with an error is started again after a second.
#pragma once

#include "runtime/mesh/mesh_state.hpp"

#include <set>
#include <string>
#include <unordered_map>

namespace rialto::runtime {

/// The table of links changed, or a peer's actor is to be started again.
struct links_changed {};
/// From whoever answers a tool's request.
struct ask_answered {
  std::uint64_t id = 0;
  std::string text;
};
struct mesh_tick {};

class mesh_actor final : public tracked_actor {
public:
  mesh_actor(caf::actor_config& config, actor_surroundings around,
             std::shared_ptr<mesh_state> shared);

protected:
  caf::behavior behave() override;
  void on_exit() override;

private:
  struct child {
    caf::actor running;
    std::shared_ptr<mesh_link> link;
  };
  struct question {
    caf::actor from;
    std::uint64_t number = 0;
    std::int64_t asked_at = 0; // monotonic
  };
  void follow_table();
  void ended(const caf::down_msg& down);
  void greeted(const mesh_hello& hello);
  [[nodiscard]] std::string flaw_of(const mesh_hello& hello) const;
  void asked(const mesh_ask& ask);
  void expire();

  std::shared_ptr<mesh_state> shared_;
  std::vector<child> children_;
  bool is_ending_ = false;
  std::set<std::string> logged_; // refusals said once; at most logged_max
  std::unordered_map<std::uint64_t, question> questions_;
  std::uint64_t next_question_ = 1;
};

} // namespace rialto::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::links_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::ask_answered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::mesh_tick)
