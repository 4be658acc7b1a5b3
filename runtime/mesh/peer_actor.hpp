// runtime/mesh/peer_actor.hpp: keeps the link to one peer: dials or waits, shakes hands, sends, takes, closes.
//
// The room: CAF. One per listed peer, child of mesh_actor. A link is a session: a number drawn by the dialer; messages of
// another session are dropped, so nothing of an earlier link is taken for this one's (M2). Dialing blocks and happens on
// the mesh's own threads.
#pragma once

#include "runtime/mesh/mesh_state.hpp"

#include <string>

namespace rialto::runtime {

/// From a thread that put the first frame into an idle queue.
struct frames_waiting {};
/// From mesh_actor: a hello of this peer, and the actor that said it.
struct hello_arrived {
  mesh_hello said;
  caf::actor from;
};
/// From a dialing thread.
struct dial_ended {
  std::uint64_t attempt = 0;
  caf::io::scribe_ptr scribe;
  std::string failure;
};
/// To itself.
struct dial_now {
  std::uint64_t attempt = 0;
};
struct link_tick {};

class peer_actor final : public tracked_actor {
public:
  peer_actor(caf::actor_config& config, actor_surroundings around,
             std::shared_ptr<mesh_state> shared, std::shared_ptr<mesh_link> link);

protected:
  caf::behavior behave() override;
  void on_exit() override;

private:
  [[nodiscard]] bool dials() const { return self_ > link_->peer.id; }
  void plan_dial();
  void begin_dial();
  void greet(caf::io::scribe_ptr scribe);
  void failed(std::uint64_t attempt, const std::string& why);
  void answer_hello(const hello_arrived& hello);
  void connected(caf::actor remote, std::uint64_t session, std::uint64_t window);
  void close(const std::string& why);
  void take(const mesh_frames& message);
  void deliver(std::string_view bytes);
  void acknowledged(std::uint64_t bytes);
  void send_waiting();
  void tick();

  std::shared_ptr<mesh_state> shared_;
  std::shared_ptr<mesh_link> link_;
  const cluster::incarnation self_;
  caf::actor broker_;

  bool is_ending_ = false;
  std::uint64_t attempt_ = 0;  // of dialing; what belongs to an earlier one is dropped
  std::uint64_t failures_ = 0; // in a row
  std::uint64_t greeting_ = 0; // session of a hello that waits for its answer
  std::int64_t greeted_at_ = 0, connected_at_ = 0; // monotonic
  caf::actor host_;                                // the peer's published actor while greeting
  caf::actor remote_;                              // the peer's peer_actor; empty: not connected
  std::uint64_t session_ = 0, expected_ = 0;
  std::uint64_t taken_ = 0, told_ = 0, peer_window_ = 0; // bytes taken, and acknowledged
};

} // namespace rialto::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::frames_waiting)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::hello_arrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::dial_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::dial_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::runtime::link_tick)
