"""A recording played into a running node: the public book ends as the exchange's, level by level, and users trade with it at its prices."""
import gzip
import json
import time
import unittest
from decimal import Decimal

import support
import traders

MESSAGES = 41_249 + 58_325  # lines of the two files
LEVELS = 1_000  # most that one answer holds of a side


def exchange_book(files):
    """The exchange's book at the end of its recordings, by its documented procedure: snapshot, then every later update's totals.

    Returns bids and asks, each as (price, size), best first.
    """
    sides, last_update, waiting = {"b": {}, "a": {}}, 0, []
    for file in files:
        with gzip.open(file, "rt") as lines:
            for line in lines:
                message = json.loads(line.split(" ", 1)[1])
                if "lastUpdateId" in message:
                    last_update = message["lastUpdateId"]
                    sides = {"b": dict(message["bids"]), "a": dict(message["asks"])}
                    waiting = [one for one in waiting if one["u"] > last_update]
                elif message["stream"].endswith("@depth@100ms"):
                    waiting.append(message["data"])
                for update in waiting if last_update else []:
                    for side, levels in sides.items():
                        levels.update(update[side])
                waiting = [] if last_update else waiting
    levels = {side: [(Decimal(price), Decimal(size)) for price, size in all.items() if Decimal(size)] for side, all in sides.items()}
    return sorted(levels["b"], reverse=True), sorted(levels["a"])


class ReplayTest(support.NodeTestCase):
    def metrics(self, node):
        text = node.api().get("/metrics").text
        return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line and line[0] != "#"}

    def book(self, node):
        found = self.expect(node.api().get(f"markets/BTCUSDT/book?levels={LEVELS}"), 200)
        return tuple([(Decimal(price), Decimal(size)) for price, size in found[side]] for side in ("bids", "asks"))

    def wait_for(self, is_so, seconds=120):
        """Returns whether it came about; how long it took decides nothing."""
        end = time.monotonic() + seconds
        while not is_so() and time.monotonic() < end:
            time.sleep(0.1)
        return is_so()

    def test_the_recorded_days_end_with_the_exchanges_book(self):
        data = support.recorded_data()
        files = [data / "binance_ws" / f"spot_btcusdt_{day}.raw.jsonl.gz" for day in ("20240808", "20240809")] if data else []
        if not files or not all(file.exists() for file in files):
            self.skipTest("the recorded market data is not here")
        node = self.node(feed="replay:" + ",".join(map(str, files)) + "@max")
        bids, asks = exchange_book(files)
        self.assertGreater(min(len(bids), len(asks)), LEVELS)  # so both sides of the answer are full

        self.wait_for(lambda: self.metrics(node)["rialto_feed_messages_total"] >= MESSAGES)
        metrics = self.metrics(node)
        self.assertEqual(metrics["rialto_feed_messages_total"], MESSAGES)
        self.assertEqual(metrics["rialto_feed_gaps_total"], 0)
        self.assertEqual(metrics["rialto_feed_refused_total"], 0)
        # The last batch is still on its way through shard, lane and publisher; then nothing moves any more.
        self.wait_for(lambda: self.book(node) == (bids[:LEVELS], asks[:LEVELS]), 30)
        self.assertEqual(self.book(node), (bids[:LEVELS], asks[:LEVELS]))
        ticker = self.expect(node.api().get("markets/BTCUSDT/ticker"), 200)
        told = tuple(Decimal(ticker[name]) for name in ("bid", "bid_quantity", "ask", "ask_quantity"))
        self.assertEqual(told, bids[0] + asks[0])
        self.assertIs(ticker["stale"], False)
        trades = self.expect(node.api().get("markets/BTCUSDT/trades?limit=1"), 200)["items"]
        self.assertEqual(trades[0]["id"], 19_904)  # every recorded trade got a number of ours

        # What the book shows is what an order gets: two levels whole and a lot of the third.
        lot = Decimal("0.00001")
        buyer = traders.Trader(self, node).register()
        traders.deposit(self, traders.administrator(self, node), buyer, "USDT", "100000000")
        order = buyer.order("buy", str(asks[0][1] + asks[1][1] + lot), str(asks[2][0]))
        self.assertEqual(order["status"], "filled", order)
        fills = [(Decimal(fill["price"]), Decimal(fill["quantity"])) for fill in order["fills"]]
        self.assertEqual(fills, [asks[0], asks[1], (asks[2][0], lot)])
        left = [(asks[2][0], asks[2][1] - lot)] + asks[3:]
        self.wait_for(lambda: self.book(node)[1][:100] == left[:100], 30)
        self.assertEqual(self.book(node)[1][:100], left[:100])
        self.assertEqual(self.book(node)[0], bids[:LEVELS])
        self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    support.main()
