// net/api/desk.hpp: what handlers stand on: entities to ask, lists to read, work to hand off, the
// sessions that are known.
//
// The room: everything here lives on the io thread, except that on_io() may be called from any
// thread. Requests gathered during a poll tick leave in one gate::submit in flush(). Blocking work
// (argon2id, claims, ids, SQLite) runs on two bounded pools and comes back through on_io().
//
//   D1  every continuation runs on the io thread, exactly once, or never after stop()
//   D2  every table and queue has a bound; what does not fit is answered 503
#pragma once

#include "net/api/api_settings.hpp"
#include "net/api/call.hpp"
#include "net/api/demo_money.hpp"
#include "net/api/lru_map.hpp"
#include "net/api/pending_answers.hpp"
#include "net/auth/api_keys.hpp"
#include "net/auth/jwt.hpp"
#include "net/auth/secret_box.hpp"
#include "net/json.hpp"
#include "runtime/clock.hpp"
#include "runtime/worker_pool.hpp"
#include "storage/read_models.hpp"
#include "storage/tape_store.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>

namespace rialto::net {

using read_models_factory = std::function<std::unique_ptr<storage::read_models>()>;
using io_poster = std::function<void(std::function<void()>)>;

class desk {
public:
  desk(actors::gate& entities, read_models_factory open_models, storage::tape_store& tape,
       api_settings settings, runtime::node_clock& clock);
  ~desk();
  desk(const desk&) = delete;
  desk& operator=(const desk&) = delete;

  /// How to run something on the io thread; before anything else.
  void attach(io_poster post) { post_ = std::move(post); }
  /// Ends the pools; nothing is posted any more.
  void stop();

  // ---- entities
  /// Gathers one command; `then` gets the answer, or `unknown` at the deadline, or `busy` at once.
  void ask(entity_id to, actors::entity_command command, answer_handler then,
           std::vector<storage::claim> claims = {});
  /// The same for a call: delivery problems and rejections are answered here; `then` sees outcomes.
  void ask(const call_ptr& from, entity_id to, actors::entity_command command,
           std::function<void(outcome&)> then, std::vector<storage::claim> claims = {});
  /// A command of an account, with the node's limits.
  template <class Body>
  [[nodiscard]] account_command to_account(Body body) const {
    return {std::move(body), settings_.account};
  }
  void flush();
  void take(actors::answer& came) { pending_.take(came); }
  void sweep();

  // ---- blocking work
  /// Runs on the io thread, soon; from any thread.
  void on_io(std::function<void()> job) const { post_(std::move(job)); }
  /// `work` runs on a password thread, `then` with its result on the io thread.
  template <class Result>
  void hash(const call_ptr& from, std::function<Result()> work, std::function<void(Result)> then) {
    run_on<Result>(passwords_, from, std::move(work), std::move(then));
  }
  /// `work` runs on the reading thread with a connection of its own.
  template <class Result>
  void read(const call_ptr& from, std::function<Result(storage::read_models&)> work,
            std::function<void(Result)> then) {
    run_on<Result>(
      readers_, from, [this, work = std::move(work)] { return work(models()); }, std::move(then));
  }
  /// The same, seeing everything that was durable when it was asked for: who has placed an order finds it in the lists.
  template <class Result>
  void read_current(const call_ptr& from, std::function<Result(storage::read_models&)> work,
                    std::function<void(Result)> then) {
    const bool waits = gate_.wait_for_lists([this, from, work, then] {
      on_io([this, from, work, then] { read<Result>(from, work, then); });
    });
    if (!waits) read<Result>(from, std::move(work), std::move(then));
  }
  /// Whether a thread of the pools has something to do: then an answer may come without time passing.
  [[nodiscard]] bool is_working() const {
    return passwords_.unfinished() + readers_.unfinished() > 0;
  }
  /// `then` runs after about `ns`; at most later_max wait, beyond that it runs at once.
  void later(std::int64_t ns, std::function<void()> then);

  /// Runs `then` once an account that its user has just opened is there: its first message may have to cross to another node. After two
  /// seconds it runs anyway; the account comes for certain.
  void when_open(account_id account, std::function<void()> then, int looks = 100);

  // ---- sessions
  /// Finds out who a token speaks for; the entity is asked once per session and node.
  void identify(std::string_view token,
                std::function<void(std::shared_ptr<const session>, const failure&)> then);
  /// Finds out whom an API key speaks for: the claim and its user are asked once per key and node. A key that there
  /// is none of, is revoked, past its time or of a disabled user: null and why.
  void identify_key(std::string_view key,
                    std::function<void(std::shared_ptr<const api_key>, const failure&)> then);
  /// Called with every API key that is revoked or shut out with its user, to end what was opened with it; any number
  /// of listeners, all added before the first request.
  void watch_keys(std::function<void(const std::string& key)> when_ended);
  /// A key has ended: the next identify_key asks again, and who watches is told.
  void end_key(const std::string& key);
  void forget_session(std::uint64_t id) { sessions_.erase(id); }
  /// What is known of users, sessions and keys may be out of date: they are asked again.
  void forget_known();
  void update_accounts(user_id user, const std::vector<account_ref>& accounts);

  // ---- small things
  [[nodiscard]] actors::gate& gate() { return gate_; }
  [[nodiscard]] storage::tape_store& tape() { return tape_; }
  [[nodiscard]] const api_settings& settings() const { return settings_; }
  [[nodiscard]] const token_signer& signer() const { return signer_; }
  [[nodiscard]] const secret_box& secrets() const { return secrets_; }
  [[nodiscard]] runtime::node_clock& clock() const { return clock_; }
  [[nodiscard]] timestamp_ns now() const { return clock_.now(); }
  [[nodiscard]] std::int64_t now_s() const { return now().value / 1'000'000'000; }
  [[nodiscard]] json_reader& reader() { return reader_; }
  static constexpr std::uint32_t demo_users_a_day = 10'000;
  [[nodiscard]] daily_quota& demo_quota() { return demo_quota_; }
  /// The turn to change a user, for as long as somebody holds what is returned; null: it is taken.
  [[nodiscard]] std::shared_ptr<const void> take_user_turn() {
    if (!user_turn_.expired()) return nullptr;
    const auto made = std::make_shared<const int>(0);
    user_turn_ = made;
    return made;
  }
  /// Which market an order is in, when the edge has seen it lately.
  [[nodiscard]] lru_map<order_id, market_id>& order_markets() { return order_markets_; }

private:
  static constexpr std::size_t later_max = 10'000;

  template <class Result>
  void run_on(runtime::worker_pool& pool, const call_ptr& from, std::function<Result()> work,
              std::function<void(Result)> then) {
    const bool taken = pool.post([this, from, work = std::move(work), then = std::move(then)] {
      try {
        auto result = std::make_shared<Result>(work());
        on_io([from, then, result] { then(std::move(*result)); });
      } catch (const std::invalid_argument& error) { // a cursor that is none
        on_io([from, why = std::string(error.what())] {
          from->fail({request_error::invalid_field, why, "cursor"});
        });
      } catch (const std::exception& error) {
        on_io([from, why = std::string(error.what())] { report(from, why); });
      }
    });
    if (!taken) from->fail(request_error::too_many_pending);
  }
  /// A broken surrounding: said in the log, 503 to the client.
  static void report(const call_ptr& from, const std::string& why);
  [[nodiscard]] storage::read_models& models();
  using key_handler = std::function<void(std::shared_ptr<const api_key>, const failure&)>;
  void ask_for_key(user_id user, const std::string& key, const key_handler& then);
  void check_session(const access_claims& claims,
                     std::function<void(std::shared_ptr<const session>, const failure&)> then);

  actors::gate& gate_;
  read_models_factory open_models_;
  storage::tape_store& tape_;
  api_settings settings_;
  runtime::node_clock& clock_;
  token_signer signer_;
  secret_box secrets_;
  json_reader reader_;
  io_poster post_;

  std::vector<actors::request> gathered_;
  pending_answers pending_;
  lru_map<std::string, access_claims, text_hash> tokens_{10'000};
  lru_map<std::uint64_t, std::shared_ptr<const session>> sessions_{50'000};
  lru_map<user_id, std::shared_ptr<known_user>> users_{50'000};
  lru_map<std::string, std::shared_ptr<const api_key>, text_hash> keys_{50'000};
  std::vector<std::function<void(const std::string&)>> key_watchers_;
  lru_map<order_id, market_id> order_markets_{200'000};
  struct due {
    std::int64_t at_ns;
    std::function<void()> then;
  };
  std::vector<due> later_;
  daily_quota demo_quota_{demo_users_a_day};
  std::weak_ptr<const void> user_turn_;
  std::unique_ptr<storage::read_models> models_; // the reading thread's
  runtime::worker_pool passwords_;
  runtime::worker_pool readers_; // last: its thread uses the members above
};

} // namespace rialto::net
