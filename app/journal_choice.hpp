// app/journal_choice.hpp: which engine holds the journal, as storage.journal says, and how it is opened.
#pragma once

#include "runtime/settings_list.hpp"
#include "storage/data_lock.hpp"

#include <memory>

namespace rialto::app {

/// Keeps other processes out of the data directory while the journal is elsewhere. The embedded engine
/// does it by itself: nullptr. Throws journal_error; also for a directory that holds an embedded journal,
/// whose orders and balances would be forgotten.
[[nodiscard]] std::unique_ptr<storage::data_lock>
lock_data_directory(const runtime::node_settings& settings);

/// Opens it, tables made or brought up to date. Throws journal_error.
[[nodiscard]] std::unique_ptr<storage::journal>
open_journal(const runtime::node_settings& settings);

/// The same for a node that is alone with its one shard: in a shared journal it is taken over, so that
/// whoever wrote it before can no longer.
[[nodiscard]] std::unique_ptr<storage::journal>
open_journal_of(storage::shard_id shard, const runtime::node_settings& settings);

} // namespace rialto::app
