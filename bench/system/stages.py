#!/usr/bin/env python3
"""Where the CPU time of one order goes, stage by stage: samples of the node under edge_load, by what stands on the stack.

Usage: stages.py BUILD [--mode http|ws|pipelined|single] [--seconds S]      needs `perf`; not part of the tests

A sample belongs to the first stage that matches one of its functions, from the innermost outwards; what no stage claims goes to its
thread's. Printed in microseconds per order, so the sum is the node's CPU time of one order.
"""
import argparse, collections, os, re, subprocess, sys, tempfile, time, urllib.request

STAGES = [  # name, pattern of a function; the innermost function that matches decides
    ("journal: sync", r"^(fdatasync|__libc_fdatasync|__x64_sys_fdatasync)$"),
    ("journal: rows into the log", r"sqlite_journal::append|group_commit::|thread_lane::impl"),
    ("lists (read models)", r"projection_thread::"),
    ("tape, candles, log folding", r"sqlite_tape::|candle_face|node_core::keep|checkpoint_log"),
    ("snapshots", r"make_snapshots|recover_entities|save_snapshots?"),
    ("market news", r"market_news_box|market_face::|hub_actor|publisher"),
    ("auth, limits, access log", r"middleware::|token_signer|rate_limiter|desk::identify"),
    ("body: read and check", r"json_reader|json_object|take_order|simdjson|parse_decimal"),
    ("reply: JSON", r"order_json|put_order|put_fill|answer_order|stream_hub::answer"),
    ("send", r"^(__send|send|__libc_send|sendmsg|__libc_sendmsg)$|connection::write_out|connection::flush"),
    ("receive", r"^(recv|__libc_recv|epoll_wait)$|server_loop::take_events$"),
    ("parse: HTTP or frames", r"frame_reader|http_parser|boost::beast|parse_head|check_head|connection::(process|take_|on_)"),
    ("market", r"rialto::market::|rialto::order_book::"),
    ("account", r"rialto::account::|account_balances|client_ids"),
    ("records of the step", r"blob_writer|encode_event|encode_any|entity<.*>::finish|record"),
    ("release to the edge", r"durable_router|release_of"),
    ("shard and links", r"runtime::shard<|outbox<|stream_index"),
    ("edge: the rest", r"server_loop::|desk::|api_core::|stream_hub::"),
]


def metric(port, name):
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    found = re.search(rf"^{name}(?:{{[^}}]*}})? ([0-9.e+]+)$", text, re.M)
    return float(found[1]) if found else 0.0


def node_of(load):
    """Pid and port of the node that edge_load has started."""
    for _ in range(300):
        pids = subprocess.run(["pgrep", "-P", str(load.pid), "rialto"], capture_output=True, text=True).stdout.split()
        if pids:
            words = open(f"/proc/{pids[0]}/cmdline").read().split("\0")
            if "--listen" in words:
                return int(pids[0]), int(words[words.index("--listen") + 1].rsplit(":", 1)[1])
        time.sleep(0.1)
    sys.exit("stages: edge_load started no node")


def stacks(data):
    """(thread, functions from the innermost outwards) of each sample."""
    out = subprocess.Popen(["perf", "script", "-i", data, "-F", "comm,tid,ip,sym"], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True)
    thread, functions = None, []
    for line in out.stdout:
        if not line.strip():
            if thread:
                yield thread, functions
            thread, functions = None, []
        elif thread is None:
            thread = line.split()[0]
        else:
            functions.append(line.strip().split(" ", 1)[-1])


# Libraries keep no frame pointers: what their callers do not show is the work of its thread.
THREADS = {"journal": "journal: rows into the log", "projector": "lists (read models)", "keeper": "tape, candles, log folding",
           "saver": "snapshots", "edge": "edge: the rest", "caf.multiplexer": "actors: CAF, memory", "caf.clock": "actors: CAF, memory"}


def stage_of(thread, functions, rules):
    for function in functions:
        for name, rule in rules:
            if rule.search(function):
                return name
    return THREADS.get(thread, f"thread {thread}")


def main():
    words = argparse.ArgumentParser()
    words.add_argument("build")
    words.add_argument("--mode", default="ws")
    words.add_argument("--seconds", type=float, default=6)
    wanted = words.parse_args()
    rules = [(name, re.compile(rule)) for name, rule in STAGES]
    with tempfile.TemporaryDirectory() as directory:
        data = os.path.join(directory, "perf.data")
        load = subprocess.Popen([f"{wanted.build}/bench/edge_load", f"{wanted.build}/rialto", "--mode", wanted.mode,
                                 "--runs", "1", "--seconds", str(wanted.seconds * 2 + 4)])
        pid, port = node_of(load)
        begun = None
        while begun is None or metric(port, "rialto_shard_requests_total") < begun + 2_000:  # until orders flow
            time.sleep(0.3)
            try:
                begun = begun or max(1_000.0, metric(port, "rialto_shard_requests_total"))
            except OSError:
                pass
        before = metric(port, "rialto_shard_requests_total")
        cpu = sum(map(int, open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))
        subprocess.run(["perf", "record", "-o", data, "-F", "2000", "--call-graph", "fp", "-p", str(pid), "--",
                        "sleep", str(wanted.seconds)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        orders = metric(port, "rialto_shard_requests_total") - before
        cpu = sum(map(int, open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[11:13])) - cpu
        load.wait()
        count = collections.Counter(stage_of(*one, rules) for one in stacks(data))
    total = cpu / os.sysconf("SC_CLK_TCK") * 1e6 / orders
    samples = sum(count.values())
    print(f"{wanted.mode}: {total:.1f} us of CPU an order, {orders:.0f} orders, {samples} samples")
    for name, share in sorted(count.items(), key=lambda one: -one[1]):
        print(f"  {name:40s} {share / samples * total:6.2f} us  {share / samples * 100:5.1f} %")


main()
