// net/binance/markets.hpp: public market data in Binance's shapes. Texts are made from instruments, looks at a market and
// the tape; nothing here asks an entity.
#pragma once

#include "net/binance/request.hpp"

namespace rialto::net::binance {

/// The instrument that `symbol` names; null: a failure of the parameters.
[[nodiscard]] const actors::market_entry* take_symbol(parameters& params,
                                                      const actors::directory& markets);
/// The same where it may be absent: a market id of 0.
[[nodiscard]] market_id take_maybe_symbol(parameters& params, const actors::directory& markets);
/// `symbol`, or `symbols`, or all; `is_one`: the answer is an object, not an array.
[[nodiscard]] std::vector<std::string> take_symbols(parameters& params,
                                                    const actors::directory& markets, bool& is_one);

/// TRADING, HALT, BREAK or AUCTION_MATCH.
[[nodiscard]] std::string_view status_word(market_status status);
/// One element of exchangeInfo's symbols, filters included.
[[nodiscard]] std::string symbol_json(const instrument& spec);
/// [["price","size"],..]
void add_levels(std::string& out, const std::vector<level_change>& levels, const instrument& spec);
/// The limits a request counts against: weight of an address, orders of an account.
[[nodiscard]] std::string rate_limits_json(const api_settings& settings);

// exchange_info.cpp
void get_exchange_info(desk& at, const request_ptr& from);

// market_rest.cpp
void get_ping(desk& at, const request_ptr& from);
void get_time(desk& at, const request_ptr& from);
void get_depth(desk& at, const request_ptr& from);
void get_trades(desk& at, const request_ptr& from);
void get_historical_trades(desk& at, const request_ptr& from);
void get_agg_trades(desk& at, const request_ptr& from);
void get_klines(desk& at, const request_ptr& from);
void get_avg_price(desk& at, const request_ptr& from);
[[nodiscard]] int depth_weight(const parameters& params);

// tickers.cpp
void get_ticker_24hr(desk& at, const request_ptr& from);
void get_ticker_price(desk& at, const request_ptr& from);
void get_book_ticker(desk& at, const request_ptr& from);
void get_rolling_ticker(desk& at, const request_ptr& from);
[[nodiscard]] int ticker_24hr_weight(const parameters& params);
[[nodiscard]] int ticker_weight(const parameters& params);
[[nodiscard]] int rolling_ticker_weight(const parameters& params);

} // namespace rialto::net::binance
