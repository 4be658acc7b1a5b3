// Orders and trades to look at: open ones from the account itself, final ones and fills from the read models.
#include "net/api/order_json.hpp"
#include "net/binance/trading.hpp"

#include <algorithm>
#include <iterator>

namespace rialto::net::binance {

namespace {

constexpr std::uint32_t rows_usual = 500, rows_max = 1'000;
constexpr std::uint32_t looked_at_max = 100'000; // rows of the lists, for one answer
constexpr std::int64_t day_ns = 86'400'000'000'000;
constexpr std::uint64_t id_max = (std::uint64_t{1} << 56) - 1;

/// What of a list is asked for: ids and times from, times to, how many.
struct choice {
  std::optional<std::uint64_t> first;
  std::optional<timestamp_ns> from, to;
  std::size_t limit = rows_usual;

  [[nodiscard]] bool is_from_below() const { return first || from; }
};

choice take_choice(parameters& params, std::string_view id_name) {
  choice wish;
  if (const auto id = params.maybe_whole(id_name, 0, static_cast<std::int64_t>(id_max)))
    wish.first = static_cast<std::uint64_t>(*id);
  wish.from = params.maybe_time("startTime");
  wish.to = params.maybe_time("endTime");
  const auto limit = params.maybe_whole("limit", 1, INT64_MAX).value_or(rows_usual);
  wish.limit = static_cast<std::size_t>(std::min<std::int64_t>(limit, rows_max));
  if (wish.from && wish.to && *wish.to < *wish.from)
    params.refuse(request_error::combination_invalid, "endTime");
  else if (wish.from && wish.to && wish.to->value - wish.from->value > day_ns)
    params.refuse(request_error::range_too_wide, "endTime");
  return wish;
}

/// The last of 1 ms when only milliseconds are told apart.
bool is_within(const choice& wish, timestamp_ns at, time_unit unit) {
  const std::int64_t step_ns = unit == time_unit::millisecond ? 1'000'000 : 1'000;
  if (wish.from && at < *wish.from) return false;
  return !wish.to || at.value < wish.to->value + step_ns;
}

/// The oldest `limit` of a list in order when something bounds it from below, else the newest.
template <class Rows>
void keep_limit(Rows& rows, const choice& wish) {
  if (rows.size() <= wish.limit) return;
  const auto excess = static_cast<std::ptrdiff_t>(rows.size() - wish.limit);
  if (wish.is_from_below())
    rows.erase(rows.end() - excess, rows.end());
  else
    rows.erase(rows.begin(), rows.begin() + excess);
}

std::string orders_json(const std::vector<order_view>& orders, const actors::directory& markets,
                        time_unit unit) {
  std::string out;
  add_list(out, orders, [&](const order_view& one) {
    const auto* entry = markets.find(one.market);
    add_order(out, one, entry == nullptr ? instrument{} : entry->spec, unit);
  });
  return out;
}

template <class Row>
struct found_rows {
  std::vector<Row> rows;
  bool is_whole = true; // not all could be looked at
};

/// Pages of `read`, newest first, until `is_before` says that no older row is wanted.
template <class Row, class Read, class Wanted, class Before>
found_rows<Row> walk(Read read, Wanted is_wanted, Before is_before, std::size_t newest_max) {
  found_rows<Row> out;
  storage::page_request page{{}, rows_max};
  for (std::uint32_t looked_at = 0;; looked_at += rows_max) {
    if (looked_at >= looked_at_max) {
      out.is_whole = false;
      return out;
    }
    auto got = read(page);
    for (auto& row : got.rows) {
      if (is_before(row)) return out;
      if (is_wanted(row)) out.rows.push_back(std::move(row));
      if (out.rows.size() == newest_max) return out;
    }
    if (got.next.empty()) return out;
    page.cursor = got.next;
  }
}

/// An order the account no longer knows.
void answer_from_past(desk& at, const request_ptr& from, order_id id, const instrument& spec) {
  at.read_current<std::optional<order_view>>(
    from,
    [account = from->account, id](storage::read_models& models) {
      return models.order(account, id);
    },
    [from, spec](const std::optional<order_view>& found) {
      if (!found || found->market != spec.market) return from->fail(request_error::order_not_found);
      std::string out;
      add_order(out, *found, spec, from->unit);
      from->done(200, std::move(out));
    });
}

} // namespace

int open_orders_weight(const parameters& params) {
  return params.has("symbol") ? 6 : 80;
}
int my_trades_weight(const parameters& params) {
  return params.has("orderId") ? 5 : 20;
}

void get_order(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  const auto* entry = take_symbol(params, *markets);
  const auto name = take_order_name(params, "orderId", "origClientOrderId");
  if (!params.done()) return from->fail(params.why());
  auto command =
    name.id ? at.to_account(rialto::get_order{name.id})
            : at.to_account(get_order_by_client_id{name.client_order_id, entry->spec.market});
  at.ask(from->account, std::move(command),
         [&at, from, name, spec = entry->spec](actors::answer& came) {
           if (came.how != actors::delivery::done) return from->fail(problem_of(came.how));
           const auto* view = std::get_if<order_view>(&came.result);
           if (view == nullptr && name.id && name.client_order_id.empty())
             return answer_from_past(at, from, name.id, spec);
           const bool is_it =
             view != nullptr && view->market == spec.market &&
             (name.client_order_id.empty() || view->client_order_id == name.client_order_id);
           if (!is_it) return from->fail(request_error::order_not_found);
           std::string out;
           add_order(out, *view, spec, from->unit);
           from->done(200, std::move(out));
         });
}

void get_open_orders(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  const auto market = take_maybe_symbol(from->params, *markets);
  if (!from->params.done()) return from->fail(from->params.why());
  at.ask(from, from->account, at.to_account(get_orders{market}), [markets, from](outcome& result) {
    const auto* view = std::get_if<orders_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    from->done(200, orders_json(view->orders, *markets, from->unit));
  });
}

void get_all_orders(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  const auto* entry = take_symbol(params, *markets);
  const auto wish = take_choice(params, "orderId");
  if (!params.done()) return from->fail(params.why());
  const auto market = entry->spec.market;
  at.ask(from, from->account, at.to_account(get_orders{market}),
         [&at, from, wish, market, markets](outcome& result) {
           auto* view = std::get_if<orders_view>(&result);
           if (view == nullptr) return from->fail(request_error::internal);
           using rows = found_rows<order_view>;
           const auto is_wanted = [wish, unit = from->unit](const order_view& one) {
             return (!wish.first || one.id.value >= *wish.first) &&
                    is_within(wish, one.created_at, unit);
           };
           at.read_current<rows>(
             from,
             [account = from->account, market, wish, is_wanted,
              open = std::move(view->orders)](storage::read_models& models) {
               // Final orders come in the order they ended: one that ended before the time was placed before it.
               auto found = walk<order_view>(
                 [&](const storage::page_request& page) {
                   return models.orders({account, market, {}}, page);
                 },
                 is_wanted,
                 [&](const order_view& one) { return wish.from && one.updated_at < *wish.from; },
                 wish.is_from_below() ? SIZE_MAX : wish.limit + open.size());
               for (const auto& one : open) {
                 const bool has_ended =
                   std::any_of(found.rows.begin(), found.rows.end(),
                               [&](const order_view& other) { return other.id == one.id; });
                 if (!has_ended && is_wanted(one)) found.rows.push_back(one);
               }
               std::sort(found.rows.begin(), found.rows.end(),
                         [](const order_view& a, const order_view& b) { return a.id < b.id; });
               keep_limit(found.rows, wish);
               return found;
             },
             [from, markets](const rows& found) {
               if (!found.is_whole) return from->fail(request_error::range_too_wide);
               from->done(200, orders_json(found.rows, *markets, from->unit));
             });
         });
}

void get_my_trades(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  const auto* entry = take_symbol(params, *markets);
  const auto wish = take_choice(params, "fromId");
  const auto order = params.maybe_whole("orderId", 1, static_cast<std::int64_t>(id_max));
  if (wish.first && (wish.from || wish.to))
    params.refuse(request_error::combination_invalid, "fromId");
  if (!params.done()) return from->fail(params.why());
  using rows = found_rows<storage::execution_row>;
  at.read_current<rows>(
    from,
    [account = from->account, market = entry->spec.market, wish, unit = from->unit,
     order =
       order_id{static_cast<std::uint64_t>(order.value_or(0))}](storage::read_models& models) {
      auto found = walk<storage::execution_row>(
        [&](const storage::page_request& page) {
          return models.executions(account, market, order, page);
        },
        [&](const storage::execution_row& one) {
          return (!wish.first || one.fill.trade.value >= *wish.first) &&
                 is_within(wish, one.fill.at, unit);
        },
        [&](const storage::execution_row& one) { // a market's ids rise with time
          return (wish.first && one.fill.trade.value < *wish.first) ||
                 (wish.from && one.fill.at < *wish.from);
        },
        wish.is_from_below() ? SIZE_MAX : wish.limit);
      std::reverse(found.rows.begin(), found.rows.end());
      keep_limit(found.rows, wish);
      return found;
    },
    [from, spec = entry->spec](const rows& found) {
      if (!found.is_whole) return from->fail(request_error::range_too_wide);
      std::string out;
      add_list(out, found.rows, [&](const storage::execution_row& row) {
        add_trade(out, row, {}, spec, from->unit);
      });
      from->done(200, std::move(out));
    });
}

} // namespace rialto::net::binance
