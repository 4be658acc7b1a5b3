// Snapshots of users, accounts and markets: an entity refuses the bytes, or it is sound and says the same when asked again.
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/small_exchange.hpp"

namespace rialto::fuzz {

namespace {

using namespace rialto::actors;

// A snapshot of an earlier version ends before the fields that came since, which are then written empty.
constexpr std::size_t bytes_of_later_fields_max = 64;

void check_snapshot(entity_kind kind, std::string_view bytes) {
  const entity_id id(kind, small_exchange::number);
  const trading_world world;
  const auto first = world.make(id);
  if (!first->restore({id, 42, std::string(bytes), {}})) return;
  first->check_invariants();
  const auto snapshot = first->make_snapshot();
  RIALTO_ASSERT(snapshot.event_number == 42);
  RIALTO_ASSERT_VALUES(snapshot.bytes.size() <= bytes.size() + bytes_of_later_fields_max,
                       snapshot.bytes.size(), bytes.size());
  const auto second = world.make(id);
  RIALTO_ASSERT(second->restore(snapshot));
  RIALTO_ASSERT(second->state_hash() == first->state_hash());
  RIALTO_ASSERT(second->make_snapshot().bytes == snapshot.bytes);
  RIALTO_ASSERT(second->is_blank() == first->is_blank());
}

template <entity_kind Kind>
std::vector<std::string> make_snapshots() {
  return small_exchange().snapshots(entity_id(Kind, small_exchange::number));
}

} // namespace

RIALTO_FUZZ_TARGET(snapshot_user, make_snapshots<entity_kind::user>) {
  check_snapshot(entity_kind::user, input);
}

RIALTO_FUZZ_TARGET(snapshot_account, make_snapshots<entity_kind::account>) {
  check_snapshot(entity_kind::account, input);
}

RIALTO_FUZZ_TARGET(snapshot_market, make_snapshots<entity_kind::market>) {
  check_snapshot(entity_kind::market, input);
}

} // namespace rialto::fuzz
