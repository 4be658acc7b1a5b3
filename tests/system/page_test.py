"""The trading page in a real browser: the node serves it, Chromium shows it, web/tests/browser/*.mjs are the people.

A script's line that begins with @ asks for something that only the owner of the node can do. Screenshots go to a temporary directory;
with RIALTO_PICTURES=docs/images those that the documents show are put there."""
import json
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time
import unittest

import support
from traders import Trader, administrator, deposit

WEB = support.SOURCE / "web"
PICTURES = {"dark": "dark", "light": "light", "chinese": "chinese", "phone-order": "phone"}  # what the documents show
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


def what_is_missing():
    """What a browser test needs and has not got; None: it has all."""
    if not os.access(CHROMIUM, os.X_OK):
        return "there is no chromium here"
    if not shutil.which("node"):
        return "there is no node here"
    if not (WEB / "node_modules" / "playwright-core").is_dir() or not (WEB / "dist" / "index.html").is_file():
        return "web/ is not built (scripts/web)"
    if "[demo]" not in support.run_program("serve", "--print-config").stdout:
        return "this program lacks routes that the page asks for (platform, demo, admin)"
    return None


class PageTest(support.NodeTestCase):
    def setUp(self):
        missing = what_is_missing()
        if missing:
            print(f"skipped: {missing}", flush=True)
            self.skipTest(missing)

    def page_node(self, start=True, **arguments):
        options = ["--http.pages", WEB / "dist", *arguments.pop("options", [])]
        return self.node(start, options=options, **arguments)

    def drive(self, script, node, seconds=600, **asked):
        """Runs a script to its end and answers what it asks; fails with what it said last."""
        environment = support.clean_environment({
            "RIALTO_URL": f"http://{node.host}:{node.port}" if node.port else "",
            "RIALTO_ADMIN_PASSWORD": node.admin_password() if node.port else "",
            "RIALTO_HEAP_SECONDS": os.environ.get("RIALTO_HEAP_SECONDS", "60"),
            "RIALTO_CHROMIUM": CHROMIUM,
            "RIALTO_SHOTS": str(node.home / "shots")})
        process = subprocess.Popen([shutil.which("node"), str(WEB / "tests" / "browser" / script)], env=environment, cwd=node.home,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   start_new_session=True)
        self.addCleanup(self._close, process)
        watchdog = threading.Timer(seconds, self._kill, [process])
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        said = []
        for line in process.stdout:
            if not line.startswith("@"):
                said.append(line.rstrip())
                print(f"  {line.rstrip()}", flush=True)
                continue
            answer = asked[line[1:].strip()]()
            process.stdin.write(json.dumps(answer) + "\n")
            process.stdin.flush()
        code = process.wait()
        self.assertEqual(code, 0, f"{script}: " + "\n".join(said[-30:]))
        return said

    @staticmethod
    def _kill(process):
        """The script, which leads a group of its own; its browser ends when the pipe to it closes."""
        if process.poll() is None:
            os.killpg(process.pid, 9)

    def _close(self, process):
        self._kill(process)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass  # what was left to say

    def test_two_people_trade_and_the_node_dies_under_their_pages(self):
        node = self.page_node()

        def kill():
            node.kill()
            return {}

        def start():
            began = time.monotonic()
            node.start(listen=f"127.0.0.1:{node.port}")
            return {"seconds": round(time.monotonic() - began, 2)}

        self.drive("story.mjs", node, kill=kill, start=start)

    def test_everybody_can_use_it_and_it_looks_like_this(self):
        node = self.page_node(feed="sim", options=["--demo"])
        self.drive("look.mjs", node)
        wanted = os.environ.get("RIALTO_PICTURES")
        for taken, name in PICTURES.items() if wanted else ():
            shutil.copyfile(node.home / "shots" / f"{taken}.png", pathlib.Path(wanted, f"{name}.png"))

    def test_it_is_soon_there_and_stays_smooth_and_small(self):
        node, busy = self.page_node(start=False, feed="sim"), self.page_node()
        rush = Rush(self, busy)
        self.addCleanup(rush.stop)

        def start():
            node.start(ready=False)
            return {"url": f"http://{node.host}:{node.port}"}

        def begin():
            node.stop()
            rush.start()
            return {"url": f"http://{busy.host}:{busy.port}"}

        self.drive("load.mjs", node, start=start, rush=begin, calm=lambda: {"orders": rush.stop()})


class Rush:
    """One trader who places, cancels and trades so that the market has over a hundred updates a second."""

    PER_SECOND = 130

    def __init__(self, case, node):
        admin, self.trader = administrator(case, node), Trader(case, node).register()
        deposit(case, admin, self.trader, "BTC", "100000")
        deposit(case, admin, self.trader, "USDT", "9000000000")
        self.stream = node.stream()
        self.ends = threading.Event()
        self.sent = 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.stream.send({"id": 1, "op": "authenticate", "access_token": self.trader.api.token})
        assert self.stream.receive()["ok"]
        self.thread.start()

    def stop(self):
        self.ends.set()
        if self.thread.is_alive():
            self.thread.join()
        return self.sent

    def _run(self):
        dice, began = random.Random(7), time.monotonic()
        while not self.ends.is_set():
            wanted = int((time.monotonic() - began) * self.PER_SECOND)
            for _ in range(min(20, wanted - self.sent)):
                self._order(dice)
            self.ends.wait(0.005)

    def _order(self, dice):
        """A quote near the middle; every fifth order takes one; every 500th clears what has gathered."""
        self.sent += 1
        side = dice.choice(["buy", "sell"])
        away = dice.randint(1, 400) * (-1 if side == "buy" else 1)
        body = {"symbol": "BTCUSDT", "side": side, "type": "limit", "quantity": f"0.00{dice.randint(100, 999)}",
                "price": f"{(6_000_000 + away) / 100:.2f}", "self_trade_prevention": "none"}
        if self.sent % 500 == 0:
            body = {"op": "order.cancel_all"}
        elif self.sent % 5 == 0 and self.sent > 100:
            body.update(op="order.place", price="60005.00" if side == "buy" else "59995.00", time_in_force="ioc")
        else:
            body["op"] = "order.place"
        self.stream.send({"id": self.sent + 1, **body})
        answer = self.stream.receive_until(lambda message: message.get("id") == self.sent + 1)
        assert answer["ok"] or answer["error"]["code"] in ("too-many-open-orders",), answer


if __name__ == "__main__":
    support.main()
