// app/journal_tools.hpp: `rialto journal dump` and `rialto journal verify`: read-only looks at a data directory, or at a journal in
// PostgreSQL while nodes write to it.
#pragma once

#include <string>

namespace rialto::app {

/// Prints every event of a stream ("account/17", "market/BTCUSDT", "market/3", "user/9", or "all") as one JSON line each.
/// Returns the exit code: 0, 1 when the stream does not exist, 2 when the journal cannot be read.
[[nodiscard]] int journal_dump(const std::string& data_directory, const std::string& stream);

/// Checks the archives' sums and succession, then sums, numbering, links, trades, the ledger's zero sums and every snapshot's hash of all rows;
/// prints what it found, and one hash of all states. With a damaged archive it names file and block, and stops there.
/// Returns 0 when all of it holds, 1 when something does not, 2 when the journal cannot be read.
[[nodiscard]] int journal_verify(const std::string& data_directory);

/// Both of a journal in PostgreSQL, of one moment; for `all` shard after shard.
[[nodiscard]] int postgres_journal_dump(const std::string& address, const std::string& stream);
[[nodiscard]] int postgres_journal_verify(const std::string& address);

} // namespace rialto::app
