#include "domain/words.hpp"

namespace rialto {

std::string_view to_text(side way) {
  switch (way) { // no default: the compiler names an enumerator without a word
  case side::buy: return "buy";
  case side::sell: return "sell";
  }
  return "";
}

std::string_view to_text(order_type type) {
  switch (type) {
  case order_type::limit: return "limit";
  case order_type::market: return "market";
  case order_type::post_only: return "post_only";
  }
  return "";
}

std::string_view to_text(time_in_force tif) {
  switch (tif) {
  case time_in_force::gtc: return "gtc";
  case time_in_force::ioc: return "ioc";
  case time_in_force::fok: return "fok";
  case time_in_force::gtd: return "gtd";
  }
  return "";
}

std::string_view to_text(stp_mode mode) {
  switch (mode) {
  case stp_mode::none: return "none";
  case stp_mode::expire_taker: return "expire_taker";
  case stp_mode::expire_maker: return "expire_maker";
  case stp_mode::expire_both: return "expire_both";
  case stp_mode::decrement: return "decrement";
  }
  return "";
}

std::string_view to_text(trigger_kind kind) {
  switch (kind) {
  case trigger_kind::none: return "none";
  case trigger_kind::stop: return "stop";
  case trigger_kind::take_profit: return "take_profit";
  }
  return "";
}

std::string_view to_text(slicing_kind kind) {
  switch (kind) {
  case slicing_kind::twap: return "twap";
  case slicing_kind::vwap: return "vwap";
  }
  return "";
}

std::string_view to_text(order_status status) {
  switch (status) {
  case order_status::new_order: return "new";
  case order_status::partially_filled: return "partially_filled";
  case order_status::filled: return "filled";
  case order_status::cancelled: return "cancelled";
  case order_status::expired: return "expired";
  case order_status::rejected: return "rejected";
  }
  return "";
}

std::string_view to_text(peg_kind kind) {
  switch (kind) {
  case peg_kind::none: return "none";
  case peg_kind::primary: return "primary";
  case peg_kind::market: return "market";
  case peg_kind::mid: return "mid";
  }
  return "";
}

std::string_view to_text(market_status status) {
  switch (status) {
  case market_status::open: return "open";
  case market_status::post_only: return "post_only";
  case market_status::cancel_only: return "cancel_only";
  case market_status::halted: return "halted";
  case market_status::auction: return "auction";
  }
  return "";
}

std::string_view to_text(auction_cause why) {
  switch (why) {
  case auction_cause::called: return "called";
  case auction_cause::volatility: return "volatility";
  }
  return "";
}

std::string_view to_text(market_mode mode) {
  switch (mode) {
  case market_mode::own: return "own";
  case market_mode::mirrored: return "mirrored";
  }
  return "";
}

std::string_view to_text(user_role role) {
  switch (role) {
  case user_role::trader: return "trader";
  case user_role::admin: return "admin";
  }
  return "";
}

std::string_view to_text(user_status status) {
  switch (status) {
  case user_status::active: return "active";
  case user_status::disabled: return "disabled";
  }
  return "";
}

std::string_view to_text(transfer_kind kind) {
  switch (kind) {
  case transfer_kind::deposit: return "deposit";
  case transfer_kind::withdrawal: return "withdrawal";
  }
  return "";
}

std::string_view to_text(guard_kind kind) {
  switch (kind) {
  case guard_kind::timer: return "timer";
  case guard_kind::connection: return "connection";
  }
  return "";
}

} // namespace rialto
