"""Market data of a cluster when nodes are cut off or die: two that own and follow the feed, two edges, a PostgreSQL and a Redis.

The cases share one cluster; its feed is the simulated exchange, so all markets are mirrored and trade all the time.
"""
import json
import threading
import time
import unittest

import redis_peer
import support
from cluster_support import OWNER, Cluster, SharedClusterTestCase, shard_of
from private_servers import REDIS
from traders import Trader, deposit

LAYOUT = {"a": OWNER, "b": OWNER, "edge-1": "edge", "edge-2": "edge"}
SHARDS = 16
MARKETS = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "XRPUSDT", "ETHBTC")  # by their numbers
SYMBOL = "BTCUSDT"
PULLED_SECONDS = 5  # after the feed's death, at the latest
TRADES_MAX = 1_000


def metric(node, name):
    for line in node.api().get("/metrics").text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    raise AssertionError(f"no {name} on {node.name}")


class ClusterMarketTest(SharedClusterTestCase):
    @classmethod
    def make(cls):
        return Cluster(LAYOUT, shards=SHARDS, feed="sim", synced=False, redis=True)

    # ---- what the public sees

    def seen(self, node, what):
        return self.expect(node.api().get(f"markets/{SYMBOL}/{what}"), 200)

    def trades(self, node):
        """{id: trade} of the newest."""
        rows = self.seen(node, f"trades?limit={TRADES_MAX}")["items"]
        ids = [int(row["id"]) for row in rows]
        self.assertEqual(ids, sorted(set(ids), reverse=True), "newest first, none twice")
        return dict(zip(ids, rows))

    def last_trade(self, node):
        return max(self.trades(node), default=0)

    def candles(self, node, interval, begin, end):
        """{open time: its numbers} of closed ones that begin in [begin, end), as times of the API."""
        rows = self.seen(node, f"candles?interval={interval}&limit=1000")["items"]
        return {row["open_time"]: {name: value for name, value in row.items() if name not in ("corrected", "partial")}
                for row in rows if row["closed"] and begin <= row["open_time"] < end}

    def trader(self, edge):
        one = Trader(self, edge, f"{self.id().rpartition('.')[2]}@example.org".lower()).register()
        deposit(self, self.at.administrator(self, edge), one, "USDT", "1000000", one.email[:60])
        return one

    def trading_during(self, work, edge):
        """Runs `work` while a user buys; returns how many trades of his there were."""
        user, ends, ids = self.trader(edge), threading.Event(), []

        def trade():
            while not ends.is_set():
                got = user.api.post("orders", {"symbol": SYMBOL, "side": "buy", "type": "market", "quantity": "0.00100"})
                if got.status == 201:
                    ids.extend(int(fill["trade_id"]) for fill in got.json["fills"])
                ends.wait(0.1)
        thread = threading.Thread(target=trade)
        thread.start()
        try:
            work()
        finally:
            ends.set()
            thread.join()
        self.assertGreater(len(ids), 0)
        return ids

    def wait_whole(self, node, until_id):
        """Until a node shows the trades that others show."""
        self.until(lambda: node.is_ready() and self.last_trade(node) >= until_id, f"trade {until_id} on {node.name}", 30)

    def check_same(self, first, last, own, begin):
        """Both edges have the same trades from `first` to `last`, the user's among them, and the same candles since `begin`."""
        one, two = (self.trades(edge) for edge in self.at.edges)
        self.assertLessEqual(max(min(one), min(two)), first, f"the newest {TRADES_MAX} trades begin later than the gap")
        between = [{key: row for key, row in all_of.items() if first <= key <= last} for all_of in (one, two)]
        self.assertEqual(sorted(between[0]), sorted(between[1]))
        self.assertEqual(*between)
        missing = [key for key in own if first <= key <= last and key not in between[1]]
        self.assertEqual(missing, [])
        end = between[0][last]["time"]
        for interval in ("1s", "1m"):
            self.until(lambda interval=interval: self.candles(self.at.edges[0], interval, begin, end) ==
                       self.candles(self.at.edges[1], interval, begin, end),
                       lambda interval=interval: f"the same {interval} candles since {begin}: "
                       f"{[self.candles(edge, interval, begin, end) for edge in self.at.edges]}", 20)
        self.assertGreater(len(self.candles(self.at.edges[0], "1s", begin, end)), 3)
        return len(between[0])

    # ---- an edge that is cut off

    def test_an_edge_that_was_stopped_has_every_trade(self):
        one, two = self.at.edges
        self.until(lambda: self.trades(two), "trades")
        stream = two.stream()
        stream.send({"id": 1, "op": "subscribe", "channels": [f"trades.{SYMBOL}"]})
        first = self.last_trade(two)
        begin = self.trades(two)[first]["time"]
        gaps, healed = (metric(two, f"rialto_tape_{name}_total") for name in ("gaps", "healed_trades"))

        def cut():
            time.sleep(1)
            two.pause()
            time.sleep(6)
            two.resume()
            time.sleep(2)
        own = self.trading_during(cut, one)
        last = self.last_trade(one)
        self.wait_whole(two, last)
        self.until(lambda: metric(two, "rialto_tape_gaps_total") > gaps, "the gap", 20)
        count = self.check_same(first, last, own, begin)
        self.assertGreater(metric(two, "rialto_tape_healed_trades_total"), healed)
        self.assertEqual(metric(two, "rialto_tape_broken_total"), 0)
        told, number = [], None
        while not told or told[-1] < last:
            message = stream.receive(20)
            if message.get("channel") != f"trades.{SYMBOL}":
                continue
            ids = [trade["id"] for trade in message["data"]["trades"]]
            if number is not None:
                self.assertEqual(message["seq"], number + 1)
                told += ids
            number = message["seq"]  # the first is the snapshot
        self.assertEqual(told, sorted(set(told)), "a stream tells each trade once, in order")
        kept = self.trades(one)
        self.assertEqual([key for key in told if key <= last], [key for key in sorted(kept) if told[0] <= key <= last])
        print(f"stopped for 6 s: {count} trades on both edges, {len(own)} of the user's, "
              f"{metric(two, 'rialto_tape_healed_trades_total') - healed:.0f} from other nodes", flush=True)

    def test_an_edge_that_was_killed_goes_on_with_every_trade(self):
        one, two = self.at.edges
        self.until(lambda: self.trades(two), "trades")
        first = self.last_trade(two)
        begin = self.trades(two)[first]["time"]

        def kill():
            time.sleep(1.5)
            two.kill()
            time.sleep(3)
        own = self.trading_during(kill, one)
        two.start()
        last = self.last_trade(one)
        self.wait_whole(two, last)
        count = self.check_same(first, last, own, begin)
        self.assertEqual(metric(two, "rialto_tape_broken_total"), 0)
        print(f"killed and started again: {count} trades on both edges, {len(own)} of the user's, "
              f"{metric(two, 'rialto_tape_healed_trades_total'):.0f} from other nodes", flush=True)

    # ---- the feed's node

    def feed_and_other(self):
        seen = self.at.status()
        owner = seen["shards"][-1]["owner"]  # the last one stands for the feed
        feed = next(self.at[node["name"]] for node in seen["nodes"] if node["id"] == owner)
        return feed, next(node for node in self.at.owners if node is not feed)

    def markets_of(self, node):
        """Symbols of the markets that it owns."""
        owned = self.at.owned()[node.name]
        return [symbol for number, symbol in enumerate(MARKETS, 1) if shard_of(3, number, SHARDS) in owned]

    def look(self, node, symbol):
        """(is stale, number of levels)."""
        api = node.api()
        ticker = self.expect(api.get(f"markets/{symbol}/ticker"), 200)
        book = self.expect(api.get(f"markets/{symbol}/book"), 200)
        return ticker["stale"], len(book["bids"]) + len(book["asks"])

    def lose_feed(self, lose):
        """Ends the feed in some way. Returns what each edge showed of a market that runs elsewhere, in time, until it was live again."""
        self.until(lambda: not any(self.look(edge, SYMBOL)[0] for edge in self.at.edges), "a live feed", 60)
        feed, other = self.feed_and_other()
        symbol = self.markets_of(other)[0]
        self.until(lambda: all(self.look(edge, symbol)[1] > 0 for edge in self.at.edges), f"a mirror of {symbol}", 30)
        began = time.monotonic()
        lose(feed)
        seen = {edge.name: [] for edge in self.at.edges}
        while time.monotonic() < began + 60:
            for edge in self.at.edges:
                seen[edge.name].append((time.monotonic() - began, *self.look(edge, symbol)))
            if time.monotonic() > began + PULLED_SECONDS + 1 and all(not rows[-1][1] and rows[-1][2] > 0 for rows in seen.values()):
                break
            time.sleep(0.1)
        for name, rows in seen.items():
            self.assertEqual((rows[-1][1], rows[-1][2] > 0), (False, True), f"{name}: {symbol} is not live again: {rows[-5:]}")
        return symbol, seen

    def test_a_stopped_feed_is_stale_everywhere_and_its_orders_go(self):
        stopped = []

        def stop(node):
            node.pause()
            stopped.append(node)
        try:
            symbol, seen = self.lose_feed(stop)
        finally:
            for node in stopped:
                node.resume()
        for name, rows in seen.items():
            stale = [at for at, is_stale, _ in rows if is_stale]
            empty = [at for at, _, levels in rows if levels == 0]
            frozen = next(levels for at, _, levels in rows if at > 1)
            if not stale or not empty:  # the next owner of the feed was there before anybody would have called it stale, or taken the orders away
                moved = next((at for at, _, levels in rows if at > 1 and levels != frozen), None)
                self.assertTrue(moved and moved <= PULLED_SECONDS, f"{name}: {symbol} is neither stale nor live: {rows[:60]}")
                print(f"{name}: {symbol} followed again after {moved:.1f} s", flush=True)
                continue
            self.assertLessEqual(stale[0], PULLED_SECONDS, f"{name}: {symbol} stale at {stale[:1]}: {rows[:60]}")
            self.assertLessEqual(empty[0], PULLED_SECONDS, f"{name}: {symbol} without the house at {empty[:1]}")
            back = next(at for at, is_stale, levels in rows if at > empty[-1] and not is_stale and levels > 0)
            print(f"{name}: {symbol} stale after {stale[0]:.1f} s, its mirror gone after {empty[0]:.1f} s, live again after {back:.1f} s",
                  flush=True)

    def test_the_next_owner_takes_the_feed_up(self):
        symbol, seen = self.lose_feed(lambda node: node.kill())
        feed = self.feed_and_other()[0]
        self.assertTrue(feed.runs)
        for name, rows in seen.items():
            live = [at for at, is_stale, levels in rows if not is_stale and levels > 0]
            wrong = [at for at, is_stale, levels in rows if is_stale or levels == 0]
            print(f"{name}: {symbol} not live from {min(wrong, default=0):.1f} s to {max(wrong, default=0):.1f} s after the death", flush=True)
            self.assertTrue(live)
        for edge in self.at.edges:
            before = self.last_trade(edge)
            self.until(lambda edge=edge, before=before: self.last_trade(edge) > before, f"trades on {edge.name}", 30)
        user = self.trader(self.at.edges[1])
        self.assertEqual(user.order("buy", "0.00100")["status"], "filled")

    # ---- copies in Redis

    @unittest.skipUnless(REDIS, "Redis is not installed")
    def test_redis_gets_each_trade_once(self):
        if self.at.redis is None:
            self.skipTest("built without Redis")
        client = redis_peer.Client(self.at.redis.port).subscribe(f"rialto:trades.{SYMBOL}", f"rialto:book.{SYMBOL}")
        self.addCleanup(client.close)
        ids, books = [], []
        end = time.monotonic() + 5
        while time.monotonic() < end or len(ids) < 5:
            channel, text = client.hear()
            message = json.loads(text)
            if channel.startswith("rialto:trades"):
                ids += [trade["id"] for trade in message["data"]["trades"]]
            else:
                books.append((message["seq"], message["data"]["type"]))
        self.assertEqual(ids, sorted(set(ids)), "each trade once, in order")
        numbers = [number for number, _ in books]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        known = self.trades(self.at.edges[0])
        self.assertEqual([key for key in sorted(known) if ids[0] <= key <= ids[-1]], ids)
        publishers = [node.name for node in self.at.nodes.values() if metric(node, "rialto_redis_published_total") > 0]
        print(f"{len(ids)} trades and {len(books)} books, published by {publishers}", flush=True)
        self.assertTrue(set(publishers) <= {node.name for node in self.at.owners}, publishers)


if __name__ == "__main__":
    support.main()
