#include "storage/postgres_migrations.hpp"

#include "domain/bytes.hpp"

#include <cstdio>
#include <map>

namespace rialto::storage {

namespace {

constexpr std::string_view embedded_set = "postgres"; // the folder
constexpr std::string_view stored_set = "journal";    // the name that all engines give it
constexpr std::int64_t lock_number = 0x7269616c746f;  // any, the same everywhere

std::string hash_text(std::string_view sql) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash64(sql)));
  return text;
}

std::string full_name(std::string_view name) {
  return std::string(stored_set) + "/" + std::string(name);
}

struct applied_file {
  std::string name, hash;
};

std::map<std::uint64_t, applied_file> applied_in(postgres_connection& on) {
  std::map<std::uint64_t, applied_file> applied;
  if (!on.exec("SELECT to_regclass('migrations') IS NOT NULL").truth(0, 0)) return applied;
  const auto rows =
    on.exec("SELECT number, name, hash FROM migrations WHERE set = $1 ORDER BY number", stored_set);
  for (int i = 0; i < rows.rows(); ++i)
    applied[rows.number(i, 0)] = {rows.text(i, 1), rows.text(i, 2)};
  return applied;
}

std::vector<migration_state> states(postgres_connection& on, std::span<const migration> all) {
  auto applied = applied_in(on);
  std::vector<migration_state> found;
  std::uint32_t last = 0;
  for (const auto& one : all) {
    if (one.set != embedded_set) continue;
    auto& state = found.emplace_back(migration_state{full_name(one.name), false, {}});
    if (one.number != ++last) state.problem = "does not follow number " + std::to_string(last - 1);
    const auto known = applied.find(one.number);
    if (known == applied.end()) continue;
    state.is_applied = known->second.hash == hash_text(one.sql);
    if (!state.is_applied)
      state.problem = "was changed after it had been applied (hash " + known->second.hash +
                      " in the database, " + hash_text(one.sql) + " in the program)";
    applied.erase(known);
  }
  for (const auto& [number, one] : applied)
    found.push_back(
      {full_name(one.name), true, "is unknown to this program; it was written by a newer one"});
  return found;
}

/// Freed with the connection at the latest.
class advisory_lock {
public:
  explicit advisory_lock(postgres_connection& on) : on_(on) {
    on_.exec("SELECT pg_advisory_lock($1)", lock_number);
  }
  ~advisory_lock() {
    try {
      if (on_.is_open()) on_.exec("SELECT pg_advisory_unlock($1)", lock_number);
    } catch (const postgres_error&) {
      on_.close();
    }
  }
  advisory_lock(const advisory_lock&) = delete;
  advisory_lock& operator=(const advisory_lock&) = delete;

private:
  postgres_connection& on_;
};

} // namespace

std::vector<migration_state> postgres_migration_states(postgres_connection& on) {
  return states(on, embedded_migrations());
}

void migrate_postgres(postgres_connection& on) {
  migrate_postgres(on, embedded_migrations());
}

void migrate_postgres(postgres_connection& on, std::span<const migration> all) {
  const advisory_lock alone(on);
  on.run_script("CREATE TABLE IF NOT EXISTS migrations(set text NOT NULL, number bigint NOT NULL, "
                "name text NOT NULL, hash text NOT NULL, PRIMARY KEY(set, number))");
  const auto found = states(on, all);
  if (found.empty()) throw journal_error("migrations/postgres: there are none");
  for (const auto& one : found)
    if (!one.problem.empty())
      throw journal_error(on.where() + ": migration " + one.name + " " + one.problem);
  std::size_t index = 0;
  for (const auto& one : all) {
    if (one.set != embedded_set || found[index++].is_applied) continue;
    postgres_transaction step(on);
    on.run_script(std::string(one.sql));
    on.exec("INSERT INTO migrations(set, number, name, hash) VALUES($1, $2, $3, $4)", stored_set,
            one.number, one.name, hash_text(one.sql));
    step.commit();
  }
}

} // namespace rialto::storage
