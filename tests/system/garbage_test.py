"""Foreign bytes: bodies, frames and recordings that are wrong. A clear error, nothing lost, nothing crashed."""
import gzip
import json
import os
import random
import unittest

import support
from traders import Trader, administrator, deposit

GOOD = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "time_in_force": "gtc", "quantity": "0.00100", "price": "10000.00"}


class GarbageTest(support.NodeTestCase):
    def setUp(self):
        self.seed = int(os.environ.get("RIALTO_SEED", "7"))
        self.dice = random.Random(self.seed)

    def mutated(self, text):
        data = bytearray(text.encode())
        for _ in range(self.dice.randint(1, 6)):
            kind = self.dice.randint(0, 3)
            at = self.dice.randrange(len(data) + 1) if data else 0
            if kind == 0 and data:
                data[at % len(data)] = self.dice.randrange(256)
            elif kind == 1:
                data[at:at] = bytes(self.dice.randrange(256) for _ in range(self.dice.randint(1, 9)))
            elif kind == 2:
                del data[at:at + self.dice.randint(1, 30)]
            else:
                data += data[:at]
        return bytes(data)

    def test_bodies(self):
        node = self.node()
        admin = administrator(self, node)
        trader = Trader(self, node).register()
        deposit(self, admin, trader, "USDT", "1000000")
        vectors = [
            ({"symbol": 5}, "symbol"), ({"side": "hold"}, "side"), ({"quantity": 1.5}, "quantity"), ({"quantity": "-1"}, "quantity"),
            ({"quantity": "1e5"}, "quantity"), ({"quantity": "NaN"}, "quantity"), ({"quantity": "0"}, "quantity"),
            ({"quantity": "0.000001"}, "quantity"), ({"price": "10000.001"}, "price"), ({"price": "9" * 60}, "price"),
            ({"price": None}, "price"), ({"type": "stop"}, "type"), ({"time_in_force": "DAY"}, "time_in_force"),
            ({"client_order_id": "x" * 37}, "client_order_id"), ({"client_order_id": "a\u0000b"}, "client_order_id"),
            ({"leverage": 10}, "leverage"), ({"quantity": "1", "quote_quantity": "1"}, "quote_quantity"),
        ]
        for change, field in vectors:
            with self.subTest(change=change):
                answer = trader.api.post("orders", {**GOOD, **change})
                self.assertIn(answer.status, (400, 422), answer.text)
                self.assertEqual(answer.headers["content-type"].split(";")[0], "application/problem+json")
                self.assertIn(field, answer.text)
        statuses = {}
        for number in range(400):
            body = self.mutated(json.dumps(GOOD))
            answer = trader.api.request("POST", "orders", body)
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            self.assertIn(answer.status, (200, 201, 400, 404, 409, 422), f"seed {self.seed}, {number}: {body!r} -> {answer}")
            if answer.status >= 400:
                self.assertTrue(answer.json["code"], answer.text)
        print(f"mutated bodies: {statuses}", flush=True)
        self.assertEqual(trader.api.get("account/balances").status, 200)

    def test_frames(self):
        node = self.node()
        trader = Trader(self, node).register()
        good = {"id": 1, "op": "subscribe", "channels": ["book.BTCUSDT"]}
        answered = 0
        for number in range(200):
            stream = node.stream()
            try:
                stream.send(self.mutated(json.dumps(good)) if number % 4 else self.mutated(json.dumps(good)).decode("latin-1"))
                stream.receive(10)
                answered += 1
            except TimeoutError:
                self.fail(f"seed {self.seed}: no answer to frame {number}")
            except Exception as error:  # websockets.ConnectionClosed: refused with a close code
                self.assertIn("ConnectionClosed", type(error).__name__, repr(error))
            finally:
                stream.close()
        self.assertGreater(answered, 50)
        self.assertEqual(trader.api.get("account/balances").status, 200)

    def test_recordings(self):
        line = ('{} {{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":{},"u":{},'
                '"b":[["61730.17000000","{}"]],"a":[["61837.64000000","1.50000000"]]}}}}')
        snapshot = '1723161254000000000 {"lastUpdateId":100,"bids":[["61730.17000000","1.00000000"]],"asks":[["61837.64000000","2.00000000"]]}'
        good = [snapshot] + [line.format(1723161254000000000 + i * 1000000, 100 + i, 100 + i, "1.0") for i in range(1, 40)]
        bad = ["", "no time here", "5 {", "1723161254000000001 " + '{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","p":"NaN"}}',
               line.format(1723161254100000000, 141, 141, "1e400"), line.format(1723161254100000000, 141, 141, "-1"), "\0" * 50]
        for name, content in (("good", good), ("bad", good + bad), ("only-bad", bad)):
            with self.subTest(name=name):
                node = self.node(start=False)
                path = node.home / f"{name}.jsonl.gz"
                with gzip.open(path, "wt") as file:
                    file.write("\n".join(content) + "\n")
                node.feed = f"replay:{path}@max"
                node.start()
                self.assertEqual(node.api().get("/healthz").status, 200)
                if name != "only-bad":
                    book = self.wait_for_book(node)
                    self.assertEqual(book["bids"][0], ["61730.17", "1.00000"])
                self.assertEqual(node.stop(), 0)
        # A recording cut in the middle of its gz stream.
        node = self.node(start=False)
        path = node.home / "cut.gz"
        whole = gzip.compress(("\n".join(good) + "\n").encode())
        path.write_bytes(whole[:len(whole) * 2 // 3])
        node.feed = f"replay:{path}@max"
        node.start()
        self.assertEqual(node.api().get("/healthz").status, 200)
        self.assertEqual(node.stop(), 0)

    def wait_for_book(self, node):
        import time
        end = time.monotonic() + 15
        while True:
            book = node.api().get("markets/BTCUSDT/book").json
            book = book.get("data", book)
            if book["bids"] or time.monotonic() > end:
                self.assertTrue(book["bids"], book)
                return book
            time.sleep(0.05)


if __name__ == "__main__":
    support.main()
