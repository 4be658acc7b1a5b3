"""Streams in Binance's words on the real binary: local books that are kept by the documented procedure while a simulated
market and two traders move it at full speed, and user data against what REST says, kill -9 included.

RIALTO_STREAM_SECONDS makes the books' run longer or shorter (30).
"""
import asyncio
import json
import os
import random
import selectors
import socket
import threading
import time
import unittest
import urllib.request
from decimal import Decimal

import support
from binance_test import LIMIT, Bot
from traders import Trader, administrator, deposit

SECONDS = float(os.environ.get("RIALTO_STREAM_SECONDS") or 30)
JOINERS, LEVELS_MAX, CHECKS_MIN = 10, 5000, 3
PRICE = 60_000  # far enough around it lies the simulated market


def depth(node, limit=LEVELS_MAX):
    address = f"http://{node.host}:{node.port}/api/v3/depth?symbol=BTCUSDT&limit={limit}"
    with urllib.request.urlopen(address, timeout=30) as got:
        return json.loads(got.read())


class Book:
    """Levels by price; digits as they were sent."""

    def __init__(self, snapshot):
        self.last = snapshot["lastUpdateId"]
        self.bids = {price: size for price, size in snapshot["bids"]}
        self.asks = {price: size for price, size in snapshot["asks"]}

    def take(self, event):
        """An event that covers the next update."""
        if event["u"] <= self.last:
            return
        assert event["U"] <= self.last + 1, (event["U"], self.last)
        for levels, rows in ((self.bids, event["b"]), (self.asks, event["a"])):
            for price, size in rows:
                if Decimal(size) == 0:
                    levels.pop(price, None)
                else:
                    levels[price] = size
        self.last = event["u"]

    def levels(self):
        return self.bids, self.asks


class Joiner:
    """A client that joins at a moment of its own, keeps a book, and looks at REST again and again."""

    def __init__(self, node, number, end):
        self.node, self.number, self.end = node, number, end
        self.stream = "btcusdt@depth" if number % 2 else "btcusdt@depth@100ms"
        self.events = self.checks = 0

    async def run(self):
        import websockets

        dice = random.Random(self.number)
        await asyncio.sleep(dice.random() * SECONDS / 2)
        loop = asyncio.get_running_loop()
        url = f"ws://{self.node.host}:{self.node.port}/ws/{self.number}"
        async with websockets.connect(url, max_size=None, max_queue=None) as link:
            await link.send(json.dumps({"method": "SUBSCRIBE", "params": [self.stream], "id": self.number}))
            answer = json.loads(await asyncio.wait_for(link.recv(), 30))
            assert answer == {"result": None, "id": self.number}, answer
            book = Book(await loop.run_in_executor(None, depth, self.node))
            first, before = True, None
            waiting, asked_at, since, look = None, 0, [], None
            while time.monotonic() < self.end:
                event = json.loads(await asyncio.wait_for(link.recv(), 30))
                assert event["e"] == "depthUpdate" and event["s"] == "BTCUSDT", event
                assert event["U"] <= event["u"], event
                if first:
                    assert book.last + 1 >= event["U"], (book.last, event["U"])  # REST does not lag the stream
                    first = False
                if before is not None:
                    assert event["U"] == before + 1, (event["U"], before)
                before = event["u"]
                self.events += 1
                book.take(event)
                since.append(event)
                # A snapshot taken later and the events since then lead to the same book.
                if look is None and waiting is None and dice.random() < 0.2:
                    waiting, asked_at, since = loop.run_in_executor(None, depth, self.node), event["u"], []
                if waiting is not None and waiting.done():
                    look, waiting = Book(waiting.result()), None
                    assert look.last >= asked_at, (look.last, asked_at)
                    for missed in since:
                        look.take(missed)
                elif look is not None:
                    look.take(event)
                if look is not None and look.last <= event["u"]:
                    assert look.last == book.last, (look.last, book.last)
                    assert look.levels() == book.levels(), f"{self.stream}: books differ at {book.last}"
                    look = None
                    self.checks += 1
            if waiting is not None:
                await waiting
        return self


class Books(support.NodeTestCase):
    def test_local_books_never_leave_rest(self):
        node = self.node(feed="sim")
        admin = administrator(self, node)
        bots = []
        for _ in range(2):
            trader = Trader(self, node).register()
            deposit(self, admin, trader, "USDT", "100000000")
            deposit(self, admin, trader, "BTC", "1000")
            made = self.expect(trader.api.post("api-keys", {"label": "bot", "scopes": ["read", "trade"],
                                                            "type": "hmac"}), 201)
            bots.append(Bot(node, made["key"], made["secret"]))
        stop, placed, faults = threading.Event(), [0, 0], []

        def trade(number):
            dice, bot = random.Random(number), bots[number]
            try:
                while not stop.is_set():
                    best = depth(node, 5)
                    if not best["bids"] or not best["asks"]:
                        time.sleep(0.05)
                        continue
                    for _ in range(20):
                        side = dice.choice(("BUY", "SELL"))
                        price = Decimal(best["bids" if side == "BUY" else "asks"][dice.randrange(3)][0])
                        price += Decimal(dice.randrange(-50, 50)) / 100
                        bot.send("POST", "/api/v3/order", "", bot.signed(
                            dict(LIMIT, side=side, quantity=f"0.{dice.randrange(1, 9)}", price=f"{price:.2f}")))
                        placed[number] += 1
                    bot.send("DELETE", "/api/v3/openOrders", bot.signed({"symbol": "BTCUSDT"}))
            except Exception as error:  # told by the test's own thread
                faults.append(error)
            finally:
                bot.close()

        threads = [threading.Thread(target=trade, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + SECONDS

        async def all_of_them():
            return await asyncio.gather(*(Joiner(node, number, end).run() for number in range(JOINERS)))

        try:
            joiners = asyncio.run(all_of_them())
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(faults, [])
        self.assertTrue(all(placed), placed)
        for one in joiners:
            self.assertGreater(one.events, 0, one.stream)
        checks = sum(one.checks for one in joiners)
        self.assertGreaterEqual(checks, CHECKS_MIN)
        print(f"{sum(placed)} orders, {sum(one.events for one in joiners)} events, {checks} comparisons", flush=True)

    def test_the_newest_id_is_rests_when_the_market_is_quiet(self):
        node = self.node()
        admin = administrator(self, node)
        trader = Trader(self, node).register()
        deposit(self, admin, trader, "USDT", "1000000")
        stream = node.stream("/stream?streams=btcusdt@depth@100ms")
        for price in ("20000", "20001", "20002"):
            trader.order("buy", "0.1", price)
        event = stream.receive_until(lambda one: len(depth(node)["bids"]) == 3
                                     and one["data"]["u"] == depth(node)["lastUpdateId"])
        last = event["data"]["u"]
        self.assertEqual(event["stream"], "btcusdt@depth@100ms")
        with self.assertRaises(TimeoutError):
            stream.receive(1)  # nothing changes, nothing is said
        self.assertEqual(depth(node)["lastUpdateId"], last)


class Listener:
    """Subscribes to a bot's user data and keeps what it is told; a thread of its own reads."""

    def __init__(self, node, bot):
        self.stream = node.stream("/ws-api/v3")
        params = {"apiKey": bot.key, "timestamp": int(time.time() * 1000)}
        params["signature"] = bot.sign("&".join(f"{name}={params[name]}" for name in sorted(params)))
        self.stream.send({"id": 1, "method": "userDataStream.subscribe.signature", "params": params})
        self.number = self.stream.receive()["result"]["subscriptionId"]
        self.key = bot.send("POST", "/api/v3/userDataStream")[1]["listenKey"]
        self.bare = node.stream("/ws/" + self.key)
        self.events, self.bare_events = [], []

    def drain(self, seconds=0.5):
        """Takes what has come and comes until it is quiet."""
        for stream, to in ((self.stream, self.events), (self.bare, self.bare_events)):
            while True:
                try:
                    came = stream.receive(seconds)
                except TimeoutError:
                    break
                except Exception as error:  # the node was killed
                    if "closed" not in type(error).__name__.lower():
                        raise
                    break
                to.append(came["event"] if stream is self.stream else came)


class UserData(support.NodeTestCase):
    def setUp(self):
        self.at = self.node()
        self.admin = administrator(self, self.at)
        self.bots = []
        for _ in range(2):
            trader = Trader(self, self.at).register()
            deposit(self, self.admin, trader, "USDT", "1000000")
            deposit(self, self.admin, trader, "BTC", "100")
            made = self.expect(trader.api.post("api-keys", {"label": "bot", "scopes": ["read", "trade"],
                                                            "type": "hmac"}), 201)
            bot = Bot(self.at, made["key"], made["secret"])
            self.addCleanup(bot.close)
            self.bots.append(bot)

    def trade(self, dice, count):
        for _ in range(count):
            bot = dice.choice(self.bots)
            what = dice.random()
            if what < 0.1:
                bot.send("DELETE", "/api/v3/openOrders", bot.signed({"symbol": "BTCUSDT"}))
                continue
            params = {"symbol": "BTCUSDT", "side": dice.choice(("BUY", "SELL")),
                      "quantity": f"0.{dice.randrange(1, 9)}"}
            if what < 0.3:
                params.update(type="MARKET")
            else:
                params.update(type="LIMIT", timeInForce=dice.choice(("GTC", "GTC", "IOC")),
                              price=str(20_000 + dice.randrange(-5, 6)))
            status, body, _ = bot.send("POST", "/api/v3/order", "", bot.signed(params))
            self.assertIn(status, (200, 400), body)

    def check_order_of_events(self, events):
        """Reports of an order in its own order, every one followed by the balances it left."""
        cumulative, last_id = {}, 0
        for number, one in enumerate(events):
            if one["e"] != "executionReport":
                continue
            order = one["i"]
            self.assertGreater(one["I"], last_id)
            last_id = one["I"]
            if one["x"] == "NEW":
                self.assertNotIn(order, cumulative)
                cumulative[order] = Decimal(0)
            if one["x"] == "TRADE":
                cumulative[order] += Decimal(one["l"])
            self.assertEqual(Decimal(one["z"]), cumulative.get(order, Decimal(0)), one)
            rest = [later["e"] for later in events[number + 1:]
                    if later["e"] != "executionReport" or later["i"] != order]
            self.assertEqual(rest[0], "outboundAccountPosition", one)

    def trades_of(self, bot):
        """Every trade of the bot by its id and the order: an account may trade with itself."""
        found, first = {}, 0
        while True:
            page = bot.call("GET", "/api/v3/myTrades", symbol="BTCUSDT", limit=1000, fromId=first)
            found.update({(one["id"], one["orderId"]): one for one in page})
            if len(page) < 1000:
                return found
            first = page[-1]["id"]  # its other side may be on the next page

    def check_against_rest(self, bot, events, is_whole):
        trades = self.trades_of(bot)
        told = {(one["t"], one["i"]): one for one in events if one["e"] == "executionReport" and one["x"] == "TRADE"}
        for number, one in told.items():
            truth = trades[number]  # nothing was told that a crash could undo
            for ours, theirs in (("l", "qty"), ("L", "price"), ("n", "commission"), ("N", "commissionAsset"),
                                 ("m", "isMaker"), ("Y", "quoteQty"), ("i", "orderId"), ("T", "time")):
                self.assertEqual(one[ours], truth[theirs], (ours, one, truth))
        if not is_whole:
            return
        self.assertEqual(set(told), set(trades))
        final = {one["i"]: one for one in events if one["e"] == "executionReport"}
        for order in bot.call("GET", "/api/v3/allOrders", symbol="BTCUSDT", limit=1000):
            report = final.get(order["orderId"])
            self.assertIsNotNone(report, order)
            for ours, theirs in (("X", "status"), ("z", "executedQty"), ("Z", "cummulativeQuoteQty"), ("q", "origQty"),
                                 ("p", "price"), ("S", "side"), ("o", "type"), ("f", "timeInForce")):
                self.assertEqual(report[ours], order[theirs], (ours, report, order))
        balances = {}
        for one in events:
            if one["e"] == "outboundAccountPosition":
                balances.update({row["a"]: (row["f"], row["l"]) for row in one["B"]})
        for row in bot.call("GET", "/api/v3/account")["balances"]:
            if row["asset"] in balances:
                self.assertEqual(balances[row["asset"]], (row["free"], row["locked"]))

    def test_events_are_rests_truth_through_a_crash(self):
        dice = random.Random(7)
        listeners = [Listener(self.at, bot) for bot in self.bots]
        self.trade(dice, 150)
        for bot, one in zip(self.bots, listeners):
            one.drain()
            self.assertEqual([dict(event, E=0) for event in one.events],
                             [dict(event, E=0) for event in one.bare_events])
            self.check_order_of_events(one.events)
            self.check_against_rest(bot, one.events, is_whole=True)

        threads = [threading.Thread(target=self.trade_until_killed, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        self.at.kill()
        for thread in threads:
            thread.join()
        for one in listeners:
            one.drain()
        self.at.start()
        for bot, one in zip(self.bots, listeners):
            bot.close()
            self.check_against_rest(bot, one.events, is_whole=False)
            status, body, _ = bot.send("PUT", "/api/v3/userDataStream", "listenKey=" + one.key)
            self.assertEqual((status, body["code"]), (400, -1125))  # of the life before
            with self.assertRaises(Exception):
                self.at.stream("/ws/" + one.key)

        for bot in self.bots:
            bot.send("DELETE", "/api/v3/openOrders", bot.signed({"symbol": "BTCUSDT"}))
        fresh = [Listener(self.at, bot) for bot in self.bots]
        begin = [set(self.trades_of(bot)) for bot in self.bots]
        self.trade(dice, 60)
        for bot, one, before in zip(self.bots, fresh, begin):
            one.drain()
            self.check_order_of_events(one.events)
            told = {(event["t"], event["i"]) for event in one.events if event["e"] == "executionReport" and event["x"] == "TRADE"}
            self.assertEqual(told, set(self.trades_of(bot)) - before)

    def trade_until_killed(self, number):
        bot, dice = Bot(self.at, self.bots[number].key, self.bots[number].secret), random.Random(number)
        try:
            while True:
                bot.send("POST", "/api/v3/order", "", bot.signed(
                    dict(LIMIT, side=dice.choice(("BUY", "SELL")), quantity=f"0.{dice.randrange(1, 9)}",
                         price=str(20_000 + dice.randrange(-3, 4)))))
        except Exception:  # the node is gone
            bot.close()

    def test_a_revoked_key_ends_its_streams(self):
        trader = Trader(self, self.at).register()
        made = self.expect(trader.api.post("api-keys", {"label": "bot", "scopes": ["read"], "type": "hmac"}), 201)
        bot = Bot(self.at, made["key"], made["secret"])
        self.addCleanup(bot.close)
        one = Listener(self.at, bot)
        self.assertIn(trader.api.delete("api-keys/" + bot.key).status, (200, 204))
        self.assertEqual(one.stream.receive()["event"]["e"], "eventStreamTerminated")
        self.assertEqual(one.bare.receive()["e"], "listenKeyExpired")


class FanOut(support.NodeTestCase):
    """One stream, many listeners: everybody gets the same bytes. What it costs is printed, not judged."""

    SUBSCRIBERS = 1000

    def listen(self, node):
        link = socket.create_connection((node.host, node.port), 30)
        self.addCleanup(link.close)
        link.sendall(b"GET /ws/btcusdt@trade HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            got = link.recv(1)
            self.assertTrue(got)
            head += got
        self.assertIn(b" 101 ", head)
        link.setblocking(False)
        return link

    def test_a_thousand_listeners_share_one_event(self):
        node = self.node()
        admin = administrator(self, node)
        sides = []
        for asset in ("USDT", "BTC"):
            trader = Trader(self, node).register()
            deposit(self, admin, trader, asset, "1000000")
            sides.append(trader)
        links = [self.listen(node) for _ in range(self.SUBSCRIBERS)]
        began = node.cpu_seconds()
        trades = 20
        for _ in range(trades):
            sides[1].order("sell", "0.1", "20000")
            sides[0].order("buy", "0.1", "20000")
        got = {link: b"" for link in links}
        reader = selectors.DefaultSelector()
        for link in links:
            reader.register(link, selectors.EVENT_READ)
        end = time.monotonic() + 120
        waiting = set(links)
        while waiting:
            self.assertLess(time.monotonic(), end, f"{len(waiting)} listeners wait")
            for key, _ in reader.select(1):
                link = key.fileobj
                got[link] += link.recv(65536)
                if got[link].count(b'"e":"trade"') == trades:
                    waiting.discard(link)
        spent = node.cpu_seconds() - began
        texts = set(got.values())
        self.assertEqual(len(texts), 1)
        print(f"{trades} events to {self.SUBSCRIBERS} listeners: {spent:.2f} s of the node's time, "
              f"{spent / trades / self.SUBSCRIBERS * 1e6:.1f} us each", flush=True)


if __name__ == "__main__":
    support.main()
