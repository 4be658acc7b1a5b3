// The node the API tests stand on, and that it is one.
#include "net/auth/passwords.hpp"
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <unistd.h>

namespace rialto::net {

// ---- the gate

std::uint64_t node_gate::next_id(std::string_view sequence) {
  const std::lock_guard hold(lock_);
  auto& next = ids_.try_emplace(std::string(sequence), 0).first->second;
  return ++next;
}

std::optional<entity_id> node_gate::find_claim(std::string_view key) {
  const std::lock_guard hold(lock_);
  const auto at = claims_.find(key);
  return at == claims_.end() ? std::nullopt : std::optional{at->second};
}

void node_gate::submit(std::vector<actors::request> requests) {
  ++submissions;
  requests_seen += requests.size();
  if (failing) {
    if (*failing == actors::delivery::unknown) return; // silence
    auto release = std::make_shared<actors::release>();
    for (const auto& one : requests) release->answers.push_back({one.token, *failing, {}});
    return out->deliver(std::move(release));
  }
  for (const auto& one : requests)
    if (!one.claims.empty()) claims_under_way_[one.token] = one.claims;
  std::vector<actors::request> looks; // as the shard's actor does: a new market shows its face
  for (const auto& one : requests)
    if (one.to.kind() == entity_kind::market && !one.claims.empty())
      looks.push_back({0, one.to, market_command{get_market{}}, {}});
  node_.submit(std::move(requests));
  commit();
  if (looks.empty()) return;
  node_.submit(std::move(looks));
  commit();
}

void node_gate::project() {
  const auto& rows = node_.rows();
  const auto first = projector_->cursor(0) + 1;
  if (first > rows.size()) return;
  const auto from = rows.begin() + static_cast<std::ptrdiff_t>(first - 1);
  projector_->project(0, first, {from, rows.end()});
}

void node_gate::commit() {
  for (int round = 0; round < 10; ++round) { // links need a few
    auto release = std::make_shared<actors::release>();
    release->answers = node_.commit();
    project();
    release->publications = std::move(node_.published);
    node_.published.clear();
    for (const auto& one : release->answers) {
      const auto claims = claims_under_way_.extract(one.token);
      if (claims.empty() || one.how != actors::delivery::done) continue;
      const std::lock_guard hold(lock_);
      for (const auto& claim : claims.mapped()) claims_[claim.key] = claim.owner;
    }
    for (const auto& news : release->publications)
      if (const auto* market = std::get_if<market_publication>(&news)) {
        if (market->spec) faces_.add(*market->spec);
        auto numbers = std::make_shared<actors::market_numbers>();
        const auto face = faces_.find(market->market);
        auto messages = face->market.apply(*market, *out, *numbers);
        if (!market->trades.empty()) {
          std::vector<actors::channel_message> passed_over; // of channels of candles
          face->candles.add(market->trades, numbers->candles, passed_over);
        }
        faces_.refresh();
        if (!messages.empty()) out->broadcast(std::move(messages));
        if (!numbers->changes.empty() && out->wants(market->market))
          out->publish(std::move(numbers));
      }
    if (release->answers.empty() && release->publications.empty()) return;
    out->deliver(std::move(release));
  }
}

void node_gate::close_candles() {
  for (const auto& [symbol, entry] : markets()->by_symbol) {
    auto numbers = std::make_shared<actors::market_numbers>();
    numbers->market = entry.spec.market;
    std::vector<actors::channel_message> passed_over;
    faces_.find(symbol)->candles.advance(node_.now, numbers->candles, passed_over);
    if (!numbers->candles.empty() && out->wants(entry.spec.market))
      out->publish(std::move(numbers));
  }
}

// ---- the node

namespace {
api_settings with_key(api_settings settings) {
  settings.token_key = "a key of tests, and of nothing else: 0123456789";
  settings.secret_key = "32 bytes that seal in tests only";
  return settings;
}
} // namespace

api_node::api_node(api_settings settings) {
  static int count = 0;
  directory_ = std::filesystem::temp_directory_path() /
               ("rialto-api-" + std::to_string(getpid()) + "-" + std::to_string(++count));
  std::filesystem::create_directories(directory_);
  tape_ = storage::open_tape_store(directory_.string());
  gate.node().now = clock.now();
  gate.project_into(directory_.string());
  settings.actors = &actors;
  core_ = std::make_unique<api_core>(
    gate, [path = directory_.string()] { return storage::open_read_models(path); }, *tape_,
    with_key(std::move(settings)), clock, port);
  gate.out = core_.get();
  core_->attach([this](std::function<void()> job) {
    const std::lock_guard hold(lock_);
    jobs_.push_back(std::move(job));
    posted_.notify_one();
  });
}

api_node::~api_node() {
  core_->stop();
  core_.reset();
  tape_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void api_node::wait(std::int64_t milliseconds) {
  while (milliseconds > 0) {
    const auto step = std::min<std::int64_t>(milliseconds, 1'000);
    milliseconds -= step;
    clock.advance(step * 1'000'000);
    gate.node().now = clock.now();
    core_->sweep();
    while (run()) {
    }
    gate.tick();
    while (run()) {
    }
  }
}

bool api_node::run() {
  gate.node().now = clock.now();
  core_->flush();
  std::vector<std::function<void()>> jobs;
  {
    const std::lock_guard hold(lock_);
    jobs.swap(jobs_);
  }
  for (const auto& job : jobs) job();
  return !jobs.empty();
}

void api_node::run_until(const std::function<bool()>& is_done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!is_done()) {
    if (run()) continue;
    core_->sweep(); // what waits a little runs by the manual clock
    // Time passes for what waits for it, never because a thread of a busy machine is late. Asked before the look at the jobs: what a
    // thread has just finished is among them.
    const bool is_working = core_->at().is_working();
    std::unique_lock hold(lock_);
    if (jobs_.empty()) {
      posted_.wait_for(hold, std::chrono::milliseconds(5));
      if (jobs_.empty() && !is_working) clock.advance(1'000'000);
    }
    if (std::chrono::steady_clock::now() > end) {
      FAIL("no answer within 30 s");
      return;
    }
  }
}

void api_node::begin(const asked& what, const std::shared_ptr<http_answer>& into) {
  http_request request;
  request.method = what.method;
  request.target = what.target;
  const auto mark = what.target.find('?');
  request.path = std::string_view(what.target).substr(0, mark);
  if (mark != std::string::npos) request.query = std::string_view(what.target).substr(mark + 1);
  request.body = what.body;
  const auto bearer = "Bearer " + what.token;
  if (!what.token.empty()) request.headers.push_back({"Authorization", bearer});
  if (!what.origin.empty()) request.headers.push_back({"Origin", what.origin});
  if (!what.account.empty()) request.headers.push_back({"X-Account-Id", what.account});
  if (!what.content_type.empty()) request.headers.push_back({"Content-Type", what.content_type});
  for (const auto& [name, value] : what.headers) request.headers.push_back({name, value});
  request.headers.push_back({"Host", "localhost"});
  request.peer_address = what.address;
  request.is_loopback = what.address == "127.0.0.1";
  request.request_id = "test-1";
  request.received_ns = clock.monotonic_ns();
  core_->handle(request, [into](reply out) {
    REQUIRE(into->status == 0); // answered once
    into->status = out.status;
    into->text = std::move(out.body);
    into->headers = std::move(out.headers);
    into->content_type = std::string(out.content_type);
  });
}

http_answer api_node::ask(const asked& what) {
  const auto answer = std::make_shared<http_answer>();
  begin(what, answer);
  run_until([&] { return answer->status != 0; });
  while (run()) {
  }
  return *answer;
}

trader api_node::sign_up(const std::string& email) {
  trader made{email, {}, {}, 0, 0};
  const json words = {{"email", email}, {"password", "correct horse battery"}};
  const auto registered = post("/api/v1/auth/register", words);
  REQUIRE_MESSAGE(registered.status == 201, registered.text);
  made.user = registered.body()["user_id"];
  made.account = registered.body()["account_id"];
  const auto tokens = post("/api/v1/auth/login", words);
  REQUIRE_MESSAGE(tokens.status == 200, tokens.text);
  made.token = tokens.body()["access_token"];
  made.refresh = tokens.body()["refresh_token"];
  return made;
}

const trader& api_node::admin() {
  if (!admin_) admin_ = make_admin("admin@rialto.local");
  return *admin_;
}

trader api_node::make_admin(const std::string& email) {
  const user_id id{gate.next_id("user")};
  const auto hash = hash_password("the password of the admin");
  REQUIRE(hash);
  gate.submit(
    {{0,
      id,
      user_command{register_user{id, email, *hash, user_role::admin, {gate.next_id("account")}}},
      {}}});
  // The registration has no token, so the claim is noted by hand.
  const auto session = gate.next_id("session");
  gate.submit({{0,
                id,
                user_command{start_session{
                  session, "none", *hash, {clock.now().value + 3'600'000'000'000'000}}},
                {}}});
  while (run()) {
  }
  const auto now_s = clock.now().value / 1'000'000'000;
  const access_claims claims{id, session, user_role::admin, now_s, now_s + 86'400};
  return {email, api().at().signer().sign(claims), {}, id.value, 0};
}

void api_node::deposit(const trader& to, const std::string& asset, const std::string& amount) {
  const auto answer = post("/api/v1/admin/accounts/" + std::to_string(to.account) + "/deposits",
                           {{"asset", asset},
                            {"amount", amount},
                            {"reference", "test-" + std::to_string(next_reference_++)}},
                           admin().token);
  REQUIRE_MESSAGE(answer.status == 201, answer.text);
}

void api_node::list(const std::string& base, const std::string& quote) {
  const auto answer = post("/api/v1/admin/instruments",
                           {{"symbol", base + quote},
                            {"base", base},
                            {"quote", quote},
                            {"tick_size", "0.01"},
                            {"lot_size", "0.00001"},
                            {"notional_min", "5"}},
                           admin().token);
  REQUIRE_MESSAGE(answer.status == 201, answer.text);
}

web_socket_id api_node::connect(const std::string& target, const std::string& address) {
  const auto id = next_socket_++;
  http_request request;
  request.method = "GET";
  request.target = target;
  const auto mark = target.find('?');
  request.path = std::string_view(target).substr(0, mark);
  if (mark != std::string::npos) request.query = std::string_view(target).substr(mark + 1);
  request.peer_address = address;
  request.is_loopback = address == "127.0.0.1";
  core_->open(id, request);
  return id;
}

std::vector<json> api_node::say(web_socket_id id, const std::string& text) {
  core_->message(id, text, false);
  while (run()) {
  }
  return heard(id);
}

std::vector<json> api_node::heard(web_socket_id id) {
  while (run()) {
  }
  return std::exchange(port.sent[id], {});
}

json limit_order(const std::string& side, const std::string& price, const std::string& quantity) {
  return {{"symbol", "BTCUSDT"},
          {"side", side},
          {"type", "limit"},
          {"price", price},
          {"quantity", quantity}};
}

TEST_CASE("api_node: a user registers, logs in, and is known") {
  api_node node;
  const auto anna = node.sign_up("Anna@Example.org");
  const auto me = node.get("/api/v1/me", anna.token);
  REQUIRE(me.status == 200);
  CHECK(me.body()["email"] == "anna@example.org");
  CHECK(me.body()["role"] == "trader");
  CHECK(me.body()["accounts"][0]["account_id"] == anna.account);
}

} // namespace rialto::net
