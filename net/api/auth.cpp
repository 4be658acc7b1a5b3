// Register, log in, refresh, log out. Passwords are hashed and compared on the password threads;
// the user entity decides, and counts what failed.
#include "net/api/auth.hpp"

#include "domain/assert.hpp"
#include "net/api/handlers.hpp"
#include "net/api/order_json.hpp"
#include "net/auth/passwords.hpp"
#include "net/auth/refresh_token.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

constexpr std::size_t password_bytes_max = 1'024, email_bytes_max = 254;

struct new_user {
  register_user command;
  bool is_taken = false, has_memory = true;
};

/// The answer to a login or a refresh.
std::string tokens_json(desk& at, const session_view& view, const refresh_token& refresh) {
  const access_claims claims{view.user.id, view.session, view.user.role, at.now_s(),
                             at.now_s() + at.settings().access_token_s};
  return fmt::format(
    R"({{"access_token":"{}","refresh_token":"{}","token_type":"Bearer","expires_in":{}}})",
    at.signer().sign(claims), to_text(refresh), at.settings().access_token_s);
}

timestamp_ns refresh_expiry(desk& at) {
  return {at.now().value + at.settings().refresh_token_s * 1'000'000'000};
}

void check_password(desk& at, const call_ptr& from, const credentials_view& known,
                    const std::string& password) {
  at.hash<bool>(
    from, [hash = known.password_hash, password] { return verify_password(hash, password); },
    [&at, from, known](bool is_right) {
      if (is_right) return start_session_of(at, from, known);
      // Answers wrong_credentials, or user_locked when this was one too many.
      at.ask(from, known.id, user_command{note_failed_login{}},
             [from](outcome&) { from->fail(reject_reason::wrong_credentials); });
    });
}

/// Nobody has this address: the same work and the same words as for a wrong password.
void refuse_stranger(desk& at, const call_ptr& from, const std::string& password) {
  at.hash<bool>(
    from,
    [password] {
      waste_time_like_verify(password);
      return false;
    },
    [from](bool) { from->fail(reject_reason::wrong_credentials); });
}

} // namespace

void start_session_of(desk& at, const call_ptr& from, const credentials_view& known, int status) {
  auto refresh = make_refresh_token(known.id, at.gate().next_id("session"));
  const start_session command{refresh.session, hash_of(refresh), known.password_hash,
                              refresh_expiry(at)};
  at.ask(from, known.id, user_command{command}, [&at, from, refresh, status](outcome& result) {
    const auto* view = std::get_if<session_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    from->done(status, tokens_json(at, *view, refresh));
  });
}

void post_register(desk& at, const call_ptr& from, json_object& body) {
  if (!at.settings().takes_registrations) return from->fail(request_error::registration_off);
  const auto email_text = body.text("email", email_bytes_max);
  const std::string password(body.text("password", password_bytes_max));
  const auto email = normal_email(email_text);
  if (body.ok() && !email) body.refuse("email", "must be an e-mail address, as name@example.org");
  if (body.ok())
    if (const auto fault = password_fault(password, email_text); !fault.empty())
      body.fail({request_error::weak_password, "password " + fault, "password"});
  if (!body.done()) return from->fail(body.why());

  auto& gate = at.gate();
  at.hash<new_user>(
    from,
    [&gate, email = *email, password] {
      new_user made;
      if (gate.find_claim("email:" + email)) {
        made.is_taken = true;
        return made;
      }
      auto hash = hash_password(password);
      made.has_memory = hash.has_value();
      if (!hash) return made;
      made.command = {{gate.next_id("user")},
                      email,
                      std::move(*hash),
                      user_role::trader,
                      {gate.next_id("account")}};
      return made;
    },
    [&at, from](const new_user& made) {
      const failure taken{reject_reason::already_exists, "email is registered already", "email"};
      if (made.is_taken) return from->fail(taken);
      if (!made.has_memory) return from->fail(request_error::too_many_pending);
      const auto user = made.command.id;
      const auto first = made.command.first_account;
      at.ask(user, user_command{made.command},
             [&at, from, user, first, taken](actors::answer& came) {
               if (came.how == actors::delivery::claim_taken) return from->fail(taken);
               if (came.how != actors::delivery::done) return from->fail(problem_of(came.how));
               if (const auto* no = std::get_if<rejection>(&came.result))
                 return from->fail(failure_of(*no));
               at.when_open(first, [from, user, first] {
                 from->done(201, fmt::format(R"({{"user_id":{},"account_id":{}}})", user.value,
                                             first.value));
               });
             },
             {{"email:" + made.command.email, user}});
    });
}

void post_login(desk& at, const call_ptr& from, json_object& body) {
  const auto email = normal_email(body.text("email", email_bytes_max));
  const std::string password(body.text("password", password_bytes_max));
  if (!body.done()) return from->fail(body.why());
  if (!email) return refuse_stranger(at, from, password);
  auto& gate = at.gate();
  at.hash<std::optional<entity_id>>(
    from, [&gate, email = *email] { return gate.find_claim("email:" + email); },
    [&at, from, password](const std::optional<entity_id>& owner) {
      if (!owner) return refuse_stranger(at, from, password);
      at.ask(from, *owner, user_command{get_credentials{}}, [&at, from, password](outcome& result) {
        const auto* known = std::get_if<credentials_view>(&result);
        if (known == nullptr) return from->fail(request_error::internal);
        if (known->locked) return from->fail(reject_reason::user_locked);
        check_password(at, from, *known, password);
      });
    });
}

void post_refresh(desk& at, const call_ptr& from, json_object& body) {
  const auto old = parse_refresh_token(body.text("refresh_token"));
  if (body.ok() && !old)
    body.fail({reject_reason::session_ended, "refresh_token is not one of ours", "refresh_token"});
  if (!body.done()) return from->fail(body.why());
  const auto next = make_refresh_token(old->user, old->session);
  const rotate_session command{old->session, hash_of(*old), hash_of(next), refresh_expiry(at)};
  at.ask(old->user, user_command{command}, [&at, from, next](actors::answer& came) {
    const failure ended{reject_reason::session_ended, {}, "refresh_token"};
    if (came.how == actors::delivery::no_such_entity) return from->fail(ended);
    if (came.how != actors::delivery::done) return from->fail(problem_of(came.how));
    const auto* view = std::get_if<session_view>(&came.result);
    if (view == nullptr) return from->fail(ended);
    at.forget_session(view->session); // its expiry has moved
    from->done(200, tokens_json(at, *view, next));
  });
}

void post_logout(desk& at, const call_ptr& from, json_object& body) {
  if (!body.done()) return from->fail(body.why());
  const auto id = from->who->id;
  at.ask(from, from->who->user->view.id, user_command{end_session{id}}, [&at, from, id](outcome&) {
    at.forget_session(id);
    from->done(204, {});
  });
}

} // namespace rialto::net
