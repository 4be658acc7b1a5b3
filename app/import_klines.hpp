// app/import_klines.hpp: candles of other venues, from files into the data directory of a stopped node.
//
// The room: files, the journal (for the lock, and the instrument's tick and lot) and the tape.
//   M1  of a file everything is taken or nothing: it is read whole and checked first, then written in
//       one transaction with the longer intervals
//   M2  a running node is left alone: its lock is respected
#pragma once

#include <string>
#include <vector>

namespace rialto::app {

struct import_wish {
  std::vector<std::string> files;
  std::string data_directory = "./data";
  std::string symbol, interval; // empty: as the file's name says
  bool skip_refused = false;    // take a file's good rows when others break a rule
};

/// Returns an exit code: 0 when every file was taken.
[[nodiscard]] int import_klines(const import_wish& wish);

} // namespace rialto::app
