// A user with play money at one click. Made as any other: registered, money moved in against
// "external", logged in; nobody learns the password.
#include "net/api/auth.hpp"
#include "net/api/handlers.hpp"
#include "net/auth/passwords.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

namespace rialto::net {

namespace {

std::string random_name() {
  static constexpr std::string_view letters = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string name;
  for (int i = 0; i < 8; ++i)
    name += letters[randombytes_uniform(static_cast<std::uint32_t>(letters.size()))];
  return name;
}

std::optional<std::string> hash_of_nobodys_password() {
  std::array<char, 32> random{};
  randombytes_buf(random.data(), random.size());
  return hash_password({random.data(), random.size()});
}

/// Moves the money in; the answer goes out when every transfer is durable.
void give_money(desk& at, const call_ptr& from, const register_user& made) {
  const credentials_view known{made.id, made.password_hash, made.role, false};
  const auto money = demo_money(*at.gate().markets());
  if (money.empty()) return start_session_of(at, from, known, 201);
  const auto left = std::make_shared<std::size_t>(money.size());
  for (const auto& one : money) {
    const transfer command{transfer_kind::deposit, one.asset, one.amount,
                           fmt::format("demo:{}/{}", made.first_account.value, one.asset)};
    at.ask(from, made.first_account, at.to_account(command), [&at, from, known, left](outcome&) {
      if (--*left == 0) start_session_of(at, from, known, 201);
    });
  }
}

} // namespace

void post_demo(desk& at, const call_ptr& from, json_object&) {
  if (!at.settings().is_demo) return from->fail(request_error::demo_off);
  if (!at.demo_quota().take(at.now())) {
    auto row = problem_of(request_error::too_many_requests);
    row.retry_after_s = static_cast<int>(daily_quota::seconds_left(at.now()));
    return from->fail({row, fmt::format("{} demo users a day", desk::demo_users_a_day)});
  }
  auto& gate = at.gate();
  at.hash<std::optional<register_user>>(
    from,
    [&gate]() -> std::optional<register_user> {
      auto hash = hash_of_nobodys_password();
      if (!hash) return {};
      return register_user{{gate.next_id("user")},
                           "demo-" + random_name() + "@demo.invalid",
                           std::move(*hash),
                           user_role::trader,
                           {gate.next_id("account")}};
    },
    [&at, from](const std::optional<register_user>& made) {
      if (!made) return from->fail(request_error::too_many_pending);
      at.ask(from, made->id, user_command{*made},
             [&at, from, made = *made](outcome&) {
               at.when_open(made.first_account, [&at, from, made] { give_money(at, from, made); });
             },
             {{"email:" + made->email, made->id}});
    });
}

} // namespace rialto::net
