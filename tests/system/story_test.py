"""The whole story over real sockets: users, deposits, orders that rest, fill in part, are amended and cancelled; every
balance to the last digit; and nothing acknowledged is lost when the node is killed."""
import http.client
import random
import threading
import time
import unittest
from decimal import Decimal as D

import support
from traders import Trader, administrator, deposit, pages


class StoryTest(support.NodeTestCase):
    def test_two_users_trade_to_the_last_digit(self):
        node = self.node()
        admin = administrator(self, node)
        seller, buyer = Trader(self, node).register(), Trader(self, node).register()
        deposit(self, admin, seller, "BTC", "2")
        deposit(self, admin, buyer, "USDT", "100000")

        # A sell rests: its hold is taken, nothing else moves.
        ask = seller.order("sell", "1.00000", "60000.00", client_order_id="ask-1")
        self.assertEqual((ask["status"], ask["executed_quantity"]), ("new", "0.00000"))
        self.assertEqual(seller.balances()["BTC"], (D(1), D(1)))

        # A buy above it fills in part, at the resting price; both fees are in what each received.
        bid = buyer.order("buy", "0.40000", "60100.00", client_order_id="bid-1")
        self.assertEqual(bid["status"], "filled")
        self.assertEqual([fill["price"] for fill in bid["fills"]], ["60000.00"])
        self.assertEqual(D(bid["executed_quote"]), D(24000))
        self.assertEqual(buyer.balances()["BTC"], (D("0.3996"), D(0)))
        self.assertEqual(buyer.balances()["USDT"], (D(76000), D(0)))
        self.assertEqual(seller.balances()["USDT"], (D(23976), D(0)))
        self.assertEqual(seller.balances()["BTC"], (D(1), D("0.6")))

        # The same client order id and body: the same order, now as it stands. Another body: a conflict.
        again = seller.order("sell", "1.00000", "60000.00", client_order_id="ask-1", status=200)
        self.assertEqual(again["order_id"], ask["order_id"])
        self.assertEqual((again["status"], again["executed_quantity"]), ("partially_filled", "0.40000"))
        conflict = seller.order("sell", "1.00000", "60001.00", client_order_id="ask-1", status=409)
        self.assertIn("client_order_id", conflict["code"].replace("-", "_"))

        # The order is an actor below its account, which is below its user.
        seen = self.expect(admin.api.get(f"admin/actors/order/{ask['order_id']}"), 200)
        self.assertEqual((seen["kind"], seen["order"]["executed_quantity"]), ("order", "0.40000"))
        above = self.expect(admin.api.get(f"admin/actors/{seen['parent']}"), 200)
        self.assertTrue(above["parent"].startswith("user/"), above)
        listed = self.expect(admin.api.get("admin/actors?parent=" + seen["parent"]), 200)["items"]
        self.assertEqual([one["name"] for one in listed], [f"order/{ask['order_id']}"])

        # Amend: less and dearer; then cancel: the hold comes back.
        amended = self.expect(seller.api.patch(f"orders/{ask['order_id']}", {"quantity": "0.90000", "price": "60500.00"}), 200)
        self.assertEqual((amended["price"], amended["quantity"]), ("60500.00", "0.90000"))
        self.assertEqual(seller.balances()["BTC"], (D("1.1"), D("0.5")))
        gone = self.expect(seller.api.delete(f"orders/{ask['order_id']}"), 200)
        self.assertEqual(gone["status"], "cancelled")
        self.assertEqual(seller.balances()["BTC"], (D("1.6"), D(0)))
        self.expect(seller.api.delete(f"orders/{ask['order_id']}"), 404)
        self.expect(admin.api.get(f"admin/actors/order/{ask['order_id']}"), 404)

        # No order beyond the money, and no change by it.
        refused = buyer.api.post("orders", {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "time_in_force": "gtc",
                                            "quantity": "2", "price": "60000"})
        self.assertIn(refused.status, (400, 409, 422), refused.text)
        self.assertIn("insufficient", refused.json["code"])
        self.assertEqual(buyer.balances()["USDT"], (D(76000), D(0)))

        # The lists agree with it, at once.
        executions = pages(self, buyer.api, "executions")
        self.assertEqual(len(executions), 1)
        self.assertEqual(D(executions[0]["fee"]), D("0.0004"))
        orders = pages(self, seller.api, "orders?status=closed")
        self.assertEqual(len(orders), 1)
        self.assertEqual(orders[0]["status"], "cancelled")
        ledger = pages(self, buyer.api, "ledger")
        total = sum((D(row["amount"]) for row in ledger if row["asset"] == "USDT"), D(0))
        self.assertEqual(total, D(76000))

        # One user sees nothing of the other.
        self.assertEqual(buyer.api.get(f"orders/{ask['order_id']}").status, 404)
        self.assertIn(buyer.api.get("account/balances", headers={"X-Account-Id": str(seller.account_id)}).status, (403, 404))
        self.assertEqual(buyer.api.post(f"admin/accounts/{buyer.account_id}/deposits",
                                        {"asset": "USDT", "amount": "1", "reference": "x"}).status, 403)

        # A restart finds everything; a deposit with a used reference is the same deposit.
        before = (seller.balances(), buyer.balances())
        self.assertEqual(node.stop(), 0)
        node.start()
        seller.reconnect(), buyer.reconnect()
        self.assertEqual((seller.balances(), buyer.balances()), before)
        node.stop()
        self.assert_clean(node)

    def assert_clean(self, node):
        done = support.run_program("journal", "verify", "--data", node.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("clean", done.stdout)
        return done.stdout

    def test_ten_kills_under_load_lose_nothing_acknowledged(self):
        seed = int(support.os.environ.get("RIALTO_SEED", "20261122"))
        dice = random.Random(seed)
        print(f"seed {seed}", flush=True)
        node = self.node()
        admin = administrator(self, node)
        traders = [Trader(self, node).register() for _ in range(4)]
        for trader in traders:
            deposit(self, admin, trader, "BTC", "100")
            deposit(self, admin, trader, "USDT", "10000000")
        acknowledged = {}  # (trader index, client order id) -> order id
        for round_number in range(10):
            stop = threading.Event()
            threads = [threading.Thread(target=self.trade, args=(i, trader, round_number, stop, acknowledged, seed))
                       for i, trader in enumerate(traders)]
            for thread in threads:
                thread.start()
            time.sleep(dice.uniform(0.15, 1.0))
            node.kill()
            stop.set()
            for thread in threads:
                thread.join()
            node.start()
            for trader in traders:
                trader.reconnect()
            # Every order that was acknowledged is there, under the id that was told.
            for (i, client_id), order_id in dice.sample(sorted(acknowledged.items()), min(60, len(acknowledged))):
                got = traders[i].api.get(f"orders/{order_id}")
                self.assertEqual(self.expect(got, 200)["client_order_id"], client_id)
        self.assertGreater(len(acknowledged), 200)
        print(f"{len(acknowledged)} orders acknowledged over 10 kills", flush=True)
        totals = {"BTC": D(0), "USDT": D(0)}
        for trader in traders:
            for asset, (available, hold) in trader.balances().items():
                totals[asset] += available + hold
        self.assertLessEqual(totals["BTC"], D(400))
        self.assertLessEqual(totals["USDT"], D(40_000_000))
        node.stop()
        said = self.assert_clean(node)
        # What every acknowledged order left in the journal, exactly once.
        placed = {}
        for line in support.run_program("journal", "dump", "all", "--data", node.data).stdout.splitlines():
            if '"event":"order_placed"' in line:
                event = support.json.loads(line)["data"]
                key = (event["order"]["account"], event["client_order_id"])
                self.assertNotIn(key, placed, "one client order id placed two orders")
                placed[key] = event["order"]["id"]
        for (i, client_id), order_id in acknowledged.items():
            self.assertEqual(str(placed[(int(traders[i].account_id), client_id)]), str(order_id))
        print(said.strip(), flush=True)

    def trade(self, index, trader, round_number, stop, acknowledged, seed):
        dice = random.Random(seed * 1000 + round_number * 10 + index)
        api = trader.node.api(trader.api.token)
        for number in range(100_000):
            if stop.is_set():
                break
            client_id = f"k{round_number}-{index}-{number}"
            body = {"symbol": "BTCUSDT", "side": dice.choice(["buy", "sell"]), "type": "limit", "time_in_force": "gtc",
                    "quantity": f"0.00{dice.randint(100, 400)}", "price": f"{60000 + dice.randint(-20, 20)}.00",
                    "client_order_id": client_id}
            try:
                answer = api.post("orders", body)
            except (OSError, http.client.HTTPException):
                break  # fate unknown: it may be there or not
            if answer.status == 201:
                acknowledged[(index, client_id)] = answer.json["order_id"]
            elif answer.status not in (503, 504):
                self.fail(f"{body} -> {answer}")


if __name__ == "__main__":
    support.main()
