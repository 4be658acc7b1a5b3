// The read models' file holds orders and fills as bytes. A program that lays them out otherwise must not read an old
// file: its first migration names the layout, so a changed one is another migration, and the file is projected again.
#include "storage/migrations.hpp"
#include "storage/projected_orders.hpp"
#include "storage/read_rows.hpp"
#include "tests/storage/samples.hpp"

#include <doctest/doctest.h>

#include <cstdio>

using namespace rialto;
using namespace rialto::storage;

TEST_CASE("read models: the first migration names the layout of the rows' bytes") {
  random_source from(1);
  std::string bytes;
  byte_writer out(bytes);
  for (int i = 0; i < 40; ++i) {
    final_order last;
    fill(last, from);
    out.put(last);
    projected_order open;
    fill(open, from);
    out.put(open);
    fill_settled settled;
    fill(settled, from);
    out.put(settled);
    transferred moved;
    fill(moved, from);
    out.put(moved);
  }
  char layout[32];
  std::snprintf(layout, sizeof layout, "layout %016llx",
                static_cast<unsigned long long>(hash64(bytes)));
  std::string_view sql;
  for (const auto& one : embedded_migrations())
    if (one.set == "read" && one.number == 1) sql = one.sql;
  REQUIRE(!sql.empty());
  CHECK_MESSAGE(sql.find(layout) != std::string_view::npos,
                "write it into storage/migrations/read/0001_read_models.sql: ", layout);
}
