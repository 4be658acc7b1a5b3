#include "domain/user.hpp"

#include "domain/assert.hpp"

#include <algorithm>
#include <utility>

namespace rialto {

namespace {

rejection refuse(reject_reason why) {
  return {why, {}};
}

} // namespace

template <class Event>
void user::settle(Event happened, const step& at) {
  const auto& kept =
    std::get<Event>(at.out.emplace_back(std::in_place_type<Event>, std::move(happened)));
  is_live_ = true;
  take(kept, at.now, at.posts);
  is_live_ = false;
}

outcome user::execute(const command& cmd, timestamp_ns now, std::vector<event>& out,
                      std::vector<addressed_message>& posts) {
  const step at{now, out, posts};
  return std::visit([&](const auto& one) { return run(one, at); }, cmd);
}

outcome user::handle(const link_message&, entity_id, const order_view&, timestamp_ns,
                     std::vector<event>&, std::vector<addressed_message>&) {
  return done{};
}

void user::apply(const event& happened, timestamp_ns now, std::vector<addressed_message>& posts) {
  std::visit([&](const auto& one) { take(one, now, posts); }, happened);
}

// ---- decisions

outcome user::run(const register_user& cmd, const step& at) {
  if (!is_blank()) return refuse(reject_reason::already_exists);
  RIALTO_ASSERT_VALUES(cmd.id == self_, cmd.id.value, self_.value);
  settle(user_registered{cmd.id, cmd.email, cmd.password_hash, cmd.role}, at);
  settle(account_added{cmd.first_account, "main"}, at);
  return view();
}

outcome user::run(const get_credentials&, const step& at) {
  if (is_blank()) return refuse(reject_reason::wrong_credentials);
  return credentials_view{self_, password_hash_, role_, is_locked(at.now)};
}

outcome user::run(const start_session& cmd, const step& at) {
  if (is_blank()) return refuse(reject_reason::wrong_credentials);
  if (is_locked(at.now)) return refuse(reject_reason::user_locked);
  if (cmd.password_hash != password_hash_) return refuse(reject_reason::wrong_credentials);
  if (status_ == user_status::disabled) return refuse(reject_reason::user_disabled);
  if (cmd.expires_at <= at.now) return refuse(reject_reason::session_ended);
  if (find(cmd.session) != nullptr) return refuse(reject_reason::already_exists);
  const auto live = static_cast<std::size_t>(
    std::count_if(sessions_.begin(), sessions_.end(),
                  [&](const session& one) { return at.now < one.expires_at; }));
  if (live >= sessions_max) {
    const auto oldest = std::find_if(sessions_.begin(), sessions_.end(),
                                     [&](const session& one) { return at.now < one.expires_at; });
    settle(session_closed{oldest->id, false}, at);
  }
  settle(session_started{cmd.session, cmd.refresh_hash, cmd.expires_at}, at);
  return view_of(cmd.session, at.now);
}

outcome user::run(const note_failed_login&, const step& at) {
  if (is_blank()) return refuse(reject_reason::wrong_credentials);
  // While locked no password is tried, so there is nothing to count.
  if (!is_locked(at.now)) settle(login_failed{}, at);
  return refuse(is_locked(at.now) ? reject_reason::user_locked : reject_reason::wrong_credentials);
}

outcome user::run(const rotate_session& cmd, const step& at) {
  const auto* known = find(cmd.session);
  if (known == nullptr || known->expires_at <= at.now || cmd.expires_at <= at.now)
    return refuse(reject_reason::session_ended);
  if (known->refresh_hash != cmd.refresh_hash) {
    const auto& former = known->former;
    if (std::find(former.begin(), former.end(), hash64(cmd.refresh_hash)) != former.end())
      settle(session_closed{cmd.session, true}, at);
    return refuse(reject_reason::session_ended);
  }
  settle(session_rotated{cmd.session, cmd.next_hash, cmd.expires_at}, at);
  return view_of(cmd.session, at.now);
}

outcome user::run(const end_session& cmd, const step& at) {
  if (is_blank()) return refuse(reject_reason::session_ended);
  if (find(cmd.session) != nullptr) settle(session_closed{cmd.session, false}, at);
  return view_of(cmd.session, at.now);
}

outcome user::run(const check_session& cmd, const step& at) {
  if (is_blank()) return refuse(reject_reason::session_ended);
  return view_of(cmd.session, at.now);
}

outcome user::run(const add_account& cmd, const step& at) {
  if (is_blank()) return refuse(reject_reason::unknown_account);
  if (status_ == user_status::disabled) return refuse(reject_reason::user_disabled);
  if (has_account(cmd.account) || !cmd.account) return refuse(reject_reason::already_exists);
  if (accounts_.size() >= accounts_max) return refuse(reject_reason::too_many_accounts);
  settle(account_added{cmd.account, cmd.label}, at);
  return view();
}

outcome user::run(const get_user&, const step&) {
  if (is_blank()) return refuse(reject_reason::unknown_account);
  return view();
}

outcome user::run(const change_user_status& cmd, const step& at) {
  if (is_blank()) return refuse(reject_reason::unknown_account);
  if (cmd.by == self_) return refuse(reject_reason::own_user);
  if (cmd.status != status_) settle(user_status_changed{cmd.status, cmd.by}, at);
  return view();
}

// ---- API keys

outcome user::run(const add_api_key& cmd, const step& at) {
  if (is_blank()) return refuse(reject_reason::unknown_account);
  if (status_ == user_status::disabled) return refuse(reject_reason::user_disabled);
  auto wish = cmd.what;
  if (wish.key.empty() || find_key(wish.key) != nullptr)
    return refuse(reject_reason::already_exists);
  if (!has_account(wish.account)) return refuse(reject_reason::unknown_account);
  if (wish.expires_at.value != 0 && wish.expires_at <= at.now)
    return refuse(reject_reason::api_key_expired);
  if (api_keys_.size() >= api_keys_max) return refuse(reject_reason::too_many_api_keys);
  wish.created_at = at.now;
  settle(api_key_added{std::move(wish)}, at);
  return api_key_view{view(), api_keys_.back()};
}

outcome user::run(const revoke_api_key& cmd, const step& at) {
  const auto* known = find_key(cmd.key);
  if (known == nullptr) return refuse(reject_reason::unknown_api_key);
  api_key_view was{view(), *known};
  settle(api_key_revoked{cmd.key}, at);
  return was;
}

outcome user::run(const get_api_key& cmd, const step& at) {
  if (status_ == user_status::disabled) return refuse(reject_reason::user_disabled);
  const auto* known = find_key(cmd.key);
  if (known == nullptr) return refuse(reject_reason::unknown_api_key);
  if (known->expires_at.value != 0 && known->expires_at <= at.now)
    return refuse(reject_reason::api_key_expired);
  return api_key_view{view(), *known};
}

outcome user::run(const get_api_keys&, const step&) {
  if (is_blank()) return refuse(reject_reason::unknown_account);
  return api_keys_view{self_, api_keys_};
}

// ---- changes

void user::take(const user_registered& one, timestamp_ns now, std::vector<addressed_message>&) {
  is_registered_ = true;
  email_ = one.email;
  password_hash_ = one.password_hash;
  role_ = one.role;
  created_at_ = now;
}

void user::take(const account_added& one, timestamp_ns, std::vector<addressed_message>& posts) {
  accounts_.push_back({one.account, one.label});
  posts.push_back({entity_id{one.account}, open_account{one.account, self_, one.label}});
  tell(0);
}

void user::take(const session_started& one, timestamp_ns now, std::vector<addressed_message>&) {
  std::erase_if(sessions_, [&](const session& old) { return old.expires_at <= now; });
  sessions_.push_back({one.session, one.refresh_hash, one.expires_at, {}});
  failures_.clear();
}

void user::take(const session_rotated& one, timestamp_ns, std::vector<addressed_message>&) {
  auto* known = find(one.session);
  if (known == nullptr) return;
  if (known->former.size() == former_max) known->former.erase(known->former.begin());
  known->former.push_back(hash64(known->refresh_hash));
  known->refresh_hash = one.refresh_hash;
  known->expires_at = one.expires_at;
}

void user::take(const session_closed& one, timestamp_ns, std::vector<addressed_message>&) {
  std::erase_if(sessions_, [&](const session& old) { return old.id == one.session; });
  tell(one.session);
}

void user::take(const login_failed&, timestamp_ns now, std::vector<addressed_message>&) {
  std::erase_if(failures_,
                [&](timestamp_ns at) { return now.value - at.value >= failures_window_ns; });
  failures_.push_back(now);
  if (failures_.size() < failures_max) return;
  failures_.clear();
  locked_until_ = {now.value + lock_time_ns};
}

void user::take(const user_status_changed& one, timestamp_ns, std::vector<addressed_message>&) {
  status_ = one.status;
  if (status_ != user_status::disabled) return;
  for (const auto& ended : std::exchange(sessions_, {})) tell(ended.id);
  for (const auto& shut : api_keys_) tell(shut); // they stay, and work again with their user
}

void user::take(const api_key_added& one, timestamp_ns, std::vector<addressed_message>&) {
  api_keys_.push_back(one.what);
}

void user::take(const api_key_revoked& one, timestamp_ns, std::vector<addressed_message>&) {
  std::erase_if(api_keys_, [&](const api_key_record& old) { return old.key == one.key; });
  api_key_record ended;
  ended.key = one.key;
  tell(ended);
}

// ---- what others see

void user::tell(std::uint64_t ended_session) {
  if (is_live_) news_.emplace_back(user_publication{self_, ended_session, accounts_, {}});
}

void user::tell(const api_key_record& ended) {
  if (is_live_) news_.emplace_back(user_publication{self_, 0, accounts_, ended.key});
}

void user::publish(timestamp_ns, std::vector<publication>& out) {
  std::move(news_.begin(), news_.end(), std::back_inserter(out));
  news_.clear();
}

const user::session* user::find(std::uint64_t id) const {
  const auto at = std::find_if(sessions_.begin(), sessions_.end(),
                               [&](const session& one) { return one.id == id; });
  return at == sessions_.end() ? nullptr : &*at;
}

user::session* user::find(std::uint64_t id) {
  return const_cast<session*>(std::as_const(*this).find(id));
}

const api_key_record* user::find_key(std::string_view key) const {
  const auto at = std::find_if(api_keys_.begin(), api_keys_.end(),
                               [&](const api_key_record& one) { return one.key == key; });
  return at == api_keys_.end() ? nullptr : &*at;
}

bool user::has_account(account_id account) const {
  return std::any_of(accounts_.begin(), accounts_.end(),
                     [&](const account_ref& one) { return one.account == account; });
}

user_view user::view() const {
  return {self_, email_, role_, accounts_, created_at_, status_};
}

session_view user::view_of(std::uint64_t id, timestamp_ns now) const {
  const auto* known = find(id);
  if (known == nullptr) return {view(), id, {}, false};
  return {view(), id, known->expires_at, now < known->expires_at};
}

// ---- snapshot

void user::encode(byte_writer& out) const {
  out.put(self_);
  out.put(is_registered_);
  out.put(email_);
  out.put(password_hash_);
  out.put(role_);
  out.put(created_at_);
  out.put(accounts_);
  out.put(sessions_);
  out.put(failures_);
  out.put(locked_until_);
  out.put(status_);
  out.put(api_keys_);
}

void user::decode(byte_reader& in) {
  if (in.get<user_id>() != self_) return in.fail();
  in.get(is_registered_);
  in.get(email_);
  in.get(password_hash_);
  in.get(role_);
  in.get(created_at_);
  in.get(accounts_);
  in.get(sessions_);
  in.get(failures_);
  in.get(locked_until_);
  status_ = user_status::active;
  if (in.left() > 0) in.get(status_); // a snapshot made before users had one ends here
  api_keys_.clear();
  if (in.left() > 0) in.get(api_keys_); // nor had they keys
  if (find_flaw().rule != nullptr) in.fail();
}

std::uint64_t user::state_hash() const {
  std::string bytes;
  byte_writer out(bytes);
  encode(out);
  return hash64(bytes);
}

user::flaw user::find_flaw() const {
  if (sessions_.size() > sessions_max) return {"U1: sessions", sessions_.size(), sessions_max};
  for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
    if (at->former.size() > former_max) return {"former tokens", at->former.size(), former_max};
    if (std::any_of(at + 1, sessions_.end(),
                    [&](const session& other) { return other.id == at->id; }))
      return {"U1: sessions have different ids", at->id};
  }
  if (accounts_.size() > accounts_max) return {"U2: accounts", accounts_.size(), accounts_max};
  if (api_keys_.size() > api_keys_max) return {"U5: API keys", api_keys_.size(), api_keys_max};
  for (auto at = api_keys_.begin(); at != api_keys_.end(); ++at) {
    if (at->type < api_key_type::hmac || at->type > api_key_type::rsa)
      return {"U5: a type of key that there is"};
    if (!has_account(at->account)) return {"U5: a key's account is the user's", at->account.value};
    if (std::any_of(at + 1, api_keys_.end(),
                    [&](const api_key_record& other) { return other.key == at->key; }))
      return {"U5: API keys are different"};
  }
  if (failures_.size() >= failures_max) return {"failures", failures_.size(), failures_max};
  if (!is_registered_ && (!accounts_.empty() || !sessions_.empty()))
    return {"nobody has accounts or sessions", accounts_.size(), sessions_.size()};
  if (status_ != user_status::active && status_ != user_status::disabled)
    return {"a status that there is"};
  if (status_ == user_status::disabled && !sessions_.empty())
    return {"U4: a disabled user has no session", sessions_.size()};
  if (role_ != user_role::trader && role_ != user_role::admin) return {"a role that there is"};
  return {};
}

void user::check_invariants() const {
  if (const auto found = find_flaw(); found.rule != nullptr)
    assert_failed(found.rule, __FILE__, __LINE__, static_cast<long long>(found.left),
                  static_cast<long long>(found.right));
}

} // namespace rialto
