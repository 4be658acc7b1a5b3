"""A recording played into a running node: the public book ends where the recording's own best prices do."""
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
        # The last bookTicker whose update id is also a depth event's final id, and that event's best prices.
        tickers, last_depth = {}, 0
        with gzip.open(files[1], "rt") as lines:
            for line in lines:
                message = json.loads(line.split(" ", 1)[1])
                body = message.get("data", message)
                if message.get("stream", "").endswith("bookTicker"):
                    tickers[body["u"]] = body
                elif body.get("e") == "depthUpdate":
                    last_depth = body["u"]
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
        book = node.api().get("markets/BTCUSDT/book").json
        nearest = max((u for u in tickers if u <= last_depth), default=None)
        self.assertIsNotNone(nearest)
        self.assertLess(abs(float(book["bids"][0][0]) - float(tickers[nearest]["b"])), 5)
        self.assertLess(float(book["bids"][0][0]), float(book["asks"][0][0]))
        trades = self.expect(node.api().get("markets/BTCUSDT/trades?limit=1"), 200)["items"]
        self.assertEqual(trades[0]["id"], 19_904)  # every recorded trade got a number of ours
        self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    unittest.main()
