// tests/storage/support/table_dump.hpp: every row of a database as text, to compare two of them.
#pragma once

#include "storage/read_entries.hpp"
#include "storage/sqlite.hpp"

#include <sqlite3.h>

#include <string>
#include <vector>

namespace rialto::storage {

/// All tables but those that say how the file was written.
inline std::string dump_tables(const std::string& path) {
  database file(path, {.sync = sync_mode::off});
  std::vector<std::string> names;
  auto tables = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                             "name NOT IN ('file_state', 'migrations') ORDER BY name");
  while (tables.step()) names.push_back(tables.text(0));
  std::string out;
  for (const auto& name : names) {
    out += "== " + name + "\n";
    if (name ==
        "entries") { // how many share a row depends on the transactions; what follows what does not
      auto packs = file.prepare("SELECT id, bytes FROM entries ORDER BY id");
      std::uint64_t next = 1;
      while (packs.step()) {
        const auto is_next = [&] {
          const auto one = entry_pack::find(packs.bytes(1), packs.number(0), next);
          return one && one->id == next;
        };
        while (is_next()) ++next;
        out.append(packs.bytes(1));
      }
      out += "|" + std::to_string(next) + "\n";
      continue;
    }
    sqlite3_stmt* rows = nullptr;
    const auto sql = "SELECT * FROM " + name + " ORDER BY 1, 2, 3";
    if (sqlite3_prepare_v2(file.raw(), sql.c_str(), -1, &rows, nullptr) != SQLITE_OK)
      sqlite3_prepare_v2(file.raw(), ("SELECT * FROM " + name + " ORDER BY 1").c_str(), -1, &rows,
                         nullptr);
    while (sqlite3_step(rows) == SQLITE_ROW) {
      for (int i = 0; i < sqlite3_column_count(rows); ++i) {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(rows, i));
        if (bytes != nullptr)
          out.append(bytes, static_cast<std::size_t>(sqlite3_column_bytes(rows, i)));
        out += '|';
      }
      out += '\n';
    }
    sqlite3_finalize(rows);
  }
  return out;
}

} // namespace rialto::storage
