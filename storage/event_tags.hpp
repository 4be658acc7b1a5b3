// storage/event_tags.hpp: the journal's number and version of every kind of event.
//
// Explicit and for ever: a tag is never reused, an event's layout never changes under its version.
// The high byte is the entity's kind (domain/ids.hpp), the low one counts.
#pragma once

#include "domain/account_events.hpp"
#include "domain/market_events.hpp"
#include "domain/user_events.hpp"

#include <cstdint>
#include <string_view>

namespace rialto::storage {

struct event_tag {
  std::uint16_t tag = 0;
  std::uint8_t version = 0; // the one that is written
  std::string_view name;    // in dumps
  bool grew = false; // by one field at its end: the version before, which lacks it, is read too
};

template <class Event>
inline constexpr event_tag tag_of{}; // 0: an event without a row below does not compile

template <>
inline constexpr event_tag tag_of<user_registered>{0x0101, 1, "user_registered"};
template <>
inline constexpr event_tag tag_of<account_added>{0x0102, 1, "account_added"};
template <>
inline constexpr event_tag tag_of<session_started>{0x0103, 1, "session_started"};
template <>
inline constexpr event_tag tag_of<session_rotated>{0x0104, 1, "session_rotated"};
template <>
inline constexpr event_tag tag_of<session_closed>{0x0105, 1, "session_closed"};
template <>
inline constexpr event_tag tag_of<login_failed>{0x0106, 1, "login_failed"};
template <>
inline constexpr event_tag tag_of<user_status_changed>{0x0107, 1, "user_status_changed"};
template <>
inline constexpr event_tag tag_of<api_key_added>{0x0110, 1, "api_key_added"};
template <>
inline constexpr event_tag tag_of<api_key_revoked>{0x0111, 1, "api_key_revoked"};

template <>
inline constexpr event_tag tag_of<account_opened>{0x0201, 1, "account_opened"};
template <>
inline constexpr event_tag tag_of<order_placed>{0x0202, 3, "order_placed"};
template <>
inline constexpr event_tag tag_of<amend_requested>{0x0203, 1, "amend_requested"};
template <>
inline constexpr event_tag tag_of<cancel_requested>{0x0204, 1, "cancel_requested"};
template <>
inline constexpr event_tag tag_of<fill_settled>{0x0205, 2, "fill_settled"};
template <>
inline constexpr event_tag tag_of<order_done>{0x0206, 1, "order_done"};
template <>
inline constexpr event_tag tag_of<amend_settled>{0x0207, 1, "amend_settled"};
template <>
inline constexpr event_tag tag_of<transferred>{0x0208, 1, "transferred"};

template <>
inline constexpr event_tag tag_of<order_cut>{0x0209, 1, "order_cut"};
template <>
inline constexpr event_tag tag_of<account_configured>{0x020a, 1, "account_configured"};
template <>
inline constexpr event_tag tag_of<trigger_noted>{0x020b, 1, "trigger_noted"};
template <>
inline constexpr event_tag tag_of<list_placed>{0x020c, 2, "list_placed", true};
template <>
inline constexpr event_tag tag_of<exits_settled>{0x020d, 1, "exits_settled"};
template <>
inline constexpr event_tag tag_of<guard_armed>{0x0220, 1, "guard_armed"};
template <>
inline constexpr event_tag tag_of<guard_disarmed>{0x0221, 1, "guard_disarmed"};
template <>
inline constexpr event_tag tag_of<guard_fired>{0x0222, 1, "guard_fired"};
template <>
inline constexpr event_tag tag_of<cancels_asked>{0x0223, 1, "cancels_asked"};
template <>
inline constexpr event_tag tag_of<sliced_order_placed>{0x0224, 1, "sliced_order_placed"};
template <>
inline constexpr event_tag tag_of<slice_placed>{0x0225, 1, "slice_placed"};
template <>
inline constexpr event_tag tag_of<slice_passed>{0x0226, 1, "slice_passed"};
template <>
inline constexpr event_tag tag_of<request_executed>{0x0230, 1, "request_executed"};

template <>
inline constexpr event_tag tag_of<instrument_listed>{0x0301, 3, "instrument_listed", true};
template <>
inline constexpr event_tag tag_of<instrument_changed>{0x0302, 3, "instrument_changed", true};
template <>
inline constexpr event_tag tag_of<order_rested>{0x0303, 2, "order_rested"};
template <>
inline constexpr event_tag tag_of<trade_executed>{0x0304, 1, "trade_executed"};
template <>
inline constexpr event_tag tag_of<order_closed>{0x0305, 1, "order_closed"};
template <>
inline constexpr event_tag tag_of<order_changed>{0x0306, 1, "order_changed"};
template <>
inline constexpr event_tag tag_of<amend_refused>{0x0307, 1, "amend_refused"};
template <>
inline constexpr event_tag tag_of<ids_reserved>{0x0308, 1, "ids_reserved"};
template <>
inline constexpr event_tag tag_of<trade_prevented>{0x0309, 1, "trade_prevented"};
template <>
inline constexpr event_tag tag_of<order_armed>{0x030a, 1, "order_armed"};
template <>
inline constexpr event_tag tag_of<trail_begun>{0x030b, 1, "trail_begun"};
template <>
inline constexpr event_tag tag_of<order_triggered>{0x030c, 1, "order_triggered"};
template <>
inline constexpr event_tag tag_of<extremes_noted>{0x030d, 1, "extremes_noted"};
template <>
inline constexpr event_tag tag_of<list_linked>{0x030e, 1, "list_linked"};
template <>
inline constexpr event_tag tag_of<exits_sized>{0x030f, 1, "exits_sized"};
template <>
inline constexpr event_tag tag_of<auction_started>{0x0318, 1, "auction_started"};
template <>
inline constexpr event_tag tag_of<auction_uncrossed>{0x0319, 1, "auction_uncrossed"};
template <>
inline constexpr event_tag tag_of<auction_ended>{0x031a, 1, "auction_ended"};
template <>
inline constexpr event_tag tag_of<order_pegged>{0x031b, 1, "order_pegged"};
template <>
inline constexpr event_tag tag_of<order_repegged>{0x031c, 1, "order_repegged"};

} // namespace rialto::storage
