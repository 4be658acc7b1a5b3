// domain/user_events.hpp: commands and events of one user. The state machine is domain/user.hpp.
//
// No secret enters: passwords arrive as argon2id strings made off the actor threads, refresh tokens
// as hashes.
#pragma once

#include "domain/ids.hpp"
#include "domain/money.hpp"

#include <variant>
#include <vector>

namespace rialto {

enum class user_role : std::uint8_t { trader = 1, admin = 2 };

// ---- commands
// -------------------------------------------------------------------------------------------------
struct register_user { // carries the claim "email:" + email
  user_id id;
  std::string email;
  std::string password_hash;
  user_role role = user_role::trader;
  account_id first_account;
};
struct get_credentials {}; // outcome: credentials_view
/// The password was right (verified off the actor threads against `password_hash`, which must still
/// be the stored one).
struct start_session {
  std::uint64_t session = 0;
  std::string refresh_hash;
  std::string password_hash;
  timestamp_ns expires_at;
};
/// The password was wrong; ten within fifteen minutes lock the user for fifteen minutes.
struct note_failed_login {};
/// Trades a refresh token for the next. A token that was already traded ends the whole session (it
/// was stolen).
struct rotate_session {
  std::uint64_t session = 0;
  std::string refresh_hash;
  std::string next_hash;
  timestamp_ns expires_at;
};
struct end_session {
  std::uint64_t session = 0;
};
struct check_session {
  std::uint64_t session = 0;
}; // query: session_view
struct add_account {
  account_id account;
  std::string label;
};
struct get_user {}; // query: user_view

using user_command =
  std::variant<register_user, get_credentials, start_session, note_failed_login, rotate_session,
               end_session, check_session, add_account, get_user>;

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

using user_event = std::variant<user_registered, account_added, session_started, session_rotated,
                                session_closed, login_failed>;

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
};
struct credentials_view {
  user_id id;
  std::string password_hash;
  user_role role = user_role::trader;
  bool locked = false;
};
struct session_view {
  user_view user;
  std::uint64_t session = 0;
  timestamp_ns expires_at;
  bool active = false;
};
/// Told to every edge: a session that must no longer be accepted, or the accounts a user has now.
struct user_publication {
  user_id user;
  std::uint64_t ended_session = 0;
  std::vector<account_ref> accounts;
};

} // namespace rialto
