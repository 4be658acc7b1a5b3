"""Old rows leave the journal for compressed files: everything is as it was, damage is named, and a lost journal comes back."""
import pathlib
import random
import re
import shutil

import support
from traders import Trader, administrator, deposit, pages

# Many small rows and few of them covered by snapshots, so that archiving has to make some.
CALM = ("--storage.snapshot-events", "1000000", "--storage.checkpoint-seconds", "1")
LISTS = ("orders?limit=50&status=all", "executions?limit=50", "ledger?limit=50")


class ArchiveTest(support.NodeTestCase):
    def setUp(self):
        self.seed = int(support.os.environ.get("RIALTO_SEED", "20261123"))
        print(f"seed {self.seed}", flush=True)
        self.dice = random.Random(self.seed)
        self.subject = self.node(options=CALM)
        self.admin = administrator(self, self.subject)
        self.traders = [Trader(self, self.subject).register() for _ in range(3)]
        for trader in self.traders:
            deposit(self, self.admin, trader, "BTC", "100")
            deposit(self, self.admin, trader, "USDT", "10000000")
        self.trade(150)

    def trade(self, count):
        for _ in range(count):
            self.dice.choice(self.traders).order(
                self.dice.choice(["buy", "sell"]), f"0.00{self.dice.randint(100, 900)}",
                f"{60000 + self.dice.randint(-30, 30)}.00")

    def run_journal(self, *words, code=0):
        done = support.run_program("journal", *words)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def archive(self, *more):
        return self.run_journal("archive", "--data", self.subject.data, "--keep-days", "0", *more)

    def verified(self, data=None):
        """(rows, archived rows, events, state) of a clean journal."""
        said = self.run_journal("verify", "--data", data or self.subject.data)
        self.assertIn("clean", said)
        found = re.search(r"(\d+) rows \((\d+) archived\), .* (\d+) events, .* state ([0-9a-f]{16})", said)
        return int(found[1]), int(found[2]), int(found[3]), found[4]

    def stop(self):
        self.assertEqual(self.subject.stop(), 0)

    def start(self):
        self.subject.start()
        for trader in self.traders:
            trader.reconnect()

    def seen(self):
        """All that the traders see: balances, open orders, lists."""
        return [(trader.balances(), pages(self, trader.api, "orders?limit=50&status=open"),
                 *(pages(self, trader.api, path) for path in LISTS)) for trader in self.traders]

    def files(self, data=None):
        return sorted((pathlib.Path(data or self.subject.data) / "archive").iterdir())

    def test_archived_history_is_seen_as_before(self):
        before = self.seen()
        self.stop()
        rows, archived, events, state = self.verified()
        self.assertEqual(archived, 0)
        dump = self.run_journal("dump", "all", "--data", self.subject.data)

        told = self.archive("--dry-run")
        self.assertIn(f"would move rows 1 to {rows - 1:,}", told)
        self.assertFalse((self.subject.data / "archive").exists())
        said = self.archive()
        self.assertRegex(said, rf"moved {rows - 1:,} rows, [\d,]+ events in 1 file: [\d,]+ bytes in [\d,]+ \(\d+\.\d : 1\)")
        self.assertIn(f"journal-0-000000000001-{rows - 1:012}.archive", said)
        self.assertEqual(self.verified(), (rows, rows - 1, events, state))
        self.assertEqual(self.run_journal("dump", "all", "--data", self.subject.data), dump)
        self.assertIn("nothing to move", self.archive())
        self.assertRegex(self.run_journal("stats", "--data", self.subject.data),
                         r"an order +\d+ bytes in the journal, \d+ archived, \d+ in read.sqlite")

        self.start()
        self.assertEqual(self.seen(), before)
        self.stop()
        for name in ("read.sqlite", "read.sqlite-wal", "read.sqlite-shm"):
            (self.subject.data / name).unlink(missing_ok=True)
        self.start()  # lists are made anew from the archive and the table
        self.assertEqual(self.seen(), before)
        self.trade(40)
        after = self.seen()
        self.assertNotEqual(after, before)
        self.stop()
        more = self.archive("--shrink")
        self.assertIn("in 1 file", more)
        self.assertEqual(len(self.files()), 2)
        self.subject.data.joinpath("read.sqlite").unlink()
        self.start()
        self.assertEqual(self.seen(), after)
        self.stop()
        self.verified()

    def test_a_killed_node_archives_and_goes_on(self):
        self.subject.kill()
        rows, _, events, state = self.verified()
        self.archive()
        self.assertEqual(self.verified(), (rows, rows - 1, events, state))
        self.start()
        self.trade(10)
        self.subject.kill()
        self.verified()

    def test_a_running_node_is_left_alone(self):
        said = self.run_journal("archive", "--data", self.subject.data, code=2)
        self.assertIn(f"is in use by process {self.subject.pid}", said)
        self.assertIn("storage.archive-after-days", said)
        self.assertFalse((self.subject.data / "archive").exists())

    def test_damage_is_named(self):
        self.stop()
        self.archive()
        damaged = self.files()[0]
        content = bytearray(damaged.read_bytes())
        content[len(content) // 2] ^= 1
        damaged.write_bytes(content)
        said = self.run_journal("verify", "--data", self.subject.data, code=1)
        self.assertRegex(said, rf"{re.escape(str(damaged))}: block \d+ \(rows \d+ to \d+\) is damaged")
        self.assertIn("NOT CLEAN", said)
        self.start()  # its recovery needs none of these rows
        self.trade(5)
        self.stop()
        damaged.unlink()
        said = self.run_journal("verify", "--data", self.subject.data, code=1)
        self.assertRegex(said, r"rows 1 to \d+ are neither in an archive nor in the table")

    def test_a_lost_journal_comes_back(self):
        before = self.seen()
        deposit(self, self.admin, self.traders[0], "USDT", "1")  # the newest row stays in the table
        self.stop()
        self.archive()
        archived_rows = self.verified()[1]
        self.start()
        self.trade(30)
        now = self.seen()
        self.stop()
        verified = self.verified()
        copy = self.subject.home / "copy.sqlite"
        shutil.copy(self.subject.data / "journal.sqlite", copy)  # the table after the archive
        archive, restored = self.subject.data / "archive", self.subject.home / "restored"

        (self.subject.data / "journal.sqlite").unlink()
        for words in (("verify",), ("archive",), ("stats",)):
            said = self.run_journal(*words, "--data", self.subject.data, code=2)
            self.assertIn("rialto journal restore", said)
        with self.assertRaisesRegex(AssertionError, "rialto journal restore"):
            self.subject.start()

        said = self.run_journal("restore", "--from", copy, "--from", archive, "--to", restored)
        self.assertIn(f"restored {verified[0]:,} rows", said)
        rows, archived, events, state = self.verified(restored)
        self.assertEqual((rows, archived, events, state), (verified[0], 0, verified[2], verified[3]))
        shutil.copy(self.subject.data / "token-key", restored / "token-key")
        old, self.subject.data = self.subject.data, restored
        self.start()  # from no snapshot at all
        self.assertEqual(self.seen(), now)
        self.trade(10)
        Trader(self, self.subject).register()
        again = Trader(self, self.subject, email=self.traders[0].email)
        self.assertEqual(again.api.post("auth/register", {"email": again.email, "password": again.password}).status, 409)
        self.stop()
        self.verified()

        # Without the copy, what was archived is what comes back.
        alone = self.subject.home / "alone"
        said = self.run_journal("restore", "--from", archive, "--to", alone)
        self.assertIn(f"restored {archived_rows:,} rows", said)
        shutil.copy(old / "token-key", alone / "token-key")
        self.subject.data = alone
        self.start()
        self.assertEqual([len(one[2]) for one in self.seen()], [len(one[2]) for one in before])
        self.trade(10)
        self.stop()
        self.verified()

        self.assertIn("has a journal already",
                      self.run_journal("restore", "--from", archive, "--to", alone, code=1))
        gap = self.subject.home / "gap"
        said = self.run_journal("restore", "--from", copy, "--to", gap, code=1)
        self.assertRegex(said, r"row 1 of shard 0 is in no source")
        self.assertFalse((gap / "journal.sqlite").exists())


if __name__ == "__main__":
    support.main()
