// app/backup.hpp: `rialto backup` and `rialto restore`: an embedded node's data directory as one file or a directory, and back.
//
// The room: wiring. A backup is a data directory without what can be made again (read models), with a manifest of its files' sizes and
// SHA-256. It is of one moment, made while the node runs or not, and both ways it passes the checks of `rialto journal verify`.
#pragma once

#include <string>
#include <string_view>

namespace rialto::app {

struct backup_wish {
  std::string data_directory = "./data";
  std::string out; // NAME.tar.gz or NAME.tgz: one file; anything else: a directory
  bool without_tape = false;
};

struct restore_wish {
  std::string from; // what backup made: the file or the directory
  std::string data_directory;
};

/// Whether such a name means one file.
[[nodiscard]] bool is_backup_file_name(std::string_view out);

/// Each returns the exit code: 0, 1 when it went wrong (what was begun is removed), 2 when called wrongly.
[[nodiscard]] int back_up(const backup_wish& wish);
[[nodiscard]] int restore(const restore_wish& wish);

} // namespace rialto::app
