// net/binance/order_answer.hpp: orders and fills as Binance's clients read them. Pure functions.
#pragma once

#include "net/binance/order_request.hpp"
#include "storage/read_models.hpp"

namespace rialto::net::binance {

[[nodiscard]] std::string_view status_word(const order_view& order);
[[nodiscard]] std::string_view type_word(const order_view& order);
[[nodiscard]] std::string_view tif_word(const order_view& order);
[[nodiscard]] std::string_view side_word(side way);
[[nodiscard]] std::string_view stp_word(stp_mode mode);
/// Of a list; -1: none.
[[nodiscard]] std::int64_t list_number(order_id list);
/// By quote amount there is no quantity but what was executed.
[[nodiscard]] quantity_lots asked_size(const order_view& order);
/// Since when it is working; -1: it is not.
[[nodiscard]] std::int64_t working_time(const order_view& order, time_unit unit);
/// It waits for nothing: it is in the book, or was.
[[nodiscard]] bool is_working(const order_view& order);

/// The answer to a placement.
[[nodiscard]] std::string placed_json(const order_view& order, const instrument& spec,
                                      answer_kind kind, time_unit unit);
/// The answer to a cancel that is called `cancel_id`.
[[nodiscard]] std::string cancelled_json(const order_view& order, std::string_view cancel_id,
                                         const instrument& spec, time_unit unit);
/// An order asked for.
void add_order(std::string& out, const order_view& order, const instrument& spec, time_unit unit);
/// The answer to an amendment.
[[nodiscard]] std::string amended_json(const order_view& order, std::string_view amend_id,
                                       const instrument& spec, time_unit unit);
/// One of myTrades.
void add_trade(std::string& out, const storage::execution_row& row, order_id list,
               const instrument& spec, time_unit unit);

} // namespace rialto::net::binance
