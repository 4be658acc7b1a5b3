#include "storage/stream_index.hpp"

#include "domain/assert.hpp"
#include "domain/bytes.hpp"
#include "storage/record.hpp"

#include <algorithm>

namespace rialto::storage {

namespace {

constexpr std::uint8_t index_version = 1;

void put_difference(std::string& out, std::uint64_t x) {
  for (; x >= 0x80; x >>= 7) out += static_cast<char>(x | 0x80);
  out += static_cast<char>(x);
}

/// The next difference of `in`, which it shortens; 0 (no difference is) if it is damaged.
std::uint64_t take_difference(std::string_view& in) {
  std::uint64_t x = 0;
  for (unsigned shift = 0; !in.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    x |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return x;
  }
  in = {};
  return 0;
}

std::string checkpoint_name(shard_id shard) {
  return "stream_index/" + std::to_string(shard);
}

} // namespace

void stream_index::note(entity_id id, position at) {
  RIALTO_ASSERT(id);
  RIALTO_ASSERT(at > 0);
  auto& known = entries_[id];
  note_row(at);
  if (at <= known.last) return;
  put_difference(known.differences, at - known.last);
  known.last = at;
}

void stream_index::take(const index_tail& tail) {
  for (const auto& [id, at] : tail.notes) note(id, at);
  if (tail.first <= covers_ + 1) covers_ = std::max(covers_, tail.last);
}

void stream_index::forget_before(entity_id id, position first_kept) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  auto& known = at->second;
  std::string_view left = known.differences;
  while (!left.empty()) {
    auto rest = left;
    const auto next = known.before + take_difference(rest);
    if (next >= first_kept) break;
    known.before = next;
    left = rest;
  }
  if (left.size() != known.differences.size()) known.differences = std::string(left);
}

std::vector<position> stream_index::positions_of(entity_id id) const {
  std::vector<position> found;
  const auto at = entries_.find(id);
  if (at == entries_.end()) return found;
  auto last = at->second.before;
  for (std::string_view left = at->second.differences; !left.empty();)
    found.push_back(last += take_difference(left));
  return found;
}

std::vector<entity_id> stream_index::entities() const {
  std::vector<entity_id> all;
  all.reserve(entries_.size());
  for (const auto& [id, known] : entries_) all.push_back(id);
  std::sort(all.begin(), all.end());
  return all;
}

position stream_index::entry::first() const {
  std::string_view left = differences;
  return left.empty() ? 0 : before + take_difference(left);
}

position stream_index::first_of(entity_id id) const {
  const auto at = entries_.find(id);
  return at == entries_.end() ? 0 : at->second.first();
}

position stream_index::first_needed() const {
  auto first = covers_ + 1;
  for (const auto& [id, known] : entries_) // a minimum: the order does not matter
    if (const auto mine = known.first(); mine != 0) first = std::min(first, mine);
  return first;
}

std::vector<entity_id> stream_index::needing_before(position row, std::size_t count_max) const {
  std::vector<entity_id> found;
  for (const auto& [id, known] : entries_) {
    if (found.size() == count_max) break;
    if (const auto mine = known.first(); mine != 0 && mine < row) found.push_back(id);
  }
  return found;
}

std::string stream_index::encode() const {
  std::string bytes;
  byte_writer out(bytes);
  out.put(index_version);
  out.put(covers_);
  out.put(static_cast<std::uint32_t>(entries_.size()));
  for (const auto id : entities()) {
    const auto& known = entries_.at(id);
    out.put(id);
    out.put(known.before);
    out.put(known.last);
    out.put(known.differences);
  }
  return bytes;
}

std::optional<stream_index> stream_index::decode(std::string_view bytes) {
  byte_reader in(bytes);
  stream_index made;
  if (in.get<std::uint8_t>() != index_version) return std::nullopt;
  in.get(made.covers_);
  for (auto count = in.get<std::uint32_t>(); count > 0 && !in.failed(); --count) {
    const entity_id id(in.get<std::uint64_t>());
    entry known;
    in.get(known.before);
    in.get(known.last);
    in.get(known.differences);
    auto last = known.before;
    for (std::string_view left = known.differences; !left.empty();) {
      const auto step = take_difference(left);
      if (step == 0 || last + step < last) return std::nullopt;
      last += step;
    }
    if (last != known.last) return std::nullopt;
    made.entries_.emplace(id, std::move(known));
  }
  if (!in.done()) return std::nullopt;
  return made;
}

index_tail read_index_tail(journal& store, shard_id shard, position first, std::size_t rows_max) {
  index_tail tail{first, first - 1, {}};
  std::vector<record_view> records;
  store.read(shard, first, [&](position at, std::string_view blob) {
    records.clear();
    if (!view_blob(blob, records))
      throw journal_error("row " + std::to_string(at) + " of shard " + std::to_string(shard) +
                          " is damaged: its checksum or framing is wrong");
    for (const auto& one : records) tail.notes.emplace_back(one.stream, at);
    tail.last = at;
    return --rows_max > 0;
  });
  return tail;
}

std::optional<stream_index> load_saved_index(journal& store, shard_id shard) {
  const auto saved = store.load_checkpoint(checkpoint_name(shard));
  return saved ? stream_index::decode(*saved) : std::nullopt;
}

stream_index load_stream_index(journal& store, shard_id shard) {
  const auto heads = store.heads();
  const auto head = heads.find(shard);
  const auto last = head == heads.end() ? position{0} : head->second.last;
  auto saved = load_saved_index(store, shard);
  const bool is_of_lost_rows = saved && saved->covers() > last;
  stream_index index = saved && !is_of_lost_rows ? std::move(*saved) : stream_index{};
  while (index.covers() < last) {
    const auto tail = read_index_tail(store, shard, index.covers() + 1);
    if (tail.last < tail.first)
      throw journal_error("row " + std::to_string(tail.first) + " of shard " +
                          std::to_string(shard) + " is missing");
    index.take(tail);
  }
  if (is_of_lost_rows)
    save_stream_index(store, shard, index); // else it is believed once the rows are as many
  return index;
}

void save_stream_index(journal& store, shard_id shard, const stream_index& index) {
  store.save_checkpoint(checkpoint_name(shard), index.encode());
}

} // namespace rialto::storage
