#include "actors/cluster/questions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::actors {

std::vector<node_reply> cluster_questions::ask(const std::vector<asked_node>& nodes,
                                               std::string_view text, std::string_view who,
                                               const std::function<void()>& meanwhile,
                                               std::chrono::milliseconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  std::vector<std::pair<std::uint64_t, std::shared_ptr<one>>> mine;
  for (const auto& node : nodes) {
    auto asked = std::make_shared<one>();
    asked->to = node.id;
    asked->reply.node = node.name;
    std::uint64_t number = 0;
    bool is_open = false;
    {
      const std::lock_guard hold(lock_);
      number = next_++;
      if (is_stopped_)
        finish(*asked, {}, "this node is stopping");
      else if (open_.size() >= open_max)
        finish(*asked, {}, fmt::format("{} questions are under way already: ask again", open_max));
      else
        is_open = open_.emplace(number, asked).second; // before it is sent: its reply may be quick
    }
    mine.emplace_back(number, asked);
    if (!is_open) continue;
    protocol::question_frame frame;
    frame.items.push_back({number, std::string(text), std::string(who)});
    const auto bytes = protocol::encode(frame).frames;
    const bool is_sent = !bytes.empty() && send_(node.id, bytes.front());
    if (is_sent) continue;
    const std::lock_guard hold(lock_);
    if (!asked->is_over) finish(*asked, {}, "there is no link to it");
  }
  if (meanwhile) meanwhile();
  std::vector<node_reply> all;
  std::unique_lock hold(lock_);
  static_cast<void>(wake_.wait_until(hold, until, [&] {
    return std::all_of(mine.begin(), mine.end(), [](const auto& at) { return at.second->is_over; });
  }));
  for (auto& [number, at] : mine) {
    open_.erase(number); // a late reply finds nobody
    if (!at->is_over)
      finish(*at, {}, fmt::format("it did not answer within {} ms", within.count()));
    all.push_back(std::move(at->reply));
  }
  return all;
}

void cluster_questions::replied(incarnation from, const protocol::reply_frame& frame) {
  const std::lock_guard hold(lock_);
  for (const auto& came : frame.items) {
    const auto at = open_.find(came.number);
    if (at != open_.end() && at->second->to == from && !at->second->is_over)
      finish(*at->second, came.text, {});
  }
}

void cluster_questions::peer_closed(incarnation who) {
  const std::lock_guard hold(lock_);
  for (const auto& [number, at] : open_)
    if (at->to == who && !at->is_over) finish(*at, {}, "its link ended");
}

void cluster_questions::stop() {
  const std::lock_guard hold(lock_);
  is_stopped_ = true;
  for (const auto& [number, at] : open_)
    if (!at->is_over) finish(*at, {}, "this node is stopping");
}

std::size_t cluster_questions::open() const {
  const std::lock_guard hold(lock_);
  return open_.size();
}

void cluster_questions::finish(one& at, std::string text, std::string why) {
  at.is_over = true;
  at.reply.text = std::move(text);
  at.reply.why = std::move(why);
  wake_.notify_all();
}

} // namespace rialto::actors
