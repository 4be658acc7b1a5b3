// net/api/guard_json.hpp: dead-man timers and cancel-on-disconnect as texts, in and out.
#pragma once

#include "actors/gate.hpp"
#include "domain/account_events.hpp"
#include "net/json.hpp"

#include <string>
#include <vector>

namespace rialto::net {

/// How long a connection's guard holds without a renewal by its edge, and how often that renews. After the death of
/// the edge it fires at most lease_ns + grace later (or at the node's next start, if that is later).
inline constexpr std::int64_t lease_ns = 15'000'000'000, lease_renew_ns = 5'000'000'000;
static_assert(lease_renew_ns * 2 < lease_ns); // one renewal may be lost

/// A whole number of milliseconds as nanoseconds: 0, or `min_ns` to `max_ns`; else a failure that names the field.
[[nodiscard]] std::int64_t take_milliseconds(json_object& body, std::string_view name,
                                             std::int64_t min_ns, std::int64_t max_ns,
                                             bool is_required);
/// The market that `symbol` names; id 0 when it is absent.
[[nodiscard]] market_id take_maybe_symbol(json_object& body, const actors::directory& markets);

/// A guard without a deadline is not armed.
[[nodiscard]] std::string guard_json(const guard& one, const actors::directory& markets);
[[nodiscard]] std::string guards_json(const std::vector<guard>& guards,
                                      const actors::directory& markets);
/// What the stream says when one has fired.
[[nodiscard]] std::string fired_json(const guard_key& key, const actors::directory& markets);

} // namespace rialto::net
