"""A running node is backed up under load; another directory is made of the backup and holds what was acknowledged before it began."""
import collections
import json
import random
import subprocess
import tarfile
import threading
import time
from decimal import Decimal

import support
from traders import Trader, administrator, deposit, pages

# Small snapshots and checkpoints often, so that a backup meets all of them under way.
BUSY = ("--storage.snapshot-events", "100", "--storage.checkpoint-seconds", "1")
FILES = {"journal.sqlite", "token-key", "secret-key", "admin-password", "tape.sqlite"}


class BackupTest(support.NodeTestCase):
    def setUp(self):
        self.seed = int(support.os.environ.get("RIALTO_SEED", "20261130"))
        print(f"seed {self.seed}", flush=True)
        self.subject = self.node(options=BUSY)
        self.home = self.subject.home
        self.admin = administrator(self, self.subject)
        self.traders = [Trader(self, self.subject).register() for _ in range(3)]
        for trader in self.traders:
            deposit(self, self.admin, trader, "BTC", "100")
            deposit(self, self.admin, trader, "USDT", "10000000")
        self.acknowledged = []  # (trader, order id, client order id), in the order of their answers
        self.stop_trading = threading.Event()

    def program(self, *words, code=0):
        done = support.run_program(*words, seconds=300)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def back_up(self, out, *more, code=0):
        return self.program("backup", "--data", self.subject.data, "--out", out, *more, code=code)

    def restore(self, source, data, code=0):
        return self.program("restore", source, "--data", data, code=code)

    def trade(self, trader, prefix, count):
        """Orders, some of which meet, until told to stop."""
        dice, api = random.Random(f"{self.seed} {prefix}"), self.subject.api(trader.api.token)
        for number in range(count):
            if self.stop_trading.is_set():
                break
            client_id = f"{prefix}-{number}"
            answer = api.post("orders", {
                "symbol": "BTCUSDT", "side": dice.choice(["buy", "sell"]), "type": "limit", "time_in_force": "gtc",
                "quantity": f"0.00{dice.randint(100, 900)}", "price": f"{60000 + dice.randint(-30, 30)}.00",
                "client_order_id": client_id})
            self.assertEqual(answer.status, 201, answer.text)
            self.acknowledged.append((trader, answer.json["order_id"], client_id))

    def under_load(self, work):
        """Runs work() while everybody trades; returns its value."""
        self.stop_trading.clear()
        workers = [threading.Thread(target=self.trade, args=(trader, f"load{i}-{time.monotonic_ns()}", 1_000_000))
                   for i, trader in enumerate(self.traders)]
        known = len(self.acknowledged)
        for worker in workers:
            worker.start()
        try:
            deadline = time.monotonic() + 60
            while len(self.acknowledged) < known + 200 and time.monotonic() < deadline:
                time.sleep(0.01)
            return work()
        finally:
            self.stop_trading.set()
            for worker in workers:
                worker.join()

    def start_restored(self, data):
        node = self.node(start=False, data=data, options=BUSY)
        node.start()
        for trader in self.traders:
            trader.node = node
            trader.reconnect()  # the tokens are good, for the keys came along
        return node

    def seen(self):
        return [(trader.balances(), pages(self, trader.api, "orders?limit=200&status=all"),
                 pages(self, trader.api, "executions?limit=200"), pages(self, trader.api, "ledger?limit=200"))
                for trader in self.traders]

    def total(self):
        """{asset: what the traders have, and have paid as fees}"""
        total = collections.Counter()
        for trader in self.traders:
            for asset, (available, hold) in trader.balances().items():
                total[asset] += available + hold
            for row in pages(self, trader.api, "executions?limit=200"):
                total[row["fee_asset"]] += Decimal(row["fee"])
        return {asset: amount for asset, amount in total.items() if amount}

    def test_a_backup_under_load_has_what_was_acknowledged(self):
        out = self.home / "monday.tar.gz"

        def work():
            before = list(self.acknowledged)
            began = len(self.acknowledged)
            said = self.back_up(out)
            return before, len(self.acknowledged) - began, said

        before, meanwhile, said = self.under_load(work)
        self.assertGreater(meanwhile, 0, "nobody traded while the backup was made")
        self.assertRegex(said, r"journal: rows 1 to [\d,]+, 0 of them in 0 archives; [\d,]+ snapshots?")
        self.assertRegex(said, r"links (not )?drained, state [0-9a-f]{16}: clean")
        self.assertRegex(said, rf"wrote {out}: 5 files, [\d,]+ bytes in [\d,]+ \(\d+\.\d : 1\)")
        self.assertEqual(out.stat().st_mode & 0o777, 0o600)
        self.assertFalse((self.home / "monday.tar.gz.unfinished").exists())
        with tarfile.open(out) as packed:  # any tar reads it
            self.assertEqual(set(packed.getnames()), FILES | {"manifest.json"})
            manifest = json.load(packed.extractfile("manifest.json"))
        self.assertEqual({one["name"] for one in manifest["files"]}, FILES)
        secret = (self.subject.data / "token-key").read_text().strip()
        self.assertNotIn(secret, said)

        self.assertEqual(self.subject.stop(), 0)
        restored = self.home / "restored"
        said = self.restore(out, restored)
        self.assertRegex(said, rf"restored {out} of 20\d\d-.*Z into {restored}: {manifest['rows']:,} rows, 5 files")
        self.assertEqual(restored.stat().st_mode & 0o777, 0o700)
        for name in ("token-key", "secret-key", "admin-password"):
            self.assertEqual((restored / name).read_bytes(), (self.subject.data / name).read_bytes())
            self.assertEqual((restored / name).stat().st_mode & 0o777, 0o600)
        node = self.start_restored(restored)
        highest = max(int(order_id) for _, order_id, _ in self.acknowledged)
        for trader, order_id, client_id in before:
            got = self.expect(trader.api.get(f"orders/{order_id}"), 200)
            self.assertEqual(got["client_order_id"], client_id)
        deadline = time.monotonic() + 30  # lists come a little later than orders
        while self.total() != {"BTC": 300, "USDT": 30_000_000} and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.total(), {"BTC": 300, "USDT": 30_000_000})
        fresh = self.traders[0].order("buy", "0.00100", "50000.00")
        self.assertGreater(int(fresh["order_id"]), highest)  # an id given out after the backup is not given twice
        self.assertEqual(node.stop(), 0)
        self.assertIn("clean", self.program("journal", "verify", "--data", restored))

    def test_a_quiet_node_comes_back_as_it_was(self):
        self.trade(self.traders[0], "a", 60)
        self.trade(self.traders[1], "b", 60)
        before = self.seen()
        out = self.home / "folder"
        self.back_up(out)  # a directory, of a node that runs
        self.assertEqual({one.name for one in out.iterdir()}, FILES | {"manifest.json"})
        self.assertEqual(self.subject.stop(), 0)
        self.program("journal", "archive", "--data", self.subject.data, "--keep-days", "0")
        packed = self.home / "stopped.tgz"
        self.assertRegex(self.back_up(packed), r"journal: rows 1 to ([\d,]+), [\d,]+ of them in 1 archive;")
        for number, source in enumerate((out, packed)):
            data = self.home / f"restored{number}"
            data.mkdir()  # an empty directory will do
            self.restore(source, data)
            self.assertEqual((data / "archive").exists(), source == packed)
            node = self.start_restored(data)
            self.assertEqual(self.seen(), before)
            self.assertEqual(node.stop(), 0)
            self.assertIn("clean", self.program("journal", "verify", "--data", data))

    def test_a_killed_node_is_backed_up_as_its_log_has_it(self):
        self.trade(self.traders[0], "a", 40)
        before = [trader.balances() for trader in self.traders]
        self.subject.kill()
        self.back_up(self.home / "dead.tar.gz", "--without-tape")
        self.restore(self.home / "dead.tar.gz", self.home / "restored")
        self.assertFalse((self.home / "restored" / "tape.sqlite").exists())
        self.start_restored(self.home / "restored")
        self.assertEqual([trader.balances() for trader in self.traders], before)

    def test_damage_is_refused_with_its_place(self):
        self.trade(self.traders[0], "a", 20)
        out, target = self.home / "one.tar.gz", self.home / "restored"
        self.back_up(out)
        whole = out.read_bytes()
        for change, words in (
                (lambda b: b[:len(b) // 2] + bytes([b[len(b) // 2] ^ 1]) + b[len(b) // 2 + 1:], r"at byte \d+.*damaged"),
                (lambda b: b[:-1], r"at byte \d+, which is in manifest.json.*not whole|at byte \d+.*not whole"),
                (lambda b: b"", r"at byte 0: the file ends here: it is not whole"),
                (lambda b: b + b"x", r"damaged|behind its end")):
            out.write_bytes(change(whole))
            said = self.restore(out, target, code=1)
            self.assertRegex(said, rf"{out}: .*({words})")
            self.assertFalse((target / "journal.sqlite").exists())
        folder = self.home / "folder"
        self.back_up(folder)
        sound = (folder / "journal.sqlite").read_bytes()
        damaged = bytearray(sound)
        damaged[len(damaged) // 2] ^= 1
        (folder / "journal.sqlite").write_bytes(damaged)
        self.assertIn(f"{folder}: journal.sqlite is damaged", self.restore(folder, target, code=1))
        (folder / "journal.sqlite").write_bytes(sound)
        (folder / "secret-key").unlink()
        self.assertIn("secret-key is missing", self.restore(folder, target, code=1))
        out.write_bytes(whole)
        self.restore(out, target)  # what the attempts left is not in the way
        self.start_restored(target)

    def test_wrong_words_touch_nothing(self):
        out = self.home / "one.tar.gz"
        self.back_up(out)
        content = out.read_bytes()
        self.assertIn("is there already", self.back_up(out, code=2))
        self.assertEqual(out.read_bytes(), content)
        self.assertIn("there is no directory", self.back_up(self.home / "no" / "one.tar.gz", code=2))
        self.assertIn("lost with it", self.back_up(self.subject.data / "one.tar.gz", code=2))
        nothing = self.home / "nothing"
        nothing.mkdir()
        self.assertIn("there is no journal.sqlite in", self.program("backup", "--data", nothing, "--out", "x.tgz", code=2))
        self.assertIn("pg_dump", self.program("backup", "--data", "postgres://u:p@h/d", "--out", "x.tgz", code=2))
        self.assertNotIn("u:p", self.program("backup", "--data", "postgres://u:p@h/d", "--out", "x.tgz", code=2))

        self.assertRegex(self.restore(out, self.subject.data, code=2), r"is not empty \(it has [a-z.-]+\)")
        self.assertIn("rialto migrate", self.restore(out, "postgres://u:p@h/d", code=2))
        self.assertIn("there is no file", self.restore(self.home / "none", nothing, code=2))
        self.assertIn("has no manifest.json", self.restore(self.subject.data, nothing, code=2))
        self.assertIn("rialto journal restore", self.restore(self.subject.data / "journal.sqlite", nothing, code=2))
        dump = self.home / "dump"
        dump.write_bytes(b"PGDMP" + bytes(100))
        self.assertIn("pg_restore", self.restore(dump, nothing, code=2))
        self.assertEqual(list(nothing.iterdir()), [])

    def test_a_backup_that_was_killed_leaves_room_for_the_next(self):
        out = self.home / "one.tar.gz"
        left = self.home / "one.tar.gz.unfinished"
        (left / "data").mkdir(parents=True)
        (left / "data" / "journal.sqlite").write_bytes(b"half")
        (left / "packed").write_bytes(b"half")
        self.back_up(out)
        self.restore(out, self.home / "restored")

    def test_two_backups_to_one_place(self):
        out = self.home / "one.tar.gz"
        running = [subprocess.Popen([str(support.BINARY), "backup", "--data", str(self.subject.data), "--out", str(out)],
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                    env=support.clean_environment()) for _ in range(2)]
        said = [one.communicate(timeout=300)[0] for one in running]
        self.assertIn(0, [one.returncode for one in running], said)
        self.restore(out, self.home / "restored")


if __name__ == "__main__":
    support.main()
