"""Fee tiers, positions and statements on a real node: the same after `kill -9`, and after the lists were projected again."""
import time
from decimal import Decimal

import support
from traders import Trader, administrator, deposit, pages

TIERS = [{"volume_min": "1000", "maker_fee": "0.0005", "taker_fee": "0.0008"},
         {"volume_min": "5000", "maker_fee": "-0.0001", "taker_fee": "0.0004"}]

LAST_PRICE = "50070.00"  # of no other trade


class MoneyTest(support.NodeTestCase):
    def setUp(self):
        super().setUp()
        self.the_node = self.node()
        self.admin = administrator(self, self.the_node)
        self.anna, self.bert = (Trader(self, self.the_node).register() for _ in range(2))
        self.expect(self.admin.api.patch("admin/instruments/BTCUSDT", {"fee_tiers": TIERS}), 200)
        for trader in (self.anna, self.bert):
            deposit(self, self.admin, trader, "BTC", "10")
            deposit(self, self.admin, trader, "USDT", "1000000")

    def trade(self):
        for i in range(120):
            price = f"{50000 + 10 * (i % 7)}.00" if i < 119 else LAST_PRICE
            maker, taker = (self.anna, self.bert) if i % 3 else (self.bert, self.anna)
            side, other = ("sell", "buy") if i % 2 else ("buy", "sell")
            maker.order(side, "0.003", price)
            self.assertEqual(taker.order(other, "0.003", price)["status"], "filled")

    def wait_for_mark(self):
        """Positions are marked at the public price, which is looked at a few times a second."""
        end = time.monotonic() + 20
        while self.expect(self.anna.api.get("account/positions?all=true"), 200)[0]["mark_price"] != LAST_PRICE:
            self.assertLess(time.monotonic(), end, "the last trade did not become the mark")
            time.sleep(0.02)

    def seen(self, trader):
        get = lambda path: self.expect(trader.api.get(path), 200)
        return {"fees": get("account/fees?symbol=BTCUSDT")[0], "positions": get("account/positions?all=true"),
                "statement": get("account/statement?to=2100-01-01T00:00:00Z")["assets"], "balances": trader.balances()}

    def check_sums(self, trader):
        """The statement is the ledger's sums, and what the account has."""
        ledger = pages(self, trader.api, "ledger?limit=500")
        balances = trader.balances()
        rows = self.expect(trader.api.get("account/statement"), 200)["assets"]
        self.assertEqual({row["asset"] for row in rows}, {"BTC", "USDT"})
        for row in rows:
            entries = [(Decimal(one["amount"]), one["kind"]) for one in ledger if one["asset"] == row["asset"]]
            of = {name: Decimal(row[name]) for name in ("opening", "deposits", "withdrawals", "bought", "sold", "fees", "rebates", "closing")}
            self.assertEqual(of["closing"], sum(amount for amount, _ in entries))
            self.assertEqual(of["closing"], sum(balances[row["asset"]]))
            self.assertEqual(of["bought"], sum(amount for amount, kind in entries if kind == "trade" and amount > 0))
            self.assertEqual(of["sold"], -sum(amount for amount, kind in entries if kind == "trade" and amount < 0))
            self.assertEqual(of["fees"], -sum(amount for amount, kind in entries if kind == "fee" and amount < 0))
            self.assertEqual(of["rebates"], sum(amount for amount, kind in entries if kind == "fee" and amount > 0))
            self.assertEqual(of["opening"] + of["deposits"] - of["withdrawals"] + of["bought"] - of["sold"] - of["fees"] + of["rebates"],
                             of["closing"])
            self.assertGreater(of["rebates"], 0)
            self.assertGreater(of["fees"], 0)

    def test_everything_is_the_same_after_a_kill_and_a_new_projection(self):
        self.trade()
        traders = (self.anna, self.bert)
        self.wait_for_mark()
        before = [self.seen(trader) for trader in traders]
        self.assertEqual(before[0]["fees"]["tier"], 2)
        self.assertNotEqual(before[0]["positions"], [])
        for trader in traders:
            self.check_sums(trader)
        for drops_the_lists in (False, True):
            self.the_node.kill()
            if drops_the_lists:
                for file in self.the_node.data.glob("read.sqlite*"):
                    file.unlink()
            self.the_node.start()
            for trader in (self.admin, *traders):
                trader.reconnect()
            self.wait_for_mark()
            self.assertEqual([self.seen(trader) for trader in traders], before)
            for trader in traders:
                self.check_sums(trader)


if __name__ == "__main__":
    support.main()
