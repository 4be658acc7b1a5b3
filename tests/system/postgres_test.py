"""A node whose journal is in PostgreSQL: killed nodes, restarted servers, a second node, and the way there from SQLite."""
import threading
import time
from decimal import Decimal as D

import support
from postgres_server import PostgresServer
from traders import Trader, administrator, deposit

PASSWORD = "pg-Secret-91x"
LIMIT = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "time_in_force": "gtc", "quantity": "0.00100", "price": "10000.00"}


class PostgresTest(support.NodeTestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer(password=PASSWORD)
        cls.addClassCleanup(cls.server.close)

    def node_on(self, database, start=True, **more):
        made = self.node(start=False, environment={"RIALTO_STORAGE_JOURNAL": self.server.address(database)}, **more)
        return made.start() if start else made

    def two_traders(self, node):
        self.admin = administrator(self, node)
        traders = [Trader(self, node).register() for _ in range(2)]
        for one in traders:
            deposit(self, self.admin, one, "USDT", "1000000")
            deposit(self, self.admin, one, "BTC", "10")
        return traders

    def check_money(self, traders, usdt=2_000_000, btc=20):
        """What was deposited is there, less the fees that the house took."""
        totals = {}
        for one in traders:
            for asset, (available, hold) in one.balances().items():
                self.assertGreaterEqual(available, 0)
                self.assertGreaterEqual(hold, 0)
                totals[asset] = totals.get(asset, D(0)) + available + hold
        self.assertLessEqual(totals["USDT"], D(usdt))
        self.assertLessEqual(totals["BTC"], D(btc))
        return totals

    def wait_ready(self, node, seconds=60):
        end = time.monotonic() + seconds
        api = node.api()
        while api.get("/readyz").status != 200:
            self.assertLess(time.monotonic(), end, "the node did not become ready again")
            time.sleep(0.05)

    def test_trading_survives_killed_nodes_and_restarted_servers(self):
        database = self.server.make_database()
        node = self.node_on(database)
        anna, bert = self.two_traders(node)
        anna.order("buy", "0.5", "50000.00", client_order_id="resting")
        self.assertEqual(bert.order("sell", "0.2", "50000.00")["status"], "filled")
        before = [one.balances() for one in (anna, bert)]
        node.kill()
        node.start()
        for one in (self.admin, anna, bert):
            one.reconnect()
        self.assertEqual([one.balances() for one in (anna, bert)], before)

        # Orders go in from two sides while the server is stopped, in order and as a crash, and comes back.
        acknowledged, ends, problems = [], threading.Event(), []

        def load(name, token):
            api = node.api(token)
            number = 0
            while not ends.is_set():
                number += 1
                key = f"{name}-{number}"
                try:
                    answer = api.post("orders", {**LIMIT, "client_order_id": key})
                except OSError as problem:
                    problems.append(repr(problem))
                    return
                if answer.status in (200, 201):
                    acknowledged.append((name, key, answer.json["order_id"]))
                elif answer.status not in (503, 504, 429):
                    problems.append(answer.text)
                    return

        threads = [threading.Thread(target=load, args=(name, one.api.token)) for name, one in (("anna", anna), ("bert", bert))]
        for one in threads:
            one.start()
        for immediately in (False, True):
            count = len(acknowledged)
            end = time.monotonic() + 60
            while len(acknowledged) < count + 20:
                self.assertLess(time.monotonic(), end, f"no orders are taken: {problems}")
                time.sleep(0.02)
            self.server.stop(immediately)
            self.server.start()
            self.wait_ready(node)
        ends.set()
        for one in threads:
            one.join()
        self.assertEqual(problems, [])
        self.assertGreater(len(acknowledged), 40)
        self.wait_ready(node)
        again = {}
        for name, key, order_id in acknowledged:  # a repeated order is the one that was acknowledged
            who = anna if name == "anna" else bert
            answer = who.api.post("orders", {**LIMIT, "client_order_id": key})
            self.assertEqual(answer.status, 200, answer.text)
            again[key] = answer.json["order_id"]
            self.assertEqual(again[key], order_id)
        self.assertEqual(len(set(again.values())), len(acknowledged))
        totals = self.check_money((anna, bert))
        node.kill()
        node.start()
        for one in (self.admin, anna, bert):
            one.reconnect()
        self.assertEqual(self.check_money((anna, bert)), totals)
        self.assertNotIn(PASSWORD, node.log_text())
        self.assertEqual(node.stop(), 0)

    def test_a_second_node_takes_over_and_the_first_one_ends(self):
        database = self.server.make_database()
        first = self.node_on(database)
        anna, _ = self.two_traders(first)
        anna.order("buy", "0.1", "40000.00", client_order_id="kept")
        second = self.node_on(database)
        refused = anna.api.post("orders", {**LIMIT, "client_order_id": "by-the-old-one"})
        self.assertIn(refused.status, (503, 504), refused.text)
        self.assertEqual(first.process.wait(60), 1)
        first.process = None
        self.assertIn("another node has taken shard 0 over", first.log_text())
        for file in ("token-key", "secret-key"):
            self.assertNotEqual((first.data / file).read_bytes(), (second.data / file).read_bytes())
        there = Trader(self, second, anna.email).log_in()
        self.assertEqual(there.api.post("orders", {**LIMIT, "client_order_id": "kept"}).status, 409)  # another body
        self.assertEqual(there.api.post("orders", {**LIMIT, "client_order_id": "by-the-old-one"}).status, 201)
        self.assertEqual(second.stop(), 0)

    def test_the_journal_is_verified_while_the_node_runs(self):
        database = self.server.make_database()
        address = self.server.address(database)
        empty = support.run_program("journal", "verify", "--journal", address)
        self.assertEqual(empty.returncode, 2, empty.stdout)
        self.assertIn("this database has no journal", empty.stderr)
        self.assertEqual(self.server.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database), "0")
        node = self.node_on(database, options=["--actors.idle-seconds", "1", "--storage.snapshot-events", "100"])
        anna, bert = self.two_traders(node)
        ends = threading.Event()

        def trade():  # rows come in while the judge reads
            number = 0
            while not ends.is_set():
                number += 1
                anna.order("buy", "0.001", "50000.00", client_order_id=f"buy-{number}")
                bert.order("sell", "0.001", "50000.00", client_order_id=f"sell-{number}")

        def look(*words):
            return support.run_program("journal", *words, environment={"RIALTO_STORAGE_JOURNAL": address})

        trading = threading.Thread(target=trade)
        trading.start()
        try:
            lanes = self.server.query("SELECT lane, session FROM lanes", database)
            counts = []
            for _ in range(3):
                done = look("verify")
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                counts.append(int(done.stdout.split()[0]))
                self.assertRegex(done.stdout, r"^\d+ rows \(1 shard\), .* entities, \d+ snapshots, links (not )?drained, state [0-9a-f]{16}: clean\n$")
            dump = look("dump", "market/BTCUSDT")
        finally:
            ends.set()
            trading.join()
        self.assertLess(counts[0], counts[2])
        self.assertEqual(self.server.query("SELECT lane, session FROM lanes", database), lanes)
        self.assertEqual((dump.returncode, dump.stderr), (0, ""))
        self.assertIn("trade_executed", dump.stdout)
        self.assertIn("dump: no stream \"market/NONE\"", look("dump", "market/NONE").stderr)
        self.assertGreater(len(look("dump", "all").stdout.splitlines()), len(dump.stdout.splitlines()))
        end = time.monotonic() + 60
        while self.server.query("SELECT count(*) FROM snapshots", database) == "0":  # of who is not asked any more
            self.assertLess(time.monotonic(), end, "no snapshot was saved")
            time.sleep(0.1)
        self.assertEqual(node.stop(), 0)
        done = look("verify")
        self.assertIn("links drained", done.stdout)
        self.assertNotIn(" 0 snapshots", done.stdout)

        middle = int(self.server.query("SELECT max(position) / 2 FROM journal", database))
        damage = "UPDATE journal SET blob = set_byte(blob, 20, get_byte(blob, 20) # 1) WHERE position = "
        self.server.query(f"{damage}{middle}", database)
        done = look("verify")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout.splitlines()[0], f"row {middle}: its checksum or framing is wrong")
        self.assertTrue(done.stdout.endswith(": NOT CLEAN\n"), done.stdout)
        dump = look("dump", "all")
        self.assertEqual(dump.returncode, 2)
        self.assertIn(f"row {middle} of shard 0 is damaged", dump.stderr)
        self.server.query(f"{damage}{middle}", database)
        self.assertEqual(look("verify").returncode, 0)
        self.server.query(f"DELETE FROM journal WHERE position = {middle}", database)
        done = look("verify")
        self.assertEqual((done.returncode, done.stdout.splitlines()[0]), (1, f"row {middle + 1}: P6 follows row {middle - 1}"))
        self.server.query("UPDATE snapshots SET crc = 1 - crc WHERE entity = (SELECT min(entity) FROM snapshots)", database)
        self.assertRegex(look("verify").stdout.splitlines()[0], "^the snapshot of [a-z]+/[0-9]+: its checksum is wrong$")
        both = support.run_program("journal", "verify", "--journal", address, "--data", node.data)
        self.assertEqual(both.returncode, 2)
        wrong = support.run_program("journal", "verify", "--journal", f"mysql://rialto:{PASSWORD}@127.0.0.1/none")
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))
        self.assertIn("--journal must begin with postgres://", wrong.stderr)
        for one in (empty, done, both, wrong, dump):
            self.assertNotIn(PASSWORD, one.stdout + one.stderr)

    def test_an_embedded_node_moves(self):
        node = self.node()
        anna, bert = self.two_traders(node)
        anna.order("buy", "0.5", "50000.00", client_order_id="resting")
        bert.order("sell", "0.2", "50000.00")
        before = [one.balances() for one in (anna, bert)]
        database = self.server.make_database()
        environment = {"RIALTO_STORAGE_JOURNAL": self.server.address(database)}
        move = ("migrate", "--from", node.data, "--shards", "1")
        running = support.run_program(*move, environment=environment)
        self.assertEqual(running.returncode, 1)
        self.assertIn("is in use by process", running.stderr)
        self.assertEqual(node.stop(), 0)
        embedded = support.run_program("journal", "verify", "--data", node.data)
        status = support.run_program("migrate", "status", environment=environment)
        self.assertEqual((status.returncode, status.stderr), (1, ""))
        self.assertIn("journal/0001_journal  missing", status.stdout)
        up = support.run_program("migrate", "up", environment=environment)
        self.assertEqual(up.returncode, 0, up.stderr)
        self.assertIn("journal/0001_journal  applied", up.stdout)
        moved = support.run_program(*move, environment=environment)
        self.assertEqual(moved.returncode, 0, moved.stderr)
        self.assertIn("moved: ", moved.stdout)
        self.assertFalse((node.data / "journal.sqlite").exists())
        shared = support.run_program("journal", "verify", environment=environment)
        self.assertEqual((embedded.returncode, shared.returncode), (0, 0), embedded.stdout + shared.stdout + shared.stderr)
        self.assertEqual(shared.stdout.partition(" links ")[2], embedded.stdout.partition(" links ")[2])  # the state as well
        again = support.run_program("migrate", "--from", node.data, "--shards", "1", environment=environment)
        self.assertEqual(again.returncode, 2)
        self.assertIn("there is no journal in", again.stderr)
        for done in (running, status, up, moved, again):
            self.assertNotIn(PASSWORD, done.stdout + done.stderr)
        node.environment = environment
        node.start()
        for one in (anna, bert):
            one.reconnect()
        self.assertEqual([one.balances() for one in (anna, bert)], before)
        self.assertEqual(anna.order("buy", "0.5", "50000.00", client_order_id="resting", status=200)["executed_quantity"], "0.20000")
        self.assertEqual(bert.order("sell", "0.3", "50000.00")["status"], "filled")
        self.assertEqual(node.stop(), 0)

    def test_wrong_addresses_are_refused_without_their_secrets(self):
        for wrong in (f"postgres://rialto:{PASSWORD}@127.0.0.1:1/none", f"postgres://rialto:{PASSWORD}/x@127.0.0.1/none",
                      f"mysql://rialto:{PASSWORD}@127.0.0.1/none"):
            done = support.run_program("serve", "--listen", "127.0.0.1:0", "--data", self.server.home + "/none",
                                       environment={"RIALTO_STORAGE_JOURNAL": wrong})
            self.assertIn(done.returncode, (1, 2))
            self.assertTrue("storage.journal" in done.stderr or "cannot be opened" in done.stderr, done.stderr)
            self.assertNotIn(PASSWORD, done.stdout + done.stderr)
        done = support.run_program("migrate", "status")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no PostgreSQL is named", done.stderr)
        node = self.node()
        node.stop()
        done = support.run_program("serve", "--listen", "127.0.0.1:0", "--data", node.data,
                                   environment={"RIALTO_STORAGE_JOURNAL": self.server.address(self.server.make_database())})
        self.assertEqual(done.returncode, 1)
        self.assertIn("holds an embedded journal", done.stderr)


if __name__ == "__main__":
    support.main()
