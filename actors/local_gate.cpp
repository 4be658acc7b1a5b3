#include "actors/local_gate.hpp"

#include <sodium.h>

#include <algorithm>

namespace rialto::actors {

namespace {
// Orders are many: a block lasts. The others are few: a small block keeps their numbers dense.
std::uint64_t block_of(std::string_view sequence) {
  if (sequence == "order") return 1'000'000;
  return sequence == "market" ? 1 : 100;
}
} // namespace

std::uint64_t id_blocks::next(std::string_view sequence, std::uint32_t count) {
  const std::lock_guard hold(lock_);
  auto at = blocks_.find(sequence);
  if (at == blocks_.end()) at = blocks_.emplace(sequence, block{}).first;
  auto& [next, end] = at->second;
  if (end - next < count) {
    const auto drawn = std::max<std::uint64_t>(block_of(sequence), count);
    next = store_.draw_ids(sequence, drawn);
    end = next + drawn;
  }
  const auto first = next;
  next += count;
  return first;
}

local_gate::local_gate(storage::journal& store, public_faces& faces, runtime::node_clock& clock)
    : store_(store), faces_(faces), clock_(clock), ids_(store) {}

void local_gate::connect(caf::actor shard) {
  const std::lock_guard hold(lock_);
  shard_ = std::move(shard);
}

void local_gate::disconnect() {
  const std::lock_guard hold(lock_);
  shard_ = nullptr;
  ready_ = false;
  why_not_ = "stopping";
}

caf::actor local_gate::shard() const {
  const std::lock_guard hold(lock_);
  return shard_;
}

void local_gate::set_ready(bool ready, std::string why) {
  const std::lock_guard hold(lock_);
  ready_ = ready;
  why_not_ = std::move(why);
}

void local_gate::submit(std::vector<request> requests) {
  if (forward_) return forward_(std::move(requests));
  caf::actor to;
  {
    const std::lock_guard hold(lock_);
    to = shard_;
  }
  if (to)
    caf::anon_send(to, request_batch{std::make_shared<std::vector<request>>(std::move(requests))});
}

std::uint64_t local_gate::next_id(std::string_view sequence) {
  if (sequence != "session") return ids_.next(sequence);
  std::uint64_t random = 0; // sessions are named in tokens: they must not be guessable
  do randombytes_buf(&random, sizeof random);
  while (random == 0);
  return random;
}

std::optional<channel_message> local_gate::channel_snapshot(std::string_view channel) const {
  return faces_.snapshot(channel, clock_.now());
}

std::optional<std::vector<channel_message>>
local_gate::channel_since(std::string_view channel, std::uint64_t sequence) const {
  return faces_.since(channel, sequence);
}

bool local_gate::is_ready(std::string& why) const {
  const std::lock_guard hold(lock_);
  if (!ready_) why = why_not_;
  return ready_;
}

} // namespace rialto::actors
