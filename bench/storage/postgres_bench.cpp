// bench/storage/postgres_bench.cpp: durable orders a second on PostgreSQL: a lane's group commits against
// a peer that runs one transaction an order on plain tables, on the same synced server, in turn.
//
// An order in the journal is two records of about 150 bytes (an account's and a market's). The peer locks
// and checks a balance, takes the hold, and writes the order and an event: what bench/system/sql_peer.py
// does with pgbench. It matches nothing and settles no fill, which is in its favour. "ratio" is the median
// over the rounds of lane over peer. --small keeps both short; then the ratio says nothing.
#include "bench/bench.hpp"
#include "storage/lane.hpp"
#include "storage/postgres_journal.hpp"
#include "storage/record.hpp"
#include "storage/testing/postgres_server.hpp"

#include <atomic>
#include <thread>

using namespace rialto;
using namespace rialto::storage;
using bench::program;

namespace {

constexpr std::size_t peer_clients = 16;

constexpr const char* peer_tables =
  "CREATE TABLE balances(account bigint, asset text, available bigint NOT NULL CHECK(available >= "
  "0), "
  "hold bigint NOT NULL CHECK(hold >= 0), PRIMARY KEY(account, asset)); "
  "CREATE TABLE orders(id bigserial PRIMARY KEY, account bigint NOT NULL, client_order_id text NOT "
  "NULL, market text NOT NULL, side text NOT NULL, price bigint NOT NULL, quantity bigint NOT "
  "NULL, "
  "status text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), UNIQUE(account, "
  "client_order_id)); "
  "CREATE INDEX orders_open ON orders(market, side, price) WHERE status = 'new'; "
  "CREATE TABLE events(id bigserial PRIMARY KEY, account bigint NOT NULL, body jsonb NOT NULL); "
  "INSERT INTO balances SELECT a, 'USDT', 1000000000000000, 0 FROM generate_series(1, 64) AS a";

/// The five statements of an order travel together, as a careful client sends them: one wait an order.
void prepare_peer(postgres_connection& on) {
  on.run_script(
    "CREATE OR REPLACE FUNCTION pg_temp.place(who bigint, number bigint) RETURNS void "
    "LANGUAGE plpgsql AS $$ DECLARE has bigint; BEGIN "
    "SELECT available INTO has FROM balances WHERE account = who AND asset = 'USDT' FOR "
    "UPDATE; IF has < 5900000 THEN RAISE EXCEPTION 'funds'; END IF; "
    "UPDATE balances SET available = available - 5900000, hold = hold + 5900000 WHERE "
    "account = who AND asset = 'USDT'; "
    "INSERT INTO orders(account, client_order_id, market, side, price, quantity, status) "
    "VALUES(who, number::text, 'BTCUSDT', 'buy', 5900000, 1, 'new'); "
    "INSERT INTO events(account, body) VALUES(who, json_build_object('type', "
    "'order_placed', 'price', 5900000, 'quantity', 1)); END $$");
  on.prepare("place", "SELECT pg_temp.place($1, $2)");
}

double peer_rate(const std::string& address, std::int64_t orders, std::int64_t first) {
  std::vector<postgres_connection> clients;
  for (std::size_t i = 0; i < peer_clients; ++i) prepare_peer(clients.emplace_back(address));
  std::atomic<std::int64_t> next{first};
  const auto took = program::time_ns([&] {
    std::vector<std::thread> running;
    for (auto& one : clients)
      running.emplace_back([&one, &next, end = first + orders] {
        for (auto at = next++; at < end; at = next++) one.run("place", 1 + at % 64, at);
      });
    for (auto& one : running) one.join();
  });
  return static_cast<double>(orders) * 1e9 / static_cast<double>(took);
}

std::string blob_of(std::uint64_t number) {
  blob_writer writer;
  for (const auto stream : {entity_id(account_id{1 + number % 64}), entity_id(market_id{1})}) {
    record made;
    made.stream = stream;
    made.first_event = number;
    made.event_count = 1;
    made.events.assign(105, static_cast<char>(number));
    writer.add(made);
  }
  return writer.finish();
}

struct lane_result {
  double rate = 0;
  lane_statistics counted;
};

lane_result lane_rate(const std::string& address, std::size_t in_flight, std::uint64_t orders) {
  postgres_journal store(address);
  std::atomic<bool> was_refused{false};
  lane_result result;
  const auto took = program::time_ns([&] {
    thread_lane lane(
      store,
      [&](std::vector<notice>& notices) {
        for (const auto& one : notices)
          if (one.result != append_result::accepted) was_refused = true;
      },
      in_flight);
    const auto wait = [] { std::this_thread::sleep_for(std::chrono::microseconds(20)); };
    for (std::uint64_t at = 1; at <= orders; ++at) {
      submission one;
      one.batch.rows.push_back({0, 0, 0, blob_of(at)});
      while (!lane.submit(one)) wait();
    }
    while (lane.waiting() > 0) wait();
    result.counted = lane.statistics();
  });
  program::expect(!was_refused, "a submission was refused");
  result.rate = static_cast<double>(orders) * 1e9 / static_cast<double>(took);
  return result;
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

} // namespace

// What it throws ends the bench, loudly.
int main(int argc, char** argv) { // NOLINT(bugprone-exception-escape)
  const program bench(argc, argv);
  if (postgres_server::programs().empty()) {
    std::puts("PostgreSQL is not installed (Debian: postgresql): nothing measured");
    return 0;
  }
  postgres_server server;
  const auto peer = server.make_database();
  postgres_connection(peer).run_script(peer_tables);
  const auto rounds = bench.parameter(1, 5);
  const auto orders = bench.parameter(100, 5'000);
  std::vector<double> peers, single, many, ratios_single, ratios_many;
  lane_result last;
  for (std::int64_t round = 0; round < rounds; ++round) {
    peers.push_back(peer_rate(peer, orders, 1 + round * orders));
    single.push_back(
      lane_rate(server.make_database(), peer_clients, static_cast<std::uint64_t>(orders)).rate);
    last = lane_rate(server.make_database(), 1'024, static_cast<std::uint64_t>(orders * 20));
    many.push_back(last.rate);
    ratios_single.push_back(single.back() / peers.back());
    ratios_many.push_back(many.back() / peers.back());
  }
  program::report("peer, 16 clients", median(peers), "orders/s");
  program::report("lane, 16 in flight", median(single), "orders/s");
  program::report("lane, 1024 in flight", median(many), "orders/s");
  program::report("ratio, 16 in flight", median(ratios_single), "times the peer");
  program::report("ratio, 1024 in flight", median(ratios_many), "times the peer");
  const auto commits = static_cast<double>(last.counted.commits);
  program::report("orders a commit, 1024 in flight",
                  static_cast<double>(last.counted.submissions) / commits, "");
  program::report("commit mean, 1024 in flight",
                  static_cast<double>(last.counted.commit_ns_total) / commits / 1e3, "us");
  program::report(
    "bytes an order",
    static_cast<double>(last.counted.bytes) / static_cast<double>(last.counted.submissions), "");
}
