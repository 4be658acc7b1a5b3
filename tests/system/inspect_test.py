"""rialto inspect on a real node: every query, who gets in, an edge that takes nobody, kill and restart, top on a terminal."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import stat
import struct
import subprocess
import termios
import time

import support
from traders import Trader, administrator, deposit

LINES, COLUMNS = 24, 80


class Screen:
    """What a terminal of 80 x 24 shows of the few sequences that are used."""

    def __init__(self):
        self.rows = [[" "] * COLUMNS for _ in range(LINES)]
        self.row = self.column = 0
        self.rest = ""
        self.widest = 0

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        while text:
            found = re.match(r"\x1b\[([?0-9;]*)([A-Za-z])", text)
            if found:
                self.obey(found[1], found[2])
                text = text[found.end():]
            elif text[0] == "\x1b" and len(text) < 12:
                self.rest = text
                return
            elif text[0] == "\r":
                self.column, text = 0, text[1:]
            elif text[0] == "\n":
                self.row, text = min(self.row + 1, LINES - 1), text[1:]
            else:
                self.widest = max(self.widest, self.column + 1)
                if self.column < COLUMNS:
                    self.rows[self.row][self.column] = text[0]
                self.column, text = self.column + 1, text[1:]

    def obey(self, numbers, letter):
        if letter == "H":
            self.row = self.column = 0
        elif letter == "K":
            for i in range(self.column, COLUMNS):
                self.rows[self.row][i] = " "
        elif letter == "J":
            first = 0 if numbers == "2" else self.row
            for row in self.rows[first + (0 if numbers == "2" else 1):]:
                row[:] = " " * COLUMNS

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.rows)


class Terminal:
    """`rialto ARGUMENT...` on a terminal of 80 x 24."""

    def __init__(self, *arguments):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen([str(support.BINARY), *map(str, arguments)], stdin=slave, stdout=slave,
                                        stderr=slave, env=support.clean_environment(), start_new_session=True)
        self.screen = Screen()
        self.raw = ""

    def read(self, seconds=0.2):
        if select.select([self.master], [], [], seconds)[0]:
            text = os.read(self.master, 65536).decode(errors="replace")
            self.raw += text
            self.screen.feed(text)

    def until(self, what, seconds=60):
        end = time.monotonic() + seconds
        while not what(self.screen.text()):
            if time.monotonic() > end:
                raise AssertionError(f"the screen never showed it:\n{self.screen.text()}\n{self.raw[-500:]!r}")
            self.read()
        return self.screen.text()

    def press(self, keys):
        os.write(self.master, keys.encode())

    def end(self, seconds=30):
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        self.read(0.1)
        return self.process.wait(5)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class InspectTest(support.NodeTestCase):
    def inspect(self, node, *words, code=0):
        done = support.run_program("inspect", *words, "--data", node.data)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done.stdout if code == 0 else done.stderr

    def query(self, node, *words):
        return json.loads(self.inspect(node, *words, "--json"))

    def trading_node(self):
        node = self.node()
        admin = administrator(self, node)
        anna = Trader(self, node).register()
        deposit(self, admin, anna, "BTC", "10")
        anna.order("sell", "0.1", "60000.00")
        return node, admin, anna

    def test_every_query(self):
        node, _, anna = self.trading_node()
        account = f"account/{anna.account_id}"
        nodes = self.query(node, "nodes")["rows"]
        self.assertEqual(len(nodes), 1)
        self.assertEqual(nodes[0]["process"], node.pid)
        self.assertTrue(nodes[0]["ready"])
        shards = self.query(node, "shards")["rows"]
        self.assertEqual(shards[0]["state"], "serving")
        journal = self.query(node, "journal")["rows"][0]
        self.assertGreater(journal["heads"][0]["position"], 0)
        tree = {row["name"]: row for row in self.query(node, "tree")["rows"]}
        self.assertEqual(tree["node"]["depth"], 0)
        self.assertEqual(tree[account]["depth"], 3)  # node, shard, user, account
        rows = self.query(node, "actors", "--kind", "account", "--sort", "cpu")["rows"]
        self.assertIn(account, [row["name"] for row in rows])
        state = self.query(node, "actor", account)["entity"]["state"]
        self.assertEqual(state["open_orders_count"], 1)
        self.assertEqual(state["open_orders"][0]["way"], "sell")
        self.assertIn("rows", self.query(node, "slow"))
        for words in (["nodes"], ["tree"], ["actors", "--sort", "memory"], ["actor", account], ["slow"], ["shards"],
                      ["journal"]):
            text = self.inspect(node, *words)
            self.assertTrue(text.strip(), words)
            self.assertNotIn("\x1b", text)
        plain = self.inspect(node, "top")  # no terminal: one look as text
        self.assertIn("MSG/S", plain)
        self.assertIn("shard/0", plain)

    def test_a_trace_follows_an_account(self):
        node, _, anna = self.trading_node()
        traced = subprocess.Popen([str(support.BINARY), "inspect", "trace", f"account/{anna.account_id}", "--data",
                                   str(node.data), "--json", "--limit", "3", "--seconds", "60"],
                                  stdout=subprocess.PIPE, text=True, env=support.clean_environment())
        self.addCleanup(lambda: traced.poll() is None and traced.kill())
        price = 61000
        while traced.poll() is None and price < 61600:
            anna.order("sell", "0.01", f"{price}.00")
            price += 1
            time.sleep(0.1)
        lines = [json.loads(line) for line in traced.communicate(timeout=60)[0].splitlines()]
        self.assertEqual(len(lines), 3)
        self.assertIn("place_order", {line["kind"] for line in lines})

    def test_secrets_are_in_no_answer(self):
        node, _, anna = self.trading_node()
        said = json.dumps(self.query(node, "actor", f"user/{anna.user_id}"))
        for row in self.query(node, "actors", "--kind", "user")["rows"]:
            said += json.dumps(self.query(node, "actor", row["name"]))
        self.assertIn("email", said)
        for secret in ("$argon2", "password_hash", "refresh_hash", node.admin_password(),
                       (node.data / "token-key").read_text().strip(), (node.data / "secret-key").read_text().strip()):
            self.assertNotIn(secret, said)

    def test_only_who_may_read_the_data_directory_gets_in(self):
        node, other = self.node(), self.node()
        inside = node.data / "inspect"
        self.assertEqual(stat.S_IMODE(inside.stat().st_mode), 0o700)
        for path in inside.rglob("*"):
            if path.is_file() and ("key" in path.name or path.name == "address"):
                self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
        address = (inside / "address").read_text().strip()
        # Another node's certificate, and none at all.
        strange = support.run_program("inspect", "nodes", "--data", other.data, "--node", address)
        self.assertEqual(strange.returncode, 1, strange.stdout)
        self.assertEqual(strange.stdout, "")
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            plain.settimeout(30)
            try:
                self.assertNotIn(b"rialto", plain.recv(4096))
            except OSError:
                pass
        self.assertEqual(self.query(node, "nodes")["rows"][0]["process"], node.pid)
        # A stopped node has no address, and the tool says so.
        self.assertEqual(other.stop(), 0)
        self.assertIn("no node runs in", self.inspect(other, "nodes", code=1))
        # Certificates are made anew at each start.
        before = (inside / "tool" / "tool.pem").read_text()
        self.assertEqual(node.stop(), 0)
        node.start()
        self.assertNotEqual(before, (inside / "tool" / "tool.pem").read_text())
        self.query(node, "nodes")

    def test_it_answers_when_the_edge_takes_nobody(self):
        node = self.node(options=["--limits.connections", 1, "--limits.connections-per-address", 1,
                                  "--limits.loopback", "on"])
        for _ in range(100):  # until the connection that saw the node ready has gone
            held = socket.create_connection((node.host, node.port), timeout=10)
            held.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            if b" 200 " in held.recv(4096):
                break
            held.close()
            time.sleep(0.1)
        self.addCleanup(held.close)
        with self.assertRaises(Exception):  # refused in whatever way
            answer = node.api(seconds=5).get("/healthz")
            self.assertEqual(answer.status, 200)
        self.assertTrue(self.query(node, "nodes")["rows"][0]["ready"])

    def test_it_can_be_switched_off(self):
        node = self.node(options=["--inspect.listen", "off"])
        self.assertIn("no node runs in", self.inspect(node, "nodes", code=1))
        wrong = support.run_program("serve", "--data", node.home / "x", "--inspect.listen", "nowhere")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("inspect.listen must be off, or", wrong.stderr)

    def test_kill_and_restart(self):
        node, admin, anna = self.trading_node()
        account = f"account/{anna.account_id}"
        self.assertIn("--yes", self.inspect(node, "kill", account, code=2))  # nobody can answer here
        self.assertIn("killed", self.inspect(node, "kill", account, "--yes"))
        self.assertIn(f"{account} killed by rialto inspect", node.log_text())
        self.recovers(anna)
        row = self.query(node, "actor", account)["actor"]
        self.assertEqual(row["restarts"], 1)
        self.assertIn("killed by rialto inspect", row["last_failure"])
        self.assertIn("restarted", self.inspect(node, "restart", account, "--yes"))
        self.recovers(anna)
        self.assertIn("restarted", self.inspect(node, "restart", "market_data", "--yes"))
        self.assertIn("stands on it", self.inspect(node, "kill", "shard/0", "--yes", code=1))
        self.assertIn("no such actor", self.inspect(node, "kill", "account/999999", "--yes", code=1))
        # The same through the API, by an administrator alone.
        self.assertEqual(anna.api.post("admin/kill-actor", {"name": account}).status, 403)
        self.expect(admin.api.post("admin/kill-actor", {"name": account}), 200)
        self.assertIn(f"{account} killed by administrator user/", node.log_text())
        self.recovers(anna)

    def recovers(self, anna):
        end = time.monotonic() + 60
        while True:
            answer = anna.api.get("orders?status=open")
            cancelled = anna.api.get("account/balances")
            if answer.status == 200 and cancelled.status == 200:
                self.assertEqual(len(answer.json["items"]), 1)
                return
            self.assertIn(cancelled.status, (200, 503), cancelled.text)
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

    def test_the_admin_api_has_the_same(self):
        node, admin, anna = self.trading_node()
        account = f"account/{anna.account_id}"
        for path in ("nodes", "shards", "journal", "tree", "busy-actors?sort=rate&limit=5", "slow-actors",
                     f"actor-state?name={account}", f"actor-trace?name={account}"):
            answer = self.expect(admin.api.get(f"admin/{path}"), 200)
            self.assertIn("node", answer, path)
            self.assertEqual(anna.api.get(f"admin/{path}").status, 403, path)
        self.assertEqual(admin.api.get("admin/actor-state?name=account/999999").status, 404)
        wrong = self.expect(admin.api.get("admin/busy-actors?sort=beauty"), 400)
        self.assertEqual(wrong["field"], "sort")
        self.assertEqual(self.expect(admin.api.get("admin/tree?depth=99"), 400)["field"], "depth")

    def test_top_on_a_terminal(self):
        node, _, anna = self.trading_node()
        terminal = Terminal("inspect", "top", "--data", node.data)
        self.addCleanup(terminal.close)
        shown = terminal.until(lambda text: "shard/0" in text and "MSG/S" in text)
        first = shown.splitlines()
        self.assertTrue(first[0].startswith("rialto"), shown)
        self.assertIn("sort cpu", first[2])
        self.assertLessEqual(terminal.screen.widest, COLUMNS)
        terminal.press("s")
        terminal.until(lambda text: "sort rate" in text)
        terminal.press("k")
        terminal.until(lambda text: "kind all" not in text and "kind " in text)
        for keys in ("\x1b[B", "\x1b[6~", "\x1b[5~", "\x1b[A", "\x1b[Z", "x"):
            terminal.press(keys)
            terminal.read()
        print("\n" + terminal.screen.text())
        terminal.press("q")
        self.assertEqual(terminal.end(), 0)
        self.assert_restored(terminal)

    def test_top_gives_the_terminal_back_whatever_ends_it(self):
        node = self.node()
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            terminal = Terminal("inspect", "top", "--data", node.data)
            terminal.until(lambda text: "shard/0" in text)
            terminal.process.send_signal(one)
            self.assertEqual(terminal.end(), 0, one)
            self.assert_restored(terminal)
            terminal.close()
        # The node goes away under it: it says so, and comes back with the node's successor or goes when told.
        terminal = Terminal("inspect", "top", "--data", node.data)
        self.addCleanup(terminal.close)
        terminal.until(lambda text: "shard/0" in text)
        node.kill()
        terminal.until(lambda text: "NO ANSWER" in text)
        terminal.press("\x03")
        self.assertEqual(terminal.end(), 0)
        self.assert_restored(terminal)

    def assert_restored(self, terminal):
        self.assertTrue(terminal.raw.rstrip().endswith("\x1b[?1049l"), repr(terminal.raw[-80:]))
        self.assertIn("\x1b[?25h", terminal.raw)
        self.assertEqual(termios.tcgetattr(terminal.slave)[3], terminal.before[3])


if __name__ == "__main__":
    support.main()
