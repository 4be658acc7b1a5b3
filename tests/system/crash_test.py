"""The program is killed once at every place it names (storage/crash_point.hpp), under load, and starts again each time:
every acknowledged order is there once, the journal is clean, and trading goes on."""
import http.client
import random
import re
import signal
import subprocess
import threading
import time

import support
from traders import Trader, administrator, deposit

# Settings under which every place is passed within seconds.
BUSY = ("--actors.idle-seconds", "1", "--storage.snapshot-events", "100", "--storage.checkpoint-seconds", "1")
SECONDS = 60  # for a place to be passed, on a busy machine


def places():
    text = (support.SOURCE / "storage" / "crash_point.hpp").read_text()
    return re.findall(r'std::string_view\("([a-z-]+)"\)', text)


class CrashTest(support.NodeTestCase):
    def setUp(self):
        self.seed = int(support.os.environ.get("RIALTO_SEED", "20261123"))
        print(f"seed {self.seed}", flush=True)
        self.subject = self.node(feed="sim", options=BUSY)
        admin = administrator(self, self.subject)
        self.traders = [Trader(self, self.subject).register() for _ in range(3)]
        for trader in self.traders[:2]:  # the third one does nothing, and passivates
            deposit(self, admin, trader, "BTC", "100")
            deposit(self, admin, trader, "USDT", "10000000")
        self.assertEqual(self.subject.stop(), 0)
        self.archive_deaths = 0
        self.acknowledged = {}  # client order id -> (trader, order id)

    def test_every_named_place(self):
        names = places()
        self.assertGreater(len(names), 15)
        for number, name in enumerate(names):
            with self.subTest(place=name):
                self.crash(name, random.Random(f"{self.seed} {name}"))
                self.recover(number)
        print(f"{len(names)} places, {len(self.acknowledged)} orders acknowledged", flush=True)
        done = support.run_program("journal", "verify", "--data", self.subject.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.archive_deaths, 3)
        self.assert_each_once()

    def crash(self, name, dice):
        """Starts the program with the hook, works it, and waits for its death at that place."""
        node = self.subject
        if name.startswith("archive"):
            return self.crash_archiving(name)
        passing = 1 if name.startswith(("start", "stop")) else dice.randint(1, 3)
        if name.startswith(("journal", "commit")):
            passing = dice.randint(5, 200)
        node.binary, node.environment = support.CRASHING, {"RIALTO_CRASH_AT": f"{name}:{passing}"}
        try:
            node.start()
        except AssertionError as early:  # it ended before it was ready
            self.assertIn(f"ended with {-signal.SIGKILL}", str(early))
            return
        finally:
            node.binary, node.environment = support.BINARY, None
        process, stop = node.process, threading.Event()
        for trader in self.traders:
            trader.reconnect()
        workers = [threading.Thread(target=self.trade, args=(trader, f"{name}-{i}", stop, dice.random()))
                   for i, trader in enumerate(self.traders[:2])]
        workers.append(threading.Thread(target=self.register_some, args=(name, stop)))
        for worker in workers:
            worker.start()
        if name.startswith("stop"):
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        stop.set()
        for worker in workers:
            worker.join()
        self.assertEqual(code, -signal.SIGKILL, f"{name}:{passing} was not passed within {SECONDS} s")
        node.process = None

    def crash_archiving(self, name):
        """These places are passed by `journal archive` of a stopped node, which a later start finds half done."""
        done = support.subprocess.run([str(support.CRASHING), "journal", "archive", "--data", str(self.subject.data),
                                       "--keep-days", "0"], env=support.clean_environment({"RIALTO_CRASH_AT": name}),
                                      capture_output=True, text=True, timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, -signal.SIGKILL, f"{name} was not passed: {done.stdout}{done.stderr}")
        self.archive_deaths += 1

    def recover(self, number):
        """A start without the hook: what was acknowledged is there, and an order can be placed."""
        node = self.subject
        node.start()
        for trader in self.traders:
            trader.reconnect()
        for client_id, (trader, order_id) in sorted(self.acknowledged.items(), key=lambda one: one[1][1])[-200:]:
            got = self.expect(trader.api.get(f"orders/{order_id}"), 200)
            self.assertEqual(got["client_order_id"], client_id)
        self.traders[0].order("buy", "0.00100", "20000.00", client_order_id=f"after-{number}")
        self.assertEqual(node.stop(), 0)

    def trade(self, trader, prefix, stop, seed):
        dice, api = random.Random(seed), trader.api
        for number in range(100_000):
            if stop.is_set():
                return
            client_id = f"{prefix}-{number}"
            body = {"symbol": "BTCUSDT", "side": dice.choice(["buy", "sell"]), "type": "limit", "time_in_force": "gtc",
                    "quantity": "0.00100", "price": f"{60000 + dice.randint(-200, 200)}.00", "client_order_id": client_id}
            try:
                answer = api.post("orders", body)
            except (OSError, http.client.HTTPException):
                return  # fate unknown: it may be there or not
            if answer.status == 201:
                self.acknowledged[client_id] = (trader, answer.json["order_id"])
            elif answer.status not in (503, 504):
                self.fail(f"{body} -> {answer}")

    def register_some(self, prefix, stop):
        """New users now and then: they draw numbers, and passivate soon."""
        api = self.subject.api()
        for number in range(60):
            if stop.wait(0.1):
                return
            try:
                api.post("auth/register", {"email": f"{prefix}-{number}@example.org", "password": "correct-horse-battery-9"})
            except (OSError, http.client.HTTPException):
                return

    def assert_each_once(self):
        placed = {}
        for line in support.run_program("journal", "dump", "all", "--data", self.subject.data).stdout.splitlines():
            if '"event":"order_placed"' in line:
                event = support.json.loads(line)["data"]
                key = (event["order"]["account"], event["client_order_id"])
                self.assertNotIn(key, placed, "one client order id placed two orders")
                placed[key] = event["order"]["id"]
        for client_id, (trader, order_id) in self.acknowledged.items():
            self.assertEqual(str(placed[(int(trader.account_id), client_id)]), str(order_id))


if __name__ == "__main__":
    support.main()
