// Who has a login: the list, and shutting one out.
#include "domain/time_text.hpp"
#include "domain/words.hpp"
#include "net/api/handlers.hpp"
#include "net/api/order_json.hpp"
#include "net/api/query.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

constexpr std::size_t search_bytes_max = 254; // of the longest address

std::string admin_user_json(const storage::user_row& row) {
  return fmt::format(
    R"({{"user_id":{},"email":{},"role":"{}","status":"{}","created_at":"{}","accounts":{}}})",
    row.user.value, json_text(row.email), to_text(row.role), to_text(row.status),
    format_time(row.created_at), accounts_json(row.accounts));
}

std::optional<user_status> parse_user_status(std::string_view text) {
  for (const auto one : {user_status::active, user_status::disabled})
    if (to_text(one) == text) return one;
  return {};
}

void change_status(desk& at, const call_ptr& from, user_id user, const change_user_status& wish,
                   const std::shared_ptr<const void>& turn) {
  at.ask(user, user_command{wish}, [from, turn](actors::answer& came) {
    const failure unknown{request_error::user_not_found, {}, "user_id"};
    if (came.how == actors::delivery::no_such_entity) return from->fail(unknown);
    if (came.how != actors::delivery::done) return from->fail(problem_of(came.how));
    if (const auto* no = std::get_if<rejection>(&came.result))
      return from->fail(no->reason == reject_reason::unknown_account ? unknown : failure_of(*no));
    const auto* view = std::get_if<user_view>(&came.result);
    if (view == nullptr) return from->fail(request_error::internal);
    from->done(200, admin_user_json({view->id, view->email, view->role, view->created_at,
                                     view->status, view->accounts}));
  });
}

} // namespace

void get_users(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto page = query.page();
  std::string search(query.text("search"));
  if (search.size() > search_bytes_max) query.refuse("search", "must be at most 254 bytes");
  if (!query.ok()) return;
  for (auto& c : search) // addresses are kept in lower case
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  using rows = storage::page<storage::user_row>;
  at.read_current<rows>(
    from, [search, page](storage::read_models& models) { return models.users(search, page); },
    [from](const rows& found) {
      from->done(200, page_json(found.rows, found.next, admin_user_json));
    });
}

/// One change at a time, by an administrator who is active while it is made and never of himself: so
/// there is always one left.
void patch_user(desk& at, const call_ptr& from, json_object& body) {
  query_reader query(from);
  const user_id user{query.path_number(0, "user_id", request_error::user_not_found)};
  if (!query.ok()) return;
  const auto status = parse_user_status(body.text("status"));
  if (!status) body.refuse("status", "must be one of active, disabled");
  if (!body.done()) return from->fail(body.why());
  const auto turn = at.take_user_turn();
  if (!turn) return from->fail(request_error::too_many_pending);
  const auto by = from->who->user->view.id;
  const change_user_status wish{*status, by};
  at.ask(from, by, user_command{check_session{from->who->id}},
         [&at, from, user, wish, turn](outcome& result) {
           const auto* view = std::get_if<session_view>(&result);
           if (view == nullptr || !view->active) return from->fail(reject_reason::session_ended);
           change_status(at, from, user, wish, turn);
         });
}

} // namespace rialto::net
