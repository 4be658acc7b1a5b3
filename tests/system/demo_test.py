"""A node for trying it out: a user with play money at one call, durable as any other; and users an administrator shuts out."""
import re
import shutil
import time
from decimal import Decimal

import support
from traders import Trader, administrator, deposit, pages


class DemoTest(support.NodeTestCase):
    def demo_user(self, node):
        trader = Trader(self, node)
        tokens = self.expect(trader.api.post("demo", {}), 201)
        trader.api.token, trader.refresh_token = tokens["access_token"], tokens["refresh_token"]
        who = self.expect(trader.api.get("me"), 200)
        trader.email, trader.user_id = who["email"], who["user_id"]
        trader.account_id = who["accounts"][0]["account_id"]
        return trader

    def ticker(self, api, symbol="BTCUSDT"):
        """The ticker of a market that has a price on both sides."""
        end = time.monotonic() + support.READY_SECONDS
        while time.monotonic() < end:
            shown = self.expect(api.get(f"markets/{symbol}/ticker"), 200)
            if shown["bid"] and shown["ask"] and not shown["stale"]:
                return shown
            time.sleep(0.05)
        self.fail(f"{symbol} has no price within {support.READY_SECONDS} s")

    def test_a_newcomer_trades_at_once_and_nothing_is_lost(self):
        node = self.node(feed="sim", options=["--demo"])
        platform = self.expect(node.api().get("platform"), 200)
        self.assertEqual((platform["demo"], platform["feed"], platform["registration"]), (True, "sim", True))
        self.ticker(node.api())
        trader = self.demo_user(node)
        self.assertRegex(trader.email, r"^demo-[a-z0-9]{8}@demo\.invalid$")
        money = trader.balances()
        self.assertEqual(money["USDT"], (Decimal(100_000), Decimal(0)))
        self.assertTrue({"BTC", "ETH", "SOL", "BNB", "XRP"} <= money.keys(), money)
        self.assertTrue(all(available > 0 for available, _ in money.values()), money)

        bought = trader.order("buy", "0.01")
        self.assertEqual(bought["status"], "filled")
        sold = trader.order("sell", "0.01")
        self.assertEqual(sold["status"], "filled")
        resting = trader.order("buy", "0.01", "1000.00")
        before = trader.balances()
        node.kill()
        node.start()
        trader.reconnect()
        self.assertEqual(trader.balances(), before)
        self.assertEqual([one["order_id"] for one in pages(self, trader.api, "orders?status=open")], [resting["order_id"]])
        self.assertEqual({one["order_id"] for one in pages(self, trader.api, "executions")},
                         {bought["order_id"], sold["order_id"]})

        # The books say where the money came from.
        admin = administrator(self, node)
        booked = pages(self, admin.api, f"admin/transfers?account_id={trader.account_id}")
        self.assertEqual({one["asset"]: Decimal(one["amount"]) for one in booked},
                         {asset: available for asset, (available, _) in money.items()})
        for one in booked:
            self.assertEqual(one["reference"], f"demo:{trader.account_id}/{one['asset']}")
        self.assertNotEqual(self.demo_user(node).email, trader.email)

    def test_only_a_node_with_demo_makes_demo_users(self):
        node = self.node()
        refused = node.api().post("demo", {})
        self.assertEqual((refused.status, refused.json["code"]), (404, "demo-off"))
        self.assertFalse(self.expect(node.api().get("platform"), 200)["demo"])
        node.stop()
        node.options = ["--demo", "--demo", "off", "--auth.registration", "off"]
        node.start()
        self.assertEqual(node.api().post("demo", {}).status, 404)
        refused = node.api().post("auth/register", {"email": "a@example.org", "password": "correct-horse-battery-9"})
        self.assertEqual((refused.status, refused.json["code"]), (403, "registration-off"))

    def test_demo_beyond_this_machine_is_refused(self):
        home = support.tempfile.mkdtemp(prefix="rialto-demo-")
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        for words in (("--demo",), ("--demo", "on"), ("--demo.enabled", "on")):
            done = support.run_program("serve", "--listen", "0.0.0.0:0", *words, cwd=home)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("demo.enabled may be on only while http.listen is a loopback address", done.stderr)
            self.assertEqual(done.stdout, "")
        done = support.run_program("serve", "--demo", "--print-config", cwd=home)
        self.assertTrue(re.search(r"\[demo\][^\[]*\nenabled = on\n", done.stdout), done.stdout)


class DisabledUserTest(support.NodeTestCase):
    def test_a_disabled_user_is_out_at_once_and_stays_out_after_a_kill(self):
        node = self.node()
        admin = administrator(self, node)
        anna, bert = (Trader(self, node).register() for _ in range(2))
        deposit(self, admin, anna, "USDT", "10000")
        order = anna.order("buy", "0.01", "50000.00")
        stream = node.stream()
        stream.send({"id": 1, "op": "authenticate", "access_token": anna.api.token})
        self.assertTrue(stream.receive()["ok"])

        found = pages(self, admin.api, f"admin/users?search={anna.email}")
        self.assertEqual([(one["user_id"], one["status"]) for one in found], [(anna.user_id, "active")])
        path = f"admin/users/{anna.user_id}"
        self.assertEqual(self.expect(admin.api.patch(path, {"status": "disabled"}), 200)["status"], "disabled")
        import websockets
        with self.assertRaises(websockets.ConnectionClosed):
            while True:
                stream.receive()
        self.assertEqual(stream.close_code, 4001)
        self.check_is_out(anna)
        self.expect(bert.api.get("me"), 200)

        node.kill()
        node.start()
        for trader in (admin, anna, bert):
            trader.reconnect()
        self.check_is_out(anna)
        self.expect(bert.api.get("me"), 200)
        own = admin.api.patch(f"admin/users/{self.expect(admin.api.get('me'), 200)['user_id']}", {"status": "disabled"})
        self.assertEqual((own.status, own.json["code"]), (409, "own-user"))

        self.expect(admin.api.patch(path, {"status": "active"}), 200)
        anna.log_in()
        open_orders = pages(self, anna.api, "orders?status=open")
        self.assertEqual([one["order_id"] for one in open_orders], [order["order_id"]])

    def check_is_out(self, trader):
        refused = trader.api.get("account/balances")
        self.assertEqual((refused.status, refused.json["code"]), (401, "session-ended"))
        refused = trader.api.post("auth/refresh", {"refresh_token": trader.refresh_token})
        self.assertEqual((refused.status, refused.json["code"]), (401, "session-ended"))
        right = trader.api.post("auth/login", {"email": trader.email, "password": trader.password})
        self.assertEqual((right.status, right.json["code"]), (403, "user-disabled"))
        wrong = trader.api.post("auth/login", {"email": trader.email, "password": "something else"})
        self.assertEqual((wrong.status, wrong.json["code"]), (401, "wrong-credentials"))

    def test_health_shows_the_node(self):
        node = self.node()
        admin = administrator(self, node)
        health = self.expect(admin.api.get("admin/health"), 200)
        self.assertTrue(health["ready"])
        self.assertGreater(health["journal"]["last_position"], 0)
        self.assertGreater(health["journal"]["last_commit_us"], 0)
        self.assertGreater(health["memory"]["resident_bytes"], 1 << 20)
        self.assertGreater(health["disk"]["total_bytes"], health["disk"]["free_bytes"])
        self.assertGreater(health["connections"]["open"], 0)
        self.assertEqual((health["markets"]["count"], health["actors"]["failed"]), (6, 0))
        before = health["requests"]["http"]
        self.expect(admin.api.get("me"), 200)
        self.assertGreater(self.expect(admin.api.get("admin/health"), 200)["requests"]["http"], before)


if __name__ == "__main__":
    support.main()
