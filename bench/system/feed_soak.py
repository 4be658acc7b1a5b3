#!/usr/bin/env python3
"""A day of an exchange's messages through the live feed: does the node's memory stay flat?

Usage: feed_soak.py BUILD [--messages N] [--samples N] [--data DIR] [--small]

Plays the recorded spot market over TLS again and again, ids going on without a hole, as fast as the node reads, and prints a table of the
node's resident memory, its counters, and whether its book was the exchange's at each sample. 13,200,000 messages are a day at the recorded
density (99,574 in 10.8 minutes). Exit code 1 if memory grew by more than a fifth between the second quarter and the end.
"""
import argparse
import os
import pathlib
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "system"))
DAY_MESSAGES = 13_200_000
SMALL_MESSAGES = 300_000
GROWTH_MAX = 1.2
WAIT_SECONDS = 120


def arguments():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("build", type=pathlib.Path)
    words.add_argument("--messages", type=int, default=DAY_MESSAGES)
    words.add_argument("--samples", type=int, default=20)
    words.add_argument("--data", type=pathlib.Path)
    words.add_argument("--small", action="store_true")
    return words.parse_args()


def wait(is_so, what):
    end = time.monotonic() + WAIT_SECONDS
    while not is_so():
        if time.monotonic() > end:
            sys.exit(f"feed_soak: not within {WAIT_SECONDS} s: {what}")
        time.sleep(0.05)


def book_of(api):
    from live_watcher import as_units
    found = api.get("markets/BTCUSDT/book?levels=100").json
    return as_units(found["bids"]), as_units(found["asks"])


def soak(words):
    import support
    from binance_market import Recording
    from binance_peer import BinancePeer
    from live_watcher import as_units

    data = words.data or support.recorded_data()
    files = [data / "binance_ws" / f"spot_btcusdt_{day}.raw.jsonl.gz" for day in ("20240808", "20240809")] if data else []
    if not files or not all(file.exists() for file in files):
        print("feed_soak: skipped, the recorded market data is not here")
        return 0
    peer = BinancePeer(Recording.spot(files))
    node = support.Node(feed="binance", options=["--feed.rest-url", peer.rest_url, "--feed.stream-url", peer.stream_url,
                                                 "--feed.ca-file", peer.ca_file, "--feed.symbols", "BTCUSDT"])
    sizes = []
    try:
        node.start()
        api = node.api()
        wait(lambda: peer.seen["SUBSCRIBE"] > 0, "subscribed")
        print(f"{'messages':>12} {'seconds':>8} {'RSS MiB':>8} {'CPU s':>7} {'gaps':>5} {'dropped':>7} {'checks':>8} {'wrong':>5}  book")
        begin, total = time.monotonic(), SMALL_MESSAGES if words.small else words.messages
        for sample in range(1, words.samples + 1):
            peer.play(until=total * sample // words.samples, loop=True)
            peer.wait_played(24 * 3600)
            api.close()  # it may have been idle for longer than the node keeps a connection
            wanted = tuple(as_units(side) for side in peer.book("BTCUSDT", 100))
            wait(lambda: book_of(api) == wanted, "the exchange's book")
            counters = api.get("feeds").json[0]["counters"]
            sizes.append(node.resident_bytes())
            print(f"{peer.market.said:>12,} {time.monotonic() - begin:>8.1f} {sizes[-1] / 2**20:>8.1f} {node.cpu_seconds():>7.1f} "
                  f"{counters['gaps']:>5} {counters['dropped']:>7} {counters['book_checks']:>8,} {counters['book_mismatches']:>5}  equal",
                  flush=True)
        quarter = max(sizes[len(sizes) // 4:len(sizes) // 2] or sizes[:1])
        print(f"memory: {sizes[-1] / quarter:.3f} of the second quarter's highest")
        return 1 if sizes[-1] > GROWTH_MAX * quarter else 0
    finally:
        node.close()
        peer.close()


def main():
    words = arguments()
    os.environ["RIALTO_BINARY"] = str((words.build / "rialto").resolve())
    return soak(words)


if __name__ == "__main__":
    sys.exit(main())
