#!/usr/bin/env python3
"""A cluster at a steady rate for as many orders as an hour has at 100 a second, and what its nodes hold meanwhile.

Three nodes of trading and market data, two edges, PostgreSQL and Redis, all started here. Orders, cancels, and connections that come and go
(steady_load). Each node's resident memory, file handles, threads, actors and live entities are printed as they change; it fails if the medians of
the last quarter are above those of the third by more than a twentieth. Half of the time fills what is bounded: an account remembers its last 1,000
orders. Orders have no client order id here: those are remembered for a day, so they are no steady state within minutes.

    bench/system/cluster_soak.py [--build build] [--seconds 840] [--rate 500] [--connections 40] [--small]
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "tests" / "system")]
GROWTH_MAX = 1.05
# Below these a twentieth is a handful, and says nothing.
ROOM = {"MiB": 8, "handles": 8, "threads": 4, "actors": 20, "entities": 20}


def sample(node):
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text(encoding="ascii", errors="replace")
    metrics = node.api().get("/metrics").text

    def metric(name):
        found = re.search(rf"^{name} ([0-9.e+]+)$", metrics, re.M)
        return float(found[1]) if found else 0.0
    return {"MiB": int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024, "handles": len(os.listdir(f"/proc/{node.process.pid}/fd")),
            "threads": int(re.search(r"Threads:\s+(\d+)", status)[1]), "actors": metric("rialto_actors"),
            "entities": metric("rialto_entities_active")}


def judge(name, samples):
    """Lines of what grew."""
    quarter = max(1, len(samples) // 4)
    grown = []
    for what, room in ROOM.items():
        third = statistics.median(one[what] for one in samples[2 * quarter:3 * quarter] or samples)
        last = statistics.median(one[what] for one in samples[-quarter:])
        print(f"{name:8s} {what:9s} third quarter {third:9.1f}  last quarter {last:9.1f}", flush=True)
        if last > third * GROWTH_MAX and last - third > room:
            grown.append(f"{name}: {what} grew from {third:.1f} to {last:.1f}")
    return grown


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--build", default="build")
    words.add_argument("--seconds", type=int, default=840)
    words.add_argument("--rate", type=int, default=500)
    words.add_argument("--connections", type=int, default=40)
    words.add_argument("--small", action="store_true", help="some seconds, so that it cannot rot; what grows then is only told")
    wanted = words.parse_args()
    if wanted.small:
        wanted.seconds, wanted.rate, wanted.connections = 5, 50, 10
    os.environ.setdefault("RIALTO_BINARY", str(pathlib.Path(wanted.build).resolve() / "rialto"))
    import cluster_support
    made = cluster_support.Cluster(redis=True)
    try:
        made.start()
        password = next(node.admin_password() for node in made.nodes.values() if (node.data / "admin-password").exists())
        load = subprocess.Popen([f"{wanted.build}/bench/steady_load", "--ports", ",".join(str(node.port) for node in made.edges), "--rate",
                                 str(wanted.rate), "--seconds", str(wanted.seconds), "--connections", str(wanted.connections)],
                                stdout=subprocess.PIPE, text=True, env={**os.environ, "RIALTO_ADMIN_PASSWORD": password})
        samples = {name: [] for name in made.nodes}
        began, told = time.monotonic(), 0
        while load.poll() is None:
            for name, node in made.nodes.items():
                samples[name].append(sample(node))
            if time.monotonic() - began >= told:
                told += max(5, wanted.seconds // 12)
                print(f"{time.monotonic() - began:5.0f} s " + "  ".join(
                    f"{name}: {seen[-1]['MiB']:.0f} MiB, {seen[-1]['handles']} handles, {seen[-1]['actors']:.0f} actors"
                    for name, seen in samples.items()), flush=True)
            time.sleep(min(2, wanted.seconds / 20))
        print(load.stdout.read().strip(), flush=True)
        if load.returncode:
            sys.exit(f"the load ended with {load.returncode}\n{made.log_tails()}")
        grown = [line for name, seen in samples.items() for line in judge(name, seen)]
    finally:
        made.close()
    if grown and not wanted.small:
        sys.exit("\n".join(grown))


if __name__ == "__main__":
    main()
