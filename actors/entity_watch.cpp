#include "actors/entity_watch.hpp"

#include "actors/entity_words.hpp"

namespace rialto::actors {

void entity_watch::follow(trading_shard& shard) {
  registry_.end_watch_if_over(runtime::actor_registry::monotonic_ns());
  if (registry_.is_watched() == is_attached_) return;
  is_attached_ = !is_attached_;
  shard.observe(is_attached_ ? this : nullptr);
  entries_.clear();
}

runtime::actor_entry* entity_watch::entry_of(entity_id id) {
  const auto known = entries_.find(id);
  if (known != entries_.end() && !known->second->is_gone.load(std::memory_order_relaxed))
    return known->second.get();
  auto found = registry_.entry(to_string(id)); // none before the end of the batch that makes it
  if (!found) return nullptr;
  if (entries_.size() >= entries_max) entries_.clear();
  return (entries_[id] = std::move(found)).get();
}

runtime::actor_entry* entity_watch::note(const runtime::slot_look<trading_world>& at,
                                         const char* what, std::int64_t began_ns,
                                         std::int64_t now_ns) {
  auto* const entry = entry_of(at.id);
  if (entry == nullptr) return nullptr;
  const auto took_ns = now_ns - began_ns;
  entry->runs.store(at.requests + at.messages, std::memory_order_relaxed);
  entry->watched_runs.store(entry->watched_runs.load(std::memory_order_relaxed) + 1,
                            std::memory_order_relaxed);
  entry->note_run(took_ns, static_cast<std::uint64_t>(took_ns), what);
  entry->state_bytes.store(memory_of(at), std::memory_order_relaxed);
  return entry->is_traced.load(std::memory_order_relaxed) ? entry : nullptr;
}

void entity_watch::ran(const runtime::slot_look<trading_world>& at, const request& one,
                       std::int64_t began_ns) {
  const auto now_ns = runtime::actor_registry::monotonic_ns();
  const auto* const what = type_of(one.command);
  if (auto* const entry = note(at, what, began_ns, now_ns))
    entry->add_trace(clock_.now(), now_ns, now_ns - began_ns, runtime::plain_type_name(what),
                     text_of(one.command));
}

void entity_watch::handled(const runtime::slot_look<trading_world>& at,
                           const runtime::envelope<trading_world>& one, std::int64_t began_ns) {
  const auto now_ns = runtime::actor_registry::monotonic_ns();
  const auto* const what = type_of(one.body);
  if (auto* const entry = note(at, what, began_ns, now_ns))
    entry->add_trace(clock_.now(), now_ns, now_ns - began_ns, runtime::plain_type_name(what),
                     "from " + to_string(one.from) + ": " + text_of(one.body));
}

} // namespace rialto::actors
