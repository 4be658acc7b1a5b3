// domain/user.hpp: the state machine of one user: credentials, accounts, sessions, failed logins.
//
// The room: commands come in, user events go out (user_events.hpp). Passwords and tokens never enter, only
// their hashes; e-mail addresses arrive checked and in lower case, unique by their claim. Owned by one
// entity; models domain/machine.hpp.
//
//   U1  at most 20 sessions, all with different ids; the oldest is closed for a 21st
//   U2  at most 50 accounts; each account_added posts open_account
//   U3  a refresh token works once: a traded one ends its session, a stranger's changes nothing
//   U4  a disabled user has no session; only who knows the password is told why
//   U5  at most 50 API keys, all different, each of one of the user's accounts; only the sealed or public half
//       of a secret is here; those of a disabled user do not work
#pragma once

#include "domain/machine.hpp"

namespace rialto {

class user {
public:
  using command = user_command;
  using event = user_event;

  static constexpr std::size_t sessions_max = 20;
  static constexpr std::size_t accounts_max = 50;
  static constexpr std::size_t api_keys_max = 50; // expired ones count until they are revoked
  static constexpr std::size_t failures_max =
    10; // within failures_window, then locked for lock_time
  static constexpr std::int64_t failures_window_ns = 15 * 60 * 1'000'000'000LL;
  static constexpr std::int64_t lock_time_ns = 15 * 60 * 1'000'000'000LL;
  /// Traded refresh tokens remembered per session; an older one is merely refused.
  static constexpr std::size_t former_max = 256;

  explicit user(entity_id self) : self_{self.number()} {}

  [[nodiscard]] outcome execute(const command& cmd, timestamp_ns now, std::vector<event>& out,
                                std::vector<addressed_message>& posts);
  /// Nobody writes to a user: nothing changes.
  [[nodiscard]] outcome handle(const link_message& message, entity_id from,
                               const order_view& context, timestamp_ns now, std::vector<event>& out,
                               std::vector<addressed_message>& posts);
  void apply(const event& happened, timestamp_ns now, std::vector<addressed_message>& posts);
  void publish(timestamp_ns now, std::vector<publication>& out);

  [[nodiscard]] bool is_blank() const { return !is_registered_; }
  void encode(byte_writer& out) const;
  void decode(byte_reader& in);
  [[nodiscard]] std::uint64_t state_hash() const;
  void check_invariants() const;

private:
  struct session {
    std::uint64_t id = 0;
    std::string refresh_hash;
    timestamp_ns expires_at;
    std::vector<std::uint64_t> former; // hash64 of traded refresh hashes, oldest first
    RIALTO_FIELDS(id, refresh_hash, expires_at, former)
  };
  struct step {
    timestamp_ns now;
    std::vector<event>& out;
    std::vector<addressed_message>& posts;
  };

  outcome run(const register_user& cmd, const step& at);
  outcome run(const get_credentials& cmd, const step& at);
  outcome run(const start_session& cmd, const step& at);
  outcome run(const note_failed_login& cmd, const step& at);
  outcome run(const rotate_session& cmd, const step& at);
  outcome run(const end_session& cmd, const step& at);
  outcome run(const check_session& cmd, const step& at);
  outcome run(const add_account& cmd, const step& at);
  outcome run(const get_user& cmd, const step& at);
  outcome run(const change_user_status& cmd, const step& at);
  outcome run(const add_api_key& cmd, const step& at);
  outcome run(const revoke_api_key& cmd, const step& at);
  outcome run(const get_api_key& cmd, const step& at);
  outcome run(const get_api_keys& cmd, const step& at);

  void take(const user_registered& one, timestamp_ns now, std::vector<addressed_message>& posts);
  void take(const account_added& one, timestamp_ns now, std::vector<addressed_message>& posts);
  void take(const session_started& one, timestamp_ns now, std::vector<addressed_message>& posts);
  void take(const session_rotated& one, timestamp_ns now, std::vector<addressed_message>& posts);
  void take(const session_closed& one, timestamp_ns now, std::vector<addressed_message>& posts);
  void take(const login_failed& one, timestamp_ns now, std::vector<addressed_message>& posts);
  void take(const user_status_changed& one, timestamp_ns now,
            std::vector<addressed_message>& posts);
  void take(const api_key_added& one, timestamp_ns now, std::vector<addressed_message>& posts);
  void take(const api_key_revoked& one, timestamp_ns now, std::vector<addressed_message>& posts);

  struct flaw { // the first invariant that does not hold; no rule: all do
    const char* rule = nullptr;
    std::uint64_t left = 0, right = 0;
  };
  [[nodiscard]] flaw find_flaw() const;

  template <class Event>
  void settle(Event happened, const step& at);
  void tell(std::uint64_t ended_session);
  void tell(const api_key_record& ended);
  [[nodiscard]] const session* find(std::uint64_t id) const;
  [[nodiscard]] session* find(std::uint64_t id);
  [[nodiscard]] const api_key_record* find_key(std::string_view key) const;
  [[nodiscard]] bool has_account(account_id account) const;
  [[nodiscard]] bool is_locked(timestamp_ns now) const { return now < locked_until_; }
  [[nodiscard]] user_view view() const;
  [[nodiscard]] session_view view_of(std::uint64_t id, timestamp_ns now) const;

  user_id self_;
  bool is_registered_ = false;
  std::string email_, password_hash_;
  user_role role_ = user_role::trader;
  timestamp_ns created_at_;
  std::vector<account_ref> accounts_;
  std::vector<session> sessions_;      // oldest first
  std::vector<timestamp_ns> failures_; // since the last good login or lock, oldest first
  timestamp_ns locked_until_;
  user_status status_ = user_status::active;
  std::vector<api_key_record> api_keys_; // oldest first

  // Not history.
  bool is_live_ = false;
  std::vector<publication>
    news_; // at most one per session and one more per command; the shell takes them after each
};

static_assert(machine<user>);

} // namespace rialto
