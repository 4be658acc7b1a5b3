// What an account owns and what trading costs it: positions, fee rates, statements.
#include "domain/time_text.hpp"
#include "net/api/handlers.hpp"
#include "net/api/money_json.hpp"
#include "net/api/query.hpp"

#include <algorithm>

namespace rialto::net {

void get_account_positions(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto market = query.market(*at.gate().markets());
  const auto all = query.text("all");
  if (!all.empty() && all != "true" && all != "false") query.refuse("all", "must be true or false");
  if (!query.ok()) return;
  const bool is_open_only = !market && all != "true";
  at.ask(from, from->account, at.to_account(get_positions{market}),
         [&at, from, is_open_only](outcome& result) {
           auto* view = std::get_if<positions_view>(&result);
           if (view == nullptr) return from->fail(request_error::internal);
           if (is_open_only)
             std::erase_if(view->positions,
                           [](const position_view& one) { return one.quantity.value == 0; });
           from->done(200, positions_json(view->positions, *at.gate().markets()));
         });
}

void get_account_fees(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto market = query.market(*at.gate().markets());
  if (!query.ok()) return;
  at.ask(from, from->account, at.to_account(get_volumes{}), [&at, from, market](outcome& result) {
    auto* view = std::get_if<volumes_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    std::string out = "[";
    for (const auto& [symbol, entry] : at.gate().markets()->by_symbol) {
      if (market && entry.spec.market != market) continue;
      if (out.size() > 1) out += ',';
      out += fees_json(view->volumes[entry.spec.quote], entry.spec);
    }
    from->done(200, out + "]");
  });
}

namespace {

/// A time of the query, or `otherwise` when it is absent.
timestamp_ns take_time(query_reader& query, std::string_view name, timestamp_ns otherwise) {
  const auto text = query.text(name);
  if (text.empty()) return otherwise;
  const auto time = parse_time(text);
  if (!time) query.refuse(name, "must be a UTC time, as 2030-01-31T12:00:00Z");
  return time.value_or(otherwise);
}

} // namespace

void get_statement(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto start = take_time(query, "from", {});
  const auto now = at.now();
  const auto end = take_time(query, "to", {INT64_MAX}); // what is booked in this very moment counts
  if (query.ok() && end < start) query.refuse("to", "must not be before from");
  if (!query.ok()) return;
  using rows = std::vector<storage::statement_row>;
  at.read_current<rows>(
    from,
    [account = from->account, start, end](storage::read_models& models) {
      return models.statement_of(account, start, end);
    },
    [from, start, end = std::min(end, now)](const rows& found) {
      from->done(200, statement_json(from->account, start, end, found));
    });
}

} // namespace rialto::net
