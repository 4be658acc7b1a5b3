#include "storage/migrations.hpp"

#include "domain/bytes.hpp"

#include <cstdio>
#include <map>

namespace rialto::storage {

namespace {

std::string hash_text(std::string_view sql) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash64(sql)));
  return text;
}

std::map<std::uint64_t, std::pair<std::string, std::string>> applied_in(database& on) {
  std::map<std::uint64_t, std::pair<std::string, std::string>> applied;
  auto rows = on.prepare("SELECT number, name, hash FROM migrations ORDER BY number");
  while (rows.step()) applied[rows.number(0)] = {rows.text(1), rows.text(2)};
  return applied;
}

} // namespace

void migrate(database& on, std::string_view set) {
  migrate(on, set, embedded_migrations());
}

void migrate(database& on, std::string_view set, std::span<const migration> all) {
  on.exec("CREATE TABLE IF NOT EXISTS migrations("
          "number INTEGER PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL)");
  auto applied = applied_in(on);
  std::uint32_t last = 0;
  for (const auto& one : all) {
    if (one.set != set) continue;
    if (one.number != last + 1)
      throw journal_error("migrations/" + std::string(set) + ": " + std::string(one.name) +
                          " does not follow number " + std::to_string(last));
    last = one.number;
    const auto hash = hash_text(one.sql);
    if (const auto known = applied.find(one.number); known != applied.end()) {
      if (known->second.second != hash)
        throw journal_error(on.path() + ": migration " + known->second.first +
                            " was changed after it had been applied (hash " + known->second.second +
                            " in the database, " + hash + " in the program)");
      continue;
    }
    transaction step(on);
    on.exec(std::string(one.sql));
    on.prepare("INSERT INTO migrations(number, name, hash) VALUES(?, ?, ?)")
      .run(one.number, std::string(one.name), hash);
    step.commit();
  }
  if (last == 0) throw journal_error("migrations/" + std::string(set) + ": there is no such set");
  if (!applied.empty() && applied.rbegin()->first > last)
    throw journal_error(on.path() + ": migration " + applied.rbegin()->second.first +
                        " is unknown to this program; it was written by a newer one");
}

} // namespace rialto::storage
