"""Many users trade on a cluster while everything that can happen to machines happens to it; then nothing may be lost, doubled or wrong.

By hand, the whole of it (some minutes, root for the cut cables):

    RIALTO_BINARY=build/rialto /usr/bin/python3 -B tests/system/cluster_faults_test.py --full

Without --full the same with few users and faults. RIALTO_SEED chooses the victims. Times are printed and decide nothing.
"""
import random
import signal
import sys
import time

import cluster_network
import support
from cluster_load import BUSY, Crowd
from cluster_support import Cluster, ClusterTestCase, shard_of

FULL = "--full" in sys.argv
USERS, LISTENERS, SECONDS, KILLS, HANGS = (50, 10, 60, 20, 5) if FULL else (10, 4, 15, 3, 1)
SEED = support.os.environ.get("RIALTO_SEED", "20261130")
NO_NETWORK = ""  # why cables cannot be cut


class FaultsTest(ClusterTestCase):
    network = None

    def setUp(self):
        super().setUp()
        print(f"seed {SEED}", flush=True)
        self.dice = random.Random(f"{SEED} {self.id()}")
        if NO_NETWORK:
            print(f"no cables are cut here: {NO_NETWORK}", flush=True)
        elif FaultsTest.network is None:
            FaultsTest.network = cluster_network.Network()
        else:
            FaultsTest.network.empty()
        self.at = self.cluster(network=FaultsTest.network, redis=True, synced=FULL)

    # ---- what can happen

    def owner(self, is_leader=None):
        leader = self.at.leader()
        able = [node for node in self.at.owners if node.runs and (is_leader is None or (node.name == leader) == is_leader)]
        return self.dice.choice(able or [node for node in self.at.owners if node.runs])

    def edge(self):
        return self.dice.choice(self.at.edges)

    def killed(self, node):
        node.kill()
        self.pause(3)
        node.start()

    def slept(self, node, seconds):
        node.pause()
        self.pause(seconds)
        node.resume()

    def cut(self, node, way="both", peers=None, seconds=5):
        self.network.cut(node.name, way, peers)
        self.pause(seconds)
        self.network.heal(node.name)

    def drained(self, node):
        node.signal(signal.SIGTERM)
        self.assertEqual(node.wait_end(), 0, node.log_tail())
        node.start()

    def restarted(self, server, ends):
        ends()
        self.pause(1)
        server.start()

    def pause(self, seconds):
        time.sleep(seconds if FULL else min(seconds, 4))

    def faults(self):
        """(what, the deed), each once, in an order by the seed."""
        at = self.at
        all_ = [("kill -9 of the leader", lambda: self.killed(self.owner(True))),
                ("kill -9 of an owner", lambda: self.killed(self.owner(False))),
                ("kill -9 of an edge", lambda: self.killed(self.edge())),
                ("an owner hangs", lambda: self.slept(self.owner(False), 5)),
                ("the leader hangs", lambda: self.slept(self.owner(True), 6)),
                ("an owner hangs for a moment", lambda: self.slept(self.owner(), 0.8)),
                ("an edge hangs", lambda: self.slept(self.edge(), 4)),
                ("PostgreSQL is stopped and started", lambda: self.restarted(at.postgres, at.postgres.stop)),
                ("PostgreSQL dies and is started", lambda: self.restarted(at.postgres, at.postgres.kill)),
                ("an owner is drained and started", lambda: self.drained(self.owner()))]
        if at.redis:
            all_.append(("Redis dies and is started", lambda: self.restarted(at.redis, at.redis.kill)))
        if self.network:
            all_ += [("the leader is cut off", lambda: self.cut(self.owner(True))),
                     ("an owner is cut off", lambda: self.cut(self.owner(False))),
                     ("an owner is heard and hears nothing", lambda: self.cut(self.owner(), "in")),
                     ("an owner hears and is not heard", lambda: self.cut(self.owner(), "out")),
                     ("two owners are cut from one another", lambda: self.cut(self.owner(False), peers=[self.at.leader()])),
                     ("an owner is cut from PostgreSQL", lambda: self.cut(self.owner(), peers=[""])),
                     ("an edge is cut from the owners", lambda: self.cut(self.edge(), peers=[node.name for node in at.owners])),
                     ("an edge is not heard by the owners", lambda: self.cut(self.edge(), "out", [node.name for node in at.owners]))]
        self.dice.shuffle(all_)
        return all_

    def revive(self):
        """What ended by itself: its supervisor would start it again."""
        for node in self.at.nodes.values():
            if not node.runs:
                print(f"     {node.name} had ended by itself: {node.log_tail(1)}", flush=True)
                node.start()

    # ---- the cases

    def test_nothing_is_lost_whatever_happens(self):
        crowd = Crowd(self, self.at, USERS, SEED, pause=0.05, listeners=LISTENERS).begin()
        began, before = time.monotonic(), 0
        faults = self.faults()
        while faults or time.monotonic() - began < SECONDS:
            what, deed = (faults or self.faults()).pop()
            print(f"{time.monotonic() - began:5.1f} {what}", flush=True)
            deed()
            self.revive()
            self.until(lambda: crowd.count() > before, "orders go on")
            before = crowd.count()
            self.pause(self.dice.uniform(0, 3))
        self.at.wait_settled()
        print(f"{time.monotonic() - began:5.1f} rolling restart", flush=True)
        for node in self.at.nodes.values():
            self.drained(node)
            self.at.wait_settled()
        before = crowd.count()
        self.until(lambda: crowd.count() > before + 2 * USERS, "orders go on")
        print(f"{time.monotonic() - began:5.1f} over", flush=True)
        crowd.end().judge()
        if self.at.redis:
            self.until(lambda: self.at.redis.ask("EXISTS", "rialto:latest:book.BTCUSDT") == b":1\r\n", "the book's copy in Redis")

    def first_order_after(self, deed, victim, crowd):
        """Seconds from a deed to the next accepted order of an account whose shard the victim owned."""
        shards = set(self.at.owned()[victim.name])
        user = next(user for user in crowd.users if shard_of(2, user.account_id, self.at.shard_count) in shards)
        number = next(self.numbers)
        body = {"symbol": "SOLUSDT", "side": "buy", "type": "limit", "time_in_force": "gtc", "quantity": "1", "price": "10.00",
                "client_order_id": f"probe-{number}"}
        edge = self.dice.choice(self.at.edges)
        api = edge.api(user.api.token)
        deed()
        began = time.monotonic()
        while True:
            answer = api.post("orders", body)
            if answer.status in (200, 201):
                crowd.acknowledged[crowd.users.index(user)][body["client_order_id"]] = answer.json["order_id"]
                return time.monotonic() - began
            self.assertIn(answer.status, BUSY, answer)
            self.assertLess(time.monotonic() - began, 60, f"no order is accepted: {answer}")
            time.sleep(0.02)

    def tell(self, what, times, asked):
        times = sorted(times)
        p99 = times[max(0, -(-len(times) * 99 // 100) - 1)]
        print(f"{what}: {len(times)} times, p50 {times[len(times) // 2]:.2f} s, p99 {p99:.2f} s, max {times[-1]:.2f} s; asked {asked} s: "
              f"{'met' if p99 <= asked else 'MISSED'}", flush=True)

    def test_how_long_it_takes(self):
        self.numbers = iter(range(10_000))
        crowd = Crowd(self, self.at, max(20, USERS // 2), SEED, pause=0.2).begin()
        times, of_leader, hangs = [], [], []
        for number in range(KILLS):
            is_leader = number % 3 == 0
            victim = self.owner(is_leader)
            times.append(self.first_order_after(victim.kill, victim, crowd))
            if is_leader:
                of_leader.append(times[-1])
            print(f"kill -9 of {victim.name}{' (leader)' if is_leader else ''}: {times[-1]:.2f} s", flush=True)
            victim.start()
            self.at.wait_settled()
        for number in range(HANGS):
            victim = self.owner(number % 2 == 0)
            hangs.append(self.first_order_after(victim.pause, victim, crowd))
            print(f"SIGSTOP of {victim.name}: {hangs[-1]:.2f} s", flush=True)
            victim.resume()
            self.revive()
            self.at.wait_settled()
        self.tell("from kill -9 of an owner to the next accepted order on its shard", times, 2)
        self.tell("those of the leader", of_leader, 2)
        self.tell("from SIGSTOP of an owner to the next accepted order on its shard", hangs, 5)
        crowd.end().judge()


if __name__ == "__main__":
    able, NO_NETWORK = cluster_network.isolated()
    if FULL:
        sys.argv.remove("--full")
    support.main()
