"""Dead-man timers and cancel-on-disconnect on a real node: they fire though nobody asks, after `kill -9` as well."""
import os
import signal
import subprocess
import sys
import textwrap
import time

import support
from traders import Trader, administrator, deposit

CLIENT = textwrap.dedent("""
    import sys
    sys.path.insert(0, sys.argv[1])
    import support
    stream = support.Stream(sys.argv[2], int(sys.argv[3]))
    stream.send({"id": 1, "op": "authenticate", "access_token": sys.argv[4]})
    assert stream.receive()["ok"]
    stream.send({"id": 2, "op": "cancel_on_disconnect"})
    assert stream.receive()["ok"]
    print("armed", flush=True)
    while True:
        try:
            stream.receive(60)
        except TimeoutError:
            pass
""")


class GuardsTest(support.NodeTestCase):
    def setUp(self):
        super().setUp()
        self.the_node = self.node()
        self.admin = administrator(self, self.the_node)
        self.anna = Trader(self, self.the_node).register()
        deposit(self, self.admin, self.anna, "BTC", "10")

    def place(self, count=3):
        for i in range(count):
            self.anna.order("sell", "0.1", f"{60000 + i}.00")

    def restart(self, pause=0.0):
        self.the_node.kill()
        time.sleep(pause)
        self.the_node.start()
        for trader in (self.admin, self.anna):
            trader.reconnect()

    def asks(self):
        """Public: the account itself is not asked, so nothing but its own timer can wake it."""
        return len(self.expect(self.admin.api.get("markets/BTCUSDT/book"), 200)["asks"])

    def until(self, what, seconds):
        start = time.monotonic()
        while not what():
            self.assertLess(time.monotonic() - start, seconds, "it never came")
            time.sleep(0.05)
        return time.monotonic() - start

    def arm(self, milliseconds, **more):
        return self.expect(self.anna.api.post("orders/cancel-all-after", {"timeout_ms": milliseconds, **more}), 200)

    def stream(self, **wish):
        stream = self.the_node.stream()
        for number, message in enumerate(({"op": "authenticate", "access_token": self.anna.api.token},
                                          {"op": "cancel_on_disconnect", **wish})):
            stream.send({"id": number, **message})
            self.assertTrue(stream.receive_until(lambda got, number=number: got.get("id") == number)["ok"])
        return stream

    def check_all_is_released(self):
        self.assertEqual(self.anna.balances()["BTC"], (10, 0))
        self.assertEqual(self.expect(self.anna.api.get("orders?status=open"), 200)["items"], [])

    def test_a_timer_whose_deadline_passes_while_the_node_is_dead(self):
        self.place()
        self.arm(2000, symbol="BTCUSDT")
        self.restart(pause=2.5)
        self.until(lambda: self.asks() == 0, 10)
        self.check_all_is_released()

    def test_a_timer_that_is_still_running_when_the_node_is_back(self):
        self.place()
        armed = time.monotonic()
        self.arm(6000)
        self.restart()
        self.assertEqual(len(self.expect(self.anna.api.get("orders/cancel-all-after"), 200)), 1)
        self.until(lambda: self.asks() == 3, 5)
        self.until(lambda: self.asks() == 0, 15)
        self.assertGreater(time.monotonic() - armed, 5.9)
        self.check_all_is_released()

    def test_a_renewed_timer_does_not_fire(self):
        self.place()
        for _ in range(6):
            self.arm(1500)
            time.sleep(0.5)
        self.assertEqual(self.asks(), 3)
        self.until(lambda: self.asks() == 0, 5)

    def test_the_socket_is_closed(self):
        self.place()
        self.stream(symbol="BTCUSDT").close()
        print(f"cancelled {self.until(lambda: self.asks() == 0, 5):.2f} s after the close", flush=True)
        self.check_all_is_released()

    def test_the_client_is_killed(self):
        self.place()
        client = subprocess.Popen([sys.executable, "-B", "-c", CLIENT, os.path.dirname(os.path.abspath(__file__)),
                                   self.the_node.host, str(self.the_node.port), self.anna.api.token],
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(client.stdout.close)
        self.assertEqual(client.stdout.readline().strip(), "armed")
        self.assertEqual(self.asks(), 3)
        client.send_signal(signal.SIGKILL)
        client.wait()
        print(f"cancelled {self.until(lambda: self.asks() == 0, 5):.2f} s after the kill", flush=True)
        self.check_all_is_released()

    def test_the_node_is_killed(self):
        self.place()
        self.stream(grace_ms=1000)
        armed = time.monotonic()
        self.restart()
        self.until(lambda: self.asks() == 3, 5)
        self.until(lambda: self.asks() == 0, 25)
        took = time.monotonic() - armed
        print(f"cancelled {took:.2f} s after it was armed: a lease of 15 s and a grace of 1 s", flush=True)
        self.assertGreater(took, 15.5)
        self.check_all_is_released()

    def test_a_mass_cancel_in_its_middle(self):
        for i in range(1500):
            self.anna.order("sell", "0.001", f"{60000 + i}.00")
        answer = self.expect(self.anna.api.delete("orders?side=sell"), 200)
        self.assertEqual((answer["asked"], len(answer["orders"])), (1500, 1000))
        self.restart()
        self.until(lambda: self.asks() == 0, 20)
        self.check_all_is_released()


if __name__ == "__main__":
    support.main()
