"""What a user would copy from examples/ does what it says, against the real program."""
import collections
import csv
import datetime
import http.server
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from decimal import Decimal as D

import support
from traders import PASSWORD, Trader, administrator, deposit, pages

EXAMPLES = support.SOURCE / "examples"
QUANTITY = D("0.001")  # of a maker's quote


def program(name, *arguments, password=None):
    runner = ["bash"] if name.endswith(".sh") else [sys.executable, "-B"]
    environment = support.clean_environment({"MARKET_MAKER_PASSWORD": password} if password else {})
    return [*runner, str(EXAMPLES / name), *map(str, arguments)], environment


def run(name, *arguments, password=None, seconds=240, cwd=None):
    command, environment = program(name, *arguments, password=password)
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL, check=False)


def url(node):
    return f"http://{node.host}:{node.port}"


class LosingAnswers:
    """Passes every request on to the node, and swallows the node's answer to the first attempt of each order: the
    client hears nothing until it gives up waiting."""

    def __init__(self, node):
        self.attempts = collections.Counter()  # client_order_id -> how often it was sent
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                names = ("Content-Type", "Authorization")
                api = support.Api(node.host, node.port)
                got = api.request(self.command, self.path, body or None,
                                  headers={n: self.headers[n] for n in names if n in self.headers})
                api.close()
                if self.command == "POST" and self.path == "/api/v1/orders":
                    client_order_id = support.json.loads(body)["client_order_id"]
                    outer.attempts[client_order_id] += 1
                    if outer.attempts[client_order_id] == 1:
                        self.close_connection = True
                        self.connection.recv(1)  # until the client hangs up
                        return
                self.send_response(got.status)
                self.send_header("Content-Length", str(len(got.text.encode())))
                self.end_headers()
                self.wfile.write(got.text.encode())

            do_GET = do_DELETE = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class ExamplesTest(support.NodeTestCase):
    def trader(self, node, **money):
        made = Trader(self, node).register()
        admin = administrator(self, node)
        for asset, amount in money.items():
            deposit(self, admin, made, asset, amount, f"{made.email}-{asset}")
        return made

    def wait_for(self, ask, good, seconds=30):
        end = time.monotonic() + seconds
        while True:
            got = ask()
            if good(got) or time.monotonic() > end:
                self.assertTrue(good(got), got)
                return got
            time.sleep(0.05)

    def start_maker(self, at, trader, *arguments):
        command, environment = program("market_maker.py", "--url", at, "--email", trader.email, *arguments,
                                       password=PASSWORD)
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def open_orders(self, trader):
        return {one["side"]: one for one in pages(self, trader.api, "orders?status=open")}

    def quotes(self, trader):
        """Its two quotes, both whole."""
        return self.wait_for(lambda: self.open_orders(trader),
                             lambda got: sorted((s, o["status"]) for s, o in got.items()) == [("buy", "new"), ("sell", "new")])

    def end_maker(self, process, how, trader):
        process.send_signal(how)
        said, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, said)
        self.assertIn("nothing is left open", said)
        self.assertEqual(self.open_orders(trader), {})
        self.assertEqual({hold for _, hold in trader.balances().values()}, {D(0)})
        return said

    def test_first_trade_leaves_a_cancelled_order_and_all_the_money(self):
        node = self.node(feed="sim")
        first = run("first_trade.sh", "--url", url(node), "--data", node.data)
        self.assertEqual(first.returncode, 0, first.stdout + first.stderr)
        order_id = re.search(r"order (\d+) is new", first.stdout)[1]
        self.assertIn(f"order {order_id} is cancelled", first.stdout)

        user = Trader(self, node, "you@example.org", "a long sentence of yours").log_in()
        order = self.wait_for(lambda: user.api.get(f"orders/{order_id}"), lambda got: got.status == 200).json
        self.assertEqual((order["status"], order["side"], order["symbol"]), ("cancelled", "buy", "BTCUSDT"))
        self.assertEqual(user.balances(), {"BTC": (D(1), D(0)), "USDT": (D(10000), D(0))})

        # Again: the same user, the same deposits, another order.
        again = run("first_trade.sh", "--url", url(node), "--data", node.data)
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        self.assertEqual(user.balances(), {"BTC": (D(1), D(0)), "USDT": (D(10000), D(0))})
        orders = self.wait_for(lambda: pages(self, user.api, "orders?status=closed"), lambda rows: len(rows) == 2)
        self.assertEqual({one["status"] for one in orders}, {"cancelled"})

        # An order that fills at once is there to see, and its cancel is refused in words.
        filled = run("first_trade.sh", "--url", url(node), "--data", node.data, "--price", "900000", "--quantity", "0.0001")
        self.assertEqual(filled.returncode, 1, filled.stdout + filled.stderr)
        self.assertIn("was filled first", filled.stderr)
        self.assertEqual(user.balances()["BTC"][0], D("1.0000999"))

        for arguments, words in ((["--data", node.home / "nowhere"], "admin-password"), (["--symbol", "NOPE"], "unknown-symbol"),
                                 (["--price", "0.001"], "price-off-tick"), (["--colour", "red"], "unknown option")):
            wrong = run("first_trade.sh", "--url", url(node), "--data", node.data, *arguments)
            self.assertEqual(wrong.returncode, 1, arguments)
            self.assertIn(words, wrong.stderr)

    def test_market_maker_quotes_around_the_simulated_market(self):
        node = self.node(feed="sim")
        trader = self.trader(node, BTC="1", USDT="100000")
        maker = self.start_maker(url(node), trader, "--pause", "0.2", "--spread-bps", "100")
        seen = self.quotes(trader)
        ticker = self.expect(trader.api.get("markets/BTCUSDT/ticker"), 200)
        low, high = D(seen["buy"]["price"]), D(seen["sell"]["price"])
        self.assertLess(low, D(ticker["bid"]))
        self.assertGreater(high, D(ticker["ask"]))
        middle = (low + high) / 2
        self.assertLessEqual(abs((high - low) - middle / 100), D("0.02"))  # to a tick on each side
        self.assertEqual({(one["type"], D(one["quantity"])) for one in seen.values()}, {("post_only", QUANTITY)})
        self.end_maker(maker, signal.SIGINT, trader)

    def test_market_maker_sells_to_others_and_quotes_again(self):
        node = self.node()
        trader, other = self.trader(node, BTC="1", USDT="100000"), self.trader(node, BTC="1", USDT="100000")
        maker = self.start_maker(url(node), trader, "--middle", "60000", "--spread-bps", "20", "--pause", "0.2")
        first = self.quotes(trader)
        self.assertEqual({side: D(one["price"]) for side, one in first.items()}, {"buy": D(59940), "sell": D(60060)})
        other.order("buy", "0.001", "60060.00")
        self.wait_for(lambda: self.open_orders(trader),
                      lambda got: len(got) == 2 and got["sell"]["order_id"] != first["sell"]["order_id"])
        other.order("sell", "0.0004", "59940.00")
        self.wait_for(lambda: self.open_orders(trader),
                      lambda got: len(got) == 2 and got["buy"]["order_id"] != first["buy"]["order_id"])
        self.quotes(trader)
        self.end_maker(maker, signal.SIGTERM, trader)
        fills = self.wait_for(lambda: pages(self, trader.api, "executions"), lambda rows: len(rows) == 2)
        self.assertEqual([(one["side"], D(one["price"]), D(one["quantity"]), one["is_maker"]) for one in fills],
                         [("buy", D(59940), D("0.0004"), True), ("sell", D(60060), D("0.001"), True)])

    def test_market_maker_places_an_order_once_when_its_answer_is_lost(self):
        node = self.node(feed="sim")
        trader = self.trader(node, BTC="1", USDT="100000")
        between = LosingAnswers(node)
        self.addCleanup(between.close)
        maker = self.start_maker(f"http://127.0.0.1:{between.port}", trader, "--rounds", "2", "--pause", "0.2",
                                 "--timeout", "2", "--spread-bps", "100")
        said, _ = maker.communicate(timeout=240)
        self.assertEqual(maker.returncode, 0, said)
        self.assertIn("TimeoutError", said)
        self.assertGreaterEqual(len(between.attempts), 2)
        self.assertGreaterEqual(min(between.attempts.values()), 2, between.attempts)
        self.assertEqual(self.open_orders(trader), {})
        orders = self.wait_for(lambda: pages(self, trader.api, "orders?status=closed"),
                               lambda rows: len(rows) >= len(between.attempts))
        self.assertEqual(sorted(one["client_order_id"] for one in orders), sorted(between.attempts))
        self.assertIn(f"{len(orders)} orders placed", said)

    def test_market_maker_says_what_is_wrong(self):
        node = self.node()
        trader = self.trader(node, USDT="100000")
        at = ("--url", url(node), "--email", trader.email, "--rounds", "1")
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))  # bound and never listening: nobody answers here
            nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
            for arguments, password, words in (
                    (("--url", nowhere, "--rounds", "1", "--patience", "0.5"), PASSWORD, "Connection refused"),
                    (at, "not the password", "wrong-credentials"),
                    ((*at, "--symbol", "NOPE"), PASSWORD, "NOPE is not traded here, but BNBUSDT"),
                    (at, PASSWORD, "has no price yet"),
                    ((*at, "--middle", "60000", "--quantity", "0.0000001"), PASSWORD, "quantity-off-lot")):
                done = run("market_maker.py", *arguments, password=password)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(words, done.stderr)
                self.assertNotIn("Traceback", done.stderr)
        # Money for one side only: that side is quoted, the other is told of.
        one_side = run("market_maker.py", *at, "--middle", "60000", password=PASSWORD)
        self.assertEqual(one_side.returncode, 0, one_side.stdout + one_side.stderr)
        self.assertRegex(one_side.stdout, r"sell 0\.001 at 60030\.00: insufficient-balance")
        self.assertRegex(one_side.stdout, r"buy 0\.001 at 59970\.00: order \d+ is new")

    def test_candles_to_csv_writes_consecutive_candles_of_several_pages(self):
        node = self.node(feed="sim")
        out = node.home / "candles.csv"
        done = run("candles_to_csv.py", "--url", url(node), "--out", out)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(out, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertGreater(len(rows), 1000)  # more than one page: the simulation begins with a day
        times = [datetime.datetime.fromisoformat(row["open_time"].replace("Z", "+00:00")) for row in rows]
        self.assertEqual({later - sooner for sooner, later in zip(times, times[1:])}, {datetime.timedelta(minutes=1)})
        for row in rows:
            prices = {name: D(row[name]) for name in ("open", "high", "low", "close")}
            self.assertEqual((min(prices.values()), max(prices.values())), (prices["low"], prices["high"]), row)
            self.assertGreater(prices["low"], 0)
            self.assertGreaterEqual(D(row["volume"]), D(row["taker_buy_volume"]))
            self.assertEqual(int(row["trades"]) > 0, D(row["volume"]) > 0, row)

        # A part of it is that part, and standard output is a file too.
        part = run("candles_to_csv.py", "--url", url(node), "--from", rows[100]["open_time"], "--to", rows[130]["open_time"],
                   "--out", "-")
        self.assertEqual(part.returncode, 0, part.stderr)
        self.assertEqual(list(csv.DictReader(part.stdout.splitlines())), rows[100:130])

        # What cannot be had is said, and no file is left.
        for arguments, words in ((["--symbol", "NOPE"], "not the name of an instrument"), (["--to", "1999-01-01"], "no closed candle"),
                                 (["--from", "yesterday"], "yesterday is no time"), (["--url", "here"], "must look like http://")):
            wrong = run("candles_to_csv.py", "--url", url(node), *arguments, cwd=node.home)
            self.assertNotEqual(wrong.returncode, 0)
            self.assertIn(words, wrong.stderr)
        self.assertEqual(sorted(p.name for p in pathlib.Path(node.home).glob("*.csv*")), ["candles.csv"])

    def test_help_needs_no_node(self):
        for name in sorted(os.listdir(EXAMPLES)):
            if name.endswith((".py", ".sh")):
                done = run(name, "--help")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stdout, "(?i)^usage: ")


if __name__ == "__main__":
    support.main()
