"""A node with TLS, users, money and keys for clients of Binance from npm, and the sums afterwards.

Each program of clients/ makes its checks and names them.
"""
import json
import pathlib
import shutil
import subprocess
import tempfile
from decimal import Decimal

import support
from traders import Trader, administrator, deposit, pages

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
ASSETS = ("BTC", "USDT")
# Every filter of Binance's that an instrument may have and does not begin with.
FILTERS = {"price_min": "1", "price_max": "1000000", "market_quantity_max": "10", "bid_up": "1.5", "bid_down": "0.5", "ask_up": "1.5",
           "ask_down": "0.5", "orders_max": 20, "algo_orders_max": 8, "iceberg_parts_max": 10, "trail_min": "0.001", "trail_max": "0.2"}


class ClientTestCase(support.NodeTestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="rialto-clients-"))
        cls.addClassCleanup(shutil.rmtree, cls.home)
        subprocess.run([support.SOURCE / "scripts" / "dev-certificate", cls.home], check=True, capture_output=True)

    def setUp(self):
        if not shutil.which("node") or not (CLIENTS / "node_modules" / "ccxt").is_dir():
            print("skipped: the clients are not installed (scripts/clients)", flush=True)
            self.skipTest("the clients are not installed (scripts/clients)")

    def start(self, feed="none", options=()):
        """A node and two users, each with money and a key of every kind."""
        self.at = self.node(feed=feed, certificates=self.home, options=options)
        self.admin = administrator(self, self.at)
        self.users = {name: Trader(self, self.at).register() for name in ("anna", "bert")}
        for user in self.users.values():
            deposit(self, self.admin, user, "USDT", "1000000")
            deposit(self, self.admin, user, "BTC", "20")

    def add_filters(self):
        self.expect(self.admin.api.patch("admin/instruments/BTCUSDT", FILTERS), 200)

    def key(self, name, kind="hmac", scopes=("read", "trade")):
        """A new key of a user as the clients take it: the secret is text or a private key in PEM."""
        body = {"label": f"{name} {kind}", "scopes": list(scopes), "type": kind}
        private = self.home / f"{kind}.pem"
        if kind != "hmac":
            if not private.exists():
                how = ["-algorithm", "ed25519"] if kind == "ed25519" else ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
                subprocess.run(["openssl", "genpkey", *how, "-out", private], check=True, capture_output=True)
            body["public_key"] = subprocess.run(["openssl", "pkey", "-in", private, "-pubout"], check=True,
                                                capture_output=True, text=True).stdout
        made = self.expect(self.users[name].api.post("api-keys", body), 201)
        return {"key": made["key"], "secret": made["secret"] if kind == "hmac" else private.read_text()}

    def keys(self, name):
        return {"hmac": self.key(name), "ed25519": self.key(name, "ed25519"), "rsa": self.key(name, "rsa"),
                "reader": self.key(name, scopes=("read",))}

    def run_client(self, program, seconds=240, **more):
        """Runs one program to its end; it must name its checks and pass them all."""
        written = self.home / f"{program}.json"
        written.write_text(json.dumps({"rest": f"https://localhost:{self.at.port}", "sockets": f"wss://localhost:{self.at.port}",
                                       **{name: self.keys(name) for name in self.users}, **more}))
        environment = support.clean_environment({"NODE_EXTRA_CA_CERTS": str(self.home / "authority.pem"), "NO_PROXY": "localhost"})
        done = subprocess.run(["node", CLIENTS / f"{program}.mjs", written], env=environment, cwd=CLIENTS, capture_output=True,
                              text=True, timeout=seconds, stdin=subprocess.DEVNULL, check=False)
        print(f"--- {program}\n{done.stdout}", flush=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"\n\d+ checks passed\n$")

    def check_money(self):
        """What the users have and the fees they paid are what the administrator deposited, to the last digit."""
        deposited = {asset: Decimal(0) for asset in ASSETS}
        for row in pages(self, self.admin.api, "admin/transfers"):
            deposited[row["asset"]] += Decimal(row["amount"])
        held, fees = ({asset: Decimal(0) for asset in ASSETS} for _ in range(2))
        for user in self.users.values():
            for asset, (available, hold) in user.balances().items():
                held[asset] += available + hold
                self.assertEqual(hold, 0, asset)  # every program leaves no open order
            for row in self.expect(user.api.get("account/statement"), 200)["assets"]:
                fees[row["asset"]] += Decimal(row["fees"])
        self.assertGreater(min(fees.values()), 0)
        self.assertEqual({asset: held[asset] + fees[asset] for asset in ASSETS}, deposited)
