// runtime/actor_registry.hpp: what is known of every actor alive, for the inspector. No CAF.
//
// The room: one entry per actor, counted by the actor itself, listed by whoever asks. A lock of a part of
// the registry is taken at start and stop of an actor and for listings, never per message: the cost on a
// message is two additions, one look at whether somebody watches, and a measurement for one in
// `sample_every`.
#pragma once

#include "runtime/actor_entry.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace rialto::runtime {

/// A listing's row.
struct actor_info {
  std::string kind, name, parent, last_failure;
  std::uint64_t mailbox = 0, handled = 0;
  std::uint32_t restarts = 0; // failures since the node started
  timestamp_ns started_at;    // 0: it does not run
  bool is_failed = false;     // given up: it is not started again by itself
  std::uint32_t rate = 0;     // messages a second, between the last two looks
  std::uint32_t cpu_ppm = 0;  // of one processor, likewise
  std::uint64_t cpu_ns = 0, memory_bytes = 0;
  std::int64_t longest_ns = 0; // handler, as far as measured
  std::string longest_what;    // its message
};

/// What a listing is sorted by: names rise, everything else falls.
enum class actor_order : std::uint8_t {
  name,
  mailbox,
  rate,
  cpu,
  longest,
  memory,
  restarts,
  messages
};
[[nodiscard]] std::optional<actor_order> parse_actor_order(std::string_view word);

/// Which rows a listing wants; what is empty asks nothing.
struct actor_query {
  std::string kind = {}, parent = {};
  std::string after = {}; // names behind this one: the next page, by name only
  std::size_t limit = 100;
  std::string contains = {}; // part of a name
  actor_order order = actor_order::name;
};

/// A part of the supervision tree, parents before their children.
struct tree_row {
  actor_info actor;
  std::uint32_t depth = 0;
  std::size_t children = 0; // all of them, shown or not
};
struct tree_query {
  std::string root = {}; // empty: every actor without a parent alive
  std::uint32_t depth_max = 8;
  std::size_t children_max = 20; // shown of each actor, by name
  std::size_t limit = 500;
};

class actor_registry {
public:
  /// A new actor under a name; a former one's restarts and last failure are kept when it comes back
  /// within `remember_max` names.
  [[nodiscard]] std::shared_ptr<actor_entry> add(std::string kind, std::string name,
                                                 std::string parent, timestamp_ns now,
                                                 std::unique_ptr<actor_door> door = nullptr);
  /// Only this entry: a successor of the same name stays.
  void remove(actor_entry& gone);
  /// Counts a failure of a running or just ended actor. One that is given up stays listed, as failed,
  /// until an actor of its name starts again.
  void note_failure(const std::string& name, const std::string& kind, const std::string& parent,
                    const std::string& why, bool is_given_up = false);

  [[nodiscard]] std::size_t size() const;
  /// Those that were given up.
  [[nodiscard]] std::size_t failed_count() const;
  /// Rates and shares are those since the look before, which is half a second old at least.
  [[nodiscard]] std::vector<actor_info> list(const actor_query& query) const;
  [[nodiscard]] std::vector<tree_row> tree(const tree_query& query) const;
  [[nodiscard]] std::optional<actor_info> find(const std::string& name) const;
  /// The entry of one that runs, or null.
  [[nodiscard]] std::shared_ptr<actor_entry> entry(const std::string& name) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::size_t>> counts() const; // per kind

  // ---- measuring
  /// Somebody looks: every message is measured for `seconds` from now.
  void watch(std::int64_t seconds);
  [[nodiscard]] bool is_watched() const { return watched_.load(std::memory_order_relaxed); }
  /// Ends the watch when its lease is over; called by whoever measures.
  void end_watch_if_over(std::int64_t monotonic_ns) {
    if (monotonic_ns >= watched_until_.load(std::memory_order_relaxed))
      watched_.store(false, std::memory_order_relaxed);
  }
  /// Follows an actor's messages for `seconds` from now. False: it does not run, or `traces_max` are
  /// followed already.
  [[nodiscard]] bool trace(const std::string& name, std::int64_t seconds);
  [[nodiscard]] static std::int64_t monotonic_ns();

  static constexpr std::size_t remember_max = 10'000;
  static constexpr std::uint32_t sample_every = 64;
  static constexpr std::size_t traces_max = 16;
  static constexpr std::int64_t lease_seconds_max = 60;

private:
  struct past {
    std::uint32_t restarts = 0;
    std::string last_failure;
    std::string kind, parent; // for one that is given up
    bool is_given_up = false;
  };
  struct part {
    mutable std::mutex lock;
    std::unordered_map<std::string, std::shared_ptr<actor_entry>> entries;
  };
  [[nodiscard]] const part& part_of(const std::string& name) const {
    return parts_[std::hash<std::string>{}(name) % parts_.size()];
  }
  [[nodiscard]] part& part_of(const std::string& name) {
    return parts_[std::hash<std::string>{}(name) % parts_.size()];
  }
  [[nodiscard]] static actor_info row_of(const actor_entry& entry);
  [[nodiscard]] static actor_info row_of(const std::string& name, const past& failed);
  template <class Wanted>
  void add_failed(std::vector<actor_info>& rows, const Wanted& wanted) const;
  /// Nanoseconds since the last look if a new one is due, which begins with it; else 0.
  [[nodiscard]] std::int64_t begin_look() const;

  std::array<part, 16> parts_;         // so that a listing holds up few starts
  mutable std::mutex lock_;            // of what follows
  std::map<std::string, past> failed_; // names that failed once; at most remember_max
  std::vector<std::weak_ptr<actor_entry>> traced_;
  mutable std::int64_t looked_at_ns_ = monotonic_ns();
  std::atomic<bool> watched_{false};
  std::atomic<std::int64_t> watched_until_{0};
};

/// "place_order" of a type's name as the compiler has it.
[[nodiscard]] std::string plain_type_name(const char* mangled);

} // namespace rialto::runtime
