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
      find_open_(file.prepare("SELECT state FROM open_orders WHERE id = ?")),
      find_mark_before_(file.prepare("SELECT entry, flows FROM flow_marks WHERE account = ? AND "
                                     "at < ? ORDER BY at DESC, entry DESC LIMIT 1")),
      find_mark_from_(file.prepare("SELECT entry FROM flow_marks WHERE account = ? AND at >= ? "
                                   "ORDER BY at, entry LIMIT 1")) {}

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

account_flows row_reader::flows_before(account_id account, timestamp_ns end) {
  account_flows flows;
  std::uint64_t known = 0; // the last entry they hold
  find_mark_before_.with(account, end);
  if (find_mark_before_.step()) {
    known = find_mark_before_.number(0);
    if (!flows.decode(find_mark_before_.bytes(1)))
      throw journal_error("read models: a mark of account " + std::to_string(account.value) +
                          " does not decode");
  }
  find_mark_before_.reset();
  auto next = heads_of(account).second; // or the first mark that is not before the end
  find_mark_from_.with(account, end);
  if (find_mark_from_.step()) next = find_mark_from_.number(0);
  find_mark_from_.reset();
  std::uint64_t steps = 0;
  while (next > known && steps++ < account_flows::marks_every) {
    const auto found = entry_at(next);
    if (!found || found->account != account) break;
    if (found->at < end) flows.add(*found);
    next = found->previous;
  }
  return flows;
}

} // namespace rialto::storage
