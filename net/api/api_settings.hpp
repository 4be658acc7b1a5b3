// net/api/api_settings.hpp: what the native API is configured with; the app fills it from
// runtime/settings_list.
#pragma once

#include "actors/feed/feed_report.hpp"
#include "domain/account_events.hpp"
#include "net/api/node_health.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::runtime {
class actor_registry;
}

namespace rialto::net {

/// One answered request, for the access log.
struct access_line {
  std::string_view request_id, method, path, peer_address;
  int status = 0;
  user_id user;
  std::int64_t duration_ns = 0;
};

struct api_settings {
  std::string token_key;  // at least token_signer::key_bytes_min bytes
  std::string secret_key; // secret_box::key_bytes bytes; seals the secrets of API keys
  std::int64_t access_token_s = 900;
  std::int64_t refresh_token_s = 30 * 86'400;

  bool limits_loopback = false; // rate limits also bind clients on this machine
  std::int64_t requests_per_second = 50, burst = 200;
  std::int64_t orders_per_second = 50;

  bool takes_registrations = true;
  bool is_demo = false;                           // POST demo makes users with play money
  std::string feed = "none";                      // what the platform says its market data is
  std::int64_t binance_weight_per_minute = 6'000; // of an address, on the Binance-compatible API

  std::vector<std::string> cors_origins;
  account_limits account;

  std::int64_t answer_timeout_ns = 5'000'000'000;
  std::size_t pending_max = 100'000;
  std::size_t password_threads = 2, password_queue = 64;
  std::size_t read_queue = 1'024;
  std::size_t subscriptions_max = 200; // per connection
  std::size_t private_messages_kept = 1'000;

  /// The actors of this node; outlives the API.
  const runtime::actor_registry* actors = nullptr;
  /// How the feed of this node is doing; outlives the API. Null: there is none.
  const actors::feed_board* feeds = nullptr;
  /// Asked for each GET admin/health, on the io thread; must be quick. May be empty.
  std::function<node_health()> health;
  /// Asks the inspector (actors/cluster/inspection.hpp) for `who`; returns at once, and calls `then` once or, as the node stops, never, on any thread.
  /// May be empty.
  std::function<void(std::string question, std::string who, std::function<void(std::string)> then)>
    inspect;
  /// The Prometheus page.
  std::function<std::string()> metrics_text;
  /// Called on the io thread after each answer; must be quick. May be empty.
  std::function<void(const access_line&)> access_log;
};

} // namespace rialto::net
