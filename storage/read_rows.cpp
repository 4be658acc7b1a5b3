#include "storage/read_rows.hpp"

#include "storage/projected_orders.hpp"

namespace rialto::storage {

namespace {

// With WHERE id <= ?, one statement serves a chain (the row is there) and a scan (the next one).
constexpr const char* at_or_below = "WHERE id <= ? ORDER BY id DESC LIMIT 1";

} // namespace

row_reader::row_reader(database& file)
    : find_order_(file.prepare(std::string("SELECT bytes FROM orders ") + at_or_below)),
      find_entry_(file.prepare(std::string("SELECT id, bytes FROM entries ") + at_or_below)),
      find_heads_(file.prepare("SELECT last_order, last_entry FROM accounts WHERE id = ?")),
      find_open_(file.prepare("SELECT state FROM open_orders WHERE id = ?")) {}

std::pair<std::uint64_t, std::uint64_t> row_reader::heads_of(account_id account) {
  if (!account) return {INT64_MAX, INT64_MAX};
  std::pair<std::uint64_t, std::uint64_t> heads;
  find_heads_.with(account);
  if (find_heads_.step()) heads = {find_heads_.number(0), find_heads_.number(1)};
  find_heads_.reset();
  return heads;
}

std::uint64_t row_reader::last_fill_of(order_id id) {
  if (const auto found = order_at(id.value); found && found->view.id == id)
    return found->last_entry;
  std::uint64_t last = 0;
  find_open_.with(id);
  if (find_open_.step()) {
    projected_order open;
    byte_reader in(find_open_.bytes(0));
    in.get(open);
    if (in.done()) last = open.last_entry;
  }
  find_open_.reset();
  return last;
}

std::optional<final_order> row_reader::order_at(std::uint64_t id) {
  auto& row = find_order_.with(id);
  if (!row.step()) return {};
  final_order found;
  byte_reader in(row.bytes(0));
  in.get(found);
  const bool is_sound = in.done();
  row.reset();
  if (!is_sound)
    throw journal_error("read models: order " + std::to_string(id) + " does not decode");
  return found;
}

std::optional<entry> row_reader::entry_at(std::uint64_t id) {
  auto& row = find_entry_.with(id);
  if (!row.step()) return {};
  auto found = entry_pack::find(row.bytes(1), row.number(0), id);
  row.reset();
  if (!found) throw journal_error("read models: entry " + std::to_string(id) + " does not decode");
  return found;
}

} // namespace rialto::storage
