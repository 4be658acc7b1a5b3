// app/recording_session.hpp: records an exchange's live streams into a file until it is told to stop.
//
// The room: sockets, signals and the terminal around actors/feed_recorder. Everything but the sockets runs on the calling thread.
//   R1  SIGINT, SIGTERM and SIGHUP end it in order: the file is complete
//   R2  a connection that ends is made again; what was missed is healed in the file by a new snapshot
#pragma once

#include "runtime/web_address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rialto::app {

/// Symbols of one recording.
inline constexpr std::size_t recorded_symbols_max = 1'000;

struct recording_wish {
  std::vector<std::string> symbols;
  std::string file;
  bool overwrites = false;
  std::int64_t seconds_max = 0;   // 0: until a signal
  std::uint64_t messages_max = 0; // likewise
  runtime::web_address rest, streams;
  std::optional<runtime::web_address> proxy;
  std::string ca_file;
};

/// Returns the exit code of the program.
[[nodiscard]] int record(const recording_wish& wish);

} // namespace rialto::app
