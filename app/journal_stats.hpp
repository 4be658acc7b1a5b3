// app/journal_stats.hpp: `rialto journal stats`: what is in a journal and what an order costs on the disk.
#pragma once

#include <string>

namespace rialto::app {

/// Reads all rows. Returns the exit code: 0, or 2 when the journal cannot be read.
[[nodiscard]] int journal_stats(const std::string& data_directory);

} // namespace rialto::app
