#include "runtime/actor_registry.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cxxabi.h>

namespace rialto::runtime {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t look_ns_min = second_ns / 2;

std::uint64_t key_of(const actor_entry& one, actor_order order) {
  switch (order) {
  case actor_order::name: return 0;
  case actor_order::mailbox: return one.mailbox();
  case actor_order::rate: return one.rate;
  case actor_order::cpu: return one.cpu_ppm;
  case actor_order::longest: return static_cast<std::uint64_t>(one.longest_ns.load());
  case actor_order::memory: return one.memory_bytes();
  case actor_order::restarts: return one.restarts.load(std::memory_order_relaxed);
  case actor_order::messages: return one.messages();
  }
  return 0;
}

void take_look(actor_entry& one, std::int64_t passed_ns) {
  const auto messages =
    one.handled.load(std::memory_order_relaxed) + one.watched_runs.load(std::memory_order_relaxed);
  const auto cpu = one.cpu_ns.load(std::memory_order_relaxed);
  const auto a_second = [&](std::uint64_t now, std::uint64_t before, std::uint64_t scale) {
    const auto grown = now > before ? now - before : 0;
    const auto rate = static_cast<unsigned __int128>(grown) * scale /
                      static_cast<std::uint64_t>(std::max<std::int64_t>(passed_ns, 1));
    return static_cast<std::uint32_t>(std::min<unsigned __int128>(rate, UINT32_MAX));
  };
  // Rounded up: what did something is told from what did nothing.
  const auto rate = a_second(messages, one.seen_messages, second_ns);
  one.rate = rate == 0 && messages > one.seen_messages ? 1 : rate;
  one.cpu_ppm = a_second(cpu, one.seen_cpu_ns, 1'000'000);
  one.seen_messages = messages;
  one.seen_cpu_ns = cpu;
}

/// The best `limit` of what it is offered.
class best_entries {
public:
  best_entries(std::size_t limit, actor_order order) : limit_(limit), order_(order) {}

  void offer(const std::shared_ptr<actor_entry>& one) {
    if (limit_ == 0) return;
    const auto key = key_of(*one, order_);
    if (kept_.size() == limit_ && !is_better(key, one->name, kept_.front())) return;
    kept_.push_back({key, one});
    std::push_heap(kept_.begin(), kept_.end(), worst_first);
    if (kept_.size() <= limit_) return;
    std::pop_heap(kept_.begin(), kept_.end(), worst_first);
    kept_.pop_back();
  }
  [[nodiscard]] std::vector<std::shared_ptr<actor_entry>> take() {
    std::sort_heap(kept_.begin(), kept_.end(), worst_first);
    std::vector<std::shared_ptr<actor_entry>> all;
    for (auto& one : std::exchange(kept_, {})) all.push_back(std::move(one.entry));
    return all;
  }

private:
  struct kept {
    std::uint64_t key = 0;
    std::shared_ptr<actor_entry> entry;
  };
  static bool is_better(std::uint64_t key, const std::string& name, const kept& than) {
    return key != than.key ? key > than.key : name < than.entry->name;
  }
  static bool worst_first(const kept& a, const kept& b) {
    return is_better(a.key, a.entry->name, b);
  }

  std::size_t limit_;
  actor_order order_;
  std::vector<kept> kept_;
};

} // namespace

std::string plain_type_name(const char* mangled) {
  if (mangled == nullptr) return {};
  int failed = 0;
  char* const whole = abi::__cxa_demangle(mangled, nullptr, nullptr, &failed);
  std::string name = failed == 0 && whole != nullptr ? whole : mangled;
  std::free(whole); // NOLINT: malloc is how it was made
  const auto arguments = name.find('<');
  const auto colons = name.rfind("::", arguments);
  return colons == std::string::npos ? name : name.substr(colons + 2);
}

std::optional<actor_order> parse_actor_order(std::string_view word) {
  static constexpr std::pair<std::string_view, actor_order> words[] = {
    {"name", actor_order::name},         {"mailbox", actor_order::mailbox},
    {"rate", actor_order::rate},         {"cpu", actor_order::cpu},
    {"longest", actor_order::longest},   {"memory", actor_order::memory},
    {"restarts", actor_order::restarts}, {"messages", actor_order::messages}};
  for (const auto& [text, order] : words)
    if (text == word) return order;
  return {};
}

std::int64_t actor_registry::monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
           std::chrono::steady_clock::now().time_since_epoch())
    .count();
}

std::shared_ptr<actor_entry> actor_registry::add(std::string kind, std::string name,
                                                 std::string parent, timestamp_ns now,
                                                 std::unique_ptr<actor_door> door) {
  auto made = std::make_shared<actor_entry>();
  made->kind = std::move(kind);
  made->name = std::move(name);
  made->parent = std::move(parent);
  made->started_at = now;
  made->door = std::move(door);
  {
    const std::lock_guard hold(lock_);
    if (const auto before = failed_.find(made->name); before != failed_.end()) {
      made->restarts = before->second.restarts;
      made->set_failure(before->second.last_failure);
      before->second.is_given_up = false;
    }
  }
  auto& at = part_of(made->name);
  const std::lock_guard hold(at.lock);
  at.entries[made->name] = made;
  return made;
}

void actor_registry::remove(actor_entry& gone) {
  gone.is_gone.store(true, std::memory_order_relaxed);
  auto& in = part_of(gone.name);
  const std::lock_guard hold(in.lock);
  const auto at = in.entries.find(gone.name);
  if (at != in.entries.end() && at->second.get() == &gone) in.entries.erase(at);
}

void actor_registry::note_failure(const std::string& name, const std::string& kind,
                                  const std::string& parent, const std::string& why,
                                  bool is_given_up) {
  std::uint32_t restarts = 0;
  {
    const std::lock_guard hold(lock_);
    if (failed_.size() >= remember_max && !failed_.contains(name)) failed_.erase(failed_.begin());
    auto& past = failed_[name];
    restarts = ++past.restarts;
    past.last_failure = why;
    past.kind = kind;
    past.parent = parent;
    past.is_given_up = is_given_up;
  }
  if (const auto running = entry(name)) {
    running->restarts = restarts;
    running->set_failure(why);
  }
}

std::shared_ptr<actor_entry> actor_registry::entry(const std::string& name) const {
  const auto& in = part_of(name);
  const std::lock_guard hold(in.lock);
  const auto at = in.entries.find(name);
  return at == in.entries.end() ? nullptr : at->second;
}

std::size_t actor_registry::size() const {
  std::size_t all = 0;
  for (const auto& one : parts_) {
    const std::lock_guard hold(one.lock);
    all += one.entries.size();
  }
  return all;
}

actor_info actor_registry::row_of(const actor_entry& entry) {
  actor_info row;
  row.kind = entry.kind;
  row.name = entry.name;
  row.parent = entry.parent;
  row.last_failure = entry.last_failure();
  row.mailbox = entry.mailbox();
  row.handled = entry.messages();
  row.restarts = entry.restarts.load();
  row.started_at = entry.started_at;
  row.rate = entry.rate;
  row.cpu_ppm = entry.cpu_ppm;
  row.cpu_ns = entry.cpu_ns.load();
  row.memory_bytes = entry.memory_bytes();
  row.longest_ns = entry.longest_ns.load();
  row.longest_what = plain_type_name(entry.longest_what.load());
  return row;
}

actor_info actor_registry::row_of(const std::string& name, const past& failed) {
  actor_info row;
  row.kind = failed.kind;
  row.name = name;
  row.parent = failed.parent;
  row.last_failure = failed.last_failure;
  row.restarts = failed.restarts;
  row.is_failed = true;
  return row;
}

template <class Wanted>
void actor_registry::add_failed(std::vector<actor_info>& rows, const Wanted& wanted) const {
  std::vector<actor_info> found;
  {
    const std::lock_guard hold(lock_);
    for (const auto& [name, failed] : failed_)
      if (failed.is_given_up && wanted(failed.kind, name, failed.parent))
        found.push_back(row_of(name, failed));
  }
  for (auto& row : found)
    if (!entry(row.name)) rows.push_back(std::move(row));
}

std::optional<actor_info> actor_registry::find(const std::string& name) const {
  if (const auto running = entry(name)) return row_of(*running);
  const std::lock_guard hold(lock_);
  if (const auto at = failed_.find(name); at != failed_.end() && at->second.is_given_up)
    return row_of(name, at->second);
  return {};
}

std::int64_t actor_registry::begin_look() const {
  const auto now = monotonic_ns();
  const std::lock_guard hold(lock_);
  const auto passed = now - looked_at_ns_;
  if (passed < look_ns_min) return 0;
  looked_at_ns_ = now;
  return passed;
}

std::vector<actor_info> actor_registry::list(const actor_query& query) const {
  const auto is_wanted = [&](const std::string& kind, const std::string& name,
                             const std::string& parent) {
    return (query.kind.empty() || kind == query.kind) &&
           (query.parent.empty() || parent == query.parent) && name > query.after &&
           (query.contains.empty() || name.find(query.contains) != std::string::npos);
  };
  const auto passed_ns = begin_look();
  best_entries best(query.limit, query.order);
  for (const auto& part : parts_) {
    const std::lock_guard hold(part.lock);
    for (const auto& [name, one] : part.entries) {
      if (passed_ns > 0) take_look(*one, passed_ns);
      if (is_wanted(one->kind, name, one->parent)) best.offer(one);
    }
  }
  std::vector<actor_info> rows;
  for (const auto& one : best.take()) rows.push_back(row_of(*one));
  const auto running = rows.size();
  add_failed(rows, is_wanted);
  if (rows.size() == running) return rows;
  if (query.order == actor_order::name)
    std::sort(rows.begin(), rows.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
  else if (query.order == actor_order::restarts)
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.restarts > b.restarts; });
  if (rows.size() > query.limit) rows.resize(query.limit);
  return rows;
}

std::vector<tree_row> actor_registry::tree(const tree_query& query) const {
  struct below {
    std::size_t count = 0;
    best_entries first;
  };
  std::unordered_map<std::string, below> children;
  const auto below_of = [&](const std::string& parent) -> below& {
    return children
      .try_emplace(parent, below{0, best_entries(query.children_max, actor_order::name)})
      .first->second;
  };
  for (const auto& part : parts_) {
    const std::lock_guard hold(part.lock);
    for (const auto& [name, one] : part.entries) {
      auto& at = below_of(one->parent);
      ++at.count;
      at.first.offer(one);
    }
  }
  std::vector<actor_info> failed;
  add_failed(failed, [](const auto&, const auto&, const auto&) { return true; });
  std::multimap<std::string, const actor_info*> failed_below;
  for (const auto& one : failed) {
    failed_below.emplace(one.parent, &one);
    ++below_of(one.parent).count;
  }

  std::vector<tree_row> rows;
  const auto visit = [&](const auto& self, actor_info actor, std::uint32_t depth) -> void {
    if (rows.size() >= query.limit) return;
    const auto name = actor.name;
    const auto at = children.find(name);
    rows.push_back({std::move(actor), depth, at == children.end() ? 0 : at->second.count});
    if (at == children.end() || depth + 1 >= query.depth_max) return;
    // What was given up is what one looks for: it comes first.
    const auto [from, to] = failed_below.equal_range(name);
    auto shown = query.children_max;
    for (auto one = from; one != to && shown > 0; ++one, --shown)
      self(self, *one->second, depth + 1);
    for (const auto& one : at->second.first.take()) {
      if (shown-- == 0) break;
      self(self, row_of(*one), depth + 1);
    }
  };
  if (!query.root.empty()) {
    if (auto root = find(query.root)) visit(visit, std::move(*root), 0);
    return rows;
  }
  std::vector<std::string> tops; // parents that are no actor themselves
  for (const auto& [parent, at] : children)
    if (parent.empty() || !find(parent)) tops.push_back(parent);
  std::sort(tops.begin(), tops.end());
  for (const auto& parent : tops) {
    const auto [from, to] = failed_below.equal_range(parent);
    for (auto one = from; one != to; ++one) visit(visit, *one->second, 0);
    for (const auto& one : children.at(parent).first.take()) visit(visit, row_of(*one), 0);
  }
  return rows;
}

std::size_t actor_registry::failed_count() const {
  std::vector<actor_info> rows;
  add_failed(rows, [](const auto&, const auto&, const auto&) { return true; });
  return rows.size();
}

std::vector<std::pair<std::string, std::size_t>> actor_registry::counts() const {
  std::map<std::string, std::size_t> per_kind;
  for (const auto& part : parts_) {
    const std::lock_guard hold(part.lock);
    for (const auto& [name, entry] : part.entries) ++per_kind[entry->kind];
  }
  return {per_kind.begin(), per_kind.end()};
}

void actor_registry::watch(std::int64_t seconds) {
  const auto until =
    monotonic_ns() + std::clamp<std::int64_t>(seconds, 1, lease_seconds_max) * second_ns;
  const std::lock_guard hold(lock_);
  if (until > watched_until_.load()) watched_until_ = until;
  watched_ = true;
}

bool actor_registry::trace(const std::string& name, std::int64_t seconds) {
  const auto found = entry(name);
  if (!found) return false;
  const auto now = monotonic_ns();
  const auto lease = std::clamp<std::int64_t>(seconds, 1, lease_seconds_max);
  {
    const std::lock_guard hold(lock_);
    std::erase_if(traced_, [&](const auto& one) {
      const auto followed = one.lock();
      return !followed || !followed->keeps_trace(now);
    });
    const bool is_known = std::any_of(traced_.begin(), traced_.end(),
                                      [&](const auto& one) { return one.lock() == found; });
    if (!is_known && traced_.size() >= traces_max) return false;
    found->trace_until(now + lease * second_ns);
    if (!is_known) traced_.push_back(found);
  }
  watch(lease);
  return true;
}

} // namespace rialto::runtime
