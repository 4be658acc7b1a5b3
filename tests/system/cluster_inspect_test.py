"""rialto inspect in a cluster of three real nodes: any node answers for all; nodes that go; kill and restart across nodes; who gets in;
what a parent knows of a child on another node."""
import concurrent.futures
import json
import subprocess
import time

import support
from cluster_support import WHOLE, ClusterTestCase, Keys
from inspect_test import COLUMNS, Terminal
from traders import Trader, deposit

LISTS = ("nodes", "shards", "journal", "tree", "actors", "slow")


class ClusterInspectTest(ClusterTestCase):
    def setUp(self):
        super().setUp()
        self.all = self.cluster(WHOLE, shards=16)
        self.tool = self.all.keys.issue("operator")
        self.nodes = [self.all[name] for name in ("a", "b", "c")]

    def mesh_address(self, node):
        return next(one["address"] for one in self.all.status()["nodes"] if one["name"] == node.name)

    def way_in(self, node, folder=None, name="operator"):
        folder = folder or self.tool
        return ["--node", self.mesh_address(node), "--certificate", folder / f"{name}.pem", "--key", folder / f"{name}-key.pem",
                "--authority", folder / "authority.pem"]

    def run_inspect(self, node, *words, way=None):
        return support.run_program("inspect", *words, *(way or self.way_in(node)))

    def query(self, node, *words, way=None):
        done = self.run_inspect(node, *words, "--json", way=way)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return json.loads(done.stdout)

    def family(self):
        """A trader whose user and account are on different nodes: (trader, user's node, account's node)."""
        admin = self.all.administrator(self)
        for _ in range(30):
            anna = Trader(self, self.nodes[0]).register()
            above, below = self.all.owner_of(1, anna.user_id), self.all.owner_of(2, anna.account_id)
            if above is not below:
                deposit(self, admin, anna, "BTC", "10")
                anna.order("sell", "0.1", "60000.00")
                return admin, anna, above, below
        raise AssertionError("no account is on another node than its user")

    def test_any_node_answers_for_all(self):
        admin, anna, above, below = self.family()
        account, user = f"account/{anna.account_id}", f"user/{anna.user_id}"
        for node in self.nodes:
            for query in LISTS:
                with self.subTest(node=node.name, query=query):
                    came = self.query(node, query)
                    self.assertEqual(came["unreachable"], [])
                    self.assertEqual({row["node"] for row in came["rows"]}, {"a", "b", "c"})
                    self.assertEqual(came["node"], node.name)
            rows = self.query(node, "nodes")["rows"]
            self.assertEqual([row["state"] for row in rows], ["up"] * 3)
            self.assertEqual(sum(row["shards"] for row in rows), 16)
            self.assertEqual(sum(row["leads"] for row in rows), 1)
            self.assertEqual({row["process"] for row in rows}, {one.pid for one in self.nodes})
            self.assertTrue(all(row["lease_age_ms"] < 3_000 for row in rows), rows)
            # One of many, wherever it is.
            self.assertEqual(self.query(node, "where", account)["rows"][0]["name"], account)
            seen = self.query(node, "actor", account)
            self.assertEqual(seen["node"], below.name)
            self.assertEqual(seen["entity"]["state"]["open_orders_count"], 1)
            seen = self.query(node, "actor", user)
            self.assertEqual(seen["node"], above.name)
            self.assertEqual(seen["entity"]["state"]["email"], anna.email)
            children = {child["name"]: child for child in seen["children"]}
            self.assertEqual(children[account]["node"], below.name)
            # The node that is asked alone, and another one alone.
            self.assertEqual({row["node"] for row in self.query(node, "actors", "--only")["rows"]}, {node.name})
            self.assertEqual({row["node"] for row in self.query(node, "tree", "--of", "b")["rows"]}, {"b"})
        found = self.query(self.nodes[0], "actors", "--sort", "memory", "--limit", 5)["rows"]
        self.assertEqual(len(found), 5)
        self.assertEqual([row["memory_bytes"] for row in found], sorted((row["memory_bytes"] for row in found), reverse=True))
        roots = [row for row in self.query(self.nodes[0], "tree")["rows"] if row["depth"] == 0 and row["name"] == "node"]
        self.assertEqual([row["node"] for row in roots], ["a", "b", "c"])
        # A tool on the node's own machine is asked the same way.
        local = self.query(self.nodes[1], "shards", way=["--data", self.nodes[1].data])
        self.assertEqual({row["node"] for row in local["rows"]}, {"a", "b", "c"})
        for words in (*((query,) for query in LISTS), ("actor", account), ("where", account)):
            text = self.run_inspect(self.nodes[2], *words)
            self.assertEqual(text.returncode, 0, text.stderr)
            self.assertTrue(text.stdout.strip(), words)
        print("\n" + self.run_inspect(self.nodes[2], "nodes").stdout)
        # What is wrong is said once.
        wrong = self.run_inspect(self.nodes[0], "actor", "account/999999")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("no such actor runs", wrong.stderr)
        self.assertIn("must be one of a, b, c", self.run_inspect(self.nodes[0], "nodes", "--of", "x").stderr)
        # The same through the API.
        for path in ("nodes", "shards", "journal", "tree", "busy-actors?sort=memory", "slow-actors"):
            came = self.expect(admin.api.get(f"admin/{path}"), 200)
            self.assertEqual({row["node"] for row in came["rows"]}, {"a", "b", "c"}, path)
        self.assertEqual(self.expect(admin.api.get(f"admin/actor-state?name={account}"), 200)["node"], below.name)
        self.assertEqual(admin.api.get("admin/actor-state?name=account/999999").status, 404)
        one = self.expect(admin.api.get("admin/shards?node=c"), 200)
        self.assertEqual({row["node"] for row in one["rows"]}, {"c"})
        self.assertEqual(self.expect(admin.api.get("admin/shards?node=x"), 400)["field"], "node")
        self.assertEqual(self.expect(admin.api.get("admin/tree?scope=galaxy"), 400)["field"], "scope")
        # top, on 80 x 24.
        terminal = Terminal("inspect", "top", *self.way_in(self.nodes[0]))
        self.addCleanup(terminal.close)
        shown = terminal.until(lambda text: "3 of 3 nodes up" in text and "NODE" in text and len(text.splitlines()) == 24)
        self.assertLessEqual(terminal.screen.widest, COLUMNS)
        print("\n" + shown)
        terminal.press("q")
        self.assertEqual(terminal.end(), 0)

    def state_of(self, asked, name):
        row = next(row for row in self.query(asked, "nodes")["rows"] if row["node"] == name)
        return row["state"]

    def test_nodes_that_go_are_shown_and_named(self):
        a, b, c = self.nodes
        way = self.way_in(a)
        # One that hangs: the others answer, and it is named. Both are asked at once: some seconds later it is down, and nobody asks it any more.
        c.pause()
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            as_text = pool.submit(self.run_inspect, a, "shards", way=way)
            came = self.query(a, "shards", way=way)
            took = time.monotonic() - began
        self.assertEqual([one["node"] for one in came["unreachable"]], ["c"], came)
        self.assertRegex(came["unreachable"][0]["why"], "did not answer within 2000 ms|its link ended|there is no link")
        self.assertEqual({row["node"] for row in came["rows"]}, {"a", "b"})
        print(f"\na question to a cluster with a node that hangs took {took:.1f} s")
        self.assertLess(took, 4)
        self.assertIn("without c:", as_text.result().stderr)
        c.resume()
        self.until(lambda: not self.query(a, "shards", way=way)["unreachable"], "c answers again")
        self.all.wait_settled()
        # One that is killed.
        b.kill()
        began = time.monotonic()
        while self.state_of(a, "b") == "up":
            self.assertLess(time.monotonic() - began, 3, "b is shown as up 3 s after it was killed")
        first = time.monotonic() - began
        self.until(lambda: self.state_of(a, "b") == "down", "b is down")
        print(f"killed: shown as not up after {first:.1f} s, as down after {time.monotonic() - began:.1f} s")
        came = self.query(a, "tree", way=way)
        self.assertEqual({row["node"] for row in came["rows"]}, {"a", "c"})
        self.assertEqual(came["unreachable"], [])
        self.assertIn("b is down", self.run_inspect(a, "shards", "--of", "b", way=way).stderr)
        terminal = Terminal("inspect", "top", *way)
        self.addCleanup(terminal.close)
        shown = terminal.until(lambda text: "b DOWN" in text)
        self.assertIn("2 of 3 nodes up", shown)
        terminal.press("q")
        self.assertEqual(terminal.end(), 0)
        b.start()
        self.all.wait_settled()
        self.assertEqual(self.state_of(a, "b"), "up")
        # The one that is asked: top goes on with another.
        terminal = Terminal("inspect", "top", *way)
        self.addCleanup(terminal.close)
        terminal.until(lambda text: "3 of 3 nodes up" in text)
        a.kill()
        shown = terminal.until(lambda text: "a DOWN" in text and "NO ANSWER" not in text)
        self.assertIn("2 of 3 nodes up", shown)
        terminal.press("q")
        self.assertEqual(terminal.end(), 0)

    def test_a_change_reaches_the_node_that_has_the_actor(self):
        admin, anna, above, below = self.family()
        account = f"account/{anna.account_id}"
        elsewhere = next(node for node in self.nodes if node is not below)
        self.assertIn("killed", self.run_inspect(elsewhere, "kill", account, "--yes").stdout)
        self.assertIn(f"{account} killed by a tool (asked of {elsewhere.name})", below.log_text())
        self.until(lambda: self.restarts(elsewhere, account) == 1, "the account was restarted")
        self.assertEqual(self.expect(anna.api.get("orders?status=open"), 200)["items"][0]["price"], "60000.00")
        done = self.run_inspect(elsewhere, "restart", account, "--yes")
        self.assertIn("restarted", done.stdout, done.stderr)
        # Every node has one of these: it must be said which is meant.
        vague = self.run_inspect(elsewhere, "restart", "market_data", "--yes")
        self.assertIn("must say which: market_data runs on a, b, c", vague.stderr)
        self.assertIn("restarted", self.run_inspect(elsewhere, "restart", "market_data", "--of", "b", "--yes").stdout)
        self.assertIn("market_data restarted by", self.all["b"].log_text())
        self.assertIn("no such actor", self.run_inspect(elsewhere, "kill", "account/999999", "--yes").stderr)
        answer = self.expect(admin.api.post("admin/kill-actor", {"name": account, "node": below.name}), 200)
        self.assertEqual(answer["done"], "killed")
        self.until(lambda: self.restarts(elsewhere, account) >= 0, "the account was restarted again")
        # A trace from elsewhere.
        traced = subprocess.Popen([str(support.BINARY), "inspect", "trace", account, "--json", "--limit", "2", "--seconds", "60",
                                   *map(str, self.way_in(elsewhere))], stdout=subprocess.PIPE, text=True,
                                  env=support.clean_environment())
        self.addCleanup(lambda: traced.poll() is None and traced.kill())
        price = 61000
        while traced.poll() is None and price < 61600:
            anna.api.post("orders", {"symbol": "BTCUSDT", "side": "sell", "type": "limit", "quantity": "0.001",
                                     "price": f"{price}.00", "time_in_force": "gtc"})
            price += 1
            time.sleep(0.1)
        lines = [json.loads(line) for line in traced.communicate(timeout=60)[0].splitlines()]
        self.assertEqual({line["node"] for line in lines}, {below.name})
        self.assertIn("place_order", {line["kind"] for line in lines})

    def restarts(self, asked, name):
        """-1: it is not there at the moment."""
        done = self.run_inspect(asked, "actor", name, "--json")
        return json.loads(done.stdout)["actor"]["restarts"] if done.returncode == 0 else -1

    def test_who_has_no_certificate_of_the_cluster_is_refused(self):
        strangers = Keys(self.all.home / "strangers")
        folder = strangers.issue("operator")
        done = self.run_inspect(self.nodes[0], "nodes", way=self.way_in(self.nodes[0], folder))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(done.stdout, "")
        # None at all: the tool's own default is that of a data directory where no node has run.
        none = self.run_inspect(self.nodes[0], "nodes",
                                way=["--node", self.mesh_address(self.nodes[0]), "--data", self.all.home / "nothing"])
        self.assertEqual(none.returncode, 1, none.stdout)
        self.assertEqual(none.stdout, "")
        # Nor does one node's own door let another's tool in.
        a, b = self.nodes[:2]
        address = (a.data / "inspect" / "address").read_text().strip()
        strange = support.run_program("inspect", "nodes", "--data", b.data, "--node", address)
        self.assertEqual(strange.returncode, 1, strange.stdout)

    def child(self, asked, anna):
        """The account as its user's node shows it; {} while that does not answer."""
        done = self.run_inspect(asked, "actor", f"user/{anna.user_id}", "--json")
        if done.returncode:
            return {}
        return next((one for one in json.loads(done.stdout)["children"] if one["name"] == f"account/{anna.account_id}"), {})

    def test_a_parent_knows_how_its_child_on_another_node_is(self):
        _, anna, above, below = self.family()
        account, user = f"account/{anna.account_id}", f"user/{anna.user_id}"
        asked = next(node for node in self.nodes if node is not below)
        child = self.child(asked, anna)
        self.assertEqual((child["status"], child["restarts"], child["node"]), ("running", 0, below.name))
        # A crash: it recovers, and the parent has heard why.
        self.assertIn("killed", self.run_inspect(asked, "kill", account, "--yes").stdout)
        self.until(lambda: self.child(asked, anna).get("restarts") == 1, "the parent hears of one failure")
        self.assertIn("killed by", self.child(asked, anna)["last_failure"])
        self.assertIn(f"{user} hears that {account} failed: killed by", above.log_text())
        self.until(lambda: f"{user} hears that {account} runs again" in above.log_text(), "and of the recovery")
        self.assertEqual(self.child(asked, anna)["status"], "running")
        # Too many: it is given up, its parent degraded, and the rest trades on.
        for _ in range(200):
            if self.child(asked, anna).get("status") == "failed":
                break
            self.run_inspect(asked, "kill", account, "--yes")
        self.until(lambda: self.child(asked, anna).get("status") == "failed", "it is given up")
        self.assertIn(f"{user} hears that {account} is given up", above.log_text())
        tree = self.query(asked, "tree", "--of", above.name, "--children", 100)["rows"]
        self.assertTrue(next(row for row in tree if row["name"] == user)["degraded"])
        self.assertIn(f"{user}  degraded", self.run_inspect(asked, "tree", "--of", above.name, "--children", 100).stdout)
        other = Trader(self, asked).register()
        self.assertEqual(other.api.get("account/balances").status, 200)
        # Its node dies: the child is away until another takes its shard over, and is then as good as new.
        below.kill()
        away = []
        self.until(lambda: away.append(self.child(asked, anna)) or away[-1].get("away_since"), "it is away")
        print("\n" + json.dumps(away[-1]))
        self.assertEqual(away[-1]["status"], "away")
        self.until(lambda: self.child(asked, anna).get("status") == "running", "it has an owner again")
        child = self.child(asked, anna)
        self.assertNotEqual(child["node"], below.name)
        self.assertIsNone(child.get("away_since"))  # its parent's own node may be the one


if __name__ == "__main__":
    support.main()
