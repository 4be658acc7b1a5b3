// actors/shard_question.hpp: a look into a running shard, on its turn between two messages.
//
// The room: CAF. Whoever asks does so from a thread that may wait; what he asks runs on the shard's, so it must be short:
// a bounded part of the entities at a time.
#pragma once

#include "actors/world.hpp"
#include "storage/lane.hpp"
#include "storage/stream_index.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <optional>

namespace rialto::actors {

/// Valid while the question is answered.
struct shard_inside {
  const std::string& name; // of the shard's actor
  trading_shard& entities;
  std::vector<std::pair<storage::shard_id, const storage::stream_index*>>
    indexes;                                                       // of each shard that is here
  std::function<const storage::stream_index*(entity_id)> index_of; // null: its shard is not here
  const storage::thread_lane& lane;
  timestamp_ns now;
};

struct shard_question {
  std::function<void(const shard_inside&)> ask;
};

/// Asks and waits on this thread, which must not be one that runs actors. Empty: no answer came in time, as from a shard that hangs (a node
/// that asked this one waits for 2 s, cluster/questions.hpp); the
/// question may still be answered later, so it captures by value.
template <class Ask>
auto ask_shard(const caf::actor& shard, Ask ask,
               std::chrono::milliseconds patience = std::chrono::milliseconds(1'500))
  -> std::optional<std::invoke_result_t<Ask, const shard_inside&>> {
  using result = std::invoke_result_t<Ask, const shard_inside&>;
  if (!shard) return {};
  const auto answer = std::make_shared<std::promise<result>>();
  auto came = answer->get_future();
  caf::anon_send(shard, shard_question{[answer, ask](const shard_inside& inside) {
                   try {
                     answer->set_value(ask(inside));
                   } catch (...) {
                     answer->set_exception(std::current_exception());
                   }
                 }});
  if (came.wait_for(patience) != std::future_status::ready) return {};
  return came.get();
}

} // namespace rialto::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(rialto::actors::shard_question)
