"""An exchange for tests: a TLS server that speaks Binance's public protocol, plays recordings as the exchange would, and misbehaves on command.

REST and streams answer on ports of their own, from one and the same market: a snapshot is the book as of the message sent last.
`seen` counts what clients did. Methods may be called from any thread.
"""
import asyncio
import collections
import json
import random
import shutil
import tempfile
import time

import binance_faults
import loop_thread
from binance_market import Market
from binance_wire import STREAMS_MAX, Connection, handshake_answer, http_answer, read_request

BATCH = 64                    # messages between two looks at the network
AHEAD_BYTES_MAX = 1 << 20     # queued for the slowest client before the play waits for it
WEIGHT_MAX = 6000
CONNECTS_MAX, CONNECTS_SECONDS = 300, 300
REST_BODY_HUGE = 9 << 20
FILTERS = (("PRICE_FILTER", "minPrice", "maxPrice", "tickSize"), ("LOT_SIZE", "minQty", "maxQty", "stepSize"))


class BinancePeer(loop_thread.LoopThread):
    def __init__(self, recording, ping_seconds=20.0, tls=True, symbols_info=None):
        super().__init__()
        self.home = tempfile.mkdtemp(prefix="binance-peer-")
        self.authority = loop_thread.Authority(self.home) if tls else None
        self._context = self.authority.server_context() if tls else None
        self.market = Market(recording)
        self.seen = collections.Counter()
        self.requests = collections.Counter()           # by path
        self.snapshots = collections.defaultdict(list)  # symbol -> ids of the books that REST told
        self.injected = collections.Counter()           # faults that fell on a message or a request
        self.symbols_info = symbols_info or [self._symbol_info(recording, one) for one in self.market.symbols]
        self.ping_seconds, self.pong_seconds = ping_seconds, 60.0
        self.connections = set()
        self.ports = {"rest": 0, "stream": 0}
        self._listeners = {}
        self._faults, self._rest_faults, self._held = collections.deque(), collections.deque(), []
        self._weight, self._weight_minute, self._connects = 0, 0, collections.deque(maxlen=CONNECTS_MAX)
        self._playing = None
        self.call(self._open)

    # Addresses, and what a client needs to know.
    @property
    def ca_file(self):
        return self.authority.certificate

    @property
    def rest_url(self):
        return f"http{'s' if self._context else ''}://127.0.0.1:{self.ports['rest']}"

    @property
    def stream_url(self):
        return f"ws{'s' if self._context else ''}://127.0.0.1:{self.ports['stream']}"

    async def _open(self):
        await self._listen()
        self._pinger = asyncio.ensure_future(self._ping())

    async def _listen(self):
        for name in self.ports:
            server = await asyncio.start_server(self._serve, "127.0.0.1", self.ports[name], ssl=self._context, limit=1 << 16,
                                                reuse_address=True)
            self._listeners[name] = server
            self.ports[name] = server.sockets[0].getsockname()[1]

    def _close_listeners(self):
        for server in self._listeners.values():
            server.close()
        self._listeners.clear()

    def close(self):
        if self.loop.is_closed():
            return
        self.call(self._close_listeners)
        self.call(self._abort_all)
        self.end_loop()
        shutil.rmtree(self.home, ignore_errors=True)

    def _abort_all(self):
        for one in list(self.connections):
            one.abort()

    # Playing.
    def play(self, speed=None, until=None, loop=False):
        """Begins to play in the background: at a multiple of the recorded speed or (None) as fast as clients read, to the end or to
        a number of messages said; with `loop` again and again."""
        self.pause()
        self._playing = self.call(lambda: asyncio.ensure_future(self._play(speed, until, loop)))

    def pause(self):
        if self._playing is not None:
            self.call(self._playing.cancel)
            self._playing = None

    def wait_played(self, seconds=240):
        """Until everything that was to be played has left for the clients."""
        async def played():
            await asyncio.wait_for(asyncio.shield(self._playing), seconds)
            while any(one.queued_bytes for one in self.connections if one.is_open):
                await asyncio.sleep(0.01)
        self.call(played, seconds=seconds + 5)

    @property
    def is_playing(self):
        return self._playing is not None and not self._playing.done()

    async def _play(self, speed, until, loop):
        start, begin_ns, told_tickers = time.monotonic(), None, time.monotonic()
        while True:
            if self.market.at_end:
                if not loop:
                    return
                for stream, payload in self.market.begin_again():
                    self._tell(stream, payload)
                start, begin_ns = time.monotonic(), None
            for _ in range(BATCH):
                if self.market.at_end:
                    break
                if until is not None and self.market.said >= until:
                    return
                if speed is not None:
                    begin_ns = self.market.next_after_ns() if begin_ns is None else begin_ns
                    wait = (self.market.next_after_ns() - begin_ns) / 1e9 / speed - (time.monotonic() - start)
                    if wait > 0:
                        await asyncio.sleep(min(wait, 0.1))
                        break
                for stream, payload in self.market.step():
                    self._tell(stream, payload)
            if time.monotonic() - told_tickers >= 1:
                told_tickers = time.monotonic()
                for symbol in self.market.symbols:
                    if (day := self.market.day_ticker(symbol)) is not None:
                        self._tell(symbol.lower() + "@ticker", day)
            await asyncio.sleep(0)
            while any(one.queued_bytes > AHEAD_BYTES_MAX and not one.is_silent for one in self.connections):
                await asyncio.sleep(0.001)

    def _tell(self, stream, payload):
        """One message to whoever subscribed to its stream; or what the next fault makes of it."""
        for name, payload, harm in self._after_faults(stream, payload):
            for one in self.connections:
                if stream not in one.subscribed:
                    continue
                if harm is None:
                    one.put(binance_faults.text_frame(one.text_of(name, payload)))
                    continue
                for part in harm(binance_faults.text_frame(one.text_of(name, payload))):
                    one.put(part)

    def _after_faults(self, stream, payload):
        fault = self._faults[0] if self._faults else None
        if fault is None or fault[1] not in stream or not any(stream in one.subscribed for one in self.connections):
            return [(stream, payload, None)]
        name, _, count = fault
        if name == "false_size":
            false = self.market.other_size(stream.partition("@")[0].upper(), payload)
            if false is None:
                return [(stream, payload, None)]  # it waits for one that can be compared
            payload = false
        self.injected[name] += 1
        if count > 1:
            self._faults[0] = (name, fault[1], count - 1)
        else:
            self._faults.popleft()
        if name in binance_faults.PAYLOADS:
            return [(stream, binance_faults.PAYLOADS[name](payload), None)]
        frames = binance_faults.FRAMES.get(name) or binance_faults.HARMLESS_FRAMES.get(name)
        if frames is not None:
            return [(stream, payload, frames)]
        if name == "double":
            return [(stream, payload, None)] * 2
        if name == "reorder":  # it comes behind the next one of its kind
            self._held.append(payload)
            self._faults.appendleft(("_release", fault[1], 1))
            return []
        if name == "_release":
            return [(stream, payload, None)] + [(stream, held, None) for held in self._take_held()]
        if name == "false_size":
            return [(stream, payload, None)]
        assert name == "drop", name
        return []

    def _take_held(self):
        held, self._held = self._held, []
        return held

    # Faults of the streams.
    def fault(self, name, stream="@depth", count=1):
        """The next `count` messages of streams with this in their name suffer it: drop, double, reorder, a name of binance_faults, or
        false_size: the best bid has a wrong size, which breaks no rule and which only the best-price ticker of the same update betrays."""
        assert name in STREAM_FAULTS or name == "false_size", name
        self.call(self._faults.append, (name, stream, count))

    def stall(self, seconds, pings=False):
        """Every open connection says nothing for a while, and then all at once; with `pings` only pings and pongs go on."""
        def begin():
            self.injected["stall"] += 1
            for one in self.connections:
                one.silent_until, one.is_deaf = time.monotonic() + seconds, not pings
        self.call(begin)

    def cut(self):
        """Every connection breaks between two messages."""
        self.injected["cut_all"] += 1
        self.call(self._abort_all)

    def close_streams(self, code, reason=""):
        def close_all():
            self.injected["close"] += 1
            for one in self.connections:
                one.close(code, reason)
                one.put(0.05)
                one.put(None)
        self.call(close_all)

    def announce_shutdown(self, close_after):
        """serverShutdown on every connection, and the end of those that are still there then."""
        def announce():
            old = [one for one in self.connections]
            for one in old:
                event = f'{{"e":"serverShutdown","E":{time.time_ns() // 1_000_000}}}'
                one.put(binance_faults.text_frame(event))
            self.loop.call_later(close_after, lambda: [one.abort() for one in old if one.is_open])
        self.call(announce)

    def refuse(self, seconds):
        """Every connection breaks and nobody can connect for a while. Returns at once."""
        async def refused():
            self.injected["refuse"] += 1
            self._close_listeners()
            self._abort_all()
            await asyncio.sleep(seconds)
            if not self._listeners:
                await self._listen()
        self.call(lambda: asyncio.ensure_future(refused()) and None)

    def rest_fault(self, kind, count=1, path="depth", **more):
        """The next `count` requests whose path ends so are answered with: status (status=, retry_after=), old_snapshot, crossed, nan,
        garbage, truncated, cut, huge, hang (seconds=)."""
        assert kind in REST_FAULTS, kind
        self.call(self._rest_faults.extend, [(kind, path, more)] * count)

    def mix(self, seed, seconds, pause=(0.2, 1.0), faults=None):
        """A seeded random series of faults in the background; wait_mixed() waits for its end."""
        chance = random.Random(seed)
        names = list(faults or MIX)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            name = chance.choice(names)
            self._one_of_mix(name, chance)
            time.sleep(chance.uniform(*pause))

    def _one_of_mix(self, name, chance):
        if name in STREAM_FAULTS:
            self.fault(name, count=chance.randint(1, 3) if name in ("drop", "double") else 1)
        elif name in ("stall", "stall_pings"):
            self.stall(chance.uniform(0.2, 1.0), pings=name == "stall_pings")
        elif name == "cut_all":
            self.cut()
        elif name == "close":
            self.close_streams(chance.choice((1000, 1001, 1008, 1011, 1012)), "mixed")
        elif name == "refuse":
            self.refuse(chance.uniform(0.1, 0.5))
        else:
            kind, _, status = name.partition(":")
            self.rest_fault(kind.removeprefix("rest_"), **({"status": int(status), "retry_after": 1} if status else {}))
            self.fault("drop")  # so that a snapshot is asked for

    def end_faults(self):
        """Nothing that was ordered and has not happened yet will."""
        def forget():
            self._faults.clear()
            self._rest_faults.clear()
            self._held.clear()
            for one in self.connections:
                one.silent_until = 0
        self.call(forget)

    # What is true.
    def book(self, symbol, levels):
        """Bids and asks as ((price, size), ...) texts, as of the message said last."""
        return self.call(lambda: self.market.books[symbol].top(levels))

    def states_since(self, symbol, monotonic):
        """Best levels of a side (binance_market.STATE_LEVELS) after each update since then, the one that held then included."""
        def find():
            found = []
            for at, state in reversed(self.market.states[symbol]):
                found.append(state)
                if at < monotonic:
                    break
            return found
        return self.call(find)

    # Serving.
    async def _ping(self):
        while True:
            await asyncio.sleep(self.ping_seconds)
            for one in list(self.connections):
                if time.monotonic() - one.last_pong > self.pong_seconds:
                    self.seen["no_pong"] += 1
                    one.abort()
                elif one.is_open:
                    one.ping()

    async def _serve(self, reader, writer):
        try:
            while (request := await read_request(reader)) is not None:
                if request.headers.get("upgrade", "").lower() == "websocket":
                    await self._serve_stream(request, reader, writer)
                    return
                if not await self._answer(request, writer):
                    return
        except (ConnectionError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _serve_stream(self, request, reader, writer):
        self.seen["connects"] += 1
        now = time.monotonic()
        if len(self._connects) == CONNECTS_MAX and now - self._connects[0] < CONNECTS_SECONDS:
            self.seen["too_many_connects"] += 1
        self._connects.append(now)
        path, wraps = request.path, request.path.startswith("/stream")
        if not wraps and not path.startswith("/ws"):
            writer.write(http_answer(404, {"code": 0, "msg": "no such path"}))
            return
        one = Connection(reader, writer, wraps, self.seen)
        named = request.query.get("streams", "") if wraps else path[4:]
        one.subscribed.update(name for name in named.split("/") if "@" in name)
        writer.write(handshake_answer(request))
        self.connections.add(one)
        self.seen["open_max"] = max(self.seen["open_max"], len(self.connections))
        writing = asyncio.ensure_future(one.write_out())
        try:
            await one.read_frames(lambda text: self._on_text(one, text))
        finally:
            one.is_open = False
            writing.cancel()
            self.connections.discard(one)
            self.seen["disconnects"] += 1

    def _on_text(self, one, text):
        try:
            request = json.loads(text)
            method, params, number = request["method"], request.get("params", []), request.get("id")
        except (ValueError, KeyError, TypeError, AttributeError):
            self.seen["bad_requests"] += 1
            return one.put(binance_faults.text_frame('{"error":{"code":3,"msg":"Invalid JSON"},"id":null}'))
        self.seen[method] += 1
        if method == "SUBSCRIBE":
            one.subscribed.update(params)
            self.seen["streams_max"] = max(self.seen["streams_max"], len(one.subscribed))
            if len(one.subscribed) > STREAMS_MAX:
                self.seen["too_many_streams"] += 1
        elif method == "UNSUBSCRIBE":
            one.subscribed.difference_update(params)
        elif method != "LIST_SUBSCRIPTIONS":
            answer = {"error": {"code": 2, "msg": "Invalid request: unknown variant"}, "id": number}
            return one.put(binance_faults.text_frame(json.dumps(answer)))
        result = sorted(one.subscribed) if method == "LIST_SUBSCRIPTIONS" else None
        return one.put(binance_faults.text_frame(json.dumps({"result": result, "id": number}, separators=(",", ":"))))

    async def _answer(self, request, writer):
        """One REST request. Returns whether the connection lives on."""
        self.requests[request.path] += 1
        minute = int(time.time() // 60)
        if minute != self._weight_minute:
            self._weight, self._weight_minute = 0, minute
        status, body, weight = self._rest(request)
        self._weight += weight
        headers = [("x-mbx-used-weight", self._weight), ("x-mbx-used-weight-1m", self._weight)]
        if self._weight > WEIGHT_MAX:
            self.seen["over_weight"] += 1
            status, body = 429, {"code": -1003, "msg": "Too much request weight used."}
            headers.append(("Retry-After", 60 - int(time.time() % 60)))
        fault = next((one for one in self._rest_faults if request.path.endswith(one[1])), None)
        if fault is None:
            writer.write(http_answer(status, body, headers))
        else:
            self._rest_faults.remove(fault)
            self.injected["rest_" + fault[0]] += 1
            if not await REST_FAULTS[fault[0]](self, request, writer, body, headers, **fault[2]):
                return False
        await writer.drain()
        return True

    def _rest(self, request):
        """Status, body and weight of a well-behaved answer."""
        path, query = request.path, request.query
        symbol = query.get("symbol", "")
        if path == "/api/v3/ping":
            return 200, {}, 1
        if path == "/api/v3/time":
            return 200, {"serverTime": time.time_ns() // 1_000_000}, 1
        if path == "/api/v3/exchangeInfo":
            wanted = json.loads(query["symbols"]) if "symbols" in query else [symbol] if symbol else None
            listed = [one for one in self.symbols_info if wanted is None or one["symbol"] in wanted]
            if wanted is not None and len(listed) != len(wanted):
                return 400, {"code": -1121, "msg": "Invalid symbol."}, 20
            limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": WEIGHT_MAX}]
            return 200, {"timezone": "UTC", "serverTime": time.time_ns() // 1_000_000, "rateLimits": limits, "exchangeFilters": [],
                         "symbols": listed}, 20
        if path not in ("/api/v3/depth", "/api/v3/klines"):
            return 404, {"code": 0, "msg": "no such path"}, 1
        if symbol not in self.market.books:
            return 400, {"code": -1121, "msg": "Invalid symbol."}, 1
        if path == "/api/v3/depth":
            limit = min(int(query.get("limit", 100)), 5000)
            self.snapshots[symbol].append(self.market.books[symbol].last_update)
            weight = next(cost for most, cost in ((100, 5), (500, 25), (1000, 50), (5000, 250)) if limit <= most)
            return 200, self.market.books[symbol].depth_body(limit), weight
        start, end = int(query.get("startTime", 0)), int(query.get("endTime", 1 << 60))
        return 200, self.market.kline_rows(symbol, start, end, min(int(query.get("limit", 500)), 1000)), 2

    @staticmethod
    def _symbol_info(recording, symbol):
        quote = next(one for one in ("USDT", "BTC", "ETH", "EUR") if symbol.endswith(one))
        base, (tick, lot) = symbol[:-len(quote)], recording.steps(symbol)
        filters = {"PRICE_FILTER": (tick, "1000000.00000000", tick), "LOT_SIZE": (lot, "90000000.00000000", lot)}
        return {"symbol": symbol, "status": "TRADING", "baseAsset": base, "baseAssetPrecision": 8, "quoteAsset": quote,
                "quotePrecision": 8, "quoteAssetPrecision": 8, "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
                "isSpotTradingAllowed": True, "permissions": [], "permissionSets": [["SPOT"]],
                "filters": [{"filterType": name, **dict(zip(fields, filters[name]))} for name, *fields in FILTERS]
                + [{"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True,
                    "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5}]}


# REST faults: (peer, request, writer, right body, headers, ...) -> whether the connection lives on.
async def _rest_status(_, request, writer, body, headers, status=500, retry_after=None):
    more = [("Retry-After", retry_after)] if retry_after is not None else []
    writer.write(http_answer(status, {"code": -1003, "msg": "Too many requests."} if status < 500 else "<html>gone</html>", headers + more))
    return True


def _rest_body(change):
    async def answer(peer, request, writer, body, headers):
        writer.write(http_answer(200, change(peer, request, body if isinstance(body, str) else json.dumps(body)), headers))
        return True
    return answer


async def _rest_cut(_, request, writer, body, headers):
    whole = http_answer(200, body, headers)
    writer.write(whole[:len(whole) // 2])
    await writer.drain()
    writer.transport.abort()
    return False


async def _rest_hang(_, request, writer, body, headers, seconds=30):
    await asyncio.sleep(seconds)
    return False


def _crossed_body(_, request, body):
    whole = json.loads(body)
    whole["bids"].insert(0, ["9000000.00000000", "1.00000000"])
    return json.dumps(whole)


REST_FAULTS = {
    "status": _rest_status, "cut": _rest_cut, "hang": _rest_hang,
    "old_snapshot": _rest_body(lambda peer, request, _: peer.market.begin[request.query["symbol"]].depth_body(1000)),
    "crossed": _rest_body(_crossed_body),
    "nan": _rest_body(lambda _, request, body: body.replace('"bids":[["', '"bids":[[NaN,"1.00000000"],["', 1)),
    "too_large": _rest_body(lambda _, request, body: body.replace('"asks":[["', '"asks":[[1e400,"1.00000000"],["', 1)),
    "garbage": _rest_body(lambda _, request, body: "<<%#garbage"),
    "truncated": _rest_body(lambda _, request, body: body[:len(body) // 2]),
    "huge": _rest_body(lambda _, request, body: body[:-1] + " " * REST_BODY_HUGE + "}"),
}
STREAM_FAULTS = {"drop", "double", "reorder", *binance_faults.PAYLOADS, *binance_faults.FRAMES, *binance_faults.HARMLESS_FRAMES}
MIX = sorted(STREAM_FAULTS | {"stall", "stall_pings", "cut_all", "close", "refuse", "rest_old_snapshot", "rest_crossed", "rest_nan",
                              "rest_garbage", "rest_truncated", "rest_cut", "rest_status:429", "rest_status:503"})
