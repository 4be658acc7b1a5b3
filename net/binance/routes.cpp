// Every request in Binance's words that needs no more than the desk: REST path, WebSocket API method, who may, its weight.
#include "net/binance/markets.hpp"
#include "net/binance/trading.hpp"

namespace rialto::net::binance {

const std::vector<route>& route_table() {
  using s = security;
  static const std::vector<route> table = {
    // Public.
    {"GET", "/api/v3/ping", "ping", s::none, 1, get_ping},
    {"GET", "/api/v3/time", "time", s::none, 1, get_time},
    {"GET", "/api/v3/exchangeInfo", "exchangeInfo", s::none, 20, get_exchange_info},
    {"GET", "/api/v3/depth", "depth", s::none, 5, get_depth, depth_weight},
    {"GET", "/api/v3/trades", "trades.recent", s::none, 25, get_trades},
    {"GET", "/api/v3/historicalTrades", "trades.historical", s::none, 25, get_historical_trades},
    {"GET", "/api/v3/aggTrades", "trades.aggregate", s::none, 4, get_agg_trades},
    {"GET", "/api/v3/klines", "klines", s::none, 2, get_klines},
    {"GET", "/api/v3/uiKlines", "uiKlines", s::none, 2, get_klines},
    {"GET", "/api/v3/avgPrice", "avgPrice", s::none, 2, get_avg_price},
    {"GET", "/api/v3/ticker/24hr", "ticker.24hr", s::none, 2, get_ticker_24hr, ticker_24hr_weight},
    {"GET", "/api/v3/ticker/price", "ticker.price", s::none, 2, get_ticker_price, ticker_weight},
    {"GET", "/api/v3/ticker/bookTicker", "ticker.book", s::none, 2, get_book_ticker, ticker_weight},
    {"GET", "/api/v3/ticker", "ticker", s::none, 4, get_rolling_ticker, rolling_ticker_weight},
    // Orders.
    {"POST", "/api/v3/order", "order.place", s::trade, 1, post_order},
    {"POST", "/api/v3/order/test", "order.test", s::trade, 1, post_order_test},
    {"DELETE", "/api/v3/order", "order.cancel", s::trade, 1, delete_order},
    {"DELETE", "/api/v3/openOrders", "openOrders.cancelAll", s::trade, 1, delete_open_orders},
    {"POST", "/api/v3/order/cancelReplace", "order.cancelReplace", s::trade, 1,
     post_cancel_replace},
    {"PUT", "/api/v3/order/amend/keepPriority", "order.amend.keepPriority", s::trade, 4, put_amend},
    {"GET", "/api/v3/order", "order.status", s::read, 4, get_order},
    {"GET", "/api/v3/openOrders", "openOrders.status", s::read, 6, get_open_orders,
     open_orders_weight},
    {"GET", "/api/v3/allOrders", "allOrders", s::read, 20, get_all_orders},
    {"GET", "/api/v3/myTrades", "myTrades", s::read, 20, get_my_trades, my_trades_weight},
    // Lists of orders.
    {"POST", "/api/v3/orderList/oco", "orderList.place.oco", s::trade, 1, post_list_oco},
    {"POST", "/api/v3/orderList/oto", "orderList.place.oto", s::trade, 1, post_list_oto},
    {"POST", "/api/v3/orderList/otoco", "orderList.place.otoco", s::trade, 1, post_list_otoco},
    {"POST", "/api/v3/order/oco", "", s::trade, 1, post_order_oco},
    {"DELETE", "/api/v3/orderList", "orderList.cancel", s::trade, 1, delete_list},
    {"GET", "/api/v3/orderList", "orderList.status", s::read, 4, get_list},
    {"GET", "/api/v3/openOrderList", "openOrderLists.status", s::read, 6, get_open_lists},
    // The account.
    {"GET", "/api/v3/account", "account.status", s::read, 20, get_account},
    {"GET", "/api/v3/account/commission", "account.commission", s::read, 20, get_commission},
    {"GET", "/api/v3/rateLimit/order", "account.rateLimits.orders", s::read, 40,
     get_order_rate_limits},
    // What the clients of the whole exchange call beside.
    {"GET", "/sapi/v1/system/status", "", s::none, 1, get_system_status},
    {"GET", "/sapi/v1/asset/tradeFee", "", s::read, 1, get_trade_fees},
    {"GET", "/sapi/v1/capital/config/getall", "", s::read, 10, get_empty_list},
    {"GET", "/sapi/v1/margin/allPairs", "", s::key, 1, get_empty_list},
    {"GET", "/sapi/v1/margin/isolated/allPairs", "", s::read, 1, get_empty_list},
  };
  return table;
}

} // namespace rialto::net::binance
