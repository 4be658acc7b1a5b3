// tests/storage/cluster_tables.hpp: a database of a private PostgreSQL that holds the tables of a cluster.
#pragma once

#include "storage/migrations.hpp"
#include "storage/postgres.hpp"
#include "storage/testing/postgres_server.hpp"

namespace rialto::testing {

/// The address of a new database with the tables of migrations/postgres/0002_cluster.sql and no others.
inline std::string make_cluster_database(storage::postgres_server& server) {
  const auto address = server.make_database();
  storage::postgres_options patient; // the machine may be starved
  patient.answer_timeout_ms = 120'000;
  storage::postgres_connection on(address, patient);
  for (const auto& one : storage::embedded_migrations())
    if (one.set == "postgres" && one.name == "0002_cluster") on.run_script(std::string(one.sql));
  return address;
}

} // namespace rialto::testing
