#include "app/node.hpp"

#include "app/node_core.hpp"
#include "app/node_metrics.hpp"
#include "net/api/api.hpp"
#include "net/server/server.hpp"
#include "runtime/log.hpp"

#include <csignal>
#include <pthread.h>

namespace rialto::app {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

net::api_settings api_settings_of(const runtime::node_settings& from, node_core& core) {
  net::api_settings to;
  to.token_key = core.token_key();
  to.access_token_s = *from.auth_access_token_minutes * 60;
  to.refresh_token_s = *from.auth_refresh_token_days * 86'400;
  to.limits_loopback = *from.limits_loopback;
  to.requests_per_second = *from.limits_requests_per_second;
  to.burst = *from.limits_burst;
  to.orders_per_second = *from.limits_orders_per_second;
  to.cors_origins = from.cors_origins->words;
  to.account.open_orders_max = static_cast<std::uint32_t>(*from.limits_open_orders);
  to.account.orders_per_day_max = static_cast<std::uint32_t>(*from.limits_orders_per_day);
  to.actors = &core.registry();
  to.metrics_text = [&core] { return core.metrics().text(); };
  to.access_log = [](const net::access_line& line) {
    runtime::log_debug({"http", line.request_id}, "{} {} {} {} us user {} from {}", line.status,
                       line.method, line.path, line.duration_ns / 1'000, line.user.value,
                       line.peer_address);
  };
  return to;
}

net::server_options server_options_of(const runtime::node_settings& from) {
  net::server_options to;
  to.address = from.http_listen->host;
  to.port = from.http_listen->port;
  to.body_bytes_max = static_cast<std::size_t>(*from.limits_body_bytes);
  to.connections_max = static_cast<std::size_t>(*from.limits_connections);
  to.connections_per_address_max = static_cast<std::size_t>(*from.limits_connections_per_address);
  to.limits_loopback = *from.limits_loopback;
  to.body_ns = *from.http_request_seconds * second_ns;
  to.header_ns = *from.http_request_seconds * second_ns;
  to.idle_ns = *from.http_idle_seconds * second_ns;
  to.flush_ns = *from.market_data_flush_milliseconds * (second_ns / 1'000);
  return to;
}

/// Signals are taken by sigwait, so every thread must have them blocked: block them before the first one starts.
sigset_t block_signals() {
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, SIGTERM);
  sigaddset(&ours, SIGINT);
  sigaddset(&ours, SIGHUP); // its terminal is closed: stop in order
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return ours;
}

} // namespace

int serve(const runtime::node_settings& settings, const listening_handler& listening) {
  const auto signals = block_signals();
  runtime::open_log(runtime::log_options_of(settings));
  struct log_closer {
    ~log_closer() { runtime::close_log(); }
  } const closer;

  node_core core(settings);
  net::api edge(
    core.gate(), [&core] { return storage::open_read_models(core.data_directory()); }, core.tape(),
    api_settings_of(settings, core), core.clock());
  net::server web(server_options_of(settings), edge);
  edge.attach(web);
  add_server_metrics(core.metrics(), web.statistics());
  runtime::add_process_metrics(core.metrics(), core.clock());
  core.start(edge);
  web.start();
  auto at = *settings.http_listen;
  at.port = web.port();
  listening(at);
  runtime::log_info("node", "listening on {}", runtime::text_of(at));

  int signal = 0;
  sigwait(&signals, &signal);
  runtime::log_info("node", "stopping");
  web.stop(); // what was asked is answered first
  core.disconnect_edge();
  edge.stop();
  core.stop();
  runtime::log_info("node", "stopped");
  return 0;
}

} // namespace rialto::app
