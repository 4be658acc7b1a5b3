"""The peer that stands in for the exchange, shown by a client of its own that follows the documented procedure: what the peer plays
is the recorded market, every fault is really felt, and after each the client can get back to exactly the peer's book."""
import asyncio
import json
import ssl
import time
import unittest
import urllib.error
import urllib.request

import websockets

import binance_faults
import support
from binance_market import Book, Recording
from binance_peer import MIX, REST_FAULTS, STREAM_FAULTS, BinancePeer

SYMBOL = "BTCUSDT"
STREAMS = [f"btcusdt@{name}" for name in ("depth@100ms", "trade", "bookTicker")]
LEVELS = 100
STEP = 2_500  # messages around one fault: some 160 updates of the book


def recordings(case):
    data = support.recorded_data()
    files = [data / "binance_ws" / name for name in
             ("spot_btcusdt_20240808.raw.jsonl.gz", "spot_btcusdt_20240809.raw.jsonl.gz",
              "cryptofeed_binance_spot_20211012.ws.txt.gz", "cryptofeed_binance_spot_20211012.depth_http.txt.gz")] if data else []
    if not files or not all(file.exists() for file in files):
        case.skipTest("the recorded market data is not here")
    return files


class Follower:
    """A client that keeps one book by the exchange's rules. Whatever it cannot be sure of makes it begin anew."""

    def __init__(self, peer):
        self.peer, self.book, self.waiting, self.asked = peer, None, [], None
        self.context = ssl.create_default_context(cafile=str(peer.ca_file))
        self.refused = self.gaps = self.doubles = self.connects = self.snapshots = self.crossed = self.silences = 0
        self.checks = self.mismatches = self.trades = 0
        self.bests = {}  # last id of an update -> best levels then
        self.task = None

    async def run(self):
        while True:
            try:
                async with websockets.connect(self.peer.stream_url + "/stream", ssl=self.context, max_size=1 << 20, ping_interval=None,
                                              close_timeout=1) as socket:
                    self.connects += 1
                    await socket.send(json.dumps({"method": "SUBSCRIBE", "params": STREAMS, "id": 1}))
                    while True:
                        try:
                            text = await asyncio.wait_for(socket.recv(), 0.5)
                        except asyncio.TimeoutError:
                            self.silences += 1
                            self.ask()
                            continue
                        self.take(text)
            except (OSError, websockets.WebSocketException, EOFError):
                self.lose()
                await asyncio.sleep(0.05)

    def lose(self):
        self.book, self.waiting = None, []

    def take(self, text):
        try:
            if not isinstance(text, str):
                raise ValueError("binary")
            message = json.loads(text, parse_constant=self.refuse_constant)
            if "stream" in message:
                self.on_data(message["stream"], message["data"])
        except (ValueError, KeyError, TypeError):
            self.refused += 1

    @staticmethod
    def refuse_constant(text):
        raise ValueError(text)

    def on_data(self, stream, data):
        if stream.endswith("@trade"):
            self.trades += 1
        elif stream.endswith("@bookTicker"):
            self.bests.setdefault("told", {})[data["u"]] = ((data["b"], data["B"]), (data["a"], data["A"]))
        elif stream.endswith("@depth@100ms"):
            if data["s"] != SYMBOL or not all(isinstance(part, str) and part.replace(".", "").isdigit()
                                              for level in data["b"] + data["a"] for part in level):
                raise ValueError("levels")
            self.on_depth(data)

    def on_depth(self, data):
        if self.book is None:
            self.waiting.append(data)
            return self.ask()
        if data["u"] <= self.book.last_update:
            self.doubles += 1
        elif data["U"] > self.book.last_update + 1:
            self.gaps += 1
            self.lose()
            self.waiting.append(data)
            self.ask()
        else:
            self.book.set(data["b"], data["a"])
            self.book.last_update = data["u"]
            self.check()

    def check(self):
        bids, asks = self.book.top(1)
        if self.book.bids.order and self.book.asks.order and -self.book.bids.order[0] >= self.book.asks.order[0]:
            self.crossed += 1
            self.lose()
            return self.ask()
        told = self.bests.get("told", {}).get(self.book.last_update)
        if told is not None:
            self.checks += 1
            self.mismatches += told != (bids[0], asks[0])

    def ask(self):
        if self.book is None and (self.asked is None or self.asked.done()):
            self.asked = asyncio.ensure_future(self.fetch())

    async def fetch(self):
        def get():
            url = f"{self.peer.rest_url}/api/v3/depth?symbol={SYMBOL}&limit=5000"
            with urllib.request.urlopen(url, context=self.context, timeout=2) as answer:
                return json.loads(answer.read(8 << 20), parse_constant=self.refuse_constant)
        try:
            whole = await asyncio.get_running_loop().run_in_executor(None, get)
            self.on_snapshot(whole)
        except (OSError, ValueError, TypeError, KeyError, EOFError, AttributeError):
            self.refused += 1
            await asyncio.sleep(0.02)

    def on_snapshot(self, whole):
        self.snapshots += 1
        if self.waiting and self.waiting[0]["U"] > whole["lastUpdateId"] + 1:
            self.refused += 1  # older than what was seen
            return
        self.book = Book(whole["lastUpdateId"], whole["bids"], whole["asks"])
        waiting, self.waiting = [one for one in self.waiting if one["u"] > whole["lastUpdateId"]], []
        self.check()
        for one in waiting:
            self.on_depth(one)

    def is_in_step(self):
        book = self.peer.market.books[SYMBOL]
        return self.book is not None and self.book.last_update == book.last_update and self.book.top(LEVELS) == book.top(LEVELS)

    def troubles(self):
        return self.refused + self.gaps + self.doubles + self.connects + self.crossed + self.silences


class PeerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.recording = None

    def peer(self, **more):
        files = recordings(self)
        if PeerTest.recording is None:
            PeerTest.recording = Recording.spot(files[:2])
        made = BinancePeer(PeerTest.recording, **more)
        self.addCleanup(made.close)
        return made

    def follow(self, peer):
        follower = Follower(peer)
        follower.task = peer.call(lambda: asyncio.ensure_future(follower.run()))  # same loop: no state between threads
        self.addCleanup(lambda: peer.call(follower.task.cancel))
        self.wait(peer, lambda: peer.seen["SUBSCRIBE"] == 1, "subscribed")
        return follower

    def wait(self, peer, is_so, what, seconds=150):
        end = time.monotonic() + seconds
        while not peer.call(is_so):
            self.assertLess(time.monotonic(), end, f"not within {seconds} s: {what}")
            time.sleep(0.005)

    def test_a_clean_play_is_the_recorded_market(self):
        peer = self.peer()
        follower = self.follow(peer)
        peer.play(until=5)  # of the time before the recorded snapshot
        self.wait(peer, lambda: follower.book is not None, "a snapshot")
        self.assertEqual(peer.snapshots[SYMBOL], [PeerTest.recording.snapshots[SYMBOL]["lastUpdateId"]])
        peer.play()
        peer.wait_played()
        self.wait(peer, follower.is_in_step, "in step at the end")
        self.wait(peer, lambda: follower.trades == 19_904, "every trade")
        self.assertEqual((follower.gaps, follower.refused, follower.doubles, follower.connects, follower.mismatches), (0, 0, 0, 1, 0))
        self.assertEqual(follower.checks, 1_072)
        self.assertEqual(PeerTest.recording.updates_with_ticker(SYMBOL), 1_072)

        # Once more from the beginning: no id is missing.
        peer.play(loop=True, until=peer.market.said + 60_000)
        peer.wait_played()
        self.wait(peer, follower.is_in_step, "in step in the second pass")
        self.assertEqual((follower.gaps, follower.refused, follower.mismatches), (0, 0, 0))
        self.assertEqual(peer.seen["too_fast"], 0)

    def test_every_fault_of_a_stream_is_felt_and_can_be_healed(self):
        peer = self.peer()
        follower = self.follow(peer)
        peer.play(until=STEP)
        peer.wait_played()
        self.wait(peer, follower.is_in_step, "in step before the first fault")
        faults = {name: (lambda name=name: peer.fault(name)) for name in sorted(STREAM_FAULTS)}
        faults |= {"stall": lambda: peer.stall(1.2), "stall_pings": lambda: peer.stall(1.2, pings=True), "cut_all": peer.cut,
                   "close": lambda: peer.close_streams(1012, "restart"), "refuse": lambda: peer.refuse(0.2)}
        for name, order in faults.items():
            with self.subTest(name):
                before = peer.call(follower.troubles)
                serious = follower.refused, follower.gaps, follower.connects, follower.crossed
                order()
                peer.play(until=peer.market.said + STEP, loop=True)
                peer.wait_played()
                if name in binance_faults.HARMLESS_FRAMES:
                    self.wait(peer, follower.is_in_step, "in step")
                    self.assertEqual((follower.refused, follower.gaps, follower.connects, follower.crossed), serious)
                    continue
                self.wait(peer, lambda: follower.troubles() > before, "felt")
                peer.play(until=peer.market.said + 200, loop=True)
                self.wait(peer, lambda: not peer.is_playing and follower.is_in_step(), "in step again")
        self.assertEqual([name for name in STREAM_FAULTS if not peer.injected[name]], [])
        self.assertEqual(follower.mismatches, 0)

    def test_every_fault_of_rest_is_felt_and_can_be_healed(self):
        peer = self.peer()
        follower = self.follow(peer)
        for name in sorted(REST_FAULTS):
            with self.subTest(name):
                peer.play(until=peer.market.said + STEP)
                peer.wait_played()
                self.wait(peer, follower.is_in_step, "in step before")
                before, asked = peer.call(follower.troubles), peer.requests["/api/v3/depth"]
                peer.rest_fault(name, **({"seconds": 3} if name == "hang" else {"status": 503} if name == "status" else {}))
                peer.fault("drop")
                peer.play(until=peer.market.said + STEP)
                peer.wait_played()
                self.wait(peer, lambda: follower.is_in_step() and peer.injected["rest_" + name] == 1, "in step again")
                self.assertGreater(peer.call(follower.troubles), before + (name != "crossed"))
                self.assertGreaterEqual(peer.requests["/api/v3/depth"], asked + 2)

    def test_a_mix_is_the_same_for_a_seed_and_ends_in_step(self):
        peer = self.peer()
        follower = self.follow(peer)
        peer.play(speed=20, loop=True)
        peer.mix(seed=7, seconds=6, pause=(0.05, 0.3))
        peer.end_faults()
        self.wait(peer, lambda: bool(peer._listeners), "listening again")
        time_out = peer.market.said + STEP
        self.wait(peer, lambda: peer.market.said >= time_out, "played on")
        peer.pause()
        self.wait(peer, follower.is_in_step, "in step after the mix")
        self.assertGreater(len(peer.injected), 4)
        self.assertLessEqual({name.partition(":")[0] for name in MIX} & {"drop", "cut", "stall"}, set(MIX))

    def get(self, peer, path):
        try:
            with urllib.request.urlopen(peer.rest_url + path, context=peer.authority.client_context(), timeout=10) as answer:
                return answer.status, dict(answer.headers), json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), json.loads(error.read())

    def test_rest_answers_as_documented(self):
        peer = self.peer()
        self.assertEqual(self.get(peer, "/api/v3/ping")[2], {})
        self.assertLess(abs(self.get(peer, "/api/v3/time")[2]["serverTime"] / 1000 - time.time()), 60)
        status, headers, info = self.get(peer, "/api/v3/exchangeInfo?symbol=BTCUSDT")
        self.assertEqual((status, [one["symbol"] for one in info["symbols"]]), (200, [SYMBOL]))
        self.assertEqual(int(headers["x-mbx-used-weight-1m"]), 22)
        self.assertEqual(self.get(peer, "/api/v3/depth?symbol=NOPE")[::2], (400, {"code": -1121, "msg": "Invalid symbol."}))
        self.assertEqual(self.get(peer, "/api/v3/nothing")[0], 404)
        self.assertEqual(self.get(peer, "/api/v3/klines?symbol=BTCUSDT&interval=1m")[2], [])
        peer.play(until=1_000)
        peer.wait_played()
        rows = self.get(peer, "/api/v3/klines?symbol=BTCUSDT&interval=1m")[2]
        self.assertEqual(sum(row[8] for row in rows), peer.market.trades[SYMBOL])
        for whole, taker in ((5, 9), (7, 10)):  # base and quote volume, and what takers bought of it
            self.assertLess(0, sum(float(row[taker]) for row in rows))
            self.assertLess(sum(float(row[taker]) for row in rows), sum(float(row[whole]) for row in rows))
        running = rows[-1][0] // 60_000
        peer.call(lambda: peer.market.set_past(SYMBOL, running - 2, "1.00", "3.00", "0.50", "2.00", "4.00000000"))
        told = self.get(peer, f"/api/v3/klines?symbol=BTCUSDT&interval=1m&endTime={running * 60_000 - 1}")[2]
        self.assertEqual([(row[0] // 60_000 - running, row[1], row[4]) for row in told if row[0] // 60_000 < rows[0][0] // 60_000],
                         [(-2, "1.00000000", "2.00000000"), (-1, "2.00000000", "2.00000000")][:rows[0][0] // 60_000 - running + 2])
        peer.rest_fault("status", status=429, retry_after=3)
        status, headers, _ = self.get(peer, "/api/v3/depth?symbol=BTCUSDT&limit=5")
        self.assertEqual((status, headers["Retry-After"]), (429, "3"))
        _, _, whole = self.get(peer, "/api/v3/depth?symbol=BTCUSDT&limit=5")
        self.assertEqual(tuple(map(tuple, whole["bids"])), peer.book(SYMBOL, 5)[0])

    def test_subscriptions_and_bare_streams(self):
        files = recordings(self)
        quiet = Recording.several(*files[2:])
        peer = BinancePeer(quiet, ping_seconds=0.4)
        self.addCleanup(peer.close)
        context = ssl.create_default_context(cafile=str(peer.ca_file))

        async def speak():
            # Within: what is played is received, and pings are answered, as long as the connections are open.
            async with websockets.connect(peer.stream_url + "/stream?streams=nknusdt@depth@100ms", ssl=context, max_queue=None) as combined, \
                       websockets.connect(peer.stream_url + "/ws/nknusdt@depth@100ms", ssl=context, max_queue=None) as bare:
                await combined.send('{"method":"SUBSCRIBE","params":["blzeth@depth@100ms"],"id":"a"}')
                self.assertEqual(json.loads(await combined.recv()), {"result": None, "id": "a"})
                await combined.send('{"method":"LIST_SUBSCRIPTIONS","id":2}')
                self.assertEqual(json.loads(await combined.recv())["result"], ["blzeth@depth@100ms", "nknusdt@depth@100ms"])
                await combined.send('{"method":"UNSUBSCRIBE","params":["nknusdt@depth@100ms"],"id":3}')
                self.assertEqual(json.loads(await combined.recv())["id"], 3)
                await combined.send("nonsense")
                self.assertIn("error", json.loads(await combined.recv()))
                peer.play()
                updates = [json.loads(await combined.recv()) for _ in range(quiet.count("BLZETH", "depth"))]
                self.assertEqual({one["stream"] for one in updates}, {"blzeth@depth@100ms"})
                self.assertEqual(json.loads(await bare.recv())["e"], "depthUpdate")
                end = time.monotonic() + 10
                while peer.seen["pongs"] < 4 and time.monotonic() < end:
                    await asyncio.sleep(0.02)
        asyncio.run(speak())
        self.assertGreaterEqual(peer.seen["pongs"], 4)
        self.assertEqual((peer.seen["SUBSCRIBE"], peer.seen["UNSUBSCRIBE"], peer.seen["other_pongs"]), (1, 1, 0))


if __name__ == "__main__":
    support.main()
