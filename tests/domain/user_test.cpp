#include "domain/assert.hpp"
#include "domain/user.hpp"
#include "tests/domain/market_fixture.hpp"
#include "tests/simulation/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>

using namespace rialto;
using rialto::testing::seeds;

namespace {

constexpr std::int64_t minute = 60'000'000'000;

/// "t7". (GCC 12 warns falsely about "t" + std::to_string(7).)
std::string token_name(std::uint64_t number) {
  std::string text("t");
  text += std::to_string(number);
  return text;
}

/// A user under test: invariants hold after every step, and a replay is the same.
class user_under_test {
public:
  static constexpr user_id id{9};

  outcome ask(const user_command& cmd) {
    now.value += 1'000;
    first = events.size();
    first_post = posts.size();
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
  template <class View>
  View get(const user_command& cmd) {
    const auto result = ask(cmd);
    REQUIRE(std::holds_alternative<View>(result));
    return std::get<View>(result);
  }
  void sign_up() {
    (void)get<user_view>(register_user{id, "a@example.org", "pw", user_role::trader, {17}});
  }
  [[nodiscard]] start_session login(std::uint64_t session, const std::string& token = "t0") const {
    return {session, token, "pw", {now.value + 60 * minute}};
  }
  [[nodiscard]] rotate_session trade(std::uint64_t session, const std::string& token,
                                     const std::string& next) const {
    return {session, token, next, {now.value + 60 * minute}};
  }
  bool is_active(std::uint64_t session) { return get<session_view>(check_session{session}).active; }
  [[nodiscard]] std::size_t event_count() const { return events.size() - first; }
  std::vector<user_publication> published() {
    std::vector<publication> out;
    machine.publish(now, out);
    std::vector<user_publication> mine;
    for (const auto& one : out) mine.push_back(std::get<user_publication>(one));
    return mine;
  }
  void check_replay() const {
    user again(id);
    std::vector<addressed_message> reposted;
    for (std::size_t i = 0; i < events.size(); ++i) again.apply(events[i], times[i], reposted);
    CHECK(again.state_hash() == machine.state_hash());
    CHECK(reposted.size() == posts.size());
    std::vector<publication> told;
    again.publish(now, told);
    CHECK(told.empty());

    std::string bytes;
    byte_writer out(bytes);
    machine.encode(out);
    user copy(id);
    byte_reader in(bytes);
    copy.decode(in);
    CHECK(in.done());
    CHECK(copy.state_hash() == machine.state_hash());
  }

  user machine{id};
  timestamp_ns now{1'700'000'000'000'000'000};
  std::vector<user_event> events;
  std::vector<timestamp_ns> times;
  std::vector<addressed_message> posts;
  std::size_t first = 0, first_post = 0;
};

} // namespace

TEST_CASE("user: registers once and opens its first account") {
  user_under_test it;
  CHECK(it.machine.is_blank());
  CHECK(it.why(get_user{}) == reject_reason::unknown_account);
  CHECK(it.why(get_credentials{}) == reject_reason::wrong_credentials);
  CHECK(it.why(it.login(1)) == reject_reason::wrong_credentials);
  CHECK(it.why(note_failed_login{}) == reject_reason::wrong_credentials);
  CHECK(it.why(add_account{{18}, "x"}) == reject_reason::unknown_account);
  CHECK(it.events.empty());

  const auto view =
    it.get<user_view>(register_user{it.id, "a@example.org", "pw", user_role::admin, {17}});
  CHECK(view.id == it.id);
  CHECK(view.email == "a@example.org");
  CHECK(view.role == user_role::admin);
  CHECK(view.created_at == it.now);
  REQUIRE(view.accounts.size() == 1);
  CHECK(view.accounts[0].label == "main");
  CHECK(it.event_count() == 2);
  REQUIRE(it.posts.size() == 1);
  CHECK(it.posts[0].to == entity_id{account_id{17}});
  const auto& opened = std::get<open_account>(it.posts[0].body);
  CHECK(opened.account == account_id{17});
  CHECK(opened.owner == it.id);
  CHECK(opened.label == "main");

  CHECK(it.why(register_user{it.id, "b@example.org", "pw", user_role::trader, {18}}) ==
        reject_reason::already_exists);
  CHECK(it.event_count() == 0);
  CHECK(it.get<credentials_view>(get_credentials{}).password_hash == "pw");
  it.check_replay();
}

TEST_CASE("user: adds accounts up to fifty") {
  user_under_test it;
  it.sign_up();
  CHECK(it.why(add_account{{17}, "again"}) == reject_reason::already_exists);
  CHECK(it.why(add_account{{0}, "none"}) == reject_reason::already_exists);
  for (std::uint64_t i = 1; i < user::accounts_max; ++i) {
    const auto view = it.get<user_view>(add_account{{100 + i}, "more"});
    CHECK(view.accounts.size() == i + 1);
    CHECK(it.posts.back().to == entity_id{account_id{100 + i}});
  }
  CHECK(it.why(add_account{{999}, "one too many"}) == reject_reason::too_many_accounts);
  const auto told = it.published();
  REQUIRE(told.size() == user::accounts_max);
  CHECK(told.back().accounts.size() == user::accounts_max);
  CHECK(told.back().ended_session == 0);
  it.check_replay();
}

TEST_CASE("user: a session starts, is known, ends, and every edge is told") {
  user_under_test it;
  it.sign_up();
  const auto view = it.get<session_view>(it.login(5));
  CHECK(view.active);
  CHECK(view.session == 5);
  CHECK(view.expires_at.value == it.now.value + 60 * minute - 1'000);
  CHECK(view.user.accounts.size() == 1);
  CHECK(it.is_active(5));
  CHECK_FALSE(it.is_active(6));
  CHECK(it.why(it.login(5)) == reject_reason::already_exists);
  (void)it.published();
  CHECK_FALSE(it.get<session_view>(end_session{5}).active);
  CHECK_FALSE(it.is_active(5));
  const auto told = it.published();
  REQUIRE(told.size() == 1);
  CHECK(told[0].user == it.id);
  CHECK(told[0].ended_session == 5);
  CHECK(told[0].accounts.size() == 1);
  CHECK_FALSE(it.get<session_view>(end_session{5}).active); // again: nothing to do
  CHECK(it.event_count() == 0);
  it.check_replay();
}

TEST_CASE("user: a login with another than the stored password hash starts nothing") {
  user_under_test it;
  it.sign_up();
  auto wrong = it.login(1);
  wrong.password_hash = "former";
  CHECK(it.why(wrong) == reject_reason::wrong_credentials);
  auto late = it.login(1);
  late.expires_at = it.now;
  CHECK(it.why(late) == reject_reason::session_ended);
  CHECK(it.events.size() == 2);
}

TEST_CASE("user: the 21st live session closes the oldest") {
  user_under_test it;
  it.sign_up();
  for (std::uint64_t i = 1; i <= 20; ++i) (void)it.get<session_view>(it.login(i));
  CHECK(it.is_active(1));
  (void)it.published();
  CHECK(it.get<session_view>(it.login(21)).active);
  CHECK(it.event_count() == 2);
  CHECK_FALSE(it.is_active(1));
  CHECK(it.is_active(2));
  const auto told = it.published();
  REQUIRE(told.size() == 1);
  CHECK(told[0].ended_session == 1);

  it.now.value += 61 * minute; // all expired: there is room
  CHECK_FALSE(it.is_active(21));
  (void)it.get<session_view>(it.login(22));
  CHECK(it.event_count() == 1);
  it.check_replay();
}

TEST_CASE("user: a refresh token works once; a traded one ends its session") {
  user_under_test it;
  it.sign_up();
  (void)it.get<session_view>(it.login(1, "a"));
  (void)it.get<session_view>(it.login(2, "other"));
  const auto next = it.get<session_view>(it.trade(1, "a", "b"));
  CHECK(next.active);
  CHECK(next.expires_at.value == it.now.value + 60 * minute - 1'000);
  (void)it.get<session_view>(it.trade(1, "b", "c"));
  // A stranger's guess ends nothing.
  CHECK(it.why(it.trade(1, "guess", "x")) == reject_reason::session_ended);
  CHECK(it.event_count() == 0);
  CHECK(it.is_active(1));
  (void)it.published();
  CHECK(it.why(it.trade(1, "a", "x")) == reject_reason::session_ended);
  REQUIRE(it.event_count() == 1);
  CHECK(std::get<session_closed>(it.events.back()).token_reused);
  CHECK(it.published().at(0).ended_session == 1);
  CHECK(it.why(it.trade(1, "c", "d")) == reject_reason::session_ended); // the thief's neither
  CHECK(it.is_active(2));
  CHECK(it.why(it.trade(3, "a", "b")) == reject_reason::session_ended);
  it.check_replay();
}

TEST_CASE("user: traded tokens are remembered up to their bound") {
  user_under_test it;
  it.sign_up();
  const auto& name = token_name;
  (void)it.get<session_view>(it.login(1, name(0)));
  for (std::size_t i = 0; i <= user::former_max; ++i)
    (void)it.get<session_view>(it.trade(1, name(i), name(i + 1)));
  CHECK(it.why(it.trade(1, name(0), "x")) == reject_reason::session_ended);
  CHECK(it.event_count() == 0); // forgotten: refused, no more
  it.check_replay();
  CHECK(it.why(it.trade(1, name(1), "x")) == reject_reason::session_ended);
  CHECK(it.event_count() == 1);
}

TEST_CASE("user: an expired session cannot be refreshed") {
  user_under_test it;
  it.sign_up();
  const auto started = it.login(1, "a");
  (void)it.get<session_view>(started);
  it.now = {started.expires_at.value - 1'001};
  CHECK(it.is_active(1));
  CHECK_FALSE(it.is_active(1)); // a microsecond later: the very end
  CHECK(it.why(it.trade(1, "a", "b")) == reject_reason::session_ended);
  CHECK(it.event_count() == 0);
}

TEST_CASE("user: ten failed logins within fifteen minutes lock for fifteen minutes") {
  user_under_test it;
  it.sign_up();
  for (int i = 0; i < 9; ++i)
    CHECK(it.why(note_failed_login{}) == reject_reason::wrong_credentials);
  it.now.value += 16 * minute; // too long ago
  for (int i = 0; i < 9; ++i)
    CHECK(it.why(note_failed_login{}) == reject_reason::wrong_credentials);
  CHECK_FALSE(it.get<credentials_view>(get_credentials{}).locked);
  CHECK(it.why(note_failed_login{}) == reject_reason::user_locked);
  const auto locked_at = it.now;
  CHECK(it.get<credentials_view>(get_credentials{}).locked);
  CHECK(it.why(it.login(1)) == reject_reason::user_locked);
  CHECK(it.why(note_failed_login{}) == reject_reason::user_locked);
  CHECK(it.event_count() == 0); // a locked user's journal does not grow
  it.check_replay();
  it.now = {locked_at.value + 15 * minute - 2'000};
  CHECK(it.why(it.login(1)) == reject_reason::user_locked);
  CHECK(it.why(it.login(1)) == reject_reason::none);
  // A good login forgets the failures.
  for (int i = 0; i < 9; ++i) (void)it.ask(note_failed_login{});
  (void)it.get<session_view>(it.login(2));
  for (int i = 0; i < 9; ++i)
    CHECK(it.why(note_failed_login{}) == reject_reason::wrong_credentials);
  it.check_replay();
}

TEST_CASE("user: who is disabled loses every session at once and gets none") {
  user_under_test it;
  const user_id admin{1};
  CHECK(it.why(change_user_status{user_status::disabled, admin}) == reject_reason::unknown_account);
  it.sign_up();
  for (std::uint64_t id = 1; id <= 3; ++id) (void)it.get<session_view>(it.login(id, "t0"));
  (void)it.published();

  const auto view = it.get<user_view>(change_user_status{user_status::disabled, admin});
  CHECK(view.status == user_status::disabled);
  REQUIRE(it.event_count() == 1);
  CHECK(std::get<user_status_changed>(it.events.back()).by == admin);
  std::vector<std::uint64_t> ended;
  for (const auto& one : it.published()) ended.push_back(one.ended_session);
  CHECK(ended == std::vector<std::uint64_t>{1, 2, 3});
  for (std::uint64_t id = 1; id <= 3; ++id) CHECK_FALSE(it.is_active(id));
  CHECK(it.why(it.trade(1, "t0", "t1")) == reject_reason::session_ended);
  CHECK(it.why(add_account{{18}, "x"}) == reject_reason::user_disabled);
  it.check_replay();

  // Only the right password learns why, and wrong ones are counted as ever.
  CHECK(it.why(it.login(4)) == reject_reason::user_disabled);
  auto wrong = it.login(4);
  wrong.password_hash = "other";
  CHECK(it.why(wrong) == reject_reason::wrong_credentials);
  for (int i = 0; i < 9; ++i)
    CHECK(it.why(note_failed_login{}) == reject_reason::wrong_credentials);
  CHECK(it.why(note_failed_login{}) == reject_reason::user_locked);
  it.now.value += 16 * minute;

  (void)it.get<user_view>(change_user_status{user_status::disabled, admin});
  CHECK(it.event_count() == 0); // it is so already
  CHECK(it.get<user_view>(change_user_status{user_status::active, admin}).status ==
        user_status::active);
  CHECK(it.event_count() == 1);
  CHECK(it.published().empty());
  CHECK(it.why(it.trade(1, "t0", "t1")) == reject_reason::session_ended); // old sessions stay ended
  CHECK(it.get<session_view>(it.login(5)).active);
  it.check_replay();
}

TEST_CASE("user: nobody changes his own status") {
  user_under_test it;
  it.sign_up();
  CHECK(it.why(change_user_status{user_status::disabled, it.id}) == reject_reason::own_user);
  CHECK(it.why(change_user_status{user_status::active, it.id}) == reject_reason::own_user);
  CHECK(it.event_count() == 0);
}

TEST_CASE("user: a snapshot's status is one that there is, and a disabled user has no session") {
  user_under_test it;
  it.sign_up();
  (void)it.ask(it.login(1));
  std::string bytes;
  byte_writer out(bytes);
  it.machine.encode(out);
  const auto status_at = bytes.size() - 5; // before the number of API keys
  for (const char status : {'\0', '\2', '\3'}) {
    bytes[status_at] = status;
    user refused(it.id);
    byte_reader damaged(bytes);
    refused.decode(damaged);
    CHECK(damaged.failed());
  }
}

TEST_CASE("user: messages of links change nothing") {
  user_under_test it;
  it.sign_up();
  const auto before = it.machine.state_hash();
  const auto count = it.events.size();
  CHECK(std::holds_alternative<done>(
    it.machine.handle(cancel_order{}, market_id{1}, {}, it.now, it.events, it.posts)));
  CHECK(it.events.size() == count);
  CHECK(it.machine.state_hash() == before);
}

TEST_CASE("user: any session of commands is what a plain list of sessions says") {
  struct plain {
    std::uint64_t id;
    std::vector<std::string> tokens; // the last is the good one
    std::int64_t until;
  };
  for (const auto seed : seeds(100)) {
    CAPTURE(seed);
    simulation::random throws(seed);
    user_under_test it;
    it.sign_up();
    std::deque<plain> model;
    std::uint64_t next_session = 1, next_token = 0;
    const auto live = [&](const plain& one) { return it.now.value < one.until; };
    for (int step = 0; step < 400; ++step) {
      it.now.value += throws.between(0, 3 * minute);
      const auto pick = 1 + throws.below(next_session);
      const auto mine =
        std::find_if(model.begin(), model.end(), [&](const plain& one) { return one.id == pick; });
      switch (throws.below(4)) {
      case 0: {
        const auto token = token_name(++next_token);
        const auto result = it.get<session_view>(it.login(next_session, token));
        CHECK(result.active);
        std::erase_if(model, [&](const plain& one) { return !live(one); });
        if (model.size() == 20) model.pop_front();
        model.push_back({next_session++, {token}, result.expires_at.value});
        break;
      }
      case 1: CHECK(it.is_active(pick) == (mine != model.end() && live(*mine))); break;
      case 2:
        (void)it.ask(end_session{pick});
        if (mine != model.end()) model.erase(mine);
        break;
      default: {
        const bool known = mine != model.end();
        const auto& token = known
                              ? mine->tokens[throws.chance(0.7) ? mine->tokens.size() - 1
                                                                : throws.below(mine->tokens.size())]
                              : std::string("x");
        const auto cmd = it.trade(pick, token, token_name(++next_token));
        const auto result = it.ask(cmd);
        if (!known || !live(*mine)) {
          CHECK(std::holds_alternative<rejection>(result));
        } else if (token == mine->tokens.back()) {
          CHECK(std::holds_alternative<session_view>(result));
          mine->tokens.push_back(cmd.next_hash);
          mine->until = cmd.expires_at.value;
        } else {
          CHECK(std::holds_alternative<rejection>(result));
          model.erase(mine);
        }
      }
      }
    }
    it.check_replay();
  }
}

TEST_CASE("user: a damaged snapshot is refused") {
  user_under_test it;
  it.sign_up();
  for (std::uint64_t i = 1; i <= 3; ++i) (void)it.ask(it.login(i));
  std::string bytes;
  byte_writer out(bytes);
  it.machine.encode(out);
  std::size_t taken = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    user copy(it.id);
    byte_reader in(std::string_view(bytes).substr(0, size));
    copy.decode(in);
    if (in.done()) ++taken;
  }
  CHECK(taken == 2); // whole snapshots of earlier versions: without a status, and without API keys
  user other(user_id{10});
  byte_reader in(bytes);
  other.decode(in);
  CHECK(in.failed());
}
