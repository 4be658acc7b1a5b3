// The actors of this node, for whoever runs it: which there are, who is below whom, what failed.
#include "domain/time_text.hpp"
#include "net/api/handlers.hpp"
#include "net/api/order_json.hpp"
#include "net/api/query.hpp"
#include "runtime/actor_registry.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

constexpr int registry_reads_max = 20; // an actor just activated is listed within milliseconds
constexpr std::int64_t registry_wait_ns = 10'000'000;

void put_row(std::string& out, const runtime::actor_info& row) {
  out += fmt::format(
    R"({{"name":{},"kind":{},"parent":{},"status":"{}","mailbox":{},"messages":{},)"
    R"("failures":{},"last_failure":{},"started_at":)",
    json_text(row.name), json_text(row.kind), row.parent.empty() ? "null" : json_text(row.parent),
    row.is_failed ? "failed" : "running", row.mailbox, row.handled, row.restarts,
    row.last_failure.empty() ? "null" : json_text(row.last_failure));
  if (row.started_at.value == 0)
    out += "null";
  else
    out += json_text(format_time(row.started_at));
}

/// What wakes an entity without changing it.
actors::entity_command look_at(desk& at, entity_id id) {
  switch (id.kind()) {
  case entity_kind::user: return user_command{get_user{}};
  case entity_kind::market: return market_command{get_market{}};
  case entity_kind::account: return at.to_account(get_balances{});
  case entity_kind::order: return at.to_account(get_order{{id.number()}});
  case entity_kind::none: break;
  }
  return {};
}

void answer_with_row(desk& at, const call_ptr& from, const std::string& name,
                     const std::optional<order_view>& order, int reads) {
  const auto row = at.settings().actors->find(name);
  if (!row) {
    if (reads == 0) return from->fail({request_error::actor_not_found, {}, "number"});
    return at.later(registry_wait_ns, [&at, from, name, order, reads] {
      answer_with_row(at, from, name, order, reads - 1);
    });
  }
  std::string out;
  put_row(out, *row);
  if (order) {
    out += R"(,"order":)";
    out += order_json(*order, *at.gate().markets());
  }
  from->done(200, out + "}");
}

} // namespace

void get_actors(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto page = query.page();
  if (!query.ok()) return;
  const auto rows =
    at.settings().actors->list({std::string(query.text("kind")), std::string(query.text("parent")),
                                page.cursor, page.limit + std::size_t{1}});
  const bool has_more = rows.size() > page.limit;
  const std::span shown(rows.data(), has_more ? page.limit : rows.size());
  from->done(200, page_json(shown, has_more ? shown.back().name : "", [](const auto& row) {
               std::string out;
               put_row(out, row);
               return out + "}";
             }));
}

void get_actor(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto number = query.path_number(1, "number", request_error::actor_not_found);
  if (!query.ok()) return;
  const auto name = from->path_values.at(0) + "/" + std::to_string(number);
  const auto id = parse_entity_id(name);
  if (!id)
    return from->fail(
      {request_error::actor_not_found, "kind must be user, account, market or order", "kind"});
  // Asking activates it; what has no such entity has no such actor either.
  at.ask(id, look_at(at, id), [&at, from, name](actors::answer& came) {
    if (came.how == actors::delivery::no_such_entity)
      return from->fail({request_error::actor_not_found, {}, "number"});
    std::optional<order_view> order;
    if (const auto* const view = std::get_if<order_view>(&came.result)) order = *view;
    // One that is given up does not answer, but is listed.
    answer_with_row(at, from, name, order,
                    came.how == actors::delivery::done ? registry_reads_max : 0);
  });
}

} // namespace rialto::net
