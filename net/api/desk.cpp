#include "net/api/desk.hpp"

#include "actors/command_kinds.hpp"
#include "domain/assert.hpp"
#include "net/api/order_json.hpp"
#include "runtime/log.hpp"

namespace rialto::net {

desk::desk(actors::gate& entities, read_models_factory open_models, storage::tape_store& tape,
           api_settings settings, runtime::node_clock& clock)
    : gate_(entities), open_models_(std::move(open_models)), tape_(tape),
      settings_(std::move(settings)), clock_(clock), signer_(settings_.token_key),
      secrets_(settings_.secret_key), pending_(settings_.pending_max),
      passwords_("passwords", settings_.password_threads, settings_.password_queue,
                 runtime::when_stopped::drop_waiting),
      readers_("reader", 1, settings_.read_queue, runtime::when_stopped::drop_waiting) {
  RIALTO_ASSERT(settings_.token_key.size() >= token_signer::key_bytes_min);
}

desk::~desk() {
  stop();
}

void desk::stop() {
  passwords_.stop();
  readers_.stop();
}

void desk::ask(entity_id to, actors::entity_command command, answer_handler then,
               std::vector<storage::claim> claims) {
  if (!actors::is_write(command)) // what only asks has no fate: it may be asked again
    then = [then = std::move(then)](actors::answer& came) {
      if (came.how == actors::delivery::unknown) came.how = actors::delivery::unavailable;
      then(came);
    };
  const auto token = pending_.add(clock_.monotonic_ns() + settings_.answer_timeout_ns, then);
  if (token == 0) {
    actors::answer full;
    full.how = actors::delivery::busy;
    return then(full);
  }
  gathered_.push_back({token, to, std::move(command), std::move(claims)});
}

void desk::ask(const call_ptr& from, entity_id to, actors::entity_command command,
               std::function<void(outcome&)> then, std::vector<storage::claim> claims) {
  ask(
    to, std::move(command),
    [from, then = std::move(then)](actors::answer& came) {
      if (came.how != actors::delivery::done) return from->fail(problem_of(came.how));
      if (const auto* no = std::get_if<rejection>(&came.result)) return from->fail(failure_of(*no));
      then(came.result);
    },
    std::move(claims));
}

void desk::flush() {
  if (gathered_.empty()) return;
  gate_.submit(std::move(gathered_));
  gathered_.clear();
}

void desk::sweep() {
  const auto now_ns = clock_.monotonic_ns();
  pending_.sweep(now_ns);
  std::vector<due> ready;
  for (std::size_t i = 0; i < later_.size();) {
    if (later_[i].at_ns > now_ns) {
      ++i;
      continue;
    }
    ready.push_back(std::move(later_[i]));
    later_[i] = std::move(later_.back());
    later_.pop_back();
  }
  for (const auto& one : ready) one.then();
}

void desk::later(std::int64_t ns, std::function<void()> then) {
  if (later_.size() >= later_max) return then();
  later_.push_back({clock_.monotonic_ns() + ns, std::move(then)});
}

void desk::when_open(account_id account, std::function<void()> then, int looks) {
  constexpr std::int64_t pause_ns = 20'000'000;
  ask(account, to_account(rialto::get_account{}),
      [this, account, then = std::move(then), looks](actors::answer& came) {
        if (came.how != actors::delivery::no_such_entity || looks <= 1) return then();
        later(pause_ns, [this, account, then, looks] { when_open(account, then, looks - 1); });
      });
}

void desk::report(const call_ptr& from, const std::string& why) {
  runtime::write_log(runtime::log_level::error, {"api", from->request_id}, why);
  from->fail(problem_of(actors::delivery::unavailable));
}

storage::read_models& desk::models() {
  if (!models_) models_ = open_models_();
  return *models_;
}

void desk::identify(std::string_view token,
                    std::function<void(std::shared_ptr<const session>, const failure&)> then) {
  access_claims claims;
  if (const auto* known = tokens_.find(token)) {
    claims = *known;
    if (claims.expires_at_s <= now_s()) {
      tokens_.erase(token);
      return then(nullptr, request_error::token_expired);
    }
  } else {
    token_fault fault{};
    const auto verified = signer_.verify(token, now_s(), fault);
    if (!verified)
      return then(nullptr, fault == token_fault::expired ? request_error::token_expired
                                                         : request_error::unauthenticated);
    claims = *verified;
    tokens_.put(std::string(token), claims);
  }
  if (const auto* known = sessions_.find(claims.session); known != nullptr) {
    if ((*known)->user->view.id != claims.user)
      return then(nullptr, request_error::unauthenticated);
    if ((*known)->expires_at > now()) return then(*known, {});
    sessions_.erase(claims.session);
  }
  check_session(claims, std::move(then));
}

void desk::check_session(const access_claims& claims,
                         std::function<void(std::shared_ptr<const session>, const failure&)> then) {
  ask(claims.user, user_command{rialto::check_session{claims.session}},
      [this, then = std::move(then)](actors::answer& came) {
        if (came.how == actors::delivery::no_such_entity)
          return then(nullptr, request_error::unauthenticated);
        if (came.how != actors::delivery::done) return then(nullptr, problem_of(came.how));
        const auto* view = std::get_if<session_view>(&came.result);
        if (view == nullptr || !view->active) return then(nullptr, reject_reason::session_ended);
        auto made = std::make_shared<session>();
        made->id = view->session;
        made->expires_at = view->expires_at;
        auto* known = users_.find(view->user.id);
        if (known != nullptr)
          (*known)->view = view->user;
        else
          known = &users_.put(view->user.id, std::make_shared<known_user>(known_user{view->user}));
        made->user = *known;
        sessions_.put(made->id, made);
        then(made, {});
      });
}

// ---- API keys

void desk::watch_keys(std::function<void(const std::string& key)> when_ended) {
  key_watchers_.push_back(std::move(when_ended));
}

void desk::end_key(const std::string& key) {
  keys_.erase(key);
  for (const auto& tell : key_watchers_) tell(key);
}

void desk::identify_key(std::string_view key, key_handler then) {
  if (!is_api_key(key)) return then(nullptr, reject_reason::unknown_api_key);
  if (const auto* known = keys_.find(key)) {
    const auto found = *known;
    if (found->expires_at.value == 0 || now() < found->expires_at) return then(found, {});
    keys_.erase(key);
    return then(nullptr, reject_reason::api_key_expired);
  }
  // Claims are read where reading may wait. Whoever sends keys that there are none of fills this queue only.
  const auto asked = std::make_shared<call>();
  asked->answer = [then](const reply&) {
    then(nullptr, problem_of(actors::delivery::unavailable));
  };
  read<std::optional<entity_id>>(
    asked,
    [this, claim = claim_of_api_key(key)](storage::read_models&) {
      return gate_.find_claim(claim);
    },
    [this, key = std::string(key), then](const std::optional<entity_id>& owner) {
      if (!owner || owner->kind() != entity_kind::user)
        return then(nullptr, reject_reason::unknown_api_key);
      ask_for_key(user_id{owner->number()}, key, then);
    });
}

void desk::ask_for_key(user_id user, const std::string& key, const key_handler& then) {
  ask(user, user_command{get_api_key{key}}, [this, then](actors::answer& came) {
    if (came.how == actors::delivery::no_such_entity)
      return then(nullptr, reject_reason::unknown_api_key);
    if (came.how != actors::delivery::done) return then(nullptr, problem_of(came.how));
    if (const auto* no = std::get_if<rejection>(&came.result)) return then(nullptr, no->reason);
    const auto* view = std::get_if<api_key_view>(&came.result);
    if (view == nullptr) return then(nullptr, request_error::internal);
    auto made = std::make_shared<api_key>();
    const auto& from = view->what;
    made->key = from.key;
    made->label = from.label;
    made->type = from.type;
    made->scopes = from.scopes;
    made->ip_allow = from.ip_allow;
    made->created_at = from.created_at;
    made->expires_at = from.expires_at;
    made->user = view->user.id;
    made->account = from.account;
    auto secret =
      from.type == api_key_type::hmac ? secrets_.open(from.secret) : std::optional{from.secret};
    const bool is_readable = secret.has_value();
    made->secret = std::move(secret).value_or(std::string{});
    if (!is_readable || !read_public_key(*made)) {
      runtime::write_log(runtime::log_level::error, {"api", "keys"},
                         "an API key's secret does not open: DATA/secret-key is not the one it was "
                         "sealed with");
      return then(nullptr, reject_reason::unknown_api_key);
    }
    keys_.put(made->key, made);
    then(made, {});
  });
}

void desk::forget_known() {
  sessions_.clear();
  users_.clear();
  keys_.clear();
}

void desk::update_accounts(user_id user, const std::vector<account_ref>& accounts) {
  if (accounts.empty()) return;
  if (auto* known = users_.find(user)) (*known)->view.accounts = accounts;
}

} // namespace rialto::net
