// API keys of a user: made, found, revoked, past their time; replay and snapshot agree.
#include "domain/user.hpp"

#include <doctest/doctest.h>

using namespace rialto;

namespace {

/// A user with the accounts 17 and 18; invariants hold after every step.
struct key_owner {
  static constexpr user_id id{9};
  user machine{entity_id{id}};
  timestamp_ns now{1'700'000'000'000'000'000};
  std::vector<user_event> events;
  std::vector<timestamp_ns> times;
  std::vector<addressed_message> posts;

  key_owner() {
    (void)ask(register_user{id, "a@example.org", "pw", user_role::trader, {17}});
    (void)ask(add_account{{18}, "bot"});
    (void)published();
  }
  outcome ask(const user_command& cmd) {
    now.value += 1'000;
    auto result = machine.execute(cmd, now, events, posts);
    times.resize(events.size(), now);
    machine.check_invariants();
    return result;
  }
  reject_reason why(const user_command& cmd) {
    const auto result = ask(cmd);
    const auto* no = std::get_if<rejection>(&result);
    return no == nullptr ? reject_reason::none : no->reason;
  }
  std::vector<user_publication> published() {
    std::vector<publication> out;
    machine.publish(now, out);
    std::vector<user_publication> mine;
    for (const auto& one : out) mine.push_back(std::get<user_publication>(one));
    return mine;
  }
  std::vector<std::string> names() {
    const auto view = std::get<api_keys_view>(ask(get_api_keys{}));
    std::vector<std::string> all;
    for (const auto& one : view.keys) all.push_back(one.key);
    return all;
  }
  /// Every event again, and a snapshot, give the same state.
  void check_replay() const {
    user again{entity_id{id}};
    std::vector<addressed_message> reposted;
    for (std::size_t i = 0; i < events.size(); ++i) again.apply(events[i], times[i], reposted);
    CHECK(again.state_hash() == machine.state_hash());
    std::string bytes;
    byte_writer out(bytes);
    machine.encode(out);
    user copy{entity_id{id}};
    byte_reader in(bytes);
    copy.decode(in);
    CHECK(in.done());
    CHECK(copy.state_hash() == machine.state_hash());
  }
};

api_key_record wish(const std::string& key, account_id account = {17}) {
  api_key_record one;
  one.key = key;
  one.label = "bot";
  one.scopes = {true, true, false};
  one.ip_allow = {"192.0.2.0/24"};
  one.secret = "sealed";
  one.account = account;
  return one;
}

} // namespace

TEST_CASE("user: an API key is kept as it was made, with the time it was made at") {
  key_owner it;
  const auto made = std::get<api_key_view>(it.ask(add_api_key{wish("k1", {18})}));
  auto expected = wish("k1", {18});
  expected.created_at = it.now;
  CHECK(made.what == expected);
  CHECK(made.user.id == key_owner::id);
  CHECK(std::get<api_key_view>(it.ask(get_api_key{"k1"})).what == expected);
  CHECK(it.published().empty()); // nobody held it before
  it.check_replay();
}

TEST_CASE("user: an API key that may not be is refused, and nothing happens") {
  key_owner it;
  CHECK(it.why(add_api_key{wish("k1")}) == reject_reason::none);
  const auto events = it.events.size();
  auto past = wish("k2");
  past.expires_at = {it.now.value + 1'000}; // the very moment it is decided at
  CHECK(it.why(add_api_key{past}) == reject_reason::api_key_expired);
  CHECK(it.why(add_api_key{wish("k1")}) == reject_reason::already_exists);
  CHECK(it.why(add_api_key{wish("")}) == reject_reason::already_exists);
  CHECK(it.why(add_api_key{wish("k2", {19})}) == reject_reason::unknown_account);
  CHECK(it.why(revoke_api_key{"k2"}) == reject_reason::unknown_api_key);
  CHECK(it.why(get_api_key{"k2"}) == reject_reason::unknown_api_key);
  CHECK(it.events.size() == events);

  user nobody{entity_id{user_id{7}}};
  std::vector<user_event> none;
  const auto result = nobody.execute(add_api_key{wish("k1")}, it.now, none, it.posts);
  CHECK(std::get<rejection>(result).reason == reject_reason::unknown_account);
  CHECK(none.empty());
}

TEST_CASE("user: fifty API keys, and room again when one is revoked") {
  key_owner it;
  for (std::size_t i = 0; i < user::api_keys_max; ++i)
    CHECK(it.why(add_api_key{wish("key" + std::to_string(i))}) == reject_reason::none);
  CHECK(it.why(add_api_key{wish("more")}) == reject_reason::too_many_api_keys);
  CHECK(it.why(revoke_api_key{"key7"}) == reject_reason::none);
  CHECK(it.why(add_api_key{wish("more")}) == reject_reason::none);
  CHECK(it.names().size() == user::api_keys_max);
  CHECK(it.names().back() == "more");
  it.check_replay();
}

TEST_CASE("user: a revoked API key is gone, and every edge is told") {
  key_owner it;
  (void)it.ask(add_api_key{wish("k1")});
  (void)it.ask(add_api_key{wish("k2")});
  const auto was = std::get<api_key_view>(it.ask(revoke_api_key{"k1"}));
  CHECK(was.what.key == "k1");
  const auto told = it.published();
  REQUIRE(told.size() == 1);
  CHECK(told[0].ended_api_key == "k1");
  CHECK(told[0].ended_session == 0);
  CHECK(told[0].user == key_owner::id);
  CHECK(it.why(get_api_key{"k1"}) == reject_reason::unknown_api_key);
  CHECK(it.names() == std::vector<std::string>{"k2"});
  it.check_replay();
}

TEST_CASE("user: an API key works until its time, and is listed afterwards") {
  key_owner it;
  auto brief = wish("k1");
  brief.expires_at = {it.now.value + 5'000};
  CHECK(it.why(add_api_key{brief}) == reject_reason::none); // + 1,000
  CHECK(it.why(get_api_key{"k1"}) == reject_reason::none);
  it.now = {brief.expires_at.value - 1'001};
  CHECK(it.why(get_api_key{"k1"}) == reject_reason::none); // a nanosecond before
  it.now = {brief.expires_at.value - 1'000};
  CHECK(it.why(get_api_key{"k1"}) == reject_reason::api_key_expired);
  CHECK(it.names() == std::vector<std::string>{"k1"});
}

TEST_CASE("user: a disabled user's API keys do not work, every edge is told, and they come back") {
  key_owner it;
  (void)it.ask(add_api_key{wish("k1")});
  (void)it.ask(add_api_key{wish("k2")});
  (void)it.ask(change_user_status{user_status::disabled, {1}});
  std::vector<std::string> ended;
  for (const auto& one : it.published())
    if (!one.ended_api_key.empty()) ended.push_back(one.ended_api_key);
  CHECK(ended == std::vector<std::string>{"k1", "k2"});
  CHECK(it.why(get_api_key{"k1"}) == reject_reason::user_disabled);
  CHECK(it.why(add_api_key{wish("k3")}) == reject_reason::user_disabled);
  CHECK(it.why(revoke_api_key{"k2"}) == reject_reason::none); // his administrator may want that
  (void)it.ask(change_user_status{user_status::active, {1}});
  CHECK(it.why(get_api_key{"k1"}) == reject_reason::none);
  CHECK(it.why(get_api_key{"k2"}) == reject_reason::unknown_api_key);
  it.check_replay();
}
