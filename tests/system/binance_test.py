"""The Binance-compatible API on the real binary: two accounts trade through REST and the WebSocket API, kill -9 and restart
included; and every way a signed request can be wrong."""
import base64
import hashlib
import hmac
import http.client
import json
import pathlib
import subprocess
import tempfile
import time
import unittest
import urllib.parse
from decimal import Decimal

import support
from traders import Trader, administrator, deposit

LIMIT = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC"}


class Bot:
    """A client in Binance's words with one kept-alive connection."""

    def __init__(self, node, key="", secret=""):
        self.node, self.key, self.secret = node, key, secret
        self._connection = None

    def sign(self, payload):
        return hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    def signed(self, params, at=None):
        """`params` with timestamp and signature as a query."""
        sent = dict(params, timestamp=at or int(time.time() * 1000))
        query = urllib.parse.urlencode(sent)
        return query + "&signature=" + self.sign(query)

    def send(self, method, path, query="", form=None, headers=None):
        """(status, JSON, headers) of raw bytes."""
        sent = {"X-MBX-APIKEY": self.key} if self.key else {}
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        sent.update(headers or {})
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.node.host, self.node.port, timeout=30)
        try:
            self._connection.request(method, path + ("?" + query if query else ""), form, sent)
            got = self._connection.getresponse()
            text = got.read().decode()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        return got.status, json.loads(text), {k.lower(): v for k, v in got.getheaders()}

    def call(self, method, path, **params):
        """The JSON of a signed request, which succeeds. POST sends a form, the others a query."""
        query = self.signed(params)
        status, body, _ = self.send(method, path, "", query) if method == "POST" else self.send(method, path, query)
        if status != 200:
            raise AssertionError(f"{method} {path} {params} -> {status} {body}")
        return body

    def refused(self, method, path, **params):
        """(status, code) of a signed request that is refused."""
        status, body, _ = self.send(method, path, self.signed(params))
        if status == 200:
            raise AssertionError(f"{method} {path} {params} -> {body}")
        return status, body["code"]

    def balances(self):
        rows = self.call("GET", "/api/v3/account")["balances"]
        return {row["asset"]: Decimal(row["free"]) + Decimal(row["locked"]) for row in rows}

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Market(support.NodeTestCase):
    """A node and two users with money and keys."""

    def setUp(self):
        self.at = self.node()
        self.admin = administrator(self, self.at)
        self.anna, self.bert = Trader(self, self.at).register(), Trader(self, self.at).register()
        deposit(self, self.admin, self.anna, "USDT", "100000")
        deposit(self, self.admin, self.bert, "BTC", "10")
        self.buyer, self.seller = self.bot(self.anna), self.bot(self.bert)

    def bot(self, trader, **more):
        made = self.expect(trader.api.post("api-keys", {"label": "bot", "scopes": ["read", "trade"], "type": "hmac",
                                                        **more}), 201)
        return self.stranger(made["key"], made.get("secret", ""))

    def stranger(self, key="", secret=""):
        bot = Bot(self.at, key, secret)
        self.addCleanup(bot.close)
        return bot

    def reconnect(self):
        for bot in (self.buyer, self.seller):
            bot.close()


class Trading(Market):
    def test_public_data(self):
        bot = self.buyer
        self.assertEqual(bot.send("GET", "/api/v3/ping")[1], {})
        served = bot.send("GET", "/api/v3/time")[1]["serverTime"]
        self.assertLess(abs(served - time.time() * 1000), 5000)
        status, info, headers = bot.send("GET", "/api/v3/exchangeInfo")
        self.assertEqual(status, 200)
        self.assertIn("x-mbx-used-weight-1m", headers)
        self.assertIn("BTCUSDT", [one["symbol"] for one in info["symbols"]])
        self.assertEqual(bot.send("GET", "/api/v3/depth", "symbol=BTCUSDT")[1]["bids"], [])
        self.assertEqual(bot.send("GET", "/api/v3/nothing")[0], 404)
        self.assertEqual(bot.send("GET", "/sapi/v1/system/status")[1], {"status": 0, "msg": "normal"})

    def test_two_accounts_trade_through_a_crash(self):
        buyer, seller = self.buyer, self.seller
        before = {asset: buyer.balances().get(asset, 0) + seller.balances().get(asset, 0) for asset in ("BTC", "USDT")}
        order = buyer.call("POST", "/api/v3/order", **LIMIT, side="BUY", quantity="0.5", price="20000",
                           newClientOrderId="x-crash")
        self.assertEqual(order["status"], "NEW")
        replayed = seller.signed(dict(LIMIT, side="SELL", quantity="0.2", price="20000", recvWindow=60000))
        status, sold, headers = seller.send("POST", "/api/v3/order", "", replayed)
        self.assertEqual((status, sold["status"]), (200, "FILLED"))
        self.assertEqual(headers["x-mbx-order-count-10s"], "1")
        self.assertEqual(sold["fills"][0]["commission"], "4.00000000")
        again = seller.send("POST", "/api/v3/order", "", replayed)
        self.assertEqual((again[0], again[1]), (400, {"code": -2010, "msg": "Duplicate order sent."}))

        self.at.kill()
        self.at.start()
        self.reconnect()
        again = seller.send("POST", "/api/v3/order", "", replayed)  # the account remembers it across the crash
        self.assertEqual((again[0], again[1]["code"]), (400, -2010))
        found = buyer.call("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="x-crash")
        self.assertEqual((found["status"], found["executedQty"]), ("PARTIALLY_FILLED", "0.20000000"))
        self.assertEqual(found["orderId"], order["orderId"])
        trades = buyer.call("GET", "/api/v3/myTrades", symbol="BTCUSDT")
        self.assertEqual([one["qty"] for one in trades], ["0.20000000"])

        gone = buyer.call("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
        self.assertEqual([one["status"] for one in gone], ["CANCELED"])
        self.assertEqual(buyer.refused("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=order["orderId"]),
                         (400, -2011))
        done = buyer.call("GET", "/api/v3/allOrders", symbol="BTCUSDT")
        self.assertEqual([one["status"] for one in done], ["CANCELED"])
        # Nothing is lost but the fees.
        after = {asset: buyer.balances().get(asset, 0) + seller.balances().get(asset, 0) for asset in ("BTC", "USDT")}
        self.assertEqual(before["BTC"] - after["BTC"], Decimal("0.0002"))
        self.assertEqual(before["USDT"] - after["USDT"], Decimal("4"))
        tape = buyer.send("GET", "/api/v3/aggTrades", "symbol=BTCUSDT")[1]
        self.assertLessEqual(len(tape), 1)  # a crash may take the tape's tail

    def test_order_types(self):
        buyer, seller = self.buyer, self.seller
        seller.call("POST", "/api/v3/order", **LIMIT, side="SELL", quantity="1", price="20000")
        spent = buyer.call("POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="MARKET", quoteOrderQty="2000")
        self.assertEqual((spent["status"], spent["executedQty"]), ("FILLED", "0.10000000"))
        part = buyer.call("POST", "/api/v3/order", symbol="BTCUSDT", type="LIMIT", timeInForce="FOK", side="BUY",
                          quantity="2", price="20000")
        self.assertEqual((part["status"], part["executedQty"]), ("EXPIRED", "0.00000000"))
        self.assertEqual(buyer.refused("POST", "/api/v3/order", symbol="BTCUSDT", type="LIMIT_MAKER", side="BUY",
                                       quantity="1", price="20000"), (400, -2010))
        buyer.call("POST", "/api/v3/order", symbol="BTCUSDT", type="STOP_LOSS_LIMIT", timeInForce="GTC", side="BUY",
                   quantity="0.1", price="21000", stopPrice="20500")
        waiting = buyer.call("GET", "/api/v3/openOrders", symbol="BTCUSDT")
        self.assertEqual([(one["type"], one["isWorking"]) for one in waiting], [("STOP_LOSS_LIMIT", False)])
        moved = buyer.call("POST", "/api/v3/order/cancelReplace", **LIMIT, side="BUY", quantity="0.1", price="19000",
                           cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=waiting[0]["orderId"])
        self.assertEqual(moved["newOrderResponse"]["status"], "NEW")
        self.assertEqual(buyer.call("POST", "/api/v3/order/test", **LIMIT, side="BUY", quantity="1", price="1000"), {})
        self.assertEqual(buyer.call("GET", "/api/v3/account/commission", symbol="BTCUSDT")["standardCommission"]["maker"],
                         "0.00100000")
        self.assertEqual(buyer.call("GET", "/sapi/v1/asset/tradeFee", symbol="BTCUSDT")[0]["symbol"], "BTCUSDT")
        self.assertEqual(len(buyer.call("GET", "/api/v3/rateLimit/order")), 2)

    def test_websocket_api(self):
        stream = self.at.stream("/ws-api/v3")
        bot = self.buyer

        def ask(method, params=None, key=True, id=1):
            params = dict(params or {})
            if key:
                params.update(apiKey=bot.key, timestamp=int(time.time() * 1000))
                payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
                params["signature"] = bot.sign(payload)
            stream.send({"id": id, "method": method, "params": params})
            return stream.receive()

        self.assertEqual(ask("ping", key=False, id="a")["id"], "a")
        placed = ask("order.place", dict(LIMIT, side="BUY", quantity="0.1", price="10000"))
        self.assertEqual((placed["status"], placed["result"]["status"]), (200, "NEW"))
        self.assertEqual(placed["rateLimits"][0]["rateLimitType"], "REQUEST_WEIGHT")
        self.assertEqual(ask("openOrders.status")["result"][0]["orderId"], placed["result"]["orderId"])
        self.assertEqual(ask("session.logon")["result"]["apiKey"], bot.key)
        stream.send({"id": 9, "method": "account.status", "params": {"timestamp": int(time.time() * 1000)}})
        self.assertEqual(stream.receive()["status"], 200)
        gone = ask("openOrders.cancelAll", {"symbol": "BTCUSDT"})
        self.assertEqual(len(gone["result"]), 1)
        stream.send("{")
        self.assertEqual(stream.receive()["error"]["code"], -1100)
        self.assertTrue(stream.is_open)


class Signatures(Market):
    PATH = "/api/v3/account"

    def code(self, query, bot=None, **more):
        status, body, _ = (bot or self.buyer).send("GET", self.PATH, query, **more)
        return (status, body.get("code", 0))

    def test_time(self):
        now = int(time.time() * 1000)
        self.assertEqual(self.code(self.buyer.signed({}, now)), (200, 0))
        self.assertEqual(self.code(self.buyer.signed({}, now - 20_000)), (400, -1021))
        self.assertEqual(self.code(self.buyer.signed({}, now + 20_000)), (400, -1021))
        self.assertEqual(self.code(self.buyer.signed({"recvWindow": 60000}, now - 20_000)), (200, 0))
        self.assertEqual(self.code(self.buyer.signed({"recvWindow": 60001}, now)), (400, -1131))
        self.assertEqual(self.code(self.buyer.signed({}, now * 1000)), (200, 0))  # microseconds
        self.assertEqual(self.code(self.buyer.signed({}, "soon")), (400, -1100))

    def test_bytes(self):
        now = int(time.time() * 1000)
        good = f"omitZeroBalances=true&timestamp={now}"
        sign = self.buyer.sign
        self.assertEqual(self.code(good + "&signature=" + sign(good)), (200, 0))
        self.assertEqual(self.code(good + "&signature=" + sign(good).upper()), (200, 0))
        self.assertEqual(self.code("signature=" + sign(good) + "&" + good), (200, 0))
        turned = f"timestamp={now}&omitZeroBalances=true"
        self.assertEqual(self.code(turned + "&signature=" + sign(good)), (400, -1022))
        self.assertEqual(self.code(turned + "&signature=" + sign(turned)), (200, 0))
        encoded = f"omitZeroBalances=%74%72ue&timestamp={now}"
        self.assertEqual(self.code(encoded + "&signature=" + sign(encoded)), (200, 0))
        self.assertEqual(self.code(encoded + "&signature=" + sign(good)), (400, -1022))
        for bad in ("", "00", "zz", sign(good)[:-2], sign(good) + "00", "%00", "é"):
            status, code = self.code(good + "&signature=" + urllib.parse.quote(bad, safe="%"))
            self.assertIn((status, code), ((400, -1022), (400, -1102), (400, -1100), (400, -1105)), bad)
        doubled = good + "&omitZeroBalances=true"
        self.assertEqual(self.code(doubled + "&signature=" + sign(doubled)), (400, -1101))
        twice = good + "&signature=" + sign(good)
        self.assertEqual(self.code(twice + "&signature=" + sign(good)), (400, -1101))

    def test_query_and_form(self):
        query = urllib.parse.urlencode(dict(LIMIT, side="BUY"))
        form = f"quantity=0.1&price=10000&timestamp={int(time.time() * 1000)}"
        signature = "&signature=" + self.buyer.sign(query + form)
        status, body, _ = self.buyer.send("POST", "/api/v3/order", query, form + signature)
        self.assertEqual((status, body.get("status")), (200, "NEW"))
        # The query wins over the form, and both are signed.
        query += "&price=11000"
        signature = "&signature=" + self.buyer.sign(query + form)
        status, body, _ = self.buyer.send("POST", "/api/v3/order", query, form + signature)
        self.assertEqual((status, body.get("price")), (200, "11000.00000000"))

    def test_symbol_beyond_ascii(self):
        params = dict(LIMIT, side="BUY", quantity="1", price="10000", symbol="１２３４５６")
        self.assertEqual(self.buyer.refused("POST", "/api/v3/order", **params), (400, -1121))

    def test_keys(self):
        self.assertEqual(self.code(self.buyer.signed({}), self.stranger()), (401, -2014))
        self.assertEqual(self.code(self.buyer.signed({}), self.stranger("short")), (401, -2014))
        self.assertEqual(self.code(self.buyer.signed({}), self.stranger("a" * 64)), (401, -2015))
        # Another's key and this one's secret.
        mixed = self.stranger(self.seller.key, self.buyer.secret)
        self.assertEqual(self.code(mixed.signed({}), mixed), (400, -1022))
        reader = self.bot(self.anna, scopes=["read"])
        self.assertEqual(self.code(reader.signed({}), reader), (200, 0))
        self.assertEqual(reader.refused("POST", "/api/v3/order", **LIMIT, side="BUY", quantity="1", price="10000"),
                         (401, -2015))
        elsewhere = self.bot(self.anna, ip_allow=["10.0.0.0/8"])
        self.assertEqual(self.code(elsewhere.signed({}), elsewhere), (401, -2015))
        soon = self.bot(self.anna, expires_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3)))
        self.assertEqual(self.code(soon.signed({}), soon), (200, 0))
        end = time.monotonic() + 20
        while self.code(soon.signed({}), soon) == (200, 0):
            self.assertLess(time.monotonic(), end, "the key never ended")
            time.sleep(0.2)
        self.assertEqual(self.code(soon.signed({}), soon), (401, -2015))

    def test_ed25519(self):
        with tempfile.TemporaryDirectory(prefix="rialto-keys-") as home:
            private, public = pathlib.Path(home) / "private.pem", pathlib.Path(home) / "public.pem"
            subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
            subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
            bot = self.bot(self.anna, type="ed25519", public_key=public.read_text())

            def sign(payload):
                message, out = pathlib.Path(home) / "message", pathlib.Path(home) / "signature"
                message.write_text(payload)
                subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", private, "-rawin", "-in", message, "-out",
                                out], check=True)
                return base64.b64encode(out.read_bytes()).decode()

            query = f"timestamp={int(time.time() * 1000)}&recvWindow=60000"
            signature = sign(query)
            self.assertEqual(self.code(query + "&signature=" + urllib.parse.quote(signature, safe=""), bot), (200, 0))
            self.assertEqual(self.code(query + "&signature=" + signature.swapcase(), bot), (400, -1022))
            bot.secret = "x"  # the wrong kind of signature
            self.assertEqual(self.code(bot.signed({}), bot), (400, -1022))

    def test_revoked_under_an_open_connection(self):
        stream = self.at.stream("/ws-api/v3")
        params = {"apiKey": self.buyer.key, "timestamp": int(time.time() * 1000)}
        params["signature"] = self.buyer.sign("&".join(f"{name}={params[name]}" for name in sorted(params)))
        stream.send({"id": 1, "method": "session.logon", "params": params})
        self.assertEqual(stream.receive()["status"], 200)
        self.assertEqual(self.code(self.buyer.signed({})), (200, 0))
        gone = self.anna.api.delete("api-keys/" + self.buyer.key)
        self.assertIn(gone.status, (200, 204), gone.text)
        self.assertEqual(self.code(self.buyer.signed({})), (401, -2015))
        stream.send({"id": 2, "method": "account.status", "params": {"timestamp": int(time.time() * 1000)}})
        self.assertEqual(stream.receive()["status"], 401)

    def test_secrets_stay_out_of_the_log(self):
        self.code(self.buyer.signed({}))
        self.assertNotIn(self.buyer.secret, self.at.log_text())


if __name__ == "__main__":
    support.main()
