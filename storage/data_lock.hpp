// storage/data_lock.hpp: one process per data directory.
#pragma once

#include "storage/journal.hpp"

#include <string>

namespace rialto::storage {

/// Another process has the directory; the text names it.
struct directory_in_use : journal_error {
  using journal_error::journal_error;
};

/// Creates the directory (mode 0700) if it is missing and locks DATA/lock until destroyed. Throws
/// directory_in_use, or journal_error.
class data_lock {
public:
  explicit data_lock(const std::string& directory);
  ~data_lock();
  data_lock(const data_lock&) = delete;
  data_lock& operator=(const data_lock&) = delete;

private:
  int file_ = -1;
};

/// Makes a directory's entries durable (a file that was just created in it).
void sync_directory(const std::string& directory);

} // namespace rialto::storage
