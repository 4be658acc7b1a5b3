"""What a user would copy from examples/binance does what it says: clients of Binance on the real program."""
import csv
import datetime
import json
import pathlib
import py_compile
import re
import shutil
import signal
import subprocess
import tempfile
from decimal import Decimal as D

import support
from traders import Trader, administrator, deposit, pages

EXAMPLES = support.SOURCE / "examples" / "binance"
PACKAGES = pathlib.Path(__file__).resolve().parent / "clients" / "node_modules"
# Reads a market and a balance with the part of freqtrade's configuration that freqtrade hands to ccxt.
FREQTRADE_READS = """
import ccxt from 'ccxt';
const { exchange: given } = JSON.parse(process.argv[2]);
const exchange = new ccxt[given.name]({ apiKey: given.key, secret: given.secret, ...given.ccxt_config });
await exchange.loadMarkets();
for (const pair of given.pair_whitelist) console.log(pair, (await exchange.fetchTicker(pair)).last > 0);
console.log('USDT', (await exchange.fetchBalance()).USDT.free);
"""


class ClientExamplesTest(support.NodeTestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rialto-examples-"))
        self.addCleanup(shutil.rmtree, self.home)

    def need_packages(self):
        """As a user has it: the program in a folder of his, the packages beside it."""
        if not shutil.which("node") or not (PACKAGES / "ccxt").is_dir():
            self.skipTest("the clients are not installed (scripts/clients)")
        (self.home / "node_modules").symlink_to(PACKAGES)
        for program in EXAMPLES.glob("*.mjs"):
            shutil.copy(program, self.home)

    def user(self, node, **money):
        made, admin = Trader(self, node).register(), administrator(self, node)
        for asset, amount in money.items():
            deposit(self, admin, made, asset, amount)
        key = self.expect(made.api.post("api-keys", {"label": "example", "scopes": ["read", "trade"], "type": "hmac"}), 201)
        made.key, made.secret = key["key"], key["secret"]
        return made

    def start(self, program, node, *arguments, user=None, **more):
        scheme = "https" if node.tls else "http"
        environment = {"RIALTO_URL": f"{scheme}://localhost:{node.port}", "NO_PROXY": "localhost,127.0.0.1", **more}
        if user:
            environment.update(RIALTO_KEY=user.key, RIALTO_SECRET=user.secret)
        kept = support.clean_environment()
        kept.update(environment)
        process = subprocess.Popen(["node", program, *arguments], env=kept, cwd=self.home, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def run_example(self, *arguments, code=0, **more):
        process = self.start(*arguments, **more)
        said, _ = process.communicate(timeout=120)
        self.assertEqual(process.returncode, code, said)
        return said

    def test_market_maker_quotes_and_leaves_nothing_open(self):
        self.need_packages()
        node = self.node(feed="sim")
        user = self.user(node, BTC="1", USDT="100000")
        said = self.run_example("ccxt_market_maker.mjs", node, "3", user=user)
        self.assertIn("nothing is left open", said)
        placed = int(re.search(r"(\d+) orders placed", said)[1])
        self.assertGreater(placed, 0)
        self.assertEqual(pages(self, user.api, "orders?status=open"), [])
        orders = pages(self, user.api, "orders?status=closed")
        self.assertEqual({one["type"] for one in orders}, {"post_only"})
        self.assertGreaterEqual(len(orders), placed)
        self.assertEqual({hold for _, hold in user.balances().values()}, {D(0)})

    def test_market_maker_ends_cleanly_when_interrupted(self):
        self.need_packages()
        node = self.node(feed="sim")
        user = self.user(node, BTC="1", USDT="100000")
        process = self.start("ccxt_market_maker.mjs", node, user=user)
        for line in process.stdout:
            if " is open" in line:
                break
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, said)
        self.assertIn("nothing is left open", said)
        self.assertEqual(pages(self, user.api, "orders?status=open"), [])

    def test_candles_are_consecutive_and_the_nodes_own(self):
        self.need_packages()
        node = self.node(feed="sim")
        rows = list(csv.DictReader(self.run_example("ccxt_candles.mjs", node).splitlines()))
        self.assertGreater(len(rows), 1000)  # more than one page: the simulation begins with a day
        times = [datetime.datetime.fromisoformat(row["open_time"].replace("Z", "+00:00")) for row in rows]
        self.assertEqual({later - sooner for sooner, later in zip(times, times[1:])}, {datetime.timedelta(minutes=1)})
        part = self.run_example("ccxt_candles.mjs", node, rows[100]["open_time"], rows[130]["open_time"])
        self.assertEqual(list(csv.DictReader(part.splitlines())), rows[100:130])
        begin, end = (int(times[i].timestamp() * 1000) for i in (100, 130))
        own = self.expect(node.api().get(f"markets/BTCUSDT/candles?interval=1m&from={begin}&to={end}&limit=100"), 200)
        told = {datetime.datetime.fromisoformat(one["open_time"]): D(one["close"]) for one in own["items"]}
        for at, row in zip(times[100:130], rows[100:130]):
            self.assertEqual(told[at], D(row["close"]))
        wrong = self.run_example("ccxt_candles.mjs", node, "yesterday", code=1)
        self.assertIn("yesterday is no time", wrong)

    def test_spot_connector_over_tls(self):
        self.need_packages()
        subprocess.run([support.SOURCE / "scripts" / "dev-certificate", self.home / "certificates"], check=True, capture_output=True)
        node = self.node(feed="sim", certificates=self.home / "certificates")
        user = self.user(node, USDT="100000")
        said = self.run_example("spot_connector.mjs", node, user=user,
                                NODE_EXTRA_CA_CERTS=str(self.home / "certificates" / "authority.pem"))
        self.assertRegex(said, r"order (\d+) is NEW\norder \1 is CANCELED\n")
        self.assertRegex(said, r"order \d+ is FILLED\nbought \d")
        fee = sum(D(one) for one in re.findall(r"fee (\S+) BTC", said))
        self.assertEqual(user.balances()["BTC"], (D("0.001") - fee, D(0)))

    def test_freqtrade_configuration_reaches_the_node(self):
        """freqtrade itself is not packaged here: its file is read as JSON, and the part for ccxt is given to ccxt."""
        text = (EXAMPLES / "freqtrade.json").read_text(encoding="utf-8")
        for name in ("stake_currency", "stake_amount", "max_open_trades", "dry_run", "timeframe", "entry_pricing", "exit_pricing", "pairlists"):
            self.assertIn(name, json.loads(text))
        self.need_packages()
        node = self.node(feed="sim")
        user = self.user(node, USDT="5000")
        given = json.loads(text.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{node.port}"))
        given["exchange"].update(key=user.key, secret=user.secret)
        (self.home / "reads.mjs").write_text(FREQTRADE_READS)
        said = self.run_example("reads.mjs", node, json.dumps(given))
        self.assertEqual(said, "BTC/USDT true\nETH/USDT true\nUSDT 5000\n")

    def test_python_programs_compile(self):
        """ccxt for Python is not packaged here either."""
        programs = sorted(EXAMPLES.glob("*.py"))
        self.assertEqual([one.name for one in programs], ["ccxt_candles.py", "ccxt_market_maker.py"])
        for program in programs:
            py_compile.compile(str(program), cfile=str(self.home / "compiled"), doraise=True)


if __name__ == "__main__":
    support.main()
