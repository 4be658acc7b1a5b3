#include "domain/account_history.hpp"

#include <algorithm>
#include <limits>

namespace rialto {

// ---- client ids

client_ids::answer client_ids::look(std::uint64_t id_hash, std::uint64_t body_hash,
                                    timestamp_ns now) const {
  if (const auto number = numbers_.find(id_hash); number != hash_index::none) {
    const auto& entry = recent_[number - first_];
    if (now.value - entry.placed_at.value < day_ns)
      return {entry.body_hash == body_hash ? verdict::same : verdict::reused, &entry};
    if (!is_final(entry.status)) return {verdict::reused, &entry};
  }
  if (aged_.contains(id_hash)) return {verdict::reused, nullptr};
  return {};
}

void client_ids::add(const client_entry& placed, timestamp_ns now) {
  for (int dropped = 0; dropped < forget_max && !recent_.empty(); ++dropped) {
    const auto& oldest = recent_.front();
    if (now.value - oldest.placed_at.value < day_ns) break;
    if (!is_final(oldest.status)) aged_[oldest.id_hash] = oldest.order;
    if (numbers_.find(oldest.id_hash) == first_) numbers_.erase(oldest.id_hash);
    recent_.pop_front();
    ++first_;
  }
  numbers_.set(placed.id_hash, first_ + recent_.size());
  recent_.push_back(placed);
}

order_id client_ids::order_of(std::uint64_t id_hash) const {
  if (const auto number = numbers_.find(id_hash); number != hash_index::none)
    return recent_[number - first_].order;
  const auto old = aged_.find(id_hash);
  return old == aged_.end() ? order_id{} : old->second;
}

bool client_ids::is_open(std::uint64_t id_hash) const {
  if (const auto number = numbers_.find(id_hash); number != hash_index::none)
    return !is_final(recent_[number - first_].status);
  return aged_.contains(id_hash);
}

client_entry* client_ids::find(std::uint64_t id_hash) {
  const auto number = numbers_.find(id_hash);
  return number == hash_index::none ? nullptr : &recent_[number - first_];
}

void client_ids::close(std::uint64_t id_hash, const order_view& last) {
  if (const auto old = aged_.find(id_hash); old != aged_.end() && old->second == last.id)
    aged_.erase(old);
  auto* entry = find(id_hash);
  if (entry == nullptr || entry->order != last.id) return;
  entry->status = last.status;
  entry->reason = last.reason;
  entry->price = last.price;
  entry->size = last.size;
  entry->executed = last.executed;
  entry->executed_quote = last.executed_quote;
  entry->updated_at = last.updated_at;
}

void client_ids::encode(byte_writer& out) const {
  out.put(recent_);
  out.put(aged_);
}

void client_ids::decode(byte_reader& in) {
  in.get(recent_);
  in.get(aged_);
  first_ = 0;
  numbers_.clear();
  for (std::uint64_t i = 0; i < recent_.size(); ++i) numbers_.set(recent_[i].id_hash, i);
}

// ---- orders of a day

std::uint64_t daily_orders::count(timestamp_ns now) const {
  const auto hour = now.value / hour_ns;
  if (hour <= hour_) return sum_;
  auto moved = *this;
  moved.move_to(hour);
  return moved.sum_;
}

void daily_orders::add(timestamp_ns now) {
  if (const auto hour = now.value / hour_ns; hour > hour_) move_to(hour);
  ++counts_[static_cast<std::size_t>(hour_ % hours)];
  ++sum_;
}

void daily_orders::move_to(std::int64_t hour) {
  for (auto h = std::max(hour_ + 1, hour - hours + 1); h <= hour; ++h) {
    auto& count = counts_[static_cast<std::size_t>(h % hours)];
    sum_ -= count;
    count = 0;
  }
  hour_ = hour;
}

void daily_orders::encode(byte_writer& out) const {
  out.put(hour_);
  out.put(counts_);
}

void daily_orders::decode(byte_reader& in) {
  in.get(hour_);
  in.get(counts_);
  sum_ = 0;
  for (const auto count : counts_) sum_ += count;
  if (hour_ < 0 || hour_ > std::numeric_limits<std::int64_t>::max() / hour_ns) {
    hour_ = 0;
    in.fail();
  }
}

// ---- final orders and transfers

const order_view* final_orders::find(order_id id) const {
  for (auto i = kept_.size(); i > 0; --i)
    if (kept_[i - 1].id == id) return &kept_[i - 1];
  return nullptr;
}

const transfer_entry* transfer_log::find(const std::string& reference) const {
  const auto at = numbers_.find(reference);
  return at == numbers_.end() ? nullptr : &kept_[at->second - first_];
}

void transfer_log::add(transfer_entry done) {
  if (kept_.size() == kept_max) {
    numbers_.erase(kept_.front().reference);
    kept_.pop_front();
    ++first_;
  }
  numbers_[done.reference] = first_ + kept_.size();
  kept_.push_back(std::move(done));
}

void transfer_log::decode(byte_reader& in) {
  in.get(kept_);
  first_ = 0;
  numbers_.clear();
  for (std::uint64_t i = 0; i < kept_.size(); ++i) numbers_[kept_[i].reference] = i;
}

} // namespace rialto
