"""Candles of other venues, from files into a stopped node, and back over REST: to the last digit, with the gaps they have."""
import datetime
import gzip
import json
import time
from decimal import Decimal

import support
import traders

MINUTE = 60_000
START = 1_618_963_200_000  # 2021-04-21 00:00 UTC
PRICES = ("open", "high", "low", "close", "volume")


def millis(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1000)


def clock(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def in_file(path):
    """[(open time, prices and volume as Decimals)] of a recorded file."""
    with gzip.open(path, "rt") as text:
        if path.name.endswith(".csv.gz"):
            rows = [line.split(",") for line in text.read().splitlines()[1:]]
        else:
            rows = json.load(text, parse_float=Decimal)
    return [(int(row[0]), tuple(Decimal(cell) for cell in row[1:6])) for row in rows]


def of_rest(items):
    return [(millis(one["open_time"]), tuple(Decimal(one[name]) for name in PRICES)) for one in items]


def csv_row(at, close="100.5", volume="2", length=MINUTE):
    return f"{at},100,101,99.5,{close},{volume},{at + length - 1},200.5,7,1,100.25,0"


class CandlesTest(support.NodeTestCase):
    def setUp(self):
        self.the_node = self.node()
        admin = traders.administrator(self, self.the_node)
        for symbol in ("BTC6USDT", "HOURUSDT"):  # as fine as the recorded volumes are
            self.expect(admin.api.post("admin/instruments", {"symbol": symbol, "base": "BTC", "quote": "USDT",
                                                             "tick_size": "0.01", "lot_size": "0.000001"}), 201)
        self.the_node.stop()

    def run_import(self, *arguments, code=0):
        done = support.run_program("import", "klines", *arguments, "--data", self.the_node.data)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def file(self, name, *rows):
        path = self.the_node.home / name
        path.write_text("".join(row + "\n" for row in rows))
        return path

    def candles(self, symbol, interval, start=1, end=None, limit=1000):
        """Every candle of a stretch, page by page from the newest back, oldest first."""
        api, items = self.the_node.api(), []
        while True:
            until = f"&to={end}" if end is not None else ""
            page = self.expect(api.get(f"markets/{symbol}/candles?interval={interval}&from={start}&limit={limit}{until}"), 200)
            items = page["items"] + items
            if len(page["items"]) < limit:
                return items
            end = millis(page["items"][0]["open_time"])

    def recorded(self, name):
        data = support.recorded_data()
        if data is None:
            self.skipTest("the recorded data are not on this machine")
        return data / "klines" / name

    def test_a_month_of_minutes_is_the_file(self):
        path = self.recorded("BTCUSDT-1m-20210420_20210520.freqtrade.json.gz")
        said = self.run_import(path, "--symbol", "BTC6USDT")
        self.assertIn("42,915 rows: 42,915 new, 0 identical, 0 completed, 0 corrected, 0 refused", said)
        gaps = [line for line in said.splitlines() if line.startswith("gap ")]
        self.assertEqual(gaps, ["gap BTC6USDT 1m from 2021-04-25T04:01:00.000000Z to 2021-04-25T08:45:00.000000Z: "
                                "284 candles missing"])
        self.assertIn("42,915 identical", self.run_import(path, "--symbol", "BTC6USDT"))

        self.the_node.start()
        began = time.monotonic()
        minutes = self.candles("BTC6USDT", "1m")
        print(f"43 pages of 1000 candles took {time.monotonic() - began:.3f} s, one page "
              f"{len(json.dumps(minutes[:1000]))} bytes")
        self.assertEqual(of_rest(minutes), in_file(path))
        self.assertTrue(all(one["closed"] and "corrected" not in one for one in minutes))

        # Rolled up to hours they are the exchange's own, but for three that it amended between the two downloads.
        hours = self.candles("BTC6USDT", "1h")
        ours = dict(of_rest([one for one in hours if "partial" not in one]))
        theirs = dict(in_file(self.recorded("BTCUSDT-1h-20210101_20210620.freqtrade.json.gz")))
        self.assertEqual(len(ours), 714)
        differing = [clock(at) for at, values in ours.items() if theirs[at] != values]
        self.assertEqual(differing, [f"2021-04-{hour}:00:00.000000Z" for hour in ("22T02", "23T01", "23T02")])
        # What is not stored is derived from what is: two hours from hours, three minutes from minutes.
        for interval, part, length in (("2h", hours, 120), ("3m", minutes[:900], 3)):
            wanted = {}
            for one in part:
                wanted.setdefault(millis(one["open_time"]) // (length * MINUTE), []).append(one)
            shown = self.candles("BTC6USDT", interval)[:len(wanted)]
            self.assertEqual([millis(one["open_time"]) for one in shown], [at * length * MINUTE for at in wanted])
            for one, parts in list(zip(shown, wanted.values()))[:-1]:
                self.assertEqual(Decimal(one["volume"]), sum(Decimal(p["volume"]) for p in parts))
                self.assertEqual(Decimal(one["high"]), max(Decimal(p["high"]) for p in parts))
                self.assertEqual((one["open"], one["close"]), (parts[0]["open"], parts[-1]["close"]))

    def test_every_recorded_form_is_read_back_as_it_is(self):
        groups = (
            ("1h", ["BTCUSDT-1h-20210101_20210620.freqtrade.json.gz"], 4, 7),
            ("1h", [f"BTCUSDT-1h-2023-0{month}.csv.gz" for month in range(1, 6)], 1, 1),
            ("1h", ["BTCUSDT-1h-20200430_20200701.rest.json.gz"], 1, 3),
            ("1d", ["BTCUSDT-1d-2019.rest.json.gz"], 0, 0),
        )
        paths = [[self.recorded(name) for name in names] for _, names, _, _ in groups]
        said = [self.run_import(*files, "--symbol", "HOURUSDT") for files in paths]
        self.the_node.start()
        for (interval, _, gaps, missing), files, told in zip(groups, paths, said):
            rows = [row for file in files for row in in_file(file)]
            self.assertEqual(told.count("\ngap "), gaps, told)
            self.assertIn(f"{missing} candle{'' if missing == 1 else 's'} missing", told.splitlines()[-1])
            shown = self.candles("HOURUSDT", interval, rows[0][0], rows[-1][0] + 1)
            self.assertEqual(of_rest(shown), rows, files)
        self.assertIn("gap HOURUSDT 1h from 2023-03-24T13:00:00.000000Z to 2023-03-24T14:00:00.000000Z: 1 candle missing", said[1])

    def test_a_correction_is_said(self):
        rows = [csv_row(START + n * MINUTE) for n in range(10)]
        first = self.file("BTC6USDT-1m-a.csv", *rows)
        self.run_import(first)
        rows[3] = csv_row(START + 3 * MINUTE, volume="3")
        told = self.run_import(self.file("BTC6USDT-1m-b.csv", *rows))
        self.assertIn("10 rows: 0 new, 9 identical, 0 completed, 1 corrected, 0 refused", told)
        self.the_node.start()
        shown = self.candles("BTC6USDT", "1m", START)
        self.assertEqual([n for n, one in enumerate(shown) if one.get("corrected")], [3])
        self.assertEqual(shown[3]["volume"], "3.000000")
        fives = self.candles("BTC6USDT", "5m", START)
        self.assertEqual([one.get("corrected", False) for one in fives], [True, False])
        self.assertEqual(fives[0]["volume"], "11.000000")
        self.assertEqual([one["partial"] for one in self.candles("BTC6USDT", "1M", START - 30 * 24 * 60 * MINUTE)], [True])

    def test_a_bad_file_leaves_nothing_of_it(self):
        good, bad = csv_row(START), csv_row(START + MINUTE, close="100.505")
        told = self.run_import(self.file("BTC6USDT-1m-bad.csv", good, bad), code=1)
        self.assertIn("BTC6USDT-1m-bad.csv: line 2: close: is between two ticks of the instrument", told)
        self.assertIn("1 row refused (--skip-refused takes the others); nothing of it was imported", told)
        cut = self.the_node.home / "BTC6USDT-1m-cut.csv.gz"
        cut.write_bytes(gzip.compress("".join(csv_row(START + n * MINUTE) + "\n" for n in range(5000)).encode())[:-2000])
        self.assertIn("the compressed file ends early; nothing of it was imported", self.run_import(cut, code=1))
        hours = self.file("BTC6USDT-1m-hours.json", json.dumps([[START + n * 60 * MINUTE, 1, 1, 1, 1, 1] for n in range(5)]))
        self.assertIn("the interval is not 1m: the rows are at least 3600 s apart", self.run_import(hours, code=1))
        broken = self.file("BTC6USDT-1m-broken.json", "[[1,2,3]")
        self.assertIn("row 1: the file ends before the list does", self.run_import(broken, code=1))
        for name, words in (("UNKNOWNUSDT-1m.csv", "UNKNOWNUSDT is not listed"), ("candles.csv", "does not say the symbol"),
                            ("BTC6USDT-3m.csv", "3m is derived from 1m")):
            self.assertIn(words, self.run_import(self.file(name, good), code=1))
        self.assertIn("No such file", self.run_import(self.the_node.home / "BTC6USDT-1m-none.csv", code=1))
        self.the_node.start()
        self.assertEqual(self.candles("BTC6USDT", "1m"), [])
        self.assertIn("stop the node", self.run_import(self.file("BTC6USDT-1m-good.csv", good), code=2))
        self.the_node.stop()
        told = self.run_import(self.the_node.home / "BTC6USDT-1m-bad.csv", "--skip-refused")
        self.assertIn("2 rows: 1 new, 0 identical, 0 completed, 0 corrected, 1 refused", told)

    def test_volumes_between_two_lots_are_floored(self):
        told = self.run_import(self.file("BTCUSDT-1m.csv", csv_row(START, volume="2.000019")))
        self.assertIn("1 row had a volume between two lots: floored", told)
        self.the_node.start()
        self.assertEqual(self.candles("BTCUSDT", "1m", START, START + MINUTE)[0]["volume"], "2.00001")


if __name__ == "__main__":
    support.main()
