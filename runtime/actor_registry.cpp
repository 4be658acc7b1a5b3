#include "runtime/actor_registry.hpp"

#include <algorithm>

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
    before->second.is_given_up = false;
  }
  entries_[made->name] = made;
  return made;
}

void actor_registry::remove(const actor_entry& gone) {
  const std::lock_guard hold(lock_);
  const auto at = entries_.find(gone.name);
  if (at != entries_.end() && at->second.get() == &gone) entries_.erase(at);
}

void actor_registry::note_failure(const std::string& name, const std::string& kind,
                                  const std::string& parent, const std::string& why,
                                  bool is_given_up) {
  const std::lock_guard hold(lock_);
  if (failed_.size() >= remember_max && !failed_.contains(name)) failed_.erase(failed_.begin());
  auto& past = failed_[name];
  ++past.restarts;
  past.last_failure = why;
  past.kind = kind;
  past.parent = parent;
  past.is_given_up = is_given_up;
  if (const auto at = entries_.find(name); at != entries_.end()) {
    at->second->restarts = past.restarts;
    at->second->set_failure(why);
  }
}

std::size_t actor_registry::size() const {
  const std::lock_guard hold(lock_);
  return entries_.size();
}

actor_info actor_registry::row_of(const actor_entry& entry) {
  return {entry.kind,
          entry.name,
          entry.parent,
          entry.last_failure(),
          entry.mailbox(),
          entry.handled.load(),
          entry.restarts.load(),
          entry.started_at,
          false};
}

actor_info actor_registry::row_of(const std::string& name, const past& failed) {
  return {failed.kind, name, failed.parent, failed.last_failure, 0, 0, failed.restarts, {}, true};
}

std::optional<actor_info> actor_registry::find(const std::string& name) const {
  const std::lock_guard hold(lock_);
  if (const auto at = entries_.find(name); at != entries_.end()) return row_of(*at->second);
  if (const auto at = failed_.find(name); at != failed_.end() && at->second.is_given_up)
    return row_of(name, at->second);
  return {};
}

std::vector<actor_info> actor_registry::list(const actor_query& query) const {
  const auto is_wanted = [&](const std::string& kind, const std::string& name,
                             const std::string& parent) {
    return (query.kind.empty() || kind == query.kind) &&
           (query.parent.empty() || parent == query.parent) && name > query.after;
  };
  std::vector<std::shared_ptr<actor_entry>> alive;
  std::vector<actor_info> rows;
  {
    const std::lock_guard hold(lock_);
    for (const auto& [name, entry] : entries_)
      if (is_wanted(entry->kind, name, entry->parent)) alive.push_back(entry);
    for (const auto& [name, failed] : failed_)
      if (failed.is_given_up && !entries_.contains(name) &&
          is_wanted(failed.kind, name, failed.parent))
        rows.push_back(row_of(name, failed));
  }
  const auto kept = std::min(query.limit, alive.size());
  std::partial_sort(alive.begin(), alive.begin() + static_cast<std::ptrdiff_t>(kept), alive.end(),
                    [](const auto& a, const auto& b) { return a->name < b->name; });
  for (std::size_t i = 0; i < kept; ++i) rows.push_back(row_of(*alive[i]));
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  if (rows.size() > query.limit) rows.resize(query.limit);
  return rows;
}

std::vector<std::pair<std::string, std::size_t>> actor_registry::counts() const {
  std::map<std::string, std::size_t> per_kind;
  const std::lock_guard hold(lock_);
  for (const auto& [name, entry] : entries_) ++per_kind[entry->kind];
  return {per_kind.begin(), per_kind.end()};
}

} // namespace rialto::runtime
