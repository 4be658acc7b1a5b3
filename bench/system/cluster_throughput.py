#!/usr/bin/env python3
"""Durable orders of a cluster on PostgreSQL, for one node and for two, against one SQL transaction an order on the same server.

Starts a PostgreSQL of its own (fsync and synchronous_commit on) and nodes on it, all on one core, and the generator on the other. The peer
(sql_peer.py) runs on the same server before and after each measurement; the ratio is that of the medians.

    bench/system/cluster_throughput.py [--build build] [--runs 5] [--seconds 4] [--connections 64] [--small]
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tests" / "system")]
MODES = (("http", "HTTP, 1 in flight each"), ("ws", "WebSocket, 1 in flight each"), ("pipelined", "WebSocket, 8 in flight each"))
ROLES = "edge, users, trading, marketdata"


class Peer:
    """sql_peer's transaction in a database of its own on a server that runs already."""

    def __init__(self, server, client_core, clients, seconds):
        import sql_peer
        self.server, self.core, self.clients, self.seconds, self.order = server, client_core, clients, seconds, sql_peer.ORDER
        self.script = server.home / "order.sql"
        self.script.write_text(sql_peer.ORDER)
        self._run("psql", "-q", "-d", "postgres", "-c", "CREATE DATABASE peer")
        self._run("psql", "-q", "-d", "peer", "-v", "ON_ERROR_STOP=1", "-c", sql_peer.SCHEMA)

    def _run(self, program, *words, before=()):
        done = subprocess.run([*before, self.server.programs / program, "-h", self.server.hosts[0], "-p", str(self.server.port), "-U",
                               "rialto", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{program}: {done.stderr[-500:]}")
        return done.stdout

    def rate(self):
        text = self._run("pgbench", "-n", "-M", "prepared", "-c", str(self.clients), "-j", "1", "-T", str(self.seconds), "-f", self.script,
                         "peer", before=("taskset", "-c", str(self.core)))
        return float(re.search(r"tps = ([0-9.]+)", text)[1])


def measure(build, names, wanted, server_core, client_core):
    import cluster_support
    made = cluster_support.Cluster({name: ROLES for name in names}, shards=64)
    try:
        subprocess.run(["taskset", "-a", "-p", "-c", str(server_core), str(made.postgres.process.pid)], check=True, stdout=subprocess.DEVNULL)
        made.start()
        nodes = list(made.nodes.values())
        for node in nodes:
            subprocess.run(["taskset", "-a", "-p", "-c", str(server_core), str(node.process.pid)], check=True, stdout=subprocess.DEVNULL)
        password = next(node.admin_password() for node in nodes if (node.data / "admin-password").exists())
        peer = Peer(made.postgres, client_core, wanted.clients, wanted.seconds)
        for mode, what in MODES:
            rates = [peer.rate()]
            loaded = subprocess.run(
                [f"{build}/bench/edge_load", "--ports", ",".join(str(node.port) for node in nodes), "--pids",
                 ",".join(str(node.process.pid) for node in nodes), "--database", str(made.postgres.process.pid), "--mode", mode,
                 "--runs", str(wanted.runs), "--seconds", str(wanted.seconds), "--connections", str(wanted.connections), "--all-markets",
                 "--client-core", str(client_core)], capture_output=True, text=True, check=False,
                env={**os.environ, "RIALTO_ADMIN_PASSWORD": password})
            found = re.search(r"median\s+(\d+) /s \(best\s+(\d+)\)", loaded.stdout)
            if loaded.returncode or not found:
                sys.exit(f"edge_load --mode {mode}: {loaded.stdout[-600:]}{loaded.stderr[-600:]}\n{made.log_tails()}")
            rates.append(peer.rate())
            base = statistics.median(rates)
            print(f"{len(names)} node{'s' * (len(names) > 1)}, {what}: {found[1]} /s, {int(found[1]) / base:.1f} times the peer's {base:.0f} /s")
            print(loaded.stdout.rstrip(), flush=True)
    finally:
        made.close()


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--build", default="build")
    words.add_argument("--seconds", type=int, default=4)
    words.add_argument("--runs", type=int, default=5)
    words.add_argument("--connections", type=int, default=64)
    words.add_argument("--clients", type=int, default=16, help="of the peer")
    words.add_argument("--small", action="store_true", help="a second each with few connections, so that it cannot rot")
    wanted = words.parse_args()
    if wanted.small:
        wanted.seconds, wanted.runs, wanted.connections = 1, 1, 4
    os.environ.setdefault("RIALTO_BINARY", str(pathlib.Path(wanted.build).resolve() / "rialto"))
    cores = sorted(os.sched_getaffinity(0))
    for names in (("a",), ("a", "b")):
        measure(wanted.build, names, wanted, cores[0], cores[-1])


if __name__ == "__main__":
    main()
