"""A TWAP on a real node: it is sent in slices, goes on after `kill -9` and finishes exactly once."""
import time
from decimal import Decimal

import support
from traders import Trader, administrator, deposit, pages


class SlicesTest(support.NodeTestCase):
    def setUp(self):
        super().setUp()
        self.the_node = self.node()
        self.admin = administrator(self, self.the_node)
        self.anna = Trader(self, self.the_node).register()
        self.bert = Trader(self, self.the_node).register()
        deposit(self, self.admin, self.anna, "USDT", "100000")
        deposit(self, self.admin, self.bert, "BTC", "10")

    def restart(self):
        self.the_node.kill()
        self.the_node.start()
        for trader in (self.admin, self.anna, self.bert):
            trader.reconnect()

    def order(self, number):
        return self.expect(self.anna.api.get(f"orders/{number}"), 200)

    def until(self, number, what, seconds=40):
        end = time.monotonic() + seconds
        while not what(order := self.order(number)):
            self.assertLess(time.monotonic(), end, f"it never came: {order}")
            time.sleep(0.1)
        return order

    def place(self, **more):
        return self.anna.order("buy", "1", "50000.00", slicing="twap", **more)["order_id"]

    def test_it_is_filled_once_across_a_kill(self):
        self.bert.order("sell", "1", "50000.00")
        whole = self.place(slices=5, duration_seconds=5)
        self.until(whole, lambda order: order["slices_sent"] >= 2)
        self.restart()
        order = self.until(whole, lambda order: order["status"] != "partially_filled")
        self.assertEqual((order["status"], Decimal(order["executed_quantity"])), ("filled", 1))
        slices = [one for one in pages(self, self.anna.api, "orders?status=closed") if one["parent_id"] == whole]
        self.assertEqual(len({one["order_id"] for one in slices}), len(slices))
        self.assertEqual(sum(Decimal(one["executed_quantity"]) for one in slices), 1)
        fills = pages(self, self.anna.api, "executions")
        self.assertEqual(sum(Decimal(one["quantity"]) for one in fills), 1)
        self.assertEqual(len({one["trade_id"] for one in fills}), len(fills))
        self.assertEqual(self.anna.balances()["USDT"], (50000, 0))

    def test_after_a_stop_the_newest_slice_has_all_that_is_due(self):
        whole = self.place(slices=4, duration_seconds=4)
        self.until(whole, lambda order: order["slices_sent"] >= 1)
        self.the_node.kill()
        time.sleep(5)
        self.the_node.start()
        for trader in (self.admin, self.anna, self.bert):
            trader.reconnect()
        order = self.until(whole, lambda order: order["status"] != "new")
        self.assertEqual((order["status"], Decimal(order["executed_quantity"])), ("expired", 0))
        self.assertEqual(self.anna.balances()["USDT"], (100000, 0))

    def test_it_is_cancelled_after_a_kill(self):
        whole = self.place(slices=10, duration_seconds=600)
        self.until(whole, lambda order: order["slices_sent"] >= 1)
        self.restart()
        answer = self.expect(self.anna.api.delete(f"orders/{whole}"), 200)
        self.assertEqual(answer["status"], "cancelled")
        self.assertEqual(self.anna.balances()["USDT"], (100000, 0))
        self.assertEqual(self.expect(self.anna.api.get("orders?status=open"), 200)["items"], [])


if __name__ == "__main__":
    support.main()
