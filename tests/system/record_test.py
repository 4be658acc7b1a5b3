"""`rialto record` at an exchange that misbehaves: the file is whole however it ended, and replays to the exchange's books."""
import gzip
import hashlib
import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import connect_proxy
import support
import traders
from live_support import SYMBOL, LiveCase

OTHER = "NKNUSDT"


class RecordTest(LiveCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="rialto-record-"))
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)

    def arguments(self, peer, out, *more, symbols=SYMBOL):
        return ["record", "--symbols", symbols, "--out", out, "--rest-url", peer.rest_url, "--stream-url", peer.stream_url,
                "--ca-file", peer.ca_file, *more]

    def begin_recording(self, peer, out, *more, symbols=SYMBOL, environment=None):
        made = subprocess.Popen([str(support.BINARY), *map(str, self.arguments(peer, out, *more, symbols=symbols))],
                                env=support.clean_environment(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (made.kill(), made.communicate()))
        count = len(symbols.split(","))
        self.wait(lambda: made.poll() is not None or any(len(one.subscribed) >= 4 * count for one in list(peer.connections)), "subscribed")
        self.assertIsNone(made.poll(), made.poll() is not None and made.communicate())
        return made

    def end(self, recording, how=signal.SIGTERM):
        recording.send_signal(how)
        said, complained = recording.communicate(timeout=60)
        self.assertEqual(recording.returncode, 0, said + complained)
        return said

    def lines(self, out):
        """(receive time, JSON) of every line; raises when the file is not whole."""
        with (gzip.open if out.name.endswith(".gz") else open)(out, "rt", encoding="utf-8") as file:
            return [(int(at), json.loads(text)) for at, text in (line.split(" ", 1) for line in file)]

    def last_update(self, out, symbol):
        """The last id of a symbol's book in what is written so far; 0: none."""
        known = [int(number) for number in re.findall(rf'"s":"{symbol}","U":[0-9]+,"u":([0-9]+)', out.read_text())]
        return known[-1] if known else 0

    def digest(self, book):
        return hashlib.sha256(json.dumps(book).encode()).hexdigest()

    def check_replay(self, out, peer, symbols):
        """A node that plays the file ends with the exchange's books, level by level."""
        node = self.node(feed=f"replay:{out}@max")
        admin = traders.administrator(self, node)
        for symbol in symbols:
            if symbol != SYMBOL:
                self.expect(admin.api.post("admin/instruments", {
                    "symbol": symbol, "base": symbol.removesuffix("USDT"), "quote": "USDT", "tick_size": "0.0001", "lot_size": "0.01",
                    "mode": "mirrored"}), 201)
            wanted = self.peers_book(peer, symbol)
            self.assertGreater(min(len(wanted[0]), len(wanted[1])), 50)
            self.wait(lambda: self.book(node, symbol) == wanted, f"{symbol} as the exchange's", 60)
            self.assertEqual(self.digest(self.book(node, symbol)), self.digest(wanted))
        self.assertEqual(node.stop(), 0)

    def test_what_was_recorded_replays_to_the_same_books(self):
        peer = self.peer("both", ping_seconds=0.5)
        out = self.place / "made.jsonl"
        recording = self.begin_recording(peer, out, symbols=f"{SYMBOL},{OTHER}")
        peer.play(speed=10, until=6_000)
        self.wait(lambda: peer.market.said > 1_000, "played a while")
        peer.fault("drop")          # a gap: the book is lost, and asked for anew
        self.wait(lambda: peer.injected["drop"] == 1 and peer.market.said > 2_500, "the gap fell")
        peer.fault("garbage")
        self.wait(lambda: peer.injected["garbage"] == 1 and peer.market.said > 4_000, "the garbage fell")
        peer.cut()
        self.wait(lambda: peer.seen["connects"] >= 2 and peer.connections, "connected again")
        peer.wait_played()
        peer.play(speed=10, until=9_000)
        peer.wait_played()
        for symbol in (SYMBOL, OTHER):
            last = peer.call(lambda: peer.market.books[symbol].last_update)
            self.wait(lambda: self.last_update(out, symbol) == last or symbol == OTHER, f"{symbol} written to its end")
        said = self.end(recording)
        self.assertRegex(said, r"2 of 2 books in step")
        whole = [text for _, text in re.findall(r"(?m)^([0-9]+) (.*)$", out.read_text())]
        self.assertGreaterEqual(sum(text.startswith('{"lastUpdateId"') for text in whole), 4)  # two at first, one a gap, two a cut
        self.check_replay(out, peer, (SYMBOL, OTHER))
        self.check_manners(peer)

    def test_a_signal_ends_a_compressed_file_with_its_trailer(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(how):
                peer = self.peer()
                out = self.place / f"made-{how.name}.jsonl.gz"
                recording = self.begin_recording(peer, out)
                peer.play(until=2_000)
                peer.wait_played()
                self.wait(lambda: out.stat().st_size > 20_000, "much is written")
                said = self.end(recording, how)
                lines = self.lines(out)
                self.assertEqual(sum("lastUpdateId" in text for _, text in lines), 1)
                self.assertEqual([at for at, _ in lines], sorted(at for at, _ in lines))
                self.assertLess(abs(lines[0][0] / 1e9 - time.time()), 600)
                streams = {text["stream"] for _, text in lines if "stream" in text}
                self.assertLessEqual({f"btcusdt@{name}" for name in ("depth@100ms", "trade", "bookTicker")}, streams)
                self.assertIn(f"{len(lines) - 1:,} messages, 1 snapshot, 1 of 1 book in step", said)

    def test_it_ends_by_itself_after_so_many_messages_or_seconds(self):
        peer = self.peer()
        out = self.place / "counted.jsonl.gz"
        recording = self.begin_recording(peer, out, "--messages", 500)
        peer.play(until=5_000)
        said, complained = recording.communicate(timeout=120)
        self.assertEqual(recording.returncode, 0, said + complained)
        self.assertEqual(sum("stream" in text for _, text in self.lines(out)), 500)

        out = self.place / "timed.jsonl"
        recording = self.begin_recording(peer, out, "--seconds", 5)
        peer.play(until=peer.market.said + 1_000)
        said, complained = recording.communicate(timeout=120)
        self.assertEqual(recording.returncode, 0, said + complained)

    def test_a_proxy_is_used_and_its_password_is_not_said(self):
        peer = self.peer()
        proxy = connect_proxy.ConnectProxy("operator", "s3cret-pass")
        self.addCleanup(proxy.close)
        address = {"RIALTO_FEED_PROXY": f"http://operator:s3cret-pass@127.0.0.1:{proxy.port}"}
        recording = self.begin_recording(peer, self.place / "made.jsonl", "--messages", 100, environment=address)
        peer.play(until=1_000)
        said, complained = recording.communicate(timeout=120)
        self.assertEqual(recording.returncode, 0, said + complained)
        self.assertGreaterEqual(proxy.seen["tunnels"], 1)
        self.assertNotIn("s3cret", said + complained)

    def test_what_is_wrong_is_said_and_nothing_is_overwritten(self):
        peer = self.peer()
        there = self.place / "there.jsonl"
        there.write_text("precious\n")
        done = support.run_program(*self.arguments(peer, there))
        self.assertEqual((done.returncode, there.read_text()), (2, "precious\n"))
        self.assertIn("--force", done.stderr)
        for words, wanted in ((["--symbols", "btc", "--out", "x"], "--symbols"), (["--symbols", "A,", "--out", "x"], "--symbols"),
                              (["--symbols", "A", "--out", "x", "--rest-url", "http://example.org"], "--rest-url"),
                              (["--symbols", "A", "--out", "x", "--stream-url", "ftp://x"], "--stream-url"),
                              (["--symbols", "A", "--out", "x", "--ca-file", "/no/such"], "--ca-file"),
                              (["--symbols", "A", "--out", "x", "--seconds", "0"], "--seconds"),
                              (["--symbols", "A"], "--out"), (["--out", "x"], "--symbols"),
                              (["--symbols", "A", "--out", self.place / "no" / "folder"], "No such file")):
            with self.subTest(words):
                done = support.run_program("record", *words, cwd=self.place)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(wanted, done.stderr)
        self.assertEqual([one.name for one in self.place.iterdir()], ["there.jsonl"])
        done = support.run_program(*self.arguments(peer, there, "--force", "--seconds", 1))
        self.assertEqual(done.returncode, 1, done.stdout)  # it was connected, but nothing was played
        self.assertIn("nothing was received", done.stderr)

    def test_a_full_disk_is_said(self):
        if not pathlib.Path("/dev/full").exists():
            self.skipTest("there is no /dev/full")
        peer = self.peer()
        recording = self.begin_recording(peer, "/dev/full", "--force")
        peer.play(until=3_000)
        _, complained = recording.communicate(timeout=60)
        self.assertEqual(recording.returncode, 1)
        self.assertIn("No space left on device", complained)


if __name__ == "__main__":
    support.main()
