// tests/storage/postgres_fixture.hpp: a server that the cases of one test program share, and journals on
// it whose time bounds a starved machine keeps; no case waits for one of them to pass.
#pragma once

#include "storage/postgres_journal.hpp"
#include "storage/testing/postgres_server.hpp"

namespace rialto::storage {

/// Each case has a database of its own. Killed processes leave what they wrote to the system, so nothing
/// here would see a sync.
inline postgres_server& shared_server() {
  static postgres_server one(postgres_server_options{.is_synced = false});
  return one;
}

inline postgres_options patient_connection() {
  postgres_options options;
  options.answer_timeout_ms = 120'000;
  options.connect_timeout_s = 60;
  options.tcp_user_timeout_ms = 60'000;
  return options;
}

inline postgres_journal_options patient_journal() {
  postgres_journal_options options;
  options.connections = patient_connection();
  options.pool.wait_ms = 120'000;
  options.end_session_ms = 60'000;
  return options;
}

} // namespace rialto::storage
