// tests/net/api_node.hpp: the API on real entities: accounts, markets and users on a shard
// whose disk answers at once, the public faces fed from its publications, the read models projected from its rows.
//
// One thread (the test's) is the io thread: run() runs what was posted. Passwords and reads happen
// on the API's own worker threads, so run_until() waits for them.
#pragma once

#include "actors/public_faces.hpp"
#include "net/api/api_core.hpp"
#include "runtime/actor_registry.hpp"
#include "tests/net/immediate_node.hpp"

#include <nlohmann/json.hpp>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>

namespace rialto::net {

using nlohmann::json;

/// The gate of a node whose disk answers at once, unless told to fail.
class node_gate final : public actors::gate {
public:
  void submit(std::vector<actors::request> requests) override;
  /// Entities wake whose time has come.
  void tick() {
    node_.tick();
    commit();
  }
  [[nodiscard]] std::shared_ptr<const actors::directory> markets() const override {
    return faces_.markets();
  }
  using gate::next_order_id;
  [[nodiscard]] order_id next_order_id(std::uint32_t count) override {
    const order_id first{next_id("order")};
    while (--count > 0) (void)next_id("order");
    return first;
  }
  [[nodiscard]] std::uint64_t next_id(std::string_view sequence) override;
  [[nodiscard]] std::optional<entity_id> find_claim(std::string_view key) override;
  [[nodiscard]] std::optional<actors::channel_message>
  channel_snapshot(std::string_view channel) const override {
    return faces_.snapshot(channel, node_.now);
  }
  [[nodiscard]] std::optional<actors::market_look> look(std::string_view symbol,
                                                        std::size_t levels_max) const override {
    return faces_.look(symbol, levels_max, node_.now);
  }
  [[nodiscard]] std::optional<candle> running_candle(market_id market,
                                                     candle_interval interval) const override {
    const auto face = faces_.find(market);
    return face ? face->candles.current(interval) : std::nullopt;
  }
  [[nodiscard]] std::optional<actors::live_candle>
  live_candle_of(market_id market, candle_interval interval) const override {
    const auto face = faces_.find(market);
    return face ? face->candles.live(interval) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::vector<actors::channel_message>>
  channel_since(std::string_view channel, std::uint64_t sequence) const override {
    return faces_.since(channel, sequence);
  }
  [[nodiscard]] bool wait_for_lists(std::function<void()> then) override {
    if (!lists_wait) return false; // every commit is projected at once
    waiting.push_back(std::move(then));
    return true;
  }
  [[nodiscard]] bool is_ready(std::string& why) const override {
    if (!ready) why = "the journal is down";
    return ready;
  }

  /// Fails every request until reset: with an answer of this kind, or with silence for `unknown`.
  std::optional<actors::delivery> failing;
  bool ready = true, lists_wait = false;
  std::vector<std::function<void()>> waiting; // for the lists
  std::size_t submissions = 0, requests_seen = 0;
  actors::edge* out = nullptr;
  /// Candles close whose time is over, as their actor does on its timer.
  void close_candles();
  void project_into(const std::string& directory) {
    projector_ = storage::open_projector(directory);
  }
  immediate_node& node() { return node_; }
  actors::public_faces& faces() { return faces_; }

private:
  void commit();
  void project();

  immediate_node node_;
  actors::public_faces faces_;
  std::unique_ptr<storage::projector> projector_;
  std::mutex lock_;
  std::map<std::string, std::uint64_t, std::less<>> ids_;
  std::map<std::string, entity_id, std::less<>> claims_;
  std::map<std::uint64_t, std::vector<storage::claim>> claims_under_way_;
};

/// Remembers what the stream sent.
class recorded_port final : public stream_port {
public:
  bool send(web_socket_id id, const std::shared_ptr<const std::string>& text,
            std::uint64_t conflate, bool may_wait) override {
    waiting += may_wait ? 1 : 0;
    sent[id].push_back(json::parse(*text));
    bytes[id] = text;
    conflated += conflate != 0 ? 1 : 0;
    return true;
  }
  void close(web_socket_id id, std::uint16_t code, std::string_view) override { closed[id] = code; }
  std::map<web_socket_id, std::vector<json>> sent;
  std::map<web_socket_id, std::uint16_t> closed;
  std::map<web_socket_id, std::shared_ptr<const std::string>> bytes; // of the newest message
  std::size_t conflated = 0, waiting = 0;
};

struct http_answer {
  int status = 0;
  std::string text;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type;
  [[nodiscard]] json body() const { return text.empty() ? json() : json::parse(text); }
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return {};
  }
  [[nodiscard]] std::string code() const { return body().value("code", ""); }
  [[nodiscard]] std::string field() const { return body().value("field", ""); }
};

struct asked {
  std::string method = "GET", target = "/";
  std::string body = {}, token = {}, origin = {}, account = {}, content_type = {};
  std::string address = "127.0.0.1";
  std::vector<std::pair<std::string, std::string>> headers = {}; // more of them
};

/// A user who has logged in.
struct trader {
  std::string email, token, refresh;
  std::uint64_t user = 0, account = 0;
};

class api_node {
public:
  explicit api_node(api_settings settings = {});
  ~api_node();

  [[nodiscard]] http_answer ask(const asked& what);
  http_answer get(const std::string& target, const std::string& token = {}) {
    return ask({"GET", target, {}, token});
  }
  http_answer post(const std::string& target, const json& body, const std::string& token = {}) {
    return ask({"POST", target, body.dump(), token});
  }
  /// Starts a request; its answer arrives in `answers` when run() has run it.
  void begin(const asked& what, const std::shared_ptr<http_answer>& into);

  trader sign_up(const std::string& email);
  /// An administrator, made at the node's first call.
  [[nodiscard]] const trader& admin();
  /// Another one, logged in.
  [[nodiscard]] trader make_admin(const std::string& email);
  void deposit(const trader& to, const std::string& asset, const std::string& amount);
  void list(const std::string& base, const std::string& quote);

  /// A stream connection; sends messages and gives what came since.
  web_socket_id connect(const std::string& target = "/api/v1/stream",
                        const std::string& address = "127.0.0.1");
  std::vector<json> say(web_socket_id id, const json& message) { return say(id, message.dump()); }
  std::vector<json> say(web_socket_id id, const std::string& text);
  std::vector<json> heard(web_socket_id id);

  /// Time passes in steps of at most a second: edge and entities do what is due.
  void wait(std::int64_t milliseconds);
  /// Runs what was posted; true if something was.
  bool run();
  void run_until(const std::function<bool()>& is_done);

  runtime::manual_clock clock;
  runtime::actor_registry actors;
  node_gate gate;
  recorded_port port;
  api_core& api() { return *core_; }
  storage::tape_store& tape() { return *tape_; }

private:
  std::filesystem::path directory_;
  std::unique_ptr<storage::tape_store> tape_;
  std::mutex lock_;
  std::condition_variable posted_;
  std::vector<std::function<void()>> jobs_;
  std::unique_ptr<api_core> core_;
  std::optional<trader> admin_;
  web_socket_id next_socket_ = 1;
  std::uint64_t next_reference_ = 1;
};

[[nodiscard]] json limit_order(const std::string& side, const std::string& price,
                               const std::string& quantity);

} // namespace rialto::net
