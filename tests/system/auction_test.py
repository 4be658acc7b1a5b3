"""A call auction on a real node: it survives `kill -9` with its crossed book, and ends at its time though nobody asks."""
import time
from decimal import Decimal as D

import support
from traders import Trader, administrator, deposit


class AuctionTest(support.NodeTestCase):
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

    def ticker(self):
        return self.expect(self.anna.api.get("markets/BTCUSDT/ticker"), 200)

    def state(self, trader, order):
        return self.expect(trader.api.get(f"orders/{order['order_id']}"), 200)

    def until(self, what, seconds=15):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, "it never came")
            time.sleep(0.05)

    def test_a_halt_survives_a_kill_and_ends_in_an_auction(self):
        self.expect(self.admin.api.patch("admin/instruments/BTCUSDT", {"halt_move": "0.05", "halt_seconds": 5}), 200)
        self.anna.order("sell", "1", "60000.00")
        self.bert.order("buy", "1", "60000.00")
        ask = self.anna.order("sell", "1", "64000.00")
        bid = self.bert.order("buy", "2", "65000.00")  # would trade 6.7 % up
        self.assertEqual((bid["status"], bid["fills"]), ("new", []))
        self.restart()
        self.until(lambda: self.ticker()["auction"] is not None)
        self.assertEqual((self.ticker()["status"], self.ticker()["auction"]["cause"]), ("auction", "volatility"))
        cheap = self.anna.order("sell", "1", "61000.00")
        self.until(lambda: self.state(self.bert, bid)["status"] == "filled")
        self.until(lambda: self.ticker()["status"] == "open")
        # All at one price: the nearest to 60000.00 at which two trade. Both sides pay the maker's rate.
        self.assertEqual([self.state(self.anna, one)["executed_quote"] for one in (ask, cheap)],
                         [self.state(self.anna, ask)["executed_quote"]] * 2)
        self.assertEqual(D(self.state(self.bert, bid)["executed_quote"]), D(128000))
        self.assertEqual(self.bert.balances()["USDT"][1], D(0))
        self.restart()
        self.assertEqual(self.state(self.bert, bid)["status"], "filled")
        self.until(lambda: self.ticker()["status"] == "open")


if __name__ == "__main__":
    support.main()
