"""A recorded market as the exchange behind it: what its streams say next, and the whole book as of then.

Recordings are played in the order of their messages. When they end and are to be played again, ids go on without a hole: one
update carries the last book over into the first one, as if the market had moved there at once. Event times are today's.
"""
import bisect
import collections
import gzip
import json
import re
import time

STATES_MAX = 20_000   # best levels after each of the newest depth updates
STATE_LEVELS = 20     # levels of a side in a state
CANDLES_MAX = 2_000   # minutes kept of a symbol

_DEPTH = re.compile(r'^\{"e":"depthUpdate","E":\d+,"s":"(\w+)","U":(\d+),"u":(\d+),(.*)$')
_TRADE = re.compile(r'^\{"e":"trade","E":\d+,"s":"(\w+)","t":(\d+),("p":"([0-9.]+)","q":"([0-9.]+)",.*)"T":\d+,(.*)$')
_TICKER = re.compile(r'^\{"u":(\d+),"s":"(\w+)",(.*)$')
_ENVELOPE = re.compile(r'^\{"stream":"([^"]+)","data":(.*)\}$')


def units(text):
    """A decimal with eight digits behind the point as an integer."""
    whole, _, rest = text.partition(".")
    return int(whole + rest.ljust(8, "0")[:8])


def decimal8(count):
    return f"{count // 10**8}.{count % 10**8:08}"


class Side:
    """One side of a book, best first."""

    def __init__(self, is_bid):
        self.sign = -1 if is_bid else 1
        self.texts = {}   # signed price -> (price, size) as the exchange writes them
        self.order = []   # signed prices, rising: the best first

    def set(self, price, size):
        key = self.sign * units(price)
        if units(size) == 0:
            if self.texts.pop(key, None) is not None:
                del self.order[bisect.bisect_left(self.order, key)]
            return
        if key not in self.texts:
            bisect.insort(self.order, key)
        self.texts[key] = (price, size)

    def top(self, count):
        return tuple(self.texts[key] for key in self.order[:count])


class Book:
    def __init__(self, last_update=0, bids=(), asks=()):
        self.last_update = last_update
        self.bids, self.asks = Side(True), Side(False)
        self.set(bids, asks)

    def set(self, bids, asks):
        for price, size in bids:
            self.bids.set(price, size)
        for price, size in asks:
            self.asks.set(price, size)

    def top(self, count):
        return self.bids.top(count), self.asks.top(count)

    def depth_body(self, limit):
        """What REST answers to /api/v3/depth."""
        bids, asks = self.top(limit)
        return json.dumps({"lastUpdateId": self.last_update, "bids": bids, "asks": asks}, separators=(",", ":"))

    def bridge_to(self, other):
        """Levels (bids, asks) that turn this book into the other."""
        changes = []
        for mine, wanted in ((self.bids, other.bids), (self.asks, other.asks)):
            gone = [(mine.texts[key][0], "0.00000000") for key in mine.order if key not in wanted.texts]
            changes.append(gone + [wanted.texts[key] for key in wanted.order if mine.texts.get(key) != wanted.texts[key]])
        return changes

    def copy(self):
        return Book(self.last_update, *self.top(None))


class Message:
    """One recorded message in pieces, so that ids and times can be put in cheaply."""
    __slots__ = ("after_ns", "stream", "symbol", "kind", "first", "last", "pieces", "levels")

    def __init__(self, after_ns, stream, payload):
        self.after_ns, self.stream, self.first, self.last, self.levels = after_ns, stream, 0, 0, None
        self.symbol = stream.partition("@")[0].upper()
        if found := _DEPTH.match(payload):
            self.kind, self.first, self.last = "depth", int(found[2]), int(found[3])
            self.pieces = (found[4],)
            body = json.loads("{" + found[4])
            self.levels = (body["b"], body["a"])
        elif found := _TRADE.match(payload):
            self.kind, self.first = "trade", int(found[2])
            self.pieces = (found[3], found[6])
            self.levels = (found[4], found[5])  # price and size
        elif (found := _TICKER.match(payload)) and stream.endswith("@bookTicker"):
            self.kind, self.last = "bookTicker", int(found[1])
            self.pieces = (found[3],)
        else:
            self.kind, self.pieces = "other", (payload,)

    def payload(self, update_shift, trade_shift, first_min, now_ms):
        if self.kind == "depth":
            first = max(self.first, first_min) + update_shift
            return (f'{{"e":"depthUpdate","E":{now_ms},"s":"{self.symbol}","U":{first},"u":{self.last + update_shift},'
                    f'{self.pieces[0]}')
        if self.kind == "trade":
            return (f'{{"e":"trade","E":{now_ms},"s":"{self.symbol}","t":{self.first + trade_shift},{self.pieces[0]}'
                    f'"T":{now_ms},{self.pieces[1]}')
        if self.kind == "bookTicker":
            return f'{{"u":{self.last + update_shift},"s":"{self.symbol}",{self.pieces[0]}'
        return self.pieces[0]


class Recording:
    """Messages in their order, with the time of each after the first, and the first snapshot of every symbol."""

    def __init__(self):
        self.messages, self.snapshots, self._ticker_ids = [], {}, {}

    @staticmethod
    def spot(files):
        """Files of lines "RECEIVE_TIME_NS JSON" of one symbol; its snapshot is among them."""
        made, begin, bare = Recording(), None, []
        for file in files:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                for line in lines:
                    received, _, text = line.rstrip("\n").partition(" ")
                    begin = begin or int(received)
                    if found := _ENVELOPE.match(text):
                        made.messages.append(Message(int(received) - begin, found[1], found[2]))
                    else:
                        bare.append(json.loads(text))
        made.snapshots[made.messages[0].symbol] = bare[0]
        return made

    @staticmethod
    def several(stream_file, depth_file):
        """The other recorded form: "SECONDS: JSON", the snapshots beside it as "URL -> SECONDS: JSON"."""
        made, begin = Recording(), None
        with gzip.open(stream_file, "rt", encoding="utf-8") as lines:
            for line in lines:
                seconds, _, text = line.rstrip("\n").partition(": ")
                if found := _ENVELOPE.match(text):
                    at = int(float(seconds) * 1e9)
                    begin = begin or at
                    made.messages.append(Message(at - begin, found[1], found[2]))
        with gzip.open(depth_file, "rt", encoding="utf-8") as lines:
            for line in lines:
                if found := re.match(r"^\S+symbol=(\w+)\S* -> [0-9.]+: (.*)$", line.rstrip("\n")):
                    made.snapshots.setdefault(found[1], json.loads(found[2]))
        return made

    def beside(self, other):
        """Both at once, each symbol as it was."""
        made = Recording()
        made.messages = sorted(self.messages + other.messages, key=lambda one: one.after_ns)
        made.snapshots = {**self.snapshots, **other.snapshots}
        return made

    def ticker_ids(self, symbol):
        """The updates after which a best-price ticker was told."""
        if symbol not in self._ticker_ids:
            self._ticker_ids[symbol] = {one.last for one in self.messages if one.kind == "bookTicker" and one.symbol == symbol}
        return self._ticker_ids[symbol]

    def updates_with_ticker(self, symbol, after=0):
        """Depth updates later than `after` whose last id is a best-price ticker's too: where the two can be compared."""
        told = self.ticker_ids(symbol)
        return sum(one.kind == "depth" and one.symbol == symbol and one.last > after and one.last in told
                   for one in self.messages)

    def steps(self, symbol):
        """The smallest price and size steps that were used, as decimals: what the exchange must have listed, or a multiple of it."""
        levels = self.snapshots[symbol]["bids"] + self.snapshots[symbol]["asks"]
        for one in self.messages:
            if one.kind == "depth" and one.symbol == symbol:
                levels = levels + one.levels[0] + one.levels[1] if len(levels) < 20_000 else levels
        digits = (sorted(len(level[at].rstrip("0").partition(".")[2]) for level in levels) for at in (0, 1))
        return [decimal8(10 ** (8 - counts[len(counts) * 99 // 100])) for counts in digits]  # dust of older rules left out

    def count(self, symbol, kind):
        return sum(one.kind == kind and one.symbol == symbol for one in self.messages)


def _day(price):
    return {"open": price, "high": price, "low": price, "last": price, "size": 0, "volume": 0, "quote": 0, "taker": 0, "taker_quote": 0,
            "count": 0, "first": 0}


class Market:
    """The exchange's own state. step() makes the next message happen and returns (stream, payload) of what it says."""

    def __init__(self, recording):
        self.recording = recording
        self.begin = {symbol: Book(one["lastUpdateId"], one["bids"], one["asks"]) for symbol, one in recording.snapshots.items()}
        self.books = {symbol: book.copy() for symbol, book in self.begin.items()}
        self.index, self.passes, self.said = 0, 0, 0
        self.update_shift, self.trade_shift = collections.Counter(), collections.Counter()
        self.last_trade = collections.Counter()  # as the exchange numbers them
        self.trades = collections.Counter()
        self.states = {symbol: collections.deque(maxlen=STATES_MAX) for symbol in self.books}
        self.days, self.candles = {}, {}
        for symbol in self.books:
            self._remember(symbol)

    @property
    def symbols(self):
        return sorted(self.books)

    @property
    def at_end(self):
        return self.index == len(self.recording.messages)

    def next_after_ns(self):
        """When the next message is due after the beginning of this pass."""
        return self.recording.messages[self.index].after_ns

    def _remember(self, symbol):
        self.states[symbol].append((time.monotonic(), self.books[symbol].top(STATE_LEVELS)))

    def step(self):
        message = self.recording.messages[self.index]
        self.index += 1
        symbol, now_ms = message.symbol, time.time_ns() // 1_000_000
        begin = self.begin.get(symbol)
        if self.passes and begin and message.kind in ("depth", "bookTicker") and message.last <= begin.last_update:
            return []  # of the time before the book that this pass begins with
        shift, trade_shift = self.update_shift[symbol], self.trade_shift[symbol]
        first_min = begin.last_update + 1 if self.passes and begin else 0
        if message.kind == "depth" and message.last + shift > self.books[symbol].last_update:
            self.books[symbol].set(*message.levels)
            self.books[symbol].last_update = message.last + shift
            self._remember(symbol)
        elif message.kind == "trade":
            buyer_is_maker = '"m":true' in message.pieces[1]
            self._note_trade(symbol, message.first + trade_shift, *message.levels, buyer_is_maker, now_ms)
        self.said += 1
        return [(message.stream, message.payload(shift, trade_shift, first_min, now_ms))]

    def begin_again(self):
        """Another pass. Returns what is said to get from the last book into the first."""
        said, now_ms = [], time.time_ns() // 1_000_000
        self.index, self.passes = 0, self.passes + 1
        for symbol, book in self.books.items():
            bids, asks = book.bridge_to(self.begin[symbol])
            first = book.last_update + 1
            book.set(bids, asks)
            book.last_update = first
            self._remember(symbol)
            self.update_shift[symbol] = first - self.begin[symbol].last_update
            of_symbol = next((one.first for one in self.recording.messages if one.kind == "trade" and one.symbol == symbol), 0)
            self.trade_shift[symbol] = self.last_trade[symbol] + 1 - of_symbol
            update = {"e": "depthUpdate", "E": now_ms, "s": symbol, "U": first, "u": first, "b": bids, "a": asks}
            said.append((symbol.lower() + "@depth@100ms", json.dumps(update, separators=(",", ":"))))
        self.said += len(said)
        return said

    def _note_trade(self, symbol, trade, price_text, size_text, buyer_is_maker, now_ms):
        price, size = units(price_text), units(size_text)
        self.last_trade[symbol] = trade
        self.trades[symbol] += 1
        if symbol not in self.days:
            self.days[symbol] = _day(price) | {"first": trade}
        minutes = self.candles.setdefault(symbol, {})
        minute = now_ms // 60_000
        if minute not in minutes:
            minutes[minute] = _day(price) | {"first": trade}
            if len(minutes) > CANDLES_MAX:
                del minutes[next(iter(minutes))]
        for sums in (self.days[symbol], minutes[minute]):
            sums["high"], sums["low"] = max(sums["high"], price), min(sums["low"], price)
            sums["last"], sums["size"], sums["count"] = price, size, sums["count"] + 1
            sums["volume"] += size
            sums["quote"] += price * size // 10**8
            if not buyer_is_maker:
                sums["taker"] += size
                sums["taker_quote"] += price * size // 10**8

    def set_past(self, symbol, minute, open_, high, low, close, volume):
        """A minute before this market began to play, or another word about one."""
        minutes = self.candles.setdefault(symbol, {})
        minutes[minute] = _day(units(open_)) | {"high": units(high), "low": units(low), "last": units(close), "volume": units(volume),
                                                "quote": units(close) * units(volume) // 10**8, "count": 3}
        self.candles[symbol] = dict(sorted(minutes.items()))

    def other_size(self, symbol, payload):
        """A depth update with another size of the best bid than the one it leads to, in the same steps; None: no best-price ticker
        goes with it, so nobody could tell."""
        body, bids = json.loads(payload), self.books[symbol].bids.top(1)
        if body["u"] - self.update_shift[symbol] not in self.recording.ticker_ids(symbol) or not bids:
            return None
        price, size = bids[0]
        body["b"] = [level for level in body["b"] if level[0] != price] + [[price, decimal8(units(size) + 10**8)]]
        return json.dumps(body, separators=(",", ":"))

    def day_ticker(self, symbol):
        """A 24hrTicker payload of what was traded so far; None before the first trade."""
        day = self.days.get(symbol)
        if day is None:
            return None
        (bid, ask), now_ms = self.books[symbol].top(1), time.time_ns() // 1_000_000
        bid, ask = (side[0] if side else ("0.00000000", "0.00000000") for side in (bid, ask))
        change = day["last"] - day["open"]
        signed = ("-" if change < 0 else "") + decimal8(abs(change))
        percent = ("-" if change < 0 else "") + f"{abs(change) * 100 / day['open']:.3f}"
        return json.dumps({
            "e": "24hrTicker", "E": now_ms, "s": symbol, "p": signed, "P": percent,
            "w": decimal8(day["quote"] * 10**8 // day["volume"]), "x": decimal8(day["open"]), "c": decimal8(day["last"]),
            "Q": decimal8(day["size"]), "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1], "o": decimal8(day["open"]),
            "h": decimal8(day["high"]), "l": decimal8(day["low"]), "v": decimal8(day["volume"]), "q": decimal8(day["quote"]),
            "O": now_ms - 86_400_000, "C": now_ms, "F": day["first"], "L": self.last_trade[symbol], "n": day["count"]},
            separators=(",", ":"))

    def kline_rows(self, symbol, start_ms, end_ms, limit):
        """One-minute rows from the first trade on; a minute without a trade repeats the last price."""
        minutes, rows = self.candles.get(symbol, {}), []
        if not minutes:
            return rows
        first, close = min(minutes), None
        newest = min(time.time_ns() // 60_000_000_000, end_ms // 60_000)
        for minute in range(first, newest + 1):
            bar = minutes.get(minute) or _day(close)
            close = bar["last"]
            if minute * 60_000 >= start_ms:
                rows.append([minute * 60_000, *(decimal8(bar[name]) for name in ("open", "high", "low", "last", "volume")),
                             minute * 60_000 + 59_999, decimal8(bar["quote"]), bar["count"], decimal8(bar["taker"]), decimal8(bar["taker_quote"]), "0"])
        return rows[:limit]
