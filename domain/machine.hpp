// domain/machine.hpp: the shape every entity's state machine has. account, market and user model
// it.
//
//   M1  execute() and handle() decide, apply() changes: state changes in apply() only, and the same
//   events in the same order give the
//       same state_hash() on every machine
//   M2  apply() posts the link messages an event causes, so a replay posts the same ones
//   M3  `now` never goes back; no clock, randomness, IO or floating-point money inside
#pragma once

#include "domain/bytes.hpp"
#include "domain/outcome.hpp"

#include <concepts>
#include <vector>

namespace rialto {

template <class M>
concept machine = requires(M m, const M& c, const typename M::command& cmd,
                           const typename M::event& e, const link_message& msg, entity_id from,
                           const order_view& context, timestamp_ns now,
                           std::vector<typename M::event>& out,
                           std::vector<addressed_message>& posts, std::vector<publication>& pubs,
                           byte_writer& w, byte_reader& r) {
  requires std::constructible_from<M, entity_id>;
  /// Decides a command at `now`; appends its events, already applied, to `out`, and what they post
  /// to `posts`.
  { m.execute(cmd, now, out, posts) } -> std::same_as<outcome>;
  /// The same for a link message; `context` is what the sender forwarded (empty when a recovered sender sends again).
  { m.handle(msg, from, context, now, out, posts) } -> std::same_as<outcome>;
  /// Takes one past event into the state. Cannot say no.
  {m.apply(e, now, posts)};
  /// Moves out what the public may see since the last call; the shell releases it behind the
  /// journal. Nothing on replay.
  {m.publish(now, pubs)};
  { c.is_blank() } -> std::same_as<bool>; // no event yet: the entity does not exist
  {c.encode(w)};                          // a snapshot
  {m.decode(r)};                          // into a blank machine
  { c.state_hash() } -> std::same_as<std::uint64_t>;
  {c.check_invariants()}; // RIALTO_ASSERT
};

} // namespace rialto
