// Orders to look at: open ones from the account itself, final ones from the read models, fills from
// the executions.
#include "net/api/handlers.hpp"
#include "net/api/order_json.hpp"
#include "net/api/query.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace rialto::net {

namespace {

constexpr std::uint32_t fills_max = 1'000; // shown of one order

enum class order_choice : std::uint8_t { open, closed, all };

/// The fills of an order, oldest first.
std::vector<fill_view> fills_of(storage::read_models& models, const order_view& order) {
  std::vector<fill_view> fills;
  auto page = models.executions(order.account, order.market, order.id, {{}, fills_max});
  for (auto& row : page.rows) fills.push_back(row.fill);
  std::reverse(fills.begin(), fills.end());
  return fills;
}

void answer_with_fills(desk& at, const call_ptr& from, const order_view& order) {
  at.read_current<order_view>(
    from,
    [order](storage::read_models& models) {
      auto full = order;
      full.fills = fills_of(models, order);
      return full;
    },
    [&at, from](const order_view& full) {
      from->done(200, order_json(full, *at.gate().markets()));
    });
}

/// An order the account no longer knows.
void answer_from_past(desk& at, const call_ptr& from, order_id id) {
  at.read_current<std::optional<order_view>>(
    from,
    [account = from->account, id](storage::read_models& models) {
      return models.order(account, id);
    },
    [&at, from](const std::optional<order_view>& found) {
      if (!found) return from->fail({request_error::order_not_found, {}, "order_id"});
      from->done(200, order_json(*found, *at.gate().markets()));
    });
}

struct list_request {
  order_choice choice = order_choice::all;
  market_id market;
  storage::page_request page;
};

using order_page = storage::page<order_view>;

std::string orders_page_json(const order_page& page, const actors::directory& markets) {
  return page_json(page.rows, page.next,
                   [&](const order_view& one) { return order_json(one, markets); });
}

/// Fills what is left of a page of open orders with final ones. One that ended meanwhile is shown as it ended.
void add_closed(order_page& page, storage::read_models& models, account_id account,
                const list_request& list) {
  const auto room = list.page.limit - static_cast<std::uint32_t>(page.rows.size());
  if (room == 0) {
    page.next = "closed.";
    return;
  }
  auto closed = models.orders({account, list.market, {}}, {{}, room});
  page.next = closed.next.empty() ? "" : "closed." + closed.next;
  std::erase_if(page.rows, [&](const order_view& open) {
    return std::any_of(closed.rows.begin(), closed.rows.end(),
                       [&](const order_view& one) { return one.id == open.id; });
  });
  page.rows.insert(page.rows.end(), std::make_move_iterator(closed.rows.begin()),
                   std::make_move_iterator(closed.rows.end()));
}

/// Newest first; `open_before`: only ids below it.
void answer_open(desk& at, const call_ptr& from, const list_request& list, order_id open_before) {
  at.ask(from, from->account, at.to_account(get_orders{list.market}),
         [&at, from, list, open_before](outcome& result) {
           auto* view = std::get_if<orders_view>(&result);
           if (view == nullptr) return from->fail(request_error::internal);
           auto& orders = view->orders; // oldest first
           if (open_before)
             std::erase_if(orders, [&](const order_view& one) { return one.id >= open_before; });
           std::reverse(orders.begin(), orders.end());
           const bool has_more = orders.size() > list.page.limit;
           if (has_more) orders.resize(list.page.limit);
           std::string next;
           if (has_more) next = "open." + std::to_string(orders.back().id.value);
           const bool goes_on = !has_more && list.choice == order_choice::all;
           at.read_current<order_page>(
             from,
             [account = from->account, list, orders, next, goes_on](storage::read_models& models) {
               order_page page{orders, next};
               for (auto& one : page.rows)
                 if (one.executed.value > 0) one.fills = fills_of(models, one);
               if (goes_on) add_closed(page, models, account, list);
               return page;
             },
             [&at, from](const order_page& page) {
               from->done(200, orders_page_json(page, *at.gate().markets()));
             });
         });
}

void answer_closed(desk& at, const call_ptr& from, const list_request& list) {
  at.read_current<order_page>(
    from,
    [account = from->account, list](storage::read_models& models) {
      auto page = models.orders({account, list.market, {}}, list.page);
      if (!page.next.empty()) page.next = "closed." + page.next;
      return page;
    },
    [&at, from](const order_page& page) {
      from->done(200, orders_page_json(page, *at.gate().markets()));
    });
}

} // namespace

void get_one_order(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const order_id id{query.path_number(0, "order_id", request_error::order_not_found)};
  if (!query.ok()) return;
  at.ask(from->account, at.to_account(get_order{id}), [&at, from, id](actors::answer& came) {
    if (came.how != actors::delivery::done) return from->fail(problem_of(came.how));
    const auto* view = std::get_if<order_view>(&came.result);
    if (view == nullptr) return answer_from_past(at, from, id);
    if (view->executed.value > 0) return answer_with_fills(at, from, *view);
    from->done(200, order_json(*view, *at.gate().markets()));
  });
}

void get_orders_list(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  list_request list;
  list.market = query.market(*at.gate().markets());
  list.page = query.page();
  const auto status = query.text("status");
  if (status == "open")
    list.choice = order_choice::open;
  else if (status == "closed")
    list.choice = order_choice::closed;
  else if (!status.empty() && status != "all")
    query.refuse("status", "must be open, closed or all");
  order_id open_before;
  bool is_closed = list.choice == order_choice::closed;
  if (std::string_view cursor = list.page.cursor; cursor.starts_with("closed.")) {
    is_closed = true;
    list.page.cursor = std::string(cursor.substr(7));
  } else if (cursor.starts_with("open.") && !is_closed) {
    open_before = {parse_number(cursor.substr(5)).value_or(0)};
    if (!open_before) query.refuse("cursor", "must be the next_cursor of a former page");
  } else if (!cursor.empty()) {
    query.refuse("cursor", "must be the next_cursor of a former page");
  }
  if (is_closed && list.choice == order_choice::open)
    query.refuse("cursor", "is one of another list");
  if (!query.ok()) return;
  is_closed ? answer_closed(at, from, list) : answer_open(at, from, list, open_before);
}

} // namespace rialto::net
