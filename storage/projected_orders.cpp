#include "storage/projected_orders.hpp"

#include "storage/read_rows.hpp"

namespace rialto::storage {

projected_orders::projected_orders(database& file)
    : file_(file), insert_final_(file.prepare("INSERT OR IGNORE INTO orders VALUES(?, ?)")),
      save_open_(file.prepare("INSERT OR REPLACE INTO open_orders(id, state) VALUES(?, ?)")),
      load_open_(file.prepare("SELECT state FROM open_orders WHERE id = ?")),
      drop_open_(file.prepare("DELETE FROM open_orders WHERE id = ?")) {}

void projected_orders::mark(order_id id, slot& one) {
  if (one.is_dirty) return;
  one.is_dirty = true;
  dirty_.push_back(id);
}

void projected_orders::place(projected_order order) {
  const auto id = order.view.id;
  auto& one = cached_[id];
  one.order = std::move(order);
  mark(id, one);
}

projected_order* projected_orders::find(order_id id) {
  auto at = cached_.find(id);
  if (at == cached_.end()) {
    load_open_.with(id);
    if (!load_open_.step()) return nullptr;
    slot found;
    byte_reader in(load_open_.bytes(0));
    in.get(found.order);
    const bool is_sound = in.done();
    load_open_.reset();
    if (!is_sound)
      throw journal_error(file_.path() + ": open_orders " + std::to_string(id.value) +
                          " does not decode");
    found.is_stored = true;
    at = cached_.emplace(id, std::move(found)).first;
  }
  mark(id, at->second);
  return &at->second.order;
}

void projected_orders::close(const projected_order& order, projected_accounts::state& account) {
  const auto id = order.view.id;
  bytes_.clear();
  byte_writer{bytes_}.put(final_order{order.view, account.last_order, order.last_entry});
  insert_final_.run(id, blob_view{bytes_});
  if (file_.changes() > 0) account.last_order = id.value;
  const auto at = cached_.find(id);
  if (at->second.is_stored) drop_open_.run(id);
  cached_.erase(at);
}

void projected_orders::save() {
  for (const auto id : dirty_) {
    const auto at = cached_.find(id);
    if (at == cached_.end() || !at->second.is_dirty) continue; // final meanwhile
    auto& one = at->second;
    bytes_.clear();
    byte_writer{bytes_}.put(one.order);
    save_open_.run(id, blob_view{bytes_});
    one.is_stored = true;
    one.is_dirty = false;
  }
  dirty_.clear();
  if (cached_.size() > cached_max) cached_.clear(); // all of it is in the file
}

void projected_orders::forget() {
  cached_.clear();
  dirty_.clear();
}

} // namespace rialto::storage
