"""Copies of market data in Redis: the same bytes as on the WebSocket, and orders that do not care whether Redis is there."""
import json
import time
import unittest

import redis_peer
import support
import traders

CHANNELS = ("book.BTCUSDT", "trades.BTCUSDT", "ticker.BTCUSDT", "candles.1m.BTCUSDT")


class LocalBook:
    """A reader's book, by the procedure of docs/REDIS.md."""

    def __init__(self):
        self.sequence, self.last_update, self.sides = 0, 0, {"bids": {}, "asks": {}}

    def take(self, message):
        data = message["data"]
        if message["seq"] <= self.sequence and self.last_update:
            return  # known
        if data["type"] == "snapshot":
            self.sides = {"bids": {}, "asks": {}}
        elif message["seq"] != self.sequence + 1:
            raise AssertionError(f"a hole from {self.sequence} to {message['seq']}")
        for side, levels in self.sides.items():
            for price, quantity in data[side]:
                levels[price] = quantity
                if not float(quantity):
                    del levels[price]
        self.sequence, self.last_update = message["seq"], data["last_update"]

    def best_first(self):
        return [sorted(self.sides[side].items(), key=lambda level: float(level[0]), reverse=side == "bids")
                for side in ("bids", "asks")]


class RedisTest(support.NodeTestCase):
    def redis(self, **arguments):
        made = redis_peer.Server(**arguments)
        self.addCleanup(made.close)
        return made

    def client(self, server):
        made = server.client()
        self.addCleanup(made.close)
        return made

    def metrics(self, node):
        text = node.api().get("/metrics").text
        return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line and line[0] != "#"}

    def wait_for(self, is_so, seconds=60):
        """How long it took decides nothing."""
        end = time.monotonic() + seconds
        while not is_so():
            self.assertLess(time.monotonic(), end, "it did not come about")
            time.sleep(0.02)

    def key(self, client, name):
        text = client.text("GET", name)
        return json.loads(text) if text else None

    def test_readers_have_the_book_and_the_trades_of_the_sockets(self):
        server = self.redis()
        node = self.node(feed="sim", environment={"RIALTO_REDIS_URL": server.url, "RIALTO_REDIS_PREFIX": "venue:a"})
        ear, reader = self.client(server), self.client(server)
        ear.subscribe(*(f"venue:a:{channel}" for channel in CHANNELS))
        socket = node.stream()
        socket.send({"id": 1, "op": "subscribe", "channels": list(CHANNELS)})

        # As a reader does it: hear first, then the key, which is at most a moment older than the first message.
        waiting = []
        while not any("book." in channel for channel, _ in waiting):
            waiting.append(ear.hear())
        first = json.loads(next(text for channel, text in waiting if "book." in channel))["seq"]

        def has_a_book():  # a market begins without orders
            latest = self.key(reader, "venue:a:latest:book.BTCUSDT")
            return latest and latest["seq"] >= first - 1 and len(latest["data"]["bids"]) > 10
        self.wait_for(has_a_book)
        book = LocalBook()
        book.take(self.key(reader, "venue:a:latest:book.BTCUSDT"))
        self.assertGreater(len(book.sides["bids"]), 10)

        heard = {channel: {} for channel in CHANNELS}  # seq: message
        shown = {}  # last update: the book as it was then
        rest = None

        def take(channel, text):
            message = json.loads(text)
            name = channel.removeprefix("venue:a:")
            self.assertEqual(message["channel"], name)
            heard[name][message["seq"]] = message
            if name.startswith("book."):
                book.take(message)
                shown[book.last_update] = book.best_first()

        for one in waiting:
            take(*one)
        while rest is None or book.last_update < rest["last_update"] or len(heard["trades.BTCUSDT"]) < 20:
            take(*ear.hear())
            if rest is None and len(heard["book.BTCUSDT"]) > 100 and heard["ticker.BTCUSDT"]:
                rest = self.expect(node.api().get("markets/BTCUSDT/book?levels=1000"), 200)
        # REST shows the same book at the same update.
        told = [[tuple(level) for level in rest[side]] for side in ("bids", "asks")]
        self.assertIn(rest["last_update"], shown)
        self.assertEqual([side[:1000] for side in shown[rest["last_update"]]], told)
        # The socket said the same, message for message; trades and books have no holes here.
        compared = {channel: 0 for channel in CHANNELS}
        for _ in range(2_000):
            if min(compared["book.BTCUSDT"] // 50, compared["trades.BTCUSDT"] // 10) > 0:
                break
            message = socket.receive()
            channel = message.get("channel")
            same = heard[channel].get(message["seq"]) if channel else None
            if same and same["data"].get("type") != "snapshot" and message["data"].get("type") != "snapshot":
                compared[channel] += channel in ("book.BTCUSDT", "trades.BTCUSDT") and message == same
                if channel.startswith("book."):
                    self.assertEqual(message, same)
        self.assertGreaterEqual(compared["book.BTCUSDT"], 50, compared)
        self.assertGreaterEqual(compared["trades.BTCUSDT"], 10, compared)
        for channel in ("book.BTCUSDT", "trades.BTCUSDT"):
            numbers = sorted(heard[channel])
            self.assertEqual(numbers, list(range(numbers[0], numbers[-1] + 1)))

        # Every kind of key, each with an end; the recent trades are those that were heard.
        names = [f"venue:a:latest:{channel}" for channel in CHANNELS if not channel.startswith("trades.")]
        for name in names + ["venue:a:recent:trades.BTCUSDT"]:
            self.assertIn(reader.ask("TTL", name), range(1, 31), name)
        kept = {}
        for _, fields in reader.ask("XRANGE", "venue:a:recent:trades.BTCUSDT", "-", "+"):
            row = dict(zip(fields[::2], fields[1::2]))
            kept[int(row[b"seq"])] = json.loads(row[b"message"])
        for sequence, message in heard["trades.BTCUSDT"].items():
            self.assertEqual(kept[sequence], message)
        metrics = self.metrics(node)
        self.assertEqual(metrics["rialto_redis_connected"], 1)
        self.assertEqual(metrics["rialto_redis_dropped_total"], 0)
        self.assertGreater(metrics["rialto_redis_published_total"], 100)
        self.assertEqual(node.stop(), 0)

    def test_orders_do_not_care_whether_redis_is_there(self):
        server = self.redis(password="correct-horse-battery")
        node = self.node(environment={"RIALTO_REDIS_URL": server.url})
        seller, buyer = traders.Trader(self, node).register(), traders.Trader(self, node).register()
        admin = traders.administrator(self, node)
        traders.deposit(self, admin, seller, "BTC", "10")
        traders.deposit(self, admin, buyer, "USDT", "1000000")
        key, tape = "rialto:latest:book.BTCUSDT", "rialto:recent:trades.BTCUSDT"

        def trade(count):
            for _ in range(count):
                seller.order("sell", "0.01", "50000.00")
                self.assertEqual(buyer.order("buy", "0.01", "50000.00")["status"], "filled")

        trade(3)
        buyer.order("buy", "0.01", "40000.00")
        client = self.client(server)
        self.wait_for(lambda: (self.key(client, key) or {"data": {"bids": []}})["data"]["bids"] == [["40000.00", "0.01000"]])

        server.kill()
        trade(5)
        self.wait_for(lambda: self.metrics(node)["rialto_redis_connected"] == 0)
        trade(5)
        buyer.order("buy", "0.01", "40001.00")
        server.start()
        client = self.client(server)
        best = [["40001.00", "0.01000"], ["40000.00", "0.01000"]]
        self.wait_for(lambda: (self.key(client, key) or {"data": {"bids": []}})["data"]["bids"] == best)
        self.wait_for(lambda: client.ask("EXISTS", tape) == 1)
        newest = client.ask("XREVRANGE", tape, "+", "-", "COUNT", 1)[0][1]
        self.assertEqual(len(json.loads(newest[3])["data"]["trades"]), 13)
        metrics = self.metrics(node)
        self.assertEqual(metrics["rialto_redis_reconnects_total"], 1)
        self.assertEqual(metrics["rialto_redis_connected"], 1)

        # A hang is noticed, too, and a node that is told to stop does not wait for it.
        server.freeze()
        trade(5)
        self.wait_for(lambda: self.metrics(node)["rialto_redis_connected"] == 0)
        trade(5)
        self.assertEqual(node.stop(), 0)
        log = node.log_text()
        self.assertEqual(log.count("takes no copies of market data now"), 2, log)  # once an outage
        self.assertEqual(log.count("takes copies of market data again"), 1, log)
        self.assertNotIn("correct-horse-battery", log)

    def test_an_address_that_is_none_is_refused_without_being_shown(self):
        for url in ("rediss://:hush@127.0.0.1", "redis://hush@127.0.0.1", "redis://:hush@127.0.0.1/x", "127.0.0.1:6379"):
            got = support.run_program("serve", environment={"RIALTO_REDIS_URL": url})
            self.assertEqual(got.returncode, 2, got.stderr)
            self.assertIn("redis.url must ", got.stderr)
            self.assertNotIn("hush", got.stderr + got.stdout)
        got = support.run_program("serve", environment={"RIALTO_REDIS_PREFIX": "a*"})
        self.assertEqual(got.returncode, 2, got.stderr)
        self.assertIn("redis.prefix must be of letters, digits and .-_:", got.stderr)


if __name__ == "__main__":
    support.main()
