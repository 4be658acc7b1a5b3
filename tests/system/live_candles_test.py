"""Candles of the live market against the exchange's history: what was missed while the node was down or cut off is filled in, and what the
exchange corrected says so."""
import time
from decimal import Decimal

import support
import traders
from candles_test import MINUTE, PRICES, clock, millis
from live_support import SYMBOL, LiveCase

BACK = 300      # minutes of history that the exchange tells
DOWN = 120      # minutes that the node was down for
CORRECTED = 10  # minutes before that, one that the exchange has another word about
QUESTIONS = 44  # of 1000 minutes, in 30 days
INTERVALS = (("5m", 5), ("15m", 15), ("1h", 60))


class LiveCandlesTest(LiveCase):
    def exchange_rows(self, peer, start, end):
        """{open time: (prices, volumes and trades)} of closed minutes."""
        rows = peer.call(lambda: peer.market.kline_rows(SYMBOL, start, end - 1, 10_000))
        return {row[0]: (*(Decimal(cell) for cell in row[1:6]), Decimal(row[7]), row[8], Decimal(row[9])) for row in rows}

    def shown(self, node, interval, start, end):
        return self.get(node, f"markets/{SYMBOL}/candles?interval={interval}&from={start}&to={end}&limit=1000")["items"]

    def our_rows(self, node, start, end):
        return {millis(one["open_time"]): (*(Decimal(one[name]) for name in PRICES), Decimal(one["quote_volume"]), one["trades"],
                                           Decimal(one["taker_buy_volume"])) for one in self.shown(node, "1m", start, end)}

    def of(self, node, at, interval="1m"):
        """The candle of an open time; empty: there is none."""
        return next((one for one in self.shown(node, interval, at, at + 1) if millis(one["open_time"]) == at), {})

    def with_past(self):
        """A peer with minutes behind it, and the running one."""
        peer = self.peer()
        now = int(time.time()) // 60
        for minute in range(now - BACK, now):
            price = 60_000 + minute % 97
            peer.call(lambda: peer.market.set_past(SYMBOL, minute, f"{price}.00", f"{price + 3}.50", f"{price - 2}.25", f"{price + 1}.00",
                                                   f"{1 + minute % 7}.50000000"))
        return peer, now

    def test_what_was_missed_while_the_node_was_down_is_there_and_a_correction_says_so(self):
        peer, now = self.with_past()
        node = self.live_node(peer, start=False)
        node.feed = "none"  # lists the symbol
        options, node.options = node.options, []
        node.start()
        node.stop()
        begin, down = (now - BACK) * MINUTE, (now - DOWN) * MINUTE
        wrong = down - CORRECTED * MINUTE
        known = peer.call(lambda: peer.market.kline_rows(SYMBOL, begin, down - 1, BACK))
        for row in known:
            if row[0] == wrong:
                row[5] = "2.25000000"  # told before the exchange corrected it
        file = node.home / f"{SYMBOL}-1m-known.csv"
        file.write_text("".join(",".join(map(str, row)) + "\n" for row in known))
        done = support.run_program("import", "klines", file, "--data", node.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

        node.feed, node.options = "binance", options
        node.start()
        self.begin(node, peer)
        end = now * MINUTE
        self.wait(lambda: self.our_rows(node, begin, end) == self.exchange_rows(peer, begin, end), "the history is the exchange's")
        self.assertEqual(len(self.our_rows(node, begin, end)), BACK)
        self.assertEqual([millis(one["open_time"]) for one in self.shown(node, "1m", begin, end) if one.get("corrected")], [wrong])
        self.assertFalse(any(one.get("partial") for one in self.shown(node, "1m", begin, end)))
        for interval, length in INTERVALS:
            of_wrong = wrong // (length * MINUTE) * length * MINUTE
            marked = [millis(one["open_time"]) for one in self.shown(node, interval, begin, end - length * MINUTE) if one.get("corrected")]
            self.assertEqual(marked, [of_wrong], interval)  # with a corrected part, or corrected itself
            for one in self.shown(node, interval, begin + length * MINUTE, end - length * MINUTE):
                at = millis(one["open_time"])
                parts = self.exchange_rows(peer, at, at + length * MINUTE).values()
                self.assertEqual(Decimal(one["volume"]), sum(part[4] for part in parts))
                self.assertEqual((one["closed"], one.get("partial", False)), (True, False), one)
        self.assertLessEqual(peer.requests["/api/v3/klines"], QUESTIONS + 3)  # the minute it came live in, and silence since
        self.assertNotIn("too old to be asked for", node.log_text())
        self.check_manners(peer)

    def test_what_is_older_than_a_month_is_left_and_said(self):
        peer, now = self.with_past()
        node = self.live_node(peer, start=False)
        node.feed, options, node.options = "none", node.options, []
        node.start()
        node.stop()
        old = (now - 32 * 24 * 60) * MINUTE
        file = node.home / f"{SYMBOL}-1m-old.csv"
        file.write_text(f"{old},100,101,99.5,100.5,2,{old + MINUTE - 1},200.5,7,1,100.25,0\n")
        self.assertEqual(support.run_program("import", "klines", file, "--data", node.data).returncode, 0)
        node.feed, node.options = "binance", options
        node.start()
        self.begin(node, peer)
        self.wait(lambda: "too old to be asked for" in node.log_text(), "said")
        self.assertIn(f"candles from {clock(old + MINUTE)} to ", node.log_text())
        begin, end = (now - BACK) * MINUTE, now * MINUTE
        self.wait(lambda: self.our_rows(node, begin, end) == self.exchange_rows(peer, begin, end), "the rest is there")
        self.assertEqual(millis(self.shown(node, "1m", old, begin)[0]["open_time"]), old)

    def test_a_hole_after_a_cut_connection_closes(self):
        peer, _ = self.with_past()
        node = self.live_node(peer, stale_seconds=20)
        self.begin(node, peer)
        peer.play(speed=4, loop=True)
        self.wait(lambda: self.newest_trade(node) > 0, "trades are told")
        # Cut in the last seconds of a minute, whose end is not heard.
        self.wait(lambda: 48 <= time.time() % 60 < 56, "a minute is nearly over", 70)
        cut = int(time.time()) // 60 * MINUTE
        peer.refuse(20)
        self.wait(lambda: self.get(node, f"markets/{SYMBOL}/ticker")["stale"], "marked stale")
        self.wait(lambda: self.of(node, cut).get("closed"), "the minute closed", 20)
        self.assertTrue(self.of(node, cut).get("partial"))
        self.assertEqual(self.of(node, cut + MINUTE), {}, "nothing is made of a time that was not heard")
        self.wait(lambda: self.is_live(node), "live again")
        # The next minute began unheard.
        self.wait(lambda: self.of(node, cut + MINUTE).get("closed") and not any(
            self.of(node, at).get("partial") for at in (cut, cut + MINUTE)), "filled in", 90)
        for at in (cut, cut + MINUTE):
            self.assertEqual(self.our_rows(node, at, at + 1), self.exchange_rows(peer, at, at + MINUTE))
            self.assertNotIn("corrected", self.of(node, at))
        self.assertIn("candles are new", node.log_text())
        self.check_manners(peer)


class OffTest(LiveCase):
    def test_a_mirrored_market_that_is_not_followed_is_stale_and_off(self):
        peer, other = self.peer(), "ETHUSDT"
        node = self.live_node(peer)
        admin = traders.administrator(self, node)
        self.begin(node, peer)
        self.wait(lambda: self.stream(node, other)["state"] == "off", "listed as off")
        self.assertIn("feed.symbols", self.stream(node, other)["reason"])
        self.wait(lambda: self.get(node, f"markets/{other}/ticker")["stale"], "marked stale")
        self.assertFalse(self.get(node, f"markets/{SYMBOL}/ticker")["stale"])
        self.expect(admin.api.patch(f"admin/instruments/{other}", {"mode": "own"}), 200)
        self.wait(lambda: self.stream(node, other)["state"] == "unknown", "no business of the feed any more")
        self.wait(lambda: not self.get(node, f"markets/{other}/ticker")["stale"], "its own market is not stale")
        self.expect(admin.api.patch(f"admin/instruments/{other}", {"mode": "mirrored"}), 200)
        self.wait(lambda: self.get(node, f"markets/{other}/ticker")["stale"], "stale again")
        self.assertEqual(self.stream(node, other)["state"], "off")


class FalseSizeTest(LiveCase):
    def test_a_wrong_size_that_breaks_no_rule_is_noticed_by_the_best_prices(self):
        peer = self.peer()
        node = self.live_node(peer)
        self.begin(node, peer)
        peer.play(speed=4, loop=True)
        self.wait(lambda: self.stream(node)["book_checks"] > 5, "best prices are compared")
        before = self.stream(node)
        self.assertEqual(before["book_mismatches"], 0)
        peer.rest_fault("hang", seconds=4)  # so that the time without a book can be seen
        peer.fault("false_size")
        self.wait(lambda: peer.injected["false_size"] == 1, "the fault fell")
        self.wait(lambda: self.get(node, f"markets/{SYMBOL}/ticker")["stale"], "marked stale")
        self.wait(lambda: self.book(node) == ((), ()), "house orders pulled")
        self.assertEqual(self.stream(node)["book_mismatches"], 1)
        self.wait(lambda: self.is_live(node), "synchronised anew")
        after = self.stream(node)
        self.assertEqual([after[name] - before[name] for name in ("resyncs", "gaps", "book_mismatches")], [1, 0, 1])
        peer.pause()
        self.wait(lambda: self.is_in_step(node, peer), "in step at the end")
        self.assertFalse(self.get(node, f"markets/{SYMBOL}/ticker")["stale"])


if __name__ == "__main__":
    support.main()
