// runtime/settings_list.hpp: every setting of a node, each declared once.
//
// The room: declarations and the checks that look at more than one of them. Adding a setting is adding a
// member here; config.ini in the root is `rialto serve --print-config`, and a test compares the two.
#pragma once

#include "runtime/log.hpp"
#include "runtime/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace rialto::runtime {

/// What storage.journal says for a journal in the data directory.
inline constexpr std::string_view embedded_journal = "sqlite";

struct node_settings : settings_table {
  using text_setting = setting<std::string>;
  using count_setting = setting<std::int64_t>;
  using switch_setting = setting<bool>;

  setting<listen_address> http_listen{
    this,
    {.name = "http.listen",
     .sentence =
       "Address and port of REST, WebSocket and metrics. Beyond loopback set tls.certificate, or "
       "put a reverse proxy in front. Port 0 takes any free one.",
     .fallback = "127.0.0.1:8080",
     .option = "--listen"}};
  count_setting http_request_seconds{
    this,
    {.name = "http.request-seconds",
     .sentence = "How long one request may take to arrive and to be answered; after that the "
                 "answer is 503, or \"unknown\" for an order that was already submitted.",
     .fallback = "10",
     .rule = {.min = 1, .max = 600},
     .unit = "seconds"}};
  count_setting http_idle_seconds{
    this,
    {.name = "http.idle-seconds",
     .sentence = "How long a kept-alive HTTP connection may stay silent before it is closed.",
     .fallback = "75",
     .rule = {.min = 1, .max = 3'600},
     .unit = "seconds"}};

  text_setting http_pages{
    this,
    {.name = "http.pages",
     .sentence = "Folder of the built web pages. auto: web/dist beside the program or its build "
                 "folder, if it is there; none: the API alone.",
     .fallback = "auto",
     .rule = {.min = 1, .max = 4'000}}};

  text_setting tls_certificate{
    this,
    {.name = "tls.certificate",
     .sentence = "PEM file of the node's certificate, its chain behind it; with it the node speaks "
                 "https and wss only, TLS 1.2 and newer. A renewed file is taken up within "
                 "seconds. scripts/dev-certificate makes one for this machine.",
     .fallback = "",
     .rule = {.max = 4'000}}};
  text_setting tls_key{
    this,
    {.name = "tls.key",
     .sentence = "PEM file of the certificate's private key, without passphrase.",
     .fallback = "",
     .rule = {.max = 4'000}}};

  text_setting cluster_certificate{
    this,
    {.name = "cluster.certificate",
     .sentence = "PEM file of the certificate this node shows to the other nodes of its cluster "
                 "and to tools; rialto cluster issue NODE makes it. A node alone needs none.",
     .fallback = "",
     .rule = {.max = 4'000}}};
  text_setting cluster_key{
    this,
    {.name = "cluster.key",
     .sentence = "PEM file of that certificate's private key, without passphrase.",
     .fallback = "",
     .rule = {.max = 4'000}}};
  text_setting cluster_authority{
    this,
    {.name = "cluster.authority",
     .sentence = "PEM file with the certificate of the cluster's authority: nodes and tools that "
                 "it did not sign are refused. rialto cluster init-ca makes one.",
     .fallback = "",
     .rule = {.max = 4'000}}};

  text_setting data_directory{
    this,
    {.name = "data.directory",
     .sentence = "Where everything durable lives: the journal, the read models, tape and candles, "
                 "the token key and the first password of the administrator.",
     .fallback = "./data",
     .rule = {.min = 1, .max = 4'000},
     .option = "--data"}};

  text_setting cluster_node{
    this,
    {.name = "cluster.node",
     .sentence = "This node's name in a cluster; with it the node joins the cluster whose database "
                 "storage.journal names. Empty: a node of its own.",
     .fallback = "",
     .rule = {.max = 63}}};
  text_setting cluster_name{this,
                            {.name = "cluster.name",
                             .sentence = "The cluster's name; nodes of another one are refused.",
                             .fallback = "rialto",
                             .rule = {.min = 1, .max = 63}}};
  setting<listen_address> cluster_listen{
    this,
    {.name = "cluster.listen",
     .sentence = "Address and port for the other nodes and for tools. Port 0 takes any free one.",
     .fallback = "127.0.0.1:7800"}};
  text_setting cluster_advertise{
    this,
    {.name = "cluster.advertise",
     .sentence = "HOST:PORT under which the other nodes reach cluster.listen. Empty: as it is.",
     .fallback = "",
     .rule = {.max = 255}}};
  text_setting cluster_secrets{
    this,
    {.name = "cluster.secrets",
     .sentence = "Folder with the token-key and secret-key that all nodes of a cluster share.",
     .fallback = "",
     .rule = {.max = 4'000}}};
  setting<word_list> cluster_roles{
    this,
    {.name = "cluster.roles",
     .sentence = "What it offers: edge (clients), users, trading (accounts, markets), marketdata.",
     .fallback = "edge, users, trading, marketdata",
     .rule = {.max = 100}}};
  count_setting cluster_shards{
    this,
    {.name = "cluster.shards",
     .sentence = "Shards of a cluster that begins; an existing one keeps its number.",
     .fallback = "64",
     .rule = {.min = 2, .max = 4'096}}};
  count_setting cluster_drain_seconds{
    this,
    {.name = "cluster.drain-seconds",
     .sentence = "How long a node that stops may take to hand its shards over.",
     .fallback = "30",
     .rule = {.min = 0, .max = 3'600},
     .unit = "seconds"}};

  setting<feed_choice> feed_source{
    this,
    {.name = "feed.source",
     .sentence = "Where market data comes from: none, a simulated exchange, the live Binance "
                 "market, or a recording (raw combined-stream lines, .gz read directly). SPEED is "
                 "max or times the recorded speed.",
     .fallback = "none",
     .option = "--feed"}};
  count_setting feed_seed{
    this,
    {.name = "feed.seed",
     .sentence = "Seed of the simulated exchange: the same seed gives the same market.",
     .fallback = "1",
     .rule = {.min = 0, .max = INT64_MAX}}};

  setting<word_list> feed_symbols{
    this,
    {.name = "feed.symbols",
     .sentence = "Symbols the live market is followed in, as BTCUSDT, ETHUSDT; one that is not "
                 "listed here yet is listed with the exchange's ticks, lots and limits; mirrored "
                 "ones that are not named are stale. Empty: every mirrored instrument.",
     .fallback = "",
     .rule = {.max = 1'000}}};
  text_setting feed_rest_url{
    this,
    {.name = "feed.rest-url",
     .sentence = "Where the live market's snapshots and history are asked for, for instance a "
                 "mirror or test network. http:// on loopback only.",
     .fallback = "https://api.binance.com",
     .rule = {.min = 1, .max = 1'024}}};
  text_setting feed_stream_url{
    this,
    {.name = "feed.stream-url",
     .sentence = "Where the live market's streams are. ws:// on loopback only.",
     .fallback = "wss://stream.binance.com:9443",
     .rule = {.min = 1, .max = 1'024}}};
  text_setting feed_proxy{
    this,
    {.name = "feed.proxy",
     .sentence = "HTTP proxy on the way to the live market, http://[USER:PASSWORD@]HOST:PORT. "
                 "Empty: none.",
     .fallback = "",
     .rule = {.max = 1'024},
     .is_secret = true}};
  text_setting feed_ca_file{
    this,
    {.name = "feed.ca-file",
     .sentence = "File with certificates (PEM) that are trusted besides the system's when the "
                 "live market or a mirror of it is spoken to.",
     .fallback = "",
     .rule = {.max = 4'000}}};
  count_setting feed_stale_seconds{
    this,
    {.name = "feed.stale-seconds",
     .sentence = "A live market whose connection brought no data so long is marked stale and its "
                 "mirrored liquidity is pulled.",
     .fallback = "15",
     .rule = {.min = 1, .max = 3'600},
     .unit = "seconds"}};
  count_setting feed_silence_seconds{
    this,
    {.name = "feed.silence-seconds",
     .sentence = "A connection to the live market on which nothing at all came so long, not even a "
                 "ping, is made anew.",
     .fallback = "30",
     .rule = {.min = 1, .max = 3'600},
     .unit = "seconds"}};

  text_setting inspect_listen{
    this,
    {.name = "inspect.listen",
     .sentence = "Address and port at which rialto inspect reaches this node, whatever its edge "
                 "does; whoever may read the data directory gets in. Port 0 takes any free one. "
                 "off: not at all.",
     .fallback = "127.0.0.1:0",
     .rule = {.min = 1, .max = 100}}};

  text_setting log_level{
    this,
    {.name = "log.level",
     .sentence = "The least important lines that are still written.",
     .fallback = "info",
     .rule = {.allowed = {"trace", "debug", "info", "warning", "error", "off"}}}};
  text_setting log_format{this,
                          {.name = "log.format",
                           .sentence = "Text for people, or one JSON object a line for machines.",
                           .fallback = "text",
                           .rule = {.allowed = {"text", "json"}}}};
  text_setting log_file{this,
                        {.name = "log.file",
                         .sentence = "Write the log to this file instead of standard error.",
                         .fallback = "",
                         .rule = {.max = 4'000}}};
  count_setting log_file_megabytes{
    this,
    {.name = "log.file-megabytes",
     .sentence = "A log file that reaches this size is renamed to NAME.1 and begun anew; five old "
                 "ones are kept.",
     .fallback = "64",
     .rule = {.min = 1, .max = 100'000},
     .unit = "megabytes"}};

  count_setting auth_access_token_minutes{this,
                                          {.name = "auth.access-token-minutes",
                                           .sentence = "How long an access token is good for.",
                                           .fallback = "15",
                                           .rule = {.min = 1, .max = 1'440},
                                           .unit = "minutes"}};
  count_setting auth_refresh_token_days{
    this,
    {.name = "auth.refresh-token-days",
     .sentence = "How long a refresh token is good for; each use replaces it.",
     .fallback = "30",
     .rule = {.min = 1, .max = 365},
     .unit = "days"}};
  text_setting auth_token_key{
    this,
    {.name = "auth.token-key",
     .sentence = "Key that signs access tokens, at least 32 bytes of random text. Empty: made at "
                 "the first start and kept in the data directory as token-key.",
     .fallback = "",
     .rule = {.max = 1'024},
     .is_secret = true}};

  switch_setting auth_registration{
    this,
    {.name = "auth.registration",
     .sentence = "Whether anybody may register. Off: only users who are there already log in.",
     .fallback = "on"}};
  switch_setting demo_enabled{
    this,
    {.name = "demo.enabled",
     .sentence = "Whether a newcomer gets a user with play money at one click. Only on a loopback "
                 "address: a node that others reach must not hand out money.",
     .fallback = "off",
     .option = "--demo"}};

  switch_setting limits_loopback{
    this,
    {.name = "limits.loopback",
     .sentence = "Whether the limits per address and on rates also bind clients on this machine.",
     .fallback = "off"}};
  count_setting limits_requests_per_second{
    this,
    {.name = "limits.requests-per-second",
     .sentence = "Requests one address may make in the long run; beyond that the answer is 429.",
     .fallback = "50",
     .rule = {.min = 1, .max = 1'000'000},
     .unit = "a second"}};
  count_setting limits_burst{this,
                             {.name = "limits.burst",
                              .sentence = "Requests one address may make at once after a pause.",
                              .fallback = "200",
                              .rule = {.min = 1, .max = 1'000'000},
                              .unit = "requests"}};
  count_setting limits_orders_per_second{
    this,
    {.name = "limits.orders-per-second",
     .sentence = "Orders, amendments and cancels one user may send in the long run.",
     .fallback = "50",
     .rule = {.min = 1, .max = 1'000'000},
     .unit = "a second"}};
  count_setting limits_body_bytes{this,
                                  {.name = "limits.body-bytes",
                                   .sentence = "The longest request body and WebSocket message.",
                                   .fallback = "65536",
                                   .rule = {.min = 1'024, .max = 16'777'216},
                                   .unit = "bytes"}};
  count_setting limits_connections{this,
                                   {.name = "limits.connections",
                                    .sentence = "Open connections, HTTP and WebSocket together.",
                                    .fallback = "10000",
                                    .rule = {.min = 1, .max = 1'000'000},
                                    .unit = "connections"}};
  count_setting limits_connections_per_address{this,
                                               {.name = "limits.connections-per-address",
                                                .sentence = "Open connections from one address.",
                                                .fallback = "100",
                                                .rule = {.min = 1, .max = 1'000'000},
                                                .unit = "connections"}};
  count_setting limits_open_orders{this,
                                   {.name = "limits.open-orders",
                                    .sentence = "Orders one account may have open at a time.",
                                    .fallback = "1000000",
                                    .rule = {.min = 1, .max = 10'000'000},
                                    .unit = "orders"}};
  count_setting limits_orders_per_day{
    this,
    {.name = "limits.orders-per-day",
     .sentence = "Orders one account may place within 24 hours. It also bounds the client order "
                 "ids that are remembered so that a repeated order is not placed twice.",
     .fallback = "1000000",
     .rule = {.min = 1, .max = 10'000'000},
     .unit = "orders"}};
  count_setting limits_orders_per_ten_seconds{
    this,
    {.name = "limits.orders-per-10s",
     .sentence = "Orders one account may place within ten seconds that begin at whole tens.",
     .fallback = "1000000",
     .rule = {.min = 1, .max = 10'000'000},
     .unit = "orders"}};

  count_setting binance_weight_per_minute{
    this,
    {.name = "binance.weight-per-minute",
     .sentence = "Request weight one address may use in a minute on the Binance-compatible API.",
     .fallback = "6000",
     .rule = {.min = 1, .max = 1'000'000'000},
     .unit = "weight"}};

  setting<word_list> cors_origins{
    this,
    {.name = "cors.origins",
     .sentence = "Web origins whose pages may call the API, for instance https://desk.example.org. "
                 "Empty: only pages this node serves itself.",
     .fallback = "",
     .rule = {.max = 64}}};

  count_setting journal_commit_queue{
    this,
    {.name = "journal.commit-queue",
     .sentence = "Appends that may wait for the disk; when half of it is taken new commands are "
                 "answered 503.",
     .fallback = "4096",
     .rule = {.min = 16, .max = 1'000'000},
     .unit = "appends"}};
  text_setting storage_journal{
    this,
    {.name = "storage.journal",
     .sentence = "Where the journal is: empty or sqlite, a file in the data directory; or an "
                 "address of PostgreSQL 15 or later, "
                 "postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE; of several hosts the one "
                 "that takes writes is used.",
     .fallback = "",
     .rule = {.max = 4'000},
     .is_secret = true}};
  count_setting storage_checkpoint_seconds{
    this,
    {.name = "storage.checkpoint-seconds",
     .sentence = "How often the write-ahead log is folded into the journal and the stream index is "
                 "saved; a start reads at most about this much again.",
     .fallback = "30",
     .rule = {.min = 1, .max = 3'600},
     .unit = "seconds"}};
  count_setting storage_archive_after_days{
    this,
    {.name = "storage.archive-after-days",
     .sentence = "Journal rows older than this, and needed for no recovery, move into compressed "
                 "files in the data directory's archive; lists, dumps and checks still see them. "
                 "0: never.",
     .fallback = "30",
     .rule = {.min = 0, .max = 36'500},
     .unit = "days"}};
  count_setting tape_keep_days{
    this,
    {.name = "tape.keep-days",
     .sentence = "Public trades older than this are dropped; candles stay.",
     .fallback = "7",
     .rule = {.min = 1, .max = 3'650},
     .unit = "days"}};
  count_setting market_data_flush_milliseconds{
    this,
    {.name = "market-data.flush-milliseconds",
     .sentence = "Public news of a busy market leave together at most that often, and public "
                 "messages to one WebSocket share a write; after a pause the first leaves at once. "
                 "0: after every commit.",
     .fallback = "10",
     .rule = {.min = 0, .max = 1'000},
     .unit = "milliseconds"}};
  text_setting redis_url{
    this,
    {.name = "redis.url",
     .sentence = "Redis that gets copies of public market data for other programs, "
                 "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]; docs/REDIS.md. Empty: none.",
     .fallback = "",
     .rule = {.max = 1'024},
     .is_secret = true}};
  text_setting redis_prefix{
    this,
    {.name = "redis.prefix",
     .sentence = "What the names of channels and keys in Redis begin with, before a colon.",
     .fallback = "rialto",
     .rule = {.min = 1, .max = 64}}};
  count_setting redis_flush_milliseconds{
    this,
    {.name = "redis.flush-milliseconds",
     .sentence = "A market's whole book is written to Redis at most that often.",
     .fallback = "250",
     .rule = {.min = 10, .max = 5'000},
     .unit = "milliseconds"}};
  count_setting actors_idle_seconds{
    this,
    {.name = "actors.idle-seconds",
     .sentence =
       "An account or user that nobody asks for so long leaves memory; it comes back from "
       "its snapshot when it is needed. The same holds for an order's own actor.",
     .fallback = "60",
     .rule = {.min = 1, .max = 86'400},
     .unit = "seconds"}};
  count_setting storage_snapshot_events{
    this,
    {.name = "storage.snapshot-events",
     .sentence = "A busy account or market gets a snapshot every so many events: more often means "
                 "a quicker start after a crash and more writing.",
     .fallback = "200000",
     .rule = {.min = 100, .max = 10'000'000},
     .unit = "events"}};
  count_setting actors_threads{
    this,
    {.name = "actors.threads",
     .sentence = "Threads that run actors. One is fastest on up to two cores; the disk and the "
                 "network have threads of their own.",
     .fallback = "1",
     .rule = {.min = 1, .max = 64},
     .unit = "threads"}};

  /// The config.ini these settings would need.
  [[nodiscard]] std::string print_config() const;
};

/// Where serve looks for a config file if none is named.
inline constexpr std::string_view usual_config_file = "config.ini";

/// One `--section.key value` of the command line.
struct named_value {
  std::string name, text;
};

/// Defaults, then `file` (may be empty: none), `environment` (null-terminated, may be null) and
/// `options`, then check(). With errors the settings must not be used.
[[nodiscard]] node_settings load_settings(const std::string& file, const char* const* environment,
                                          const std::vector<named_value>& options,
                                          setting_errors& errors);

/// What no single setting's rule can say: settings that do not go together, a weak key.
void check_settings(const node_settings& settings, setting_errors& errors);

/// Whether storage.journal names PostgreSQL, which other nodes may use as well.
[[nodiscard]] bool is_journal_shared(const node_settings& settings);

/// The log.* settings as the log wants them.
[[nodiscard]] log_options log_options_of(const node_settings& settings);

/// Why a signing key is too easy to guess ("has fewer than 32 bytes"); empty if it is not.
[[nodiscard]] std::string weakness_of_key(std::string_view key);

/// A warning in capitals when the node listens beyond loopback without TLS, where anybody on the way
/// can read passwords and tokens; else empty.
[[nodiscard]] std::optional<std::string> exposure_warning(const node_settings& settings);

} // namespace rialto::runtime
