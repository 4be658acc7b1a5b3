"""A recording played into a running node: the public book ends as the exchange's, a hundred levels deep on each side."""
import json
import gzip
import time
import unittest

import support


class ReplayTest(support.NodeTestCase):
    def test_the_recorded_day_ends_at_the_recorded_prices(self):
        data = support.recorded_data()
        files = [data / "binance_ws" / f"spot_btcusdt_{day}.raw.jsonl.gz" for day in ("20240808", "20240809")] if data else []
        if not files or not all(file.exists() for file in files):
            self.skipTest("the recorded market data is not here")
        node = self.node(feed="replay:" + ",".join(map(str, files)) + "@max")
        # The exchange's book at the end, by its documented procedure: snapshot, then every later update's totals.
        sides, last_update = {"b": {}, "a": {}}, 0
        waiting = []
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

        def best(side, count):
            levels = [(float(price), float(size)) for price, size in sides[side].items() if float(size) > 0]
            return sorted(levels, reverse=side == "b")[:count]

        end, metrics = time.monotonic() + 120, {}
        while time.monotonic() < end:
            text = node.api().get("/metrics").text
            metrics = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line and line[0] != "#"}
            if metrics["rialto_feed_messages_total"] >= 99_573 - 1:
                break
            time.sleep(0.2)
        self.assertGreaterEqual(metrics["rialto_feed_messages_total"], 99_573 - 1)
        self.assertEqual(metrics["rialto_feed_gaps_total"], 0)
        self.assertEqual(metrics["rialto_feed_refused_total"], 0)
        time.sleep(1)
        book = node.api().get("markets/BTCUSDT/book?levels=100").json
        for mine, side in ((book["bids"], "b"), (book["asks"], "a")):
            self.assertEqual([(float(price), float(size)) for price, size in mine[:100]], best(side, 100))
        trades = self.expect(node.api().get("markets/BTCUSDT/trades?limit=1"), 200)["items"]
        self.assertEqual(trades[0]["id"], 19_904)  # every recorded trade got a number of ours
        self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    support.main()
