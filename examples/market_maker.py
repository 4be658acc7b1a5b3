#!/usr/bin/env python3
"""A market maker for a Rialto node: quotes both sides around the middle of a market, over REST.

Python 3.11 alone. Every order carries a client_order_id of its own, so an answer that never came is no danger: the same
order is sent again under the same id, and the node places it once. Ctrl-C cancels everything and ends.
All open orders of the account in this market are the maker's: give it an account that does nothing else there.
"""
import argparse
import getpass
import http.client
import json
import os
import signal
import sys
import time
import urllib.parse
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

# Change these three lines (or give --symbol, --quantity, --spread-bps):
SYMBOL = "BTCUSDT"
QUANTITY = "0.001"  # of each quote
SPREAD_BPS = "10"  # between the two quotes, in hundredths of a percent of the middle


class Refused(Exception):
    """The node said no; nothing was done."""

    def __init__(self, status, problem):
        super().__init__(f"{problem.get('code')}: {problem.get('detail') or problem.get('title')}")
        self.status, self.code = status, problem.get("code")


class Unreachable(Exception):
    """No answer for as long as we were willing to try."""


class Exchange:
    """The node's REST API for one logged-in user. Every call may be sent twice without harm."""

    def __init__(self, url, email, password, timeout, patience):
        parts = urllib.parse.urlsplit(url)
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        if parts.scheme not in kinds or not parts.hostname:
            raise SystemExit(f"market_maker.py: --url must look like http://127.0.0.1:8080, not {url}")
        self.new_connection = lambda: kinds[parts.scheme](parts.hostname, parts.port, timeout=timeout)
        self.email, self.password, self.patience = email, password, patience
        self.connection, self.token, self.repeats = None, None, 0

    def log_in(self):
        self.token = None
        self.token = self.call("POST", "auth/login", {"email": self.email, "password": self.password})["access_token"]

    def call(self, method, path, body=None):
        """The answer's JSON. Tries again after a timeout, a broken connection, 429, 503 and 504, for `patience` seconds."""
        end = time.monotonic() + self.patience
        pause, had_token = 0.1, self.token is not None
        while True:
            try:
                status, headers, answer = self.once(method, path, body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.hang_up()
                why, wait = f"{type(error).__name__}: {error}", pause
            else:
                if status < 400:
                    return answer
                if status == 401 and had_token and answer.get("code") == "token-expired":
                    self.log_in()
                    continue
                if status not in (429, 503, 504):
                    raise Refused(status, answer)
                why, wait = answer.get("code"), max(pause, float(headers.get("Retry-After") or 0))
            if time.monotonic() + wait > end:
                raise Unreachable(f"{method} {path}: {why}")
            self.repeats += 1
            print(f"again in {wait:.1f} s: {method} {path}: {why}", flush=True)
            time.sleep(wait)
            pause = min(2 * pause, 5)

    def once(self, method, path, body):
        if self.connection is None:
            self.connection = self.new_connection()
        headers = {"Authorization": "Bearer " + self.token} if self.token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, "/api/v1/" + path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.will_close:
            self.hang_up()
        return answer.status, answer.headers, json.loads(text or b"{}")

    def hang_up(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Maker:
    """One quote a side. Only what it can read from the node is true; what it remembers is a convenience."""

    def __init__(self, exchange, symbol, quantity, spread_bps, fixed_middle=None):
        self.exchange, self.symbol, self.quantity, self.fixed_middle = exchange, symbol, quantity, fixed_middle
        self.half = Decimal(spread_bps) / 20_000
        listed = {one["symbol"]: one for one in exchange.call("GET", "instruments")}
        if symbol not in listed:
            raise SystemExit(f"market_maker.py: {symbol} is not traded here, but {', '.join(sorted(listed))}")
        self.tick = Decimal(listed[symbol]["tick_size"])
        self.run = f"mm-{time.time_ns():x}"  # no other run draws the same ids
        self.placed = 0

    def open_orders(self):
        """All of them: the list comes in pages."""
        path, found, cursor = f"orders?symbol={self.symbol}&status=open&limit=500", [], ""
        while cursor is not None:
            page = self.exchange.call("GET", path + (f"&cursor={cursor}" if cursor else ""))
            found += page["items"]
            cursor = page["next_cursor"]
        return found

    def middle(self):
        if self.fixed_middle:
            return self.fixed_middle
        ticker = self.exchange.call("GET", f"markets/{self.symbol}/ticker")
        if ticker["bid"] and ticker["ask"]:
            return (Decimal(ticker["bid"]) + Decimal(ticker["ask"])) / 2
        if ticker["last_price"]:
            return Decimal(ticker["last_price"])
        raise SystemExit(f"market_maker.py: {self.symbol} has no price yet; give the first one with --middle")

    def to_tick(self, price, rounding):
        return (price / self.tick).to_integral_value(rounding) * self.tick

    def round(self, number):
        """Moves the quotes to where they belong now."""
        middle = self.middle()
        wanted = {"buy": self.to_tick(middle * (1 - self.half), ROUND_FLOOR),
                  "sell": self.to_tick(middle * (1 + self.half), ROUND_CEILING)}
        for order in self.open_orders():
            is_right = Decimal(order["price"]) == wanted.get(order["side"]) and order["status"] == "new"
            if is_right:
                del wanted[order["side"]]  # it keeps its place in the queue
            else:
                self.cancel(order["order_id"])
        for side, price in wanted.items():
            self.place(side, price, f"{self.run}-{number}-{side}")
        print(f"round {number}: middle {middle}, moved {', '.join(wanted) or 'nothing'}", flush=True)

    def place(self, side, price, client_order_id):
        body = {"symbol": self.symbol, "side": side, "type": "post_only", "price": f"{price:f}",
                "quantity": self.quantity, "client_order_id": client_order_id}
        try:
            order = self.exchange.call("POST", "orders", body)
        except Refused as no:
            if no.status != 409:
                raise
            # 409: too little money, or the market has just moved through our price; the next round may be better
            print(f"{side} {self.quantity} at {price:f}: {no}", flush=True)
            return
        self.placed += 1
        print(f"{side} {self.quantity} at {price:f}: order {order['order_id']} is {order['status']}", flush=True)

    def cancel(self, order_id):
        try:
            self.exchange.call("DELETE", f"orders/{order_id}")
        except Refused as no:
            if no.status != 404:  # 404: filled, or cancelled by a request whose answer was lost
                raise

    def cancel_all(self):
        try:
            for _ in range(20):
                self.exchange.call("DELETE", f"orders?symbol={self.symbol}")
                if not self.open_orders():
                    return
                time.sleep(0.05)
        except Unreachable as error:
            raise Unreachable(f"{error}; orders may still be open") from None
        raise Unreachable("orders are still open after cancelling them 20 times")


class Stop:
    """Ctrl-C or SIGTERM: the request under way is finished first, so that no order is left whose fate is unknown."""

    def __init__(self):
        self.is_wanted = False
        signal.signal(signal.SIGINT, self.ask)
        signal.signal(signal.SIGTERM, self.ask)

    def ask(self, *_):
        self.is_wanted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("stopping; Ctrl-C again ends at once and may leave orders open", flush=True)

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while not self.is_wanted and time.monotonic() < end:
            time.sleep(min(0.1, seconds))


def decimal(text):
    try:
        return Decimal(text)
    except ArithmeticError:
        raise argparse.ArgumentTypeError(f"{text} is not a number") from None


def read_options():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--url", default="http://127.0.0.1:8080")
    options.add_argument("--email", default="you@example.org")
    options.add_argument("--password-file", help="else $MARKET_MAKER_PASSWORD, else it is asked for")
    options.add_argument("--symbol", default=SYMBOL)
    options.add_argument("--quantity", default=QUANTITY)
    options.add_argument("--spread-bps", type=decimal, default=Decimal(SPREAD_BPS))
    options.add_argument("--middle", type=decimal, help="quote around this price instead of the market's")
    options.add_argument("--rounds", type=int, default=0, help="end after so many; 0 (default): Ctrl-C ends it")
    options.add_argument("--pause", type=float, default=1.0, help="seconds between two rounds (default 1)")
    options.add_argument("--timeout", type=float, default=5.0, help="seconds to wait for one answer (default 5)")
    options.add_argument("--patience", type=float, default=60.0, help="seconds to go on trying (default 60)")
    return options.parse_args()


def password_of(given):
    if given.password_file:
        with open(given.password_file, encoding="utf-8") as file:
            return file.readline().rstrip("\n")
    return os.environ.get("MARKET_MAKER_PASSWORD") or getpass.getpass(f"Password of {given.email}: ")


def main():
    given = read_options()
    exchange = Exchange(given.url, given.email, password_of(given), given.timeout, given.patience)
    exchange.log_in()
    maker = Maker(exchange, given.symbol, given.quantity, given.spread_bps, given.middle)
    stop, number = Stop(), 0
    try:
        while not stop.is_wanted and (given.rounds == 0 or number < given.rounds):
            number += 1
            maker.round(number)
            if number != given.rounds:
                stop.wait(given.pause)
    finally:
        maker.cancel_all()
        print(f"{number} rounds, {maker.placed} orders placed, {exchange.repeats} requests repeated; nothing is left open",
              flush=True)
    return 0 if maker.placed else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("market_maker.py: ended at once; orders may still be open")
    except (Refused, Unreachable, OSError) as error:
        sys.exit(f"market_maker.py: {error}")
