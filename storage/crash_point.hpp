// storage/crash_point.hpp: places where a test kills the process, by name.
//
// The room: every place is named in one list, so a test can go through all of them. A place costs a load and a compare; nothing installs a hook in the
// program that users run (tests/system/crash_hook.cpp does, in a program of its own made of the same libraries).
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <string_view>

namespace rialto::storage {

inline constexpr std::array crash_points{
  std::string_view("journal-begun"),        // an append's transaction is open, nothing in it
  std::string_view("journal-inserted"),     // its rows are written, not committed
  std::string_view("journal-committed"),    // durable, nobody knows
  std::string_view("commit-answered"),      // the edge and the shard have been told
  std::string_view("ids-drawn"),            // a block of ids is taken, none is used
  std::string_view("snapshot-begun"),       //
  std::string_view("snapshot-saved"),       // the shard does not know that it covers anything
  std::string_view("index-begun"),          // a checkpoint of the stream index
  std::string_view("index-saved"),          //
  std::string_view("log-folded"),           // the write-ahead log is in the file
  std::string_view("archive-written"),      // an archive is whole and synced under a temporary name
  std::string_view("archive-renamed"),      // it is durable, its rows are in the table as well
  std::string_view("archive-deleted"),      // some of its rows have left the table
  std::string_view("projection-inserted"),  // read models changed, not committed
  std::string_view("projection-committed"), //
  std::string_view("tape-inserted"),        // trades and candles written, not committed
  std::string_view("tape-committed"),       //
  std::string_view("start-opened"),         // the files are open, nothing is recovered
  std::string_view("start-recovering"),     // actors run, markets are not yet there
  std::string_view("start-usable"),         // recovered, nobody is served
  std::string_view("stop-drained"),         // stopping: all is committed, actors still run
  std::string_view("stop-index"),           // stopping: before the index is saved
};

using crash_hook = void (*)(std::string_view point);
inline std::atomic<crash_hook> installed_crash_hook{nullptr};

namespace detail {
consteval std::string_view known_point(std::string_view name) {
  return std::find(crash_points.begin(), crash_points.end(), name) != crash_points.end()
           ? name
           : throw "not in crash_points";
}
} // namespace detail

/// The name of a place that is in the list; anything else does not compile.
struct crash_point_name {
  std::string_view text;
  consteval crash_point_name(const char* name) : text(detail::known_point(name)) {} // NOLINT
};

inline void crash_point(crash_point_name at) {
  if (const auto hook = installed_crash_hook.load(std::memory_order_relaxed)) hook(at.text);
}

} // namespace rialto::storage
