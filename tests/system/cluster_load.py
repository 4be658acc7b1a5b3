"""Users of a cluster who trade through whatever happens to it, and remember what they were told.

OrderLoop places, amends and cancels; an order whose fate is unknown is sent again with the same client order id through another edge.
Listener follows a user's streams and resumes them; BookListener follows a market. judge() compares all of it with what is there afterwards.
"""
import collections
import http.client
import random
import threading
import time
from decimal import Decimal

import support
from private_servers import until
from traders import pages

FINAL = ("filled", "cancelled", "expired", "rejected")
BUSY = (503, 504)
REFUSED = (400, 409, 422)  # a rule of trading said no


def eventually(check, seconds=60):
    """What a check returns as soon as it holds."""
    end = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


class Caller:
    """One user's way to any edge that answers."""

    def __init__(self, edges, token, dice):
        self.edges, self.token, self.dice = edges, token, dice
        self._at, self._api = None, None

    def turn_away(self):
        """The next call goes to another edge, if there is one."""
        if self._api:
            self._api.close()
        self._api = None

    def api(self):
        if self._api is None:
            others = [edge for edge in self.edges if edge is not self._at and edge.port] or self.edges
            self._at = self.dice.choice(others)
            self._api = support.Api(self._at.host, self._at.port, self.token, seconds=20)
        return self._api


class OrderLoop(threading.Thread):
    """`symbols`: {symbol: price about which the orders are}."""

    def __init__(self, name, edges, token, symbols, seed, pause=0.02):
        super().__init__(daemon=True, name=name)
        self.dice = random.Random(f"{seed} {name}")
        self.caller = Caller(edges, token, self.dice)
        self.symbols, self.pause = symbols, pause
        self.acknowledged = {}  # client order id -> order id
        self.unknown = set()    # client order ids without an answer when the loop ended
        self.statuses = collections.Counter()  # of first and later answers
        self.wrong = []         # answers that must not be
        self.busy = collections.deque(maxlen=20)  # requests that were answered 503 or 504
        self.refused = collections.Counter()  # by code
        self.longest = 0.0      # seconds from the first try to the answer
        self.answered_at = collections.deque(maxlen=100_000)  # when an order was acknowledged
        self._ends = threading.Event()

    def end(self):
        self._ends.set()

    def run(self):
        try:
            self._trade()
        finally:
            self.caller.turn_away()

    def _trade(self):
        number = 0
        while not self._ends.is_set():
            roll = self.dice.random()
            if roll < 0.75 or not self.acknowledged:
                number += 1
                self.place(f"{self.name}-{number}")
            else:
                order = self.acknowledged[self.dice.choice(list(self.acknowledged)[-50:])]
                if roll < 0.9:
                    self.send("DELETE", f"orders/{order}", None, (200, 404))
                else:
                    self.send("PATCH", f"orders/{order}", {"quantity": self.quantity()}, (200, 404))
            self._ends.wait(self.pause * self.dice.uniform(0.5, 1.5))

    def quantity(self):
        return f"0.0{self.dice.randint(100, 400)}"

    def place(self, client_id):
        symbol = self.dice.choice(list(self.symbols))
        body = {"symbol": symbol, "side": self.dice.choice(["buy", "sell"]), "type": "limit", "time_in_force": "gtc",
                "quantity": self.quantity(), "price": f"{self.symbols[symbol] + self.dice.randint(-20, 20)}.00", "client_order_id": client_id}
        self.unknown.add(client_id)
        began = time.monotonic()
        answer = self.send("POST", "orders", body, (200, 201))
        if answer is None:
            return
        self.unknown.discard(client_id)
        if answer.status in (200, 201):
            self.longest = max(self.longest, time.monotonic() - began)
            self.answered_at.append(time.monotonic())
            self.acknowledged[client_id] = answer.json["order_id"]

    def send(self, method, path, body, good):
        """Until there is a definite answer; None when the loop ends before one comes."""
        while True:
            began = time.time()
            try:
                answer = self.caller.api().request(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                self.statuses[type(error).__name__] += 1
                self.caller.turn_away()
            else:
                self.statuses[answer.status] += 1
                if answer.status in good:
                    return answer
                if answer.status in REFUSED:
                    self.refused[answer.json["code"]] += 1
                    return answer
                if answer.status not in BUSY:
                    self.wrong.append(f"{method} {path} {body} -> {answer}")
                    return answer
                self.busy.append(f"{time.strftime('%T', time.gmtime(began))}.{int(began * 1000) % 1000:03} {method} {path} {body} -> "
                                 f"{answer.status} {answer.json['title']} after {time.time() - began:.3f} s")
                if self.dice.random() < 0.3:
                    self.caller.turn_away()
            if self._ends.wait(0.05):
                return None


class Following(threading.Thread):
    """A WebSocket that is opened again at another edge when it breaks."""

    def __init__(self, name, edges, token, seed):
        super().__init__(daemon=True, name=name)
        self.dice = random.Random(f"{seed} {name}")
        self.caller = Caller(edges, token, self.dice)
        self.token = token
        self.drops, self.wrong, self.problem = 0, [], None
        self._ends = threading.Event()

    def end(self):
        self._ends.set()

    def run(self):
        import websockets

        while not self._ends.is_set():
            stream = None
            try:
                self.caller.turn_away()
                at = self.caller.api()
                stream = support.Stream(at.host, at.port, seconds=10)
                self.begin(stream)
                while not self._ends.is_set():
                    try:
                        self.take(stream.receive(0.2))
                    except TimeoutError:
                        pass
            except (OSError, TimeoutError, EOFError, http.client.HTTPException, websockets.WebSocketException):
                self.drops += 1
                self._ends.wait(0.1)
            except Exception as error:  # told by judge(), in the test's own thread
                self.problem = repr(error)
                return
            finally:
                if stream is not None:
                    stream.close()

    def ask(self, stream, **message):
        """Sends one message and takes what comes before its answer. A refusal drops the connection, for later."""
        stream.send({"id": 1, **message})
        while True:
            got = stream.receive()
            if got.get("id") == 1:
                if not got["ok"]:
                    raise EOFError(got)
                return got["result"]
            self.take(got)


class Listener(Following):
    """Orders and executions of one user."""

    def __init__(self, name, edges, token, seed):
        super().__init__(name, edges, token, seed)
        self.orders, self.executions, self.seq = {}, {}, {}  # by id; by number and trade; by channel
        self.resumed = self.fresh = 0

    def begin(self, stream):
        self.ask(stream, op="authenticate", access_token=self.token)
        for channel in ("orders", "executions"):
            resume = {"resume_from": self.seq[channel]} if self.seq.get(channel) else {}
            told = self.ask(stream, op="subscribe", channel=channel, **resume)["subscribed"][0]
            if resume and told["resumed"]:
                self.resumed += 1
            elif resume:
                self.fresh += 1

    def take(self, message):
        channel = message.get("channel")
        if channel not in ("orders", "executions"):
            return
        if "error" in message:  # "subscribe again"
            raise EOFError(message)
        last, seq = self.seq.get(channel, 0), message["seq"]
        if seq < last and not message.get("snapshot"):  # an edge that has not heard of him yet begins anew
            self.wrong.append(f"{self.name}: {channel} went back from {last} to {seq}")
        self.seq[channel] = seq
        if message.get("snapshot"):
            if channel == "orders":  # those that were open and are not in it have ended meanwhile
                self.orders = {id: one for id, one in self.orders.items() if one["status"] in FINAL}
                self.orders.update({one["order_id"]: one for one in message["data"]})
            return
        if channel == "orders":
            self.orders[message["data"]["order_id"]] = message["data"]
        else:
            one = message["data"]
            self.executions[one["number"], one["trade_id"]] = one["order_id"]


class BookListener(Following):
    """The book of a market, kept from diffs, and its trades."""

    def __init__(self, name, edges, symbol, seed):
        super().__init__(name, edges, None, seed)
        self.symbol, self.update = symbol, 0
        self.sides, self.trades, self.diffs, self.snapshots = {"bids": {}, "asks": {}}, {}, 0, 0

    def begin(self, stream):
        self.update = 0
        self.ask(stream, op="subscribe", channels=[f"book.{self.symbol}", f"trades.{self.symbol}"])

    def take(self, message):
        data = message.get("data")
        if message.get("channel") == f"trades.{self.symbol}":
            for one in data["trades"]:
                known = self.trades.setdefault(one["id"], one)
                if (known["price"], known["quantity"]) != (one["price"], one["quantity"]):
                    self.wrong.append(f"{self.name}: trade {one['id']} was {known} and is {one}")
        if message.get("channel") != f"book.{self.symbol}":
            return
        if data["type"] == "snapshot":
            self.sides, self.snapshots = {"bids": {}, "asks": {}}, self.snapshots + 1
        else:
            self.diffs += 1
            if self.update and data["first_update"] != self.update + 1:
                self.wrong.append(f"{self.name}: a diff from {data['first_update']} follows {self.update}")
        self.update = data["last_update"]
        for side, levels in self.sides.items():
            for price, quantity in data[side]:
                levels[Decimal(price)] = Decimal(quantity)
                if not levels[Decimal(price)]:
                    del levels[Decimal(price)]
        bids, asks = self.sides.values()
        if bids and asks and max(bids) >= min(asks):
            self.wrong.append(f"{self.name}: crossed at update {self.update}: {max(bids)} {min(asks)}")

    def book(self):
        """As REST shows it: best first."""
        return {side: sorted(levels.items(), reverse=side == "bids") for side, levels in self.sides.items()}


def as_levels(shown):
    return {side: [(Decimal(price), Decimal(quantity)) for price, quantity in shown[side]] for side in ("bids", "asks")}


class Crowd:
    """Users with money, their loops and listeners."""

    def __init__(self, case, cluster, count, seed, pause=0.02, listeners=0, symbols=None, name="crowd"):
        import traders

        self.case, self.cluster, self.seed, self.pause = case, cluster, seed, pause
        self.symbols = symbols or {"BTCUSDT": 60000, "ETHUSDT": 3000}
        self.deposited = collections.Counter()
        self.loops, self.rounds = [], 0
        edges = cluster.edges
        self.admin = cluster.administrator(case)
        self.users = []
        for number in range(count):
            user = traders.Trader(case, edges[number % len(edges)], f"{name}-{number}@example.org".lower()).register()
            for asset, amount in (("BTC", "1000"), ("ETH", "1000"), ("USDT", "100000000")):
                traders.deposit(case, self.admin, user, asset, amount, f"{number}-{asset}")
                self.deposited[asset] += Decimal(amount)
            self.users.append(user)
        self.acknowledged = [{} for _ in self.users]
        self.unknown = [set() for _ in self.users]
        self.statuses, self.refused, self.wrong, self.longest = collections.Counter(), collections.Counter(), [], 0.0
        self.busy = []
        self.listeners = [Listener(f"listener-{i}", edges, self.users[i].api.token, seed) for i in range(min(listeners, count))]
        self.books = [BookListener(f"book-{symbol}-{edge.name}", [edge], symbol, seed) for symbol in self.symbols for edge in edges
                      ] if listeners else []
        for one in [*self.listeners, *self.books]:
            one.start()
        until(lambda: all(len(one.seq) == 2 for one in self.listeners), 60, "the listeners' subscriptions")

    def begin(self):
        self.rounds += 1
        self.loops = [OrderLoop(f"r{self.rounds}u{i}", self.cluster.edges, user.api.token, self.symbols, self.seed, self.pause)
                      for i, user in enumerate(self.users)]
        for one in self.loops:
            one.start()
        return self

    def count(self):
        return sum(len(one.acknowledged) for one in self.loops) + sum(len(one) for one in self.acknowledged)

    def end(self):
        """Stops the loops and takes what they know."""
        for one in self.loops:
            one.end()
        for i, one in enumerate(self.loops):
            one.join(60)
            self.case.assertFalse(one.is_alive(), f"{one.name} hangs")
            self.acknowledged[i].update(one.acknowledged)
            self.unknown[i] |= one.unknown
            self.statuses += one.statuses
            self.refused += one.refused
            self.wrong += one.wrong
            self.busy += one.busy
            self.longest = max(self.longest, one.longest)
        self.loops = []
        return self

    # ---- afterwards

    def calm_api(self, user, edge):
        return support.Api(edge.host, edge.port, user.api.token)

    def is_conserved(self, edge):
        """What users have and the fees they paid is what was deposited; not while a fill is on its way."""
        self.totals = collections.Counter()
        for user in self.users:
            api = self.calm_api(user, edge)
            try:
                for row in self.case.expect(api.get("account/statement"), 200)["assets"]:
                    self.totals[row["asset"]] += Decimal(row["closing"]) + Decimal(row["fees"]) - Decimal(row["rebates"])
            finally:
                api.close()
        return {a: n for a, n in self.totals.items() if n} == dict(self.deposited)

    def check_money(self, seconds=90):
        for edge in self.cluster.edges:
            until(lambda edge=edge: self.is_conserved(edge), seconds,
                  lambda edge=edge: f"the sums on {edge.name}: {dict(self.totals)}, deposited {dict(self.deposited)}, "
                  f"balances say {dict(self.held(edge))}")

    def held(self, edge):
        """What the accounts themselves say, fees taken off."""
        sums = collections.Counter()
        for user in self.users:
            api = self.calm_api(user, edge)
            for row in self.case.expect(api.get("account/balances"), 200):
                sums[row["asset"]] += Decimal(row["available"]) + Decimal(row["hold"])
            api.close()
        return sums

    def check_orders(self, edge):
        """Every acknowledged order once, under the id that was told, and whatever else there is was asked for; every trade has two sides."""
        sides = collections.defaultdict(list)
        for user, acknowledged, unknown in zip(self.users, self.acknowledged, self.unknown):
            api = self.calm_api(user, edge)
            placed, executed = {}, collections.Counter()
            for row in pages(self.case, api, "orders?status=all&limit=500"):
                self.case.assertNotIn(row["client_order_id"], placed, "one client order id placed two orders")
                placed[row["client_order_id"]] = row
            for client_id, order_id in acknowledged.items():
                self.case.assertIn(client_id, placed, f"an acknowledged order of {user.email} is not in the list on {edge.name}")
                self.case.assertEqual(placed[client_id]["order_id"], order_id)
            self.case.assertLessEqual(set(placed) - set(acknowledged), unknown)
            for row in pages(self.case, api, "executions?limit=500"):
                executed[row["order_id"]] += Decimal(row["quantity"])
                sides[row["symbol"], row["trade_id"]].append((row["side"], row["price"], row["quantity"]))
            for row in placed.values():
                self.case.assertEqual(executed[row["order_id"]], Decimal(row["executed_quantity"]), row)
            api.close()
        for trade, legs in sides.items():
            self.case.assertEqual(sorted(leg[0] for leg in legs), ["buy", "sell"], f"{trade}: {legs}")
            self.case.assertEqual(legs[0][1:], legs[1][1:], f"{trade}: {legs}")
        return len(sides)

    def check_books(self):
        for symbol in self.symbols:
            shown = self.case.same_on(self.cluster.edges, f"markets/{symbol}/book?levels=1000")
            levels = as_levels(shown)
            if levels["bids"] and levels["asks"]:
                self.case.assertLess(levels["bids"][0][0], levels["asks"][0][0], "the book is crossed")
            for one in self.books:
                if one.symbol == symbol:
                    self.case.until(lambda one=one, levels=levels: one.book() == levels,
                                    lambda one=one, shown=shown: f"{one.name} at {one.update} ({one.snapshots} snapshots, {one.diffs} diffs, "
                                    f"{one.drops} drops, {one.problem}) as REST at {shown['last_update']}")

    def check_listeners(self, edge):
        for one, user in zip(self.listeners, self.users):
            api = self.calm_api(user, edge)
            there = {row["order_id"]: row for row in pages(self.case, api, "orders?status=all&limit=500")}
            fills = {(row["number"], row["trade_id"]): row["order_id"] for row in pages(self.case, api, "executions?limit=500")}
            api.close()

            def agrees(one=one, there=there):
                told = {id: (row["status"], row["executed_quantity"]) for id, row in list(one.orders.items())}
                real = {id: (there[id]["status"], there[id]["executed_quantity"]) for id in told if id in there}
                still_open = {id for id, row in there.items() if row["status"] not in FINAL}
                return told == real and still_open <= set(told) and (one.fresh or set(told) == set(there))
            self.case.until(agrees, lambda one=one, there=there: f"{one.name} (resumed {one.resumed}, fresh {one.fresh}): "
                            + str([(id, row["status"], there.get(id, {}).get("status")) for id, row in one.orders.items()
                                   if row["status"] != there.get(id, {}).get("status")][:5])
                            + f" {len(one.orders)} told, {len(there)} there; {one.drops} drops; not told: "
                            + str([row for id, row in there.items() if id not in one.orders][:3]))
            if one.fresh:
                self.case.assertLessEqual(one.executions.items(), fills.items())
            else:
                self.case.assertEqual((fills.items() - one.executions.items(), one.executions.items() - fills.items()), (set(), set()),
                                      f"{one.name}: fills that it was not told, and fills that are not there; {one.drops} drops, "
                                      f"{one.resumed} resumed")

    def check_journal(self):
        """Every promise over every row that the cluster ever wrote, while it runs on."""
        postgres = getattr(self.cluster, "postgres", None)
        if postgres is None:
            return
        done = support.run_program("journal", "verify", "--journal", postgres.address, seconds=600)
        self.case.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        print(done.stdout.strip(), flush=True)

    def cancel_all(self, edge):
        for user in self.users:
            api = self.calm_api(user, edge)

            def has_none(api=api, user=user):
                self.case.assertIn(api.delete("orders").status, (200, *BUSY))
                return not self.case.expect(api.get("orders?status=open"), 200)["items"]
            self.case.until(has_none, f"no open order of {user.email}")
            for row in self.case.expect(api.get("account/balances"), 200):
                self.case.assertEqual(Decimal(row["hold"]), 0, f"{user.email} {row}")
            api.close()

    def leave(self):
        """Whatever the test came to: nobody trades with what these users left in the books, and counts it as his loss."""
        for one in [*self.loops, *self.listeners, *self.books]:
            one.end()
        for one in [*self.loops, *self.listeners, *self.books]:
            one.join(60)
        self.cancel_all(self.cluster.edges[0])

    def judge(self):
        """All of it, when nothing is asked any more."""
        case, edges = self.case, self.cluster.edges
        case.assertEqual(self.wrong[:5], [])
        self.check_money()
        self.check_books()
        self.check_listeners(edges[0])
        for edge in edges:
            trades = eventually(lambda edge=edge: self.check_orders(edge))  # its lists are copies and may be late
        self.cancel_all(edges[-1])
        self.check_money()
        self.check_journal()
        for one in [*self.listeners, *self.books]:
            one.end()
        for one in [*self.listeners, *self.books]:
            one.join(30)
            case.assertIsNone(one.problem, one.name)
            case.assertEqual(one.wrong[:5], [])
        print(f"{sum(map(len, self.acknowledged))} orders acknowledged, {trades} trades, {sum(map(len, self.unknown))} of unknown fate, "
              f"answers {dict(self.statuses)}, refused {dict(self.refused)}, longest way to an answer {self.longest:.2f} s; streams: "
              f"{sum(one.drops for one in self.listeners + self.books)} drops, {sum(one.resumed for one in self.listeners)} resumed, "
              f"{sum(one.fresh for one in self.listeners)} begun anew", flush=True)
