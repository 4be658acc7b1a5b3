"""The journal's disk is full: 503 with Retry-After, no crash, market data flows on, and trading resumes when space returns."""
import os
import pathlib
import subprocess
import tempfile
import time
import unittest
from decimal import Decimal as D

import support
from traders import Trader, administrator, deposit


class DiskFullTest(support.NodeTestCase):
    def small_disk(self, size):
        """A tmpfs of its own; skips where the test may not mount one."""
        place = tempfile.mkdtemp(prefix="rialto-disk-")
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            os.rmdir(place)
            self.skipTest(f"a small tmpfs cannot be mounted here: {made.stderr.strip()}")
        self.addCleanup(os.rmdir, place)
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=False)
        return pathlib.Path(place)

    def test_trading_stops_and_resumes(self):
        disk = self.small_disk("24m")
        node = self.node(start=False, feed="sim", data=disk / "data")
        node.start()
        admin = administrator(self, node)
        trader = Trader(self, node).register()
        deposit(self, admin, trader, "USDT", "1000000")
        first = trader.order("buy", "0.00100", "10000.00", client_order_id="before")

        # The rest of the disk is taken by somebody else.
        ballast = disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:  # nothing is left to be written when it closes
            try:
                while True:
                    file.write(b"\0" * 65536)
            except OSError:
                pass
        refused = None
        for number in range(20_000):
            answer = trader.api.post("orders", {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "time_in_force": "gtc",
                                                "quantity": "0.00100", "price": "10000.00", "client_order_id": f"full-{number}"})
            if answer.status != 201:
                refused = answer
                break
        self.assertIsNotNone(refused, "the disk never filled up")
        self.assertIn(refused.status, (503, 504), refused.text)
        again = trader.api.post("orders", {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "time_in_force": "gtc",
                                           "quantity": "0.00100", "price": "10000.00", "client_order_id": "while-full"})
        self.assertEqual(again.status, 503, again.text)
        self.assertGreaterEqual(int(again.headers["retry-after"]), 1)
        self.assertEqual(trader.api.get("/healthz").status, 200)
        self.assertEqual(trader.api.get("/readyz").status, 503)

        # Reads answer, and market data goes on.
        self.assertEqual(trader.api.get(f"orders/{first['order_id']}").status, 200)
        stream = node.stream()
        stream.send({"id": 1, "op": "subscribe", "channels": ["book.BTCUSDT"]})
        seen = [stream.receive_until(lambda m: m.get("channel") == "book.BTCUSDT" and m["data"]["type"] == "diff", 20)
                for _ in range(5)]
        self.assertGreater(seen[-1]["data"]["last_update"], seen[0]["data"]["last_update"])

        # Space returns: so does trading, by itself.
        ballast.unlink()
        end = time.monotonic() + 20
        while True:
            answer = trader.api.post("orders", {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "time_in_force": "gtc",
                                                "quantity": "0.00100", "price": "10000.00", "client_order_id": "after"})
            if answer.status in (200, 201) or time.monotonic() > end:
                break
            time.sleep(0.1)
        self.assertIn(answer.status, (200, 201), answer.text)
        self.assertEqual(trader.api.get("/readyz").status, 200)
        placed = number + 2 if answer.status == 201 else number + 1
        balance = trader.balances()["USDT"]
        self.assertEqual(sum(balance), D(1_000_000))
        self.assertEqual(balance[1] % D(10), 0)
        self.assertGreaterEqual(balance[1], D(10) * number)
        self.assertLessEqual(balance[1], D(10) * (placed + 1))  # the one of unknown fate may be there
        self.assertEqual(node.stop(), 0)
        done = support.run_program("journal", "verify", "--data", node.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    support.main()
