"""A cluster of real nodes: three that own and two edges, on a PostgreSQL of the test's own.

The cases of a class share one cluster, which each of them leaves whole. What nodes do by themselves is waited for; no time decides.
"""
import json
import re
import socket
import ssl
import time

import support
import traders
from binance_test import Bot
from cluster_load import BUSY, REFUSED, Crowd, Listener, as_levels
from cluster_support import SPLIT, Cluster, Keys, SharedClusterTestCase, shard_of
from traders import Trader, deposit

CALM = {200, 201, 404, *REFUSED}  # statuses of a loop that nothing happened to
SEED = support.os.environ.get("RIALTO_SEED", "20261130")


class OneCluster(SharedClusterTestCase):
    @classmethod
    def make(cls):
        print(f"seed {SEED}", flush=True)
        return Cluster(shards=16, synced=False)

    def users(self, *edges):
        """One with BTC and one with USDT, each on an edge of his own."""
        admin = self.at.administrator(self)
        made = []
        for edge, (asset, amount) in zip(edges, (("BTC", "10"), ("USDT", "1000000"))):
            made.append(Trader(self, edge, f"{self.id().rpartition('.')[2]}-{asset}@example.org".lower()).register())
            deposit(self, admin, made[-1], asset, amount, made[-1].email[:60])
        return made

    def crowd(self, count=6, **more):
        made = Crowd(self, self.at, count, SEED, name=self.id().rpartition(".")[2], **more)
        self.addCleanup(made.leave)
        return made

    def wait_orders(self, crowd, more):
        wanted = crowd.count() + more
        self.until(lambda: crowd.count() >= wanted, f"{more} more orders")


class CalmTest(OneCluster):
    """What it is."""

    def test_what_status_says(self):
        seen = self.at.status()
        self.assertEqual({node["name"]: node["state"] for node in seen["nodes"] if node["state"] != "gone"}, {name: "up" for name in SPLIT})
        self.assertEqual([node["name"] for node in seen["nodes"] if node["id"] == seen["leader"]], [self.at.leader()])
        shards = [shard for node in seen["nodes"] for shard in node["shards"]]
        self.assertEqual(sorted(shards), list(range(16)))
        self.assertEqual([node["shards"] for node in seen["nodes"] if node["roles"] == ["edge"] and node["state"] != "gone"], [[], []])
        text = self.at.command("status").stdout
        for words in ("5 nodes, 5 alive; 16 shards", "Every shard has an owner.", "* leads", "No move is under way.", "edge-2"):
            self.assertIn(words, text)

    def test_two_edges_are_one_market(self):
        one, two = self.at.edges
        anna, bert = self.users(one, two)
        streams = []
        for edge, user in ((two, anna), (one, bert)):  # each listens where he does not trade
            streams.append(Listener(user.email, [edge], user.api.token, SEED))
            streams[-1].start()
            self.addCleanup(streams[-1].end)
        public = [edge.stream() for edge in (one, two)]
        for stream in public:
            stream.send({"id": 1, "op": "subscribe", "channels": ["trades.BNBUSDT", "ticker.BNBUSDT", "candles.1m.BNBUSDT"]})
            stream.receive_until(lambda got: got.get("id") == 1 and got["ok"])
        self.until(lambda: all(len(stream.seq) == 2 for stream in streams), "both users' streams")

        sell = anna.order("sell", "1.00000", "60000.00", client_order_id="c-1")
        buy = bert.order("buy", "0.40000", "60100.00", client_order_id="c-1")
        self.assertEqual((buy["status"], [fill["price"] for fill in buy["fills"]]), ("filled", ["60000.00"]))

        # Each edge shows each user the same order, balances and lists.
        for user, order, status in ((anna, sell, "partially_filled"), (bert, buy, "filled")):
            for edge in (one, two):
                api = edge.api(user.api.token)
                self.until(lambda api=api, order=order, status=status:
                           self.expect(api.get(f"orders/{order['order_id']}"), 200)["status"] == status, f"{status} on {edge.name}")
            for path in ("account/balances", "orders?status=all", "executions", "ledger", "account/positions"):
                self.same_on((one, two), path, user.api.token)
        self.assertEqual([row["trade_id"] for row in self.expect(anna.api.get("executions"), 200)["items"]],
                         [row["trade_id"] for row in self.expect(bert.api.get("executions"), 200)["items"]])
        self.assertEqual(anna.balances()["BTC"], (traders.Decimal("9"), traders.Decimal("0.6")))
        self.assertEqual(bert.balances()["BTC"], (traders.Decimal("0.3996"), 0))
        for stream, order, status in ((streams[0], sell, "partially_filled"), (streams[1], buy, "filled")):
            self.until(lambda stream=stream, order=order, status=status:
                       stream.orders.get(order["order_id"], {}).get("status") == status and len(stream.executions) == 1,
                       lambda stream=stream: f"the stream's order: {stream.orders} {stream.executions}")

        # The market is the same on both, over REST and as it streams.
        book = self.same_on((one, two), "markets/BTCUSDT/book")
        self.assertEqual(as_levels(book)["asks"], [(60000, traders.Decimal("0.6"))])
        trades = self.same_on((one, two), "markets/BTCUSDT/trades")["items"]
        self.assertEqual([(row["price"], row["quantity"]) for row in trades], [("60000.00", "0.40000")])
        candles = self.same_on((one, two), "markets/BTCUSDT/candles?interval=1m")["items"]
        self.assertEqual([(row["high"], row["volume"], row["trades"]) for row in candles], [("60000.00", "0.40000", 1)])
        for edge in (one, two):
            ticker = self.expect(edge.api().get("markets/BTCUSDT/ticker"), 200)
            self.assertEqual((ticker["last_price"], ticker["ask"], ticker["volume_24h"]), ("60000.00", "60000.00", "0.40000"))

        # And another market, whose news both have heard.
        deposit(self, self.at.administrator(self), anna, "BNB", "10", "bnb")
        anna.order("sell", "1.000", "500.00", symbol="BNBUSDT")
        bert.order("buy", "1.000", "500.00", symbol="BNBUSDT")
        for stream in public:
            wanted = {"trades.BNBUSDT", "ticker.BNBUSDT", "candles.1m.BNBUSDT"}

            def has_all(got, wanted=wanted):
                if "500" in json.dumps(got.get("data", "")):
                    wanted.discard(got["channel"])
                return not wanted
            stream.receive_until(has_all)

        # The same client order id through the other edge is the same order.
        body = {"symbol": "BTCUSDT", "side": "sell", "type": "limit", "time_in_force": "gtc", "quantity": "1.00000", "price": "60000.00",
                "client_order_id": "c-1"}
        self.assertEqual(self.expect(two.api(anna.api.token).post("orders", body), 200)["order_id"], sell["order_id"])
        self.assertEqual(two.api(anna.api.token).post("orders", {**body, "price": "60001.00"}).status, 409)
        self.assertEqual(self.expect(two.api(anna.api.token).delete(f"orders/{sell['order_id']}"), 200)["status"], "cancelled")

    def test_log_out_and_keys_hold_everywhere(self):
        one, two = self.at.edges
        anna, _ = self.users(one, one)
        there = two.api(anna.api.token)
        self.assertEqual(there.get("me").status, 200)
        made = self.expect(there.post("api-keys", {"label": "bot", "scopes": ["read", "trade"], "type": "hmac"}), 201)
        bots = [Bot(edge, made["key"], made["secret"]) for edge in (one, two)]
        for bot in bots:
            self.addCleanup(bot.close)
            self.assertEqual(bot.balances()["BTC"], 10)
        self.assertIn(anna.api.delete("api-keys/" + made["key"]).status, (200, 204))
        self.until(lambda: bots[1].send("GET", "/api/v3/account", bots[1].signed({}))[0] == 401, "the key's end on the other edge")
        stream = two.stream()
        stream.send({"id": 1, "op": "authenticate", "access_token": anna.api.token})
        self.assertTrue(stream.receive()["ok"])
        self.assertEqual(anna.api.post("auth/logout").status, 204)
        self.until(lambda: there.get("me").status == 401, "the session's end on the other edge")
        import websockets
        with self.assertRaises(websockets.ConnectionClosed):
            stream.receive_until(lambda got: False)
        self.assertEqual(stream.close_code, 4001)


class ClusterTest(OneCluster):
    """What happens to it."""

    def test_owners_are_killed(self):
        crowd = self.crowd(listeners=3).begin()
        self.wait_orders(crowd, 50)
        for is_leader in (True, False):
            victim = self.at[self.at.leader()] if is_leader else self.at.owner_of(2, crowd.users[0].account_id)
            was = set(self.at.owned()[victim.name])  # none, if an edge leads
            victim.kill()
            self.wait_orders(crowd, 100)
            self.until(lambda was=was, victim=victim: not was & set(self.at.owned().get(victim.name, [])) and self.at.is_settled(16),
                       "the shards are elsewhere")
            self.wait_orders(crowd, 100)
            victim.start()
            self.at.wait_settled()
            self.assertEqual(bool(self.at.owned()[victim.name]), victim.is_owner, "a node that comes back gets shards")
            self.until(lambda: all(one.drops for one in crowd.listeners), "streams that may have missed something were told to come again")
        crowd.end().judge()

    def test_a_drain_is_not_noticed(self):
        crowd = self.crowd(listeners=2).begin()
        self.wait_orders(crowd, 50)
        leader = self.at[self.at.leader()]
        if leader.is_edge:  # whose clients have to go elsewhere
            leader = self.at.owners[0]
        leader.signal(support.signal.SIGTERM)
        self.assertEqual(leader.wait_end(), 0)
        self.assertEqual(self.at.owned().get(leader.name), None)
        self.wait_orders(crowd, 50)
        leader.start()
        self.at.wait_settled()
        other, last = [node for node in self.at.owners if node is not leader][:2]
        drained = self.at.command("drain", other.name)
        self.assertEqual((drained.returncode, drained.stdout), (0, f"{other.name} handed its shards over and left.\n"), drained.stderr)
        self.wait_orders(crowd, 50)
        self.assertIn(other.wait_end(), (0, None))
        other.start()
        new = self.at.nodes.get("d") or self.at.add("d", "trading")
        new.start()
        self.at.wait_settled()
        self.assertGreater(len(self.at.owned()["d"]), 2)
        self.wait_orders(crowd, 50)
        moved = self.at.owned()["d"][0]
        done = self.at.command("move", moved, last.name)
        self.assertEqual((done.returncode, done.stdout), (0, f"Shard {moved} is on {last.name}.\n"), done.stderr)
        self.wait_orders(crowd, 50)
        new.signal(support.signal.SIGTERM)
        self.assertEqual(new.wait_end(), 0)
        del self.at.nodes["d"]
        self.addCleanup(new.close)
        crowd.end()
        self.assertLessEqual(set(crowd.statuses), CALM, f"{crowd.statuses} {crowd.busy}")  # no request failed
        crowd.judge()

    def test_a_node_that_slept_is_refused(self):
        """It does not know that others own its shards now; what it had under way does not reach the journal, and it says so."""
        crowd = self.crowd(listeners=2, pause=0.005).begin()
        self.wait_orders(crowd, 100)
        for _ in range(10):
            sleeper = self.at.owner_of(3, 1)  # of the busiest market
            was = self.at.owned()[sleeper.name]
            lives = sleeper.count_in_log("joined as")
            sleeper.pause()
            try:
                self.until(lambda sleeper=sleeper: sleeper.name not in self.at.owned(), "its death is declared")
                self.wait_orders(crowd, 100)
            finally:
                sleeper.resume()
            self.until(lambda sleeper=sleeper, lives=lives: not sleeper.runs or sleeper.count_in_log("joined as") > lives,
                       "a new life, or the end")
            refusals = re.findall(r".*the journal refused an append.* is at epoch .*", sleeper.log_text())
            if not sleeper.runs:
                self.at.start()
            self.at.wait_settled()
            if refusals:
                print(f"{sleeper.name} slept with {len(was)} shards: {refusals[-1]}", flush=True)
                break
        self.assertTrue(refusals, "it never had anything under way")
        self.wait_orders(crowd, 100)
        crowd.end().judge()

    def test_a_write_of_an_old_epoch_is_refused(self):
        """Two that believe to own a shard, forced: the journal belongs to the second, and the first one's next write says so."""
        anna, _ = self.users(*self.at.edges)
        shard = shard_of(2, anna.account_id, 16)
        owner = self.at.owner_of(2, anna.account_id)
        before = self.at.status()["shards"][shard]["epoch"]
        self.at.postgres.sql(f"UPDATE shards SET epoch = epoch + 1 WHERE shard = {shard}")
        body = {"symbol": "BTCUSDT", "side": "sell", "type": "limit", "time_in_force": "gtc", "quantity": "1", "price": "90000.00",
                "client_order_id": "old-epoch"}
        first = anna.api.post("orders", body)
        self.until(lambda: owner.count_in_log(f"shard {shard} was taken over: the journal refused this node's epoch"), "the refusal")
        self.assertIn("the append came with epoch", self.at.postgres.log_path.read_text())
        print(f"the client heard {first.status}, the log says: "
              + re.findall(r".*the journal refused this node's epoch.*", owner.log_text())[-1], flush=True)
        again = []

        def placed():
            again.append(anna.api.post("orders", body))
            return again[-1].status in (200, 201)
        self.until(placed, lambda: f"the order: {again[-3:]}")
        self.assertGreater(self.at.status()["shards"][shard]["epoch"], before)
        listed = traders.pages(self, anna.api, "orders?status=all")
        self.assertEqual([row["order_id"] for row in listed], [again[-1].json["order_id"]])
        self.expect(anna.api.delete(f"orders/{again[-1].json['order_id']}"), 200)

    def test_postgres_is_restarted(self):
        crowd = self.crowd(listeners=2).begin()
        self.wait_orders(crowd, 50)
        before = self.at.owned()
        edge = self.at.edges[0]
        api = edge.api(crowd.users[0].api.token)
        self.addCleanup(lambda: self.at.postgres.process or self.at.postgres.start())
        self.at.postgres.stop()
        body = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "time_in_force": "gtc", "quantity": "0.01", "price": "50000.00"}
        for number in range(3):  # nobody is told that an order stands
            answer = api.post("orders", {**body, "client_order_id": f"away-{number}"})
            self.assertIn(answer.status, BUSY, answer)
            self.assertEqual("retry-after" in answer.headers, answer.status == 503, answer)
            crowd.unknown[0].add(f"away-{number}")
        self.until(lambda: api.get("account/balances").status == 503, "reads that nobody can vouch for end")
        self.assertEqual(edge.api().get("markets/BTCUSDT/book").status, 200)
        self.at.postgres.start()
        self.wait_orders(crowd, 100)
        self.at.wait_settled()
        self.assertEqual(self.at.owned(), before)  # nobody was declared dead
        crowd.end()
        crowd.judge()

    def test_strangers_get_nothing(self):
        status = {node["name"]: node for node in self.at.status()["nodes"]}
        own, other = self.at.keys, Keys(self.at.home / "other-keys")
        insider = own.issue("insider")
        stranger = other.issue("insider")

        def greeting(folder, name="a"):
            """What a node says to whoever connects; None: it ended the connection."""
            host, _, port = status[name]["address"].rpartition(":")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            if folder:
                context.load_cert_chain(folder / "insider.pem", folder / "insider-key.pem")
            try:
                with socket.create_connection((host, int(port)), timeout=30) as plain, context.wrap_socket(plain) as peer:
                    return peer.recv(1000) or None
            except (ssl.SSLError, ConnectionError):
                return None
        self.assertTrue(greeting(insider))
        for name in SPLIT:
            self.assertIsNone(greeting(None, name))
            self.assertIsNone(greeting(stranger, name))
        # A node of another authority, although it knows the database's address: the others do not talk to it.
        false = self.at.add("false", "edge", other)
        try:
            false.spawn()
            self.until(lambda: not false.runs or "refused" in false.log_text() or "handshake" in false.log_text() or
                       "certificate" in false.log_text(), lambda: false.log_tail())
            time.sleep(2)  # all it can come to
            if false.runs and false.port:
                self.assertNotEqual(false.api().get("/readyz").status, 200)
                self.assertNotIn(false.api().post("auth/login", {"email": "a@example.org", "password": "x" * 10}).status, (200, 401))
        finally:
            false.close()
            del self.at.nodes["false"]
        self.until(lambda: "false" not in self.at.owned(), "its lease ends")
        self.users(*self.at.edges)  # the others go on


if __name__ == "__main__":
    support.main()
