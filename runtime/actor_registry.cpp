#include "runtime/actor_registry.hpp"

#include <algorithm>
#include <map>

namespace rialto::runtime {

std::shared_ptr<actor_entry> actor_registry::add(std::string kind, std::string name,
                                                 std::string parent, timestamp_ns now) {
  auto made = std::make_shared<actor_entry>();
  made->kind = std::move(kind);
  made->name = std::move(name);
  made->parent = std::move(parent);
  made->started_at = now;
  const std::lock_guard hold(lock_);
  if (const auto before = failed_.find(made->name); before != failed_.end()) {
    made->restarts = before->second.restarts;
    made->set_failure(before->second.last_failure);
  }
  entries_[made->name] = made;
  return made;
}

void actor_registry::remove(const std::string& name) {
  const std::lock_guard hold(lock_);
  entries_.erase(name);
}

void actor_registry::note_failure(const std::string& name, const std::string& why) {
  const std::lock_guard hold(lock_);
  if (failed_.size() >= remember_max && !failed_.contains(name)) failed_.erase(failed_.begin());
  auto& past = failed_[name];
  ++past.restarts;
  past.last_failure = why;
  if (const auto at = entries_.find(name); at != entries_.end()) {
    at->second->restarts = past.restarts;
    at->second->set_failure(why);
  }
}

std::size_t actor_registry::size() const {
  const std::lock_guard hold(lock_);
  return entries_.size();
}

std::vector<actor_info> actor_registry::list(std::size_t limit) const {
  std::vector<std::shared_ptr<actor_entry>> some;
  {
    const std::lock_guard hold(lock_);
    some.reserve(entries_.size());
    for (const auto& [name, entry] : entries_) some.push_back(entry);
  }
  std::sort(some.begin(), some.end(),
            [](const auto& a, const auto& b) { return a->name < b->name; });
  if (some.size() > limit) some.resize(limit);
  std::vector<actor_info> rows;
  rows.reserve(some.size());
  for (const auto& entry : some)
    rows.push_back({entry->kind, entry->name, entry->parent, entry->last_failure(),
                    entry->mailbox(), entry->handled.load(), entry->restarts.load(),
                    entry->started_at});
  return rows;
}

std::vector<std::pair<std::string, std::size_t>> actor_registry::counts() const {
  std::map<std::string, std::size_t> per_kind;
  const std::lock_guard hold(lock_);
  for (const auto& [name, entry] : entries_) ++per_kind[entry->kind];
  return {per_kind.begin(), per_kind.end()};
}

} // namespace rialto::runtime
