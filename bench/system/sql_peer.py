#!/usr/bin/env python3
"""Durable orders against what most platforms do: one SQL transaction per order.

Starts a PostgreSQL of its own (defaults: fsync and synchronous_commit on) in a temporary directory, runs pgbench with an order's transaction
against it, then edge_load against Rialto, both with the server on one core and the clients on the other, and prints the ratios.

    bench/system/sql_peer.py [--build build] [--seconds 10] [--runs 5] [--clients 16] [--small]

The transaction: the client's order id is unique, the balance is locked and checked, the hold is taken, the order and its event are written;
nothing is matched and no fill is settled, which is in the peer's favour.
"""
import argparse
import glob
import os
import pwd
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

SCHEMA = """
CREATE TABLE balances(account bigint, asset text, available bigint NOT NULL CHECK(available >= 0),
                      hold bigint NOT NULL CHECK(hold >= 0), PRIMARY KEY(account, asset));
CREATE TABLE orders(id bigserial PRIMARY KEY, account bigint NOT NULL, client_order_id text NOT NULL, market text NOT NULL,
                    side text NOT NULL, price bigint NOT NULL, quantity bigint NOT NULL, status text NOT NULL,
                    created_at timestamptz NOT NULL DEFAULT now(), UNIQUE(account, client_order_id));
CREATE INDEX orders_open ON orders(market, side, price) WHERE status = 'new';
CREATE TABLE events(id bigserial PRIMARY KEY, account bigint NOT NULL, body jsonb NOT NULL);
INSERT INTO balances SELECT a, 'USDT', 1000000000000000, 0 FROM generate_series(1, 64) AS a;
"""
ORDER = r"""
\set account random(1, 64)
\set price random(5900000, 6000000)
\set quantity random(1, 100)
\set key random(1, 9000000000000000000)
BEGIN;
SELECT available FROM balances WHERE account = :account::bigint AND asset = 'USDT' FOR UPDATE;
UPDATE balances SET available = available - :price::bigint * :quantity::bigint, hold = hold + :price::bigint * :quantity::bigint
  WHERE account = :account::bigint AND asset = 'USDT';
INSERT INTO orders(account, client_order_id, market, side, price, quantity, status)
  VALUES(:account::bigint, :key::text, 'BTCUSDT', 'buy', :price::bigint, :quantity::bigint, 'new');
INSERT INTO events(account, body) VALUES(:account::bigint, json_build_object('type', 'order_placed', 'price', :price::bigint, 'quantity', :quantity::bigint));
COMMIT;
"""


def fail(why):
    sys.exit(f"sql_peer: {why}")


def newest_postgres():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
    if not found:
        fail("PostgreSQL is not installed (Debian: postgresql)")
    return found[-1]


class Postgres:
    """A cluster of its own; PostgreSQL refuses to run as root, so root becomes the user postgres."""

    def __init__(self, core):
        self.bin = newest_postgres()
        self.home = tempfile.mkdtemp(prefix="rialto-peer-")
        self.user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        if self.user:
            os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
        self.run("initdb", "-D", f"{self.home}/data", "-A", "trust", "-U", "peer", "--no-locale", "-E", "UTF8")
        self.server = subprocess.Popen(
            ["taskset", "-c", str(core), f"{self.bin}/postgres", "-D", f"{self.home}/data", "-k", self.home, "-c", "listen_addresses="],
            stdout=subprocess.DEVNULL, stderr=open(f"{self.home}/log", "wb"), preexec_fn=self.drop, cwd=self.home)
        for _ in range(100):
            if subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.home]).returncode == 0:
                break
            try:
                self.server.wait(0.1)
                fail("PostgreSQL does not start: " + open(f"{self.home}/log").read()[-500:])
            except subprocess.TimeoutExpired:
                pass
        self.run("psql", "-q", "-h", self.home, "-U", "peer", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", SCHEMA)

    def drop(self):
        if self.user:
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)

    def run(self, program, *words):
        done = subprocess.run([f"{self.bin}/{program}", *words], capture_output=True, text=True, preexec_fn=self.drop, cwd=self.home)
        if done.returncode != 0:
            fail(f"{program}: {done.stderr[-500:]}")
        return done.stdout

    def orders_per_second(self, core, clients, seconds):
        path = f"{self.home}/order.sql"
        with open(path, "w") as out:
            out.write(ORDER)
        text = subprocess.run(
            ["taskset", "-c", str(core), f"{self.bin}/pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds),
             "-f", path, "-h", self.home, "-U", "peer", "postgres"], capture_output=True, text=True, cwd=self.home)
        rate = re.search(r"tps = ([0-9.]+)", text.stdout)
        if text.returncode != 0 or not rate:
            fail(f"pgbench: {text.stderr[-500:]}")
        return float(rate[1])

    def stop(self):
        self.server.terminate()
        self.server.wait(30)
        shutil.rmtree(self.home, ignore_errors=True)


def rialto(build, mode, runs, seconds, connections):
    done = subprocess.run([f"{build}/bench/edge_load", f"{build}/rialto", "--mode", mode, "--runs", str(runs), "--seconds", str(seconds),
                           "--connections", str(connections)], capture_output=True, text=True)
    found = re.search(r"median\s+(\d+) /s \(best\s+(\d+)\)", done.stdout)
    if done.returncode != 0 or not found:
        fail(f"edge_load --mode {mode}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return float(found[1]), float(found[2])


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    words.add_argument("--build", default="build")
    words.add_argument("--seconds", type=int, default=10)
    words.add_argument("--runs", type=int, default=5)
    words.add_argument("--clients", type=int, default=16)
    words.add_argument("--small", action="store_true", help="one second each, so that it cannot rot")
    wanted = words.parse_args()
    if wanted.small:
        wanted.seconds, wanted.runs = 1, 1
    cores = sorted(os.sched_getaffinity(0))
    server_core, client_core = cores[0], cores[-1]
    peer = Postgres(server_core)
    try:
        rates = [peer.orders_per_second(client_core, wanted.clients, wanted.seconds) for _ in range(wanted.runs)]
    finally:
        peer.stop()
    base = statistics.median(rates)
    print(f"PostgreSQL, one transaction an order, {wanted.clients} clients: median {base:8.0f} /s (best {max(rates):8.0f})", flush=True)
    for mode, name in (("http", "HTTP, 64 connections"), ("ws", "WebSocket, 64 x 1 in flight"), ("pipelined", "WebSocket, 64 x 8 in flight")):
        median, best = rialto(wanted.build, mode, wanted.runs, wanted.seconds, 4 if wanted.small else 64)
        print(f"{name:32s} median {median:8.0f} /s (best {best:8.0f})  ratio of medians {median / base:5.1f}", flush=True)


if __name__ == "__main__":
    main()
