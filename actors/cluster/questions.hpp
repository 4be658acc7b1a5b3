// actors/cluster/questions.hpp: questions of this node's inspector that are under way to other nodes. No CAF.
//
// The room: any thread asks and waits; replies come on the links' threads. What a question says is nobody's business here.
//
//   K1  a question is over at its deadline, when its node's link ends, or when it is answered: whichever is first
//   K2  at most open_max are open; beyond it a node is not asked, and that is said
#pragma once

#include "actors/protocol/frames.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace rialto::actors {

/// What came of asking a node: a text, or why there is none.
struct node_reply {
  std::string node, text, why;
};

struct asked_node {
  runtime::cluster::incarnation id = runtime::cluster::nobody;
  std::string name;
};

class cluster_questions {
public:
  using incarnation = runtime::cluster::incarnation;
  static constexpr std::size_t open_max = 256;
  static constexpr auto patience = std::chrono::milliseconds(2'000);

  /// `send`: false when the node's link takes nothing.
  explicit cluster_questions(std::function<bool(incarnation, std::string_view)> send)
      : send_(std::move(send)) {}

  /// Asks all at once, does `meanwhile`, then waits for who is missing; in the order of `nodes`.
  [[nodiscard]] std::vector<node_reply> ask(const std::vector<asked_node>& nodes,
                                            std::string_view text, std::string_view who,
                                            const std::function<void()>& meanwhile = {},
                                            std::chrono::milliseconds within = patience);

  void replied(incarnation from, const protocol::reply_frame& frame);
  void peer_closed(incarnation who);
  /// The node ends: nobody waits any longer, nor later.
  void stop();
  [[nodiscard]] std::size_t open() const;

private:
  struct one {
    incarnation to = runtime::cluster::nobody;
    bool is_over = false;
    node_reply reply;
  };
  /// Under lock_.
  void finish(one& at, std::string text, std::string why);

  const std::function<bool(incarnation, std::string_view)> send_;
  mutable std::mutex lock_;
  std::condition_variable wake_;
  std::map<std::uint64_t, std::shared_ptr<one>> open_;
  std::uint64_t next_ = 1;
  bool is_stopped_ = false;
};

} // namespace rialto::actors
