#include "app/node.hpp"

#include "app/inspect_service.hpp"
#include "app/node_cluster.hpp"
#include "app/node_core.hpp"
#include "app/node_health.hpp"
#include "app/node_inspection.hpp"
#include "app/node_metrics.hpp"
#include "app/page_folder.hpp"
#include "net/api/api.hpp"
#include "net/redis/redis_publisher.hpp"
#include "net/server/server.hpp"
#include "net/web/page_files.hpp"
#include "runtime/log.hpp"
#include "runtime/stop_watch.hpp"
#include "runtime/web_address.hpp"

#include <csignal>
#include <optional>
#include <pthread.h>

namespace rialto::app {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

net::api_settings api_settings_of(const runtime::node_settings& from, node_core& core,
                                  health_reader& health, node_inspection& inspection) {
  net::api_settings to;
  to.token_key = core.token_key();
  to.secret_key = core.secret_key();
  to.access_token_s = *from.auth_access_token_minutes * 60;
  to.refresh_token_s = *from.auth_refresh_token_days * 86'400;
  to.limits_loopback = *from.limits_loopback;
  to.requests_per_second = *from.limits_requests_per_second;
  to.burst = *from.limits_burst;
  to.orders_per_second = *from.limits_orders_per_second;
  to.takes_registrations = *from.auth_registration;
  to.is_demo = *from.demo_enabled;
  const auto feed = runtime::text_of(*from.feed_source);
  to.feed = feed.substr(0, feed.find(':')); // where a recording lies is nobody's business
  to.binance_weight_per_minute = *from.binance_weight_per_minute;
  to.cors_origins = from.cors_origins->words;
  to.account.open_orders_max = static_cast<std::uint32_t>(*from.limits_open_orders);
  to.account.orders_per_day_max = static_cast<std::uint32_t>(*from.limits_orders_per_day);
  to.account.orders_per_10s_max = static_cast<std::uint32_t>(*from.limits_orders_per_ten_seconds);
  to.actors = &core.registry();
  to.feeds = &core.feeds();
  to.health = [&health] { return health.read(); };
  to.inspect = [&inspection](std::string question, std::string who,
                             std::function<void(std::string)> then) {
    inspection.ask(std::move(question), std::move(who), std::move(then));
  };
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
  to.tls = {*from.tls_certificate, *from.tls_key};
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

/// Empty: no copies are wanted.
std::optional<net::redis_publisher_options> redis_options_of(const runtime::node_settings& from) {
  std::string why;
  const auto address =
    runtime::read_web_address(*from.redis_url, runtime::address_kind::redis, why);
  if (!address) return {}; // an empty one: others were refused with the settings
  net::redis_publisher_options to;
  to.at.host = address->host;
  to.at.port = address->port;
  to.at.user = address->user;
  to.at.password = address->password;
  if (!address->base.empty()) to.at.database = std::stoi(address->base.substr(1));
  to.prefix = *from.redis_prefix;
  to.book_every = std::chrono::milliseconds(*from.redis_flush_milliseconds);
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

  std::optional<net::page_files> pages; // read first: a folder that is no good touches no data
  if (const auto folder = page_folder(*settings.http_pages)) pages.emplace(*folder);
  if (const auto options = server_options_of(settings); options.tls.is_wanted())
    static_cast<void>(net::tls_context(options.tls)); // the same: files that are no pair
  node_core core(settings);
  health_reader health(core);
  node_inspection inspection(core, *settings.cluster_node);
  net::api edge(
    core.gate(), [&core] { return storage::open_read_models(core.data_directory()); }, core.tape(),
    api_settings_of(settings, core, health, inspection), core.clock());
  net::server web(server_options_of(settings), edge);
  edge.attach(web);
  health.watch(web.statistics());
  if (pages) edge.show(*pages);
  add_server_metrics(core.metrics(), web.statistics());
  runtime::add_process_metrics(core.metrics(), core.clock());
  std::optional<net::redis_publisher> copies;
  std::optional<net::redis_edge> tap; // before the edge, if there is a Redis
  if (auto options = redis_options_of(settings)) {
    if (auto* const cluster = core.cluster())
      options->is_ours = [cluster](market_id market) { return cluster->owns(market); };
    copies.emplace(*options, core.gate());
    tap.emplace(edge, *copies);
    add_redis_metrics(core.metrics(), copies->statistics());
  }
  core.start(tap ? static_cast<actors::edge&>(*tap) : edge);
  if (copies) copies->start();
  const auto answers = [&inspection](std::string_view question, std::string_view who) {
    return inspection.answer(question, who);
  };
  if (auto* const cluster = core.cluster())
    cluster->answer_questions(answers,
                              [&inspection](std::string_view question, std::string_view who) {
                                return inspection.own_answer(question, who);
                              });
  std::optional<inspect_service> door;
  if (*settings.inspect_listen != "off")
    door.emplace(core.actors(), runtime::actor_surroundings{core.registry(), core.clock()}, answers,
                 core.data_directory(), *settings.inspect_listen);
  web.start();
  auto at = *settings.http_listen;
  at.port = web.port();
  listening(at);
  runtime::log_info("node", "listening on {}", runtime::text_of(at));

  int signal = 0;
  sigwait(&signals, &signal);
  const bool has_failed = core.has_failed();
  if (has_failed)
    runtime::log_error("node", "stopping: what must not fail has failed");
  else
    runtime::log_info("node", "stopping");
  core.watch().step("other nodes to take its shards");
  if (!has_failed) core.drain(); // the edge answers on while others take over
  core.watch().step("requests under way");
  web.stop(); // what was asked is answered first
  core.watch().step("its farewell from the cluster");
  if (!has_failed) core.leave();
  core.watch().step("the edge");
  if (copies) copies->stop();
  core.disconnect_edge();
  inspection.stop();
  edge.stop();
  door.reset();
  if (auto* const cluster = core.cluster()) cluster->answer_questions({}, {});
  core.stop();
  runtime::log_info("node", "stopped");
  return has_failed ? 1 : 0;
}

} // namespace rialto::app
