// domain/user_events.hpp: commands and events of one user. The state machine is domain/user.hpp.
//
// No secret enters: passwords arrive as argon2id strings made off the actor threads, refresh tokens
// as hashes, the secrets of API keys sealed with a key of the node's.
#pragma once

#include "domain/ids.hpp"
#include "domain/money.hpp"

#include <variant>
#include <vector>

namespace rialto {

enum class user_role : std::uint8_t { trader = 1, admin = 2 };
/// disabled: has no session and gets none; accounts and open orders stay as they are.
enum class user_status : std::uint8_t { active = 1, disabled = 2 };

// ---- commands
// -------------------------------------------------------------------------------------------------
struct register_user { // carries the claim "email:" + email
  user_id id;
  std::string email;
  std::string password_hash;
  user_role role = user_role::trader;
  account_id first_account;
  RIALTO_FIELDS(id, email, password_hash, role, first_account)
};
struct get_credentials {
  RIALTO_NO_FIELDS()
}; // outcome: credentials_view
/// The password was right (verified off the actor threads against `password_hash`, which must still
/// be the stored one).
struct start_session {
  std::uint64_t session = 0;
  std::string refresh_hash;
  std::string password_hash;
  timestamp_ns expires_at;
  RIALTO_FIELDS(session, refresh_hash, password_hash, expires_at)
};
/// The password was wrong; ten within fifteen minutes lock the user for fifteen minutes.
struct note_failed_login {
  RIALTO_NO_FIELDS()
};
/// Trades a refresh token for the next. A token that was already traded ends the whole session (it
/// was stolen).
struct rotate_session {
  std::uint64_t session = 0;
  std::string refresh_hash;
  std::string next_hash;
  timestamp_ns expires_at;
  RIALTO_FIELDS(session, refresh_hash, next_hash, expires_at)
};
struct end_session {
  std::uint64_t session = 0;
  RIALTO_FIELDS(session)
};
struct check_session {
  std::uint64_t session = 0;
  RIALTO_FIELDS(session)
}; // query: session_view
struct add_account {
  account_id account;
  std::string label;
  RIALTO_FIELDS(account, label)
};
struct get_user {
  RIALTO_NO_FIELDS()
}; // query: user_view
/// An administrator shuts a user out, which ends all sessions, or lets him in again; outcome:
/// user_view. Refused for oneself.
struct change_user_status {
  user_status status = user_status::active;
  user_id by;
  RIALTO_FIELDS(status, by)
};

/// How requests made with a key are signed.
enum class api_key_type : std::uint8_t { hmac = 1, ed25519 = 2, rsa = 3 };
/// What a key may do.
struct api_scopes {
  bool read = false, trade = false, withdraw = false;
  RIALTO_FIELDS(read, trade, withdraw)
  friend bool operator==(const api_scopes&, const api_scopes&) = default;
};
/// A key as it is kept. It speaks for one account of its user.
struct api_key_record {
  std::string key; // 64 characters A-Z a-z 0-9; public, but worth not showing around
  std::string label;
  api_key_type type = api_key_type::hmac;
  api_scopes scopes;
  std::vector<std::string> ip_allow;   // addresses and networks as text; none: from anywhere
  timestamp_ns created_at, expires_at; // expires_at 0: never
  std::string secret;                  // hmac: the sealed secret; else the public key as PEM
  account_id account;
  RIALTO_FIELDS(key, label, type, scopes, ip_allow, created_at, expires_at, secret, account)
  friend bool operator==(const api_key_record&, const api_key_record&) = default;
};
/// Carries the claim "api-key:" + key; `created_at` is the user's to say. Outcome: api_key_view.
struct add_api_key {
  api_key_record what;
  RIALTO_FIELDS(what)
};
/// Outcome: api_key_view of what it was.
struct revoke_api_key {
  std::string key;
  RIALTO_FIELDS(key)
};
struct get_api_key {
  std::string key;
  RIALTO_FIELDS(key)
}; // query: api_key_view; api_key_expired after its time
struct get_api_keys {
  RIALTO_NO_FIELDS()
}; // query: api_keys_view

using user_command =
  std::variant<register_user, get_credentials, start_session, note_failed_login, rotate_session,
               end_session, check_session, add_account, get_user, change_user_status, add_api_key,
               revoke_api_key, get_api_key, get_api_keys>;

// ---- events
// ---------------------------------------------------------------------------------------------------
struct user_registered {
  user_id id;
  std::string email;
  std::string password_hash;
  user_role role = user_role::trader;
  RIALTO_FIELDS(id, email, password_hash, role)
};
struct account_added {
  account_id account;
  std::string label;
  RIALTO_FIELDS(account, label)
}; // posts open_account
struct session_started {
  std::uint64_t session = 0;
  std::string refresh_hash;
  timestamp_ns expires_at;
  RIALTO_FIELDS(session, refresh_hash, expires_at)
};
struct session_rotated {
  std::uint64_t session = 0;
  std::string refresh_hash;
  timestamp_ns expires_at;
  RIALTO_FIELDS(session, refresh_hash, expires_at)
};
struct session_closed {
  std::uint64_t session = 0;
  bool token_reused = false;
  RIALTO_FIELDS(session, token_reused)
};
struct login_failed {
  RIALTO_NO_FIELDS()
};
struct user_status_changed { // disabled: every session has ended with it
  user_status status = user_status::active;
  user_id by;
  RIALTO_FIELDS(status, by)
};

struct api_key_added {
  api_key_record what;
  RIALTO_FIELDS(what)
};
struct api_key_revoked {
  std::string key;
  RIALTO_FIELDS(key)
};

using user_event =
  std::variant<user_registered, account_added, session_started, session_rotated, session_closed,
               login_failed, user_status_changed, api_key_added, api_key_revoked>;

// ---- answers and publications
// --------------------------------------------------------------------------------
struct account_ref {
  account_id account;
  std::string label;
  RIALTO_FIELDS(account, label)
};
struct user_view {
  user_id id;
  std::string email;
  user_role role = user_role::trader;
  std::vector<account_ref> accounts;
  timestamp_ns created_at;
  user_status status = user_status::active;
  RIALTO_FIELDS(id, email, role, accounts, created_at, status)
};
struct credentials_view {
  user_id id;
  std::string password_hash;
  user_role role = user_role::trader;
  bool locked = false;
  RIALTO_FIELDS(id, password_hash, role, locked)
};
struct session_view {
  user_view user;
  std::uint64_t session = 0;
  timestamp_ns expires_at;
  bool active = false;
  RIALTO_FIELDS(user, session, expires_at, active)
};
struct api_key_view {
  user_view user;
  api_key_record what;
  RIALTO_FIELDS(user, what)
};
struct api_keys_view {
  user_id user;
  std::vector<api_key_record> keys; // oldest first, expired ones too
  RIALTO_FIELDS(user, keys)
};
/// Told to every edge: a session or an API key that must no longer be accepted, or the accounts a user has now.
struct user_publication {
  user_id user;
  std::uint64_t ended_session = 0;
  std::vector<account_ref> accounts;
  std::string ended_api_key{}; // empty: none
  RIALTO_FIELDS(user, ended_session, accounts, ended_api_key)
};

} // namespace rialto
