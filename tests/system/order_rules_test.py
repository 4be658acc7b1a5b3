"""Orders with rules on a real node: what the engine keeps of them survives `kill -9`, and what is due happens though nobody asks."""
import datetime
import time
from decimal import Decimal as D

import support
from traders import Trader, administrator, deposit


def seconds_from_now(seconds):
    return (datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class OrderRulesTest(support.NodeTestCase):
    def setUp(self):
        super().setUp()
        self.the_node = self.node()
        self.admin = administrator(self, self.the_node)
        self.anna, self.bert = Trader(self, self.the_node).register(), Trader(self, self.the_node).register()
        for trader in (self.anna, self.bert):
            deposit(self, self.admin, trader, "BTC", "10")
            deposit(self, self.admin, trader, "USDT", "1000000")

    def restart(self):
        self.the_node.kill()
        self.the_node.start()
        for trader in (self.admin, self.anna, self.bert):
            trader.reconnect()

    def state(self, trader, order):
        return self.expect(trader.api.get(f"orders/{order['order_id']}"), 200)

    def asks(self):
        return self.expect(self.anna.api.get("markets/BTCUSDT/book"), 200)["asks"]

    def until(self, what, seconds=30):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, "it never came")
            time.sleep(0.05)

    def test_rules_survive_a_kill(self):
        iceberg = self.anna.order("sell", "5", "60000.00", display_quantity="1", self_trade_prevention="decrement")
        self.bert.order("buy", "1.5", "60000.00")
        dated = self.anna.order("sell", "1", "61000.00", time_in_force="gtd", expires_at="2040-01-01T00:00:00Z")
        self.expect(self.bert.api.patch("account", {"self_trade_prevention": "expire_taker"}), 200)
        self.restart()
        self.until(lambda: len(self.asks()) == 2)
        self.assertEqual([level[:2] for level in self.asks()], [["60000.00", "0.50000"], ["61000.00", "1.00000"]])
        self.assertEqual(self.state(self.anna, iceberg)["executed_quantity"], "1.50000")
        self.assertEqual(self.state(self.anna, dated)["expires_at"], "2040-01-01T00:00:00.000000Z")
        # The iceberg still refills, and still knows whose it is.
        prevented = self.anna.order("buy", "0.5", "60000.00", self_trade_prevention="decrement")
        self.assertEqual((prevented["status"], prevented["reason"]), ("expired", "self-trade"))
        self.assertEqual(self.state(self.anna, iceberg)["prevented_quantity"], "0.50000")
        self.until(lambda: self.asks()[0][:2] == ["60000.00", "1.00000"])
        # And the account its default.
        self.bert.order("sell", "1", "59000.00")
        own = self.bert.order("buy", "1", "59000.00")
        self.assertEqual((own["reason"], own["self_trade_prevention"]), ("self-trade", "expire_taker"))
        self.assertEqual(self.anna.balances()["BTC"][1], D(4))  # 3 of the iceberg, 1 of the dated one

    def test_a_dated_order_expires_though_nobody_asks(self):
        soon = self.anna.order("sell", "1", "60000.00", time_in_force="gtd", expires_at=seconds_from_now(1.5))
        over_the_kill = self.anna.order("sell", "2", "60000.00", time_in_force="gtd", expires_at=seconds_from_now(3))
        self.until(lambda: self.state(self.anna, soon)["status"] == "expired")
        self.restart()
        self.until(lambda: self.state(self.anna, over_the_kill)["status"] == "expired")
        self.assertEqual(self.asks(), [])
        self.assertEqual(self.anna.balances()["BTC"], (D(10), D(0)))

    def test_waiting_orders_survive_a_kill(self):
        self.bert.order("sell", "1", "60000.00")
        self.anna.order("buy", "1", "60000.00")
        stop = self.anna.order("sell", "1", None, type="market", trigger="stop", trigger_price="59000.00")
        trail = self.anna.order("sell", "1", "50000.00", trigger="stop", trail_amount="2000.00")
        self.bert.order("sell", "1", "61500.00")
        self.anna.order("buy", "1", "61500.00")  # the trailing stop goes at 59500 now
        self.restart()
        self.assertEqual(self.state(self.anna, stop)["triggered"], False)
        self.assertEqual(self.anna.balances()["BTC"][1], D(2))
        self.bert.order("buy", "1", "59600.00")
        self.bert.order("sell", "1", "59600.00")
        self.assertEqual(self.state(self.anna, trail)["triggered"], False)
        self.bert.order("buy", "2", "59500.00")
        self.bert.order("sell", "1", "59500.00")
        self.until(lambda: self.state(self.anna, trail)["status"] == "filled")
        self.assertEqual(self.state(self.anna, stop)["triggered"], False)
        self.bert.order("buy", "2", "59000.00")
        self.restart()
        self.bert.order("sell", "1", "59000.00")
        self.until(lambda: self.state(self.anna, stop)["status"] == "filled")
        self.assertEqual(self.anna.balances()["BTC"][1], D(0))

    def test_linked_orders_survive_a_kill(self):
        self.bert.order("sell", "0.1", "60000.00")
        self.bert.order("buy", "0.1", "60000.00")
        placed = self.expect(self.anna.api.post("order-lists", {
            "kind": "bracket", "symbol": "BTCUSDT", "side": "buy", "quantity": "1", "price": "59000.00",
            "take_profit_price": "65000.00", "stop_price": "58000.00"}), 201)
        entry, profit, stop = placed["orders"]
        self.restart()
        self.assertEqual(self.state(self.anna, stop)["pending"], True)
        self.bert.order("sell", "1", "59000.00")
        self.until(lambda: self.state(self.anna, profit)["pending"] is False)
        self.assertEqual(self.state(self.anna, entry)["status"], "filled")
        self.restart()
        self.assertEqual(self.anna.balances()["BTC"][1], D("0.999"))  # the exits share what the entry brought
        self.bert.order("buy", "2", "58000.00")
        self.bert.order("sell", "0.1", "58000.00")
        self.until(lambda: self.state(self.anna, stop)["status"] == "filled")
        self.until(lambda: self.state(self.anna, profit)["status"] == "cancelled")
        self.assertEqual(self.state(self.anna, profit)["reason"], "linked")
        self.assertEqual([balance[1] for balance in self.anna.balances().values()], [D(0), D(0)])


if __name__ == "__main__":
    support.main()
