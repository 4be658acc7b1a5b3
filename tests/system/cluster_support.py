"""A cluster of real nodes for system tests: PostgreSQL, certificates, nodes with roles, each with its data directory, log and ports.

A test file derives its cases from ClusterTestCase. Nodes are started in the main thread; killed, paused and stopped by their ids.
"""
import collections
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time

import private_servers
import support
from private_servers import until
from traders import Trader

OWNER = "users, trading, marketdata"
SPLIT = {"a": OWNER, "b": OWNER, "c": OWNER, "edge-1": "edge", "edge-2": "edge"}
WHOLE = {name: f"edge, {OWNER}" for name in ("a", "b", "c")}
ADMIN = "admin@rialto.local"
# Everybody comes from one address here, and not always from this machine's own.
OPEN = ("--limits.requests-per-second", 1_000_000, "--limits.burst", 1_000_000, "--limits.orders-per-second", 1_000_000,
        "--limits.connections-per-address", 10_000)
WAIT_SECONDS = 90  # for what comes by itself; a time that only a fault takes


def shard_of(kind, number, count):
    """storage/shard_map.hpp; kind 1: user, 2: account, 3: market."""
    mask, prime = (1 << 64) - 1, 0x100000001b3
    hashed = (0xcbf29ce484222325 ^ (kind << 56 | int(number))) * prime & mask
    hashed ^= hashed >> 32
    hashed ^= 8
    for factor in (0xff51afd7ed558ccd, 0xc4ceb9fe1a85ec53):
        hashed = (hashed ^ hashed >> 33) * factor & mask
    hashed ^= hashed >> 33
    users = 1 if count < 16 else count // 8
    return hashed % users if kind == 1 else users + hashed % (count - users - 1)  # the last one is the feed's


class Keys:
    """The cluster's authority, the keys that all nodes share, and a folder for each who has a certificate."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self._run("init-ca", "--dir", self.home / "authority")
        self.shared = self.home / "authority"
        for name in ("token-key", "secret-key"):
            if not (self.shared / name).exists():
                with open(os.open(self.shared / name, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as written:
                    written.write(secrets.token_hex(32) + "\n")

    def _run(self, *words):
        done = support.run_program("cluster", *words)
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)

    def issue(self, name):
        """Its folder."""
        out = self.home / name
        self._run("issue", name, "--dir", self.home / "authority", "--out", out)
        return out

    def options(self, name):
        """Words for a node."""
        folder = self.issue(name)
        return ["--cluster.certificate", folder / f"{name}.pem", "--cluster.key", folder / f"{name}-key.pem", "--cluster.authority",
                folder / "authority.pem", "--cluster.secrets", self.shared]


class ClusterNode(support.Node):
    """One node. Its HTTP and cluster ports are free ones, new at every start."""

    def __init__(self, cluster, name, roles, keys=None):
        super().__init__(feed=cluster.feed, options=[*OPEN, *cluster.options], environment=dict(cluster.environment))
        self.name, self.roles, self.address = name, roles, "127.0.0.1"
        if cluster.network:
            self.address = cluster.network.add(name)
            self.prefix = cluster.network.prefix(name)
        self.options += ["--cluster.node", name, "--cluster.roles", roles, "--cluster.listen", f"{self.address}:0",
                         *(keys or cluster.keys).options(name)]

    @property
    def is_edge(self):
        return "edge" in self.roles

    @property
    def is_owner(self):
        return self.roles != "edge"

    @property
    def runs(self):
        return self.process is not None and self.process.poll() is None

    def spawn(self, listen=None):
        if self.process is not None and self.process.poll() is not None:
            self.process = None  # it ended by itself
        return super().spawn(listen or f"{self.address}:0")

    def start(self, ready=True, listen=None):
        return self.spawn(listen).wait_started(ready)

    def signal(self, number):
        self.process.send_signal(number)

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def wait_end(self, seconds=WAIT_SECONDS):
        """The exit code of one that was told to stop, or should by itself."""
        process = self.process
        until(lambda: process.poll() is not None, seconds, lambda: f"the end of {self.name}:\n{self.log_tail()}")
        self.process = None
        return process.returncode

    def count_in_log(self, words):
        return len(re.findall(words, self.log_text()))


class Cluster:
    def __init__(self, layout=None, network=None, redis=False, feed="none", shards=64, options=(), synced=True):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rialto-cluster-"))
        self.network, self.feed, self.options = network, feed, ["--cluster.shards", shards, *options]
        self.shard_count = shards
        self.nodes, self.postgres, self.redis = {}, None, None
        try:
            import cluster_network
            hosts = (cluster_network.HERE,) if network else ("127.0.0.1",)
            self.postgres = private_servers.PostgreSQL(hosts, synced)
            self.environment = {"RIALTO_STORAGE_JOURNAL": self.journal_address()}
            if redis and private_servers.REDIS and "[redis]" in support.run_program("serve", "--print-config").stdout:
                self.redis = private_servers.Redis(hosts[0])
                self.environment["RIALTO_REDIS_URL"] = self.redis.address
            self.keys = Keys(self.home / "keys")
            for name, roles in (layout or SPLIT).items():
                self.add(name, roles)
        except BaseException:
            self.close()
            raise

    def journal_address(self):
        """Where nodes and tools find the database."""
        return self.postgres.address

    def add(self, name, roles, keys=None):
        """A node that does not run yet, with a certificate of these keys' authority or of the cluster's."""
        self.nodes[name] = ClusterNode(self, name, roles, keys)
        return self.nodes[name]

    def __getitem__(self, name):
        return self.nodes[name]

    @property
    def edges(self):
        return [node for node in self.nodes.values() if node.is_edge]

    @property
    def owners(self):
        return [node for node in self.nodes.values() if node.is_owner]

    def start(self):
        """All nodes at once, from nothing or on what there is; returns when each is ready and every shard has its owner."""
        for node in self.nodes.values():
            if not node.runs:
                node.spawn()
        for node in self.nodes.values():
            node.wait_started()
        self.wait_settled()
        return self

    def command(self, *words, seconds=120):
        """rialto cluster WORD..., as an operator has it."""
        return support.run_program("cluster", *words, environment=self.environment, seconds=seconds)

    def status(self):
        done = self.command("status", "--json")
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        return json.loads(done.stdout)

    def owned(self):
        """{name of a node that is up: its shards}."""
        return {node["name"]: node["shards"] for node in self.status()["nodes"] if node["state"] == "up"}

    def leader(self):
        """Its name, or None."""
        return next((node["name"] for node in self.status()["nodes"] if node["leads"]), None)

    def is_settled(self, spread=1):
        """Every shard is owned by a node that is up, none moves, and all who can hold about the same number."""
        seen = self.status()
        if not all(shard["is_owner_alive"] and shard["next"] is None for shard in seen["shards"]):
            return False
        up = [node for node in seen["nodes"] if node["state"] == "up" and set(node["roles"]) - {"edge"}]
        if len(up) != sum(node.runs for node in self.owners) or sum(len(node["shards"]) for node in up) != len(seen["shards"]):
            return False
        users = 1 if self.shard_count < 16 else self.shard_count // 8  # storage/shard_map.hpp
        parts = collections.defaultdict(list)  # as placement counts them: roles that the same nodes have are one
        for role in ("users", "trading", "marketdata"):
            parts[tuple(node["name"] for node in up if role in node["roles"])].append(role)
        for names, roles in parts.items():
            counts = [sum(("users" if shard < users else "marketdata" if shard == self.shard_count - 1 else "trading") in roles
                          for shard in node["shards"]) for node in up if node["name"] in names]
            if max(counts, default=0) - min(counts, default=0) > spread:
                return False
        return True

    def wait_settled(self, seconds=WAIT_SECONDS):
        until(self.is_settled, seconds, lambda: "a settled cluster:\n" + self.command("status").stdout)

    def owner_of(self, kind, number):
        """The node that owns an entity."""
        shard = shard_of(kind, number, self.shard_count)
        seen = self.status()
        owner = seen["shards"][shard]["owner"]
        return next((self.nodes[node["name"]] for node in seen["nodes"] if node["id"] == owner), None)

    def administrator(self, case, edge=None):
        """The first start's administrator; the node that led then has his password."""
        edge, said = edge or self.edges[0], []

        def find():
            for node in self.nodes.values():
                if not (node.data / "admin-password").exists():
                    continue
                password = node.admin_password()
                said.append(edge.api().post("auth/login", {"email": ADMIN, "password": password}))
                if said[-1].status == 200:
                    return Trader(case, edge, ADMIN, password).log_in()
            return None
        # His shard may be on its way, after whatever was done to the cluster before.
        return until(find, 20, lambda: f"a node that has the administrator's password: {said[-3:]}")

    def log_tails(self, lines=40):
        tails = [f"--- {name} ({'runs' if node.runs else 'ended'}):\n{node.log_tail(lines)}" for name, node in self.nodes.items()]
        return "\n".join(tails + [f"--- PostgreSQL:\n{self.postgres.log_tail()}"] if self.postgres else tails)

    def close(self):
        for node in self.nodes.values():
            node.close()
        for server in (self.postgres, self.redis):
            if server is not None:
                server.close()
        shutil.rmtree(self.home, ignore_errors=True)


class ClusterTestCase(support.NodeTestCase):
    """Ends the cluster whatever happens, and shows the logs of one whose test failed."""

    def setUp(self):
        super().setUp()
        if not private_servers.POSTGRES:
            self.skipTest("PostgreSQL is not installed")

    def cluster(self, *words, start=True, **more):
        made = Cluster(*words, **more)
        self.addCleanup(made.close)
        self.addCleanup(self._show_logs, made)
        return made.start() if start else made

    def _show_logs(self, cluster):
        result = self._outcome.result  # its `success` is of the running part alone, and that is this cleanup
        if not any(test is self for test, _ in [*result.failures, *result.errors]):
            return
        kept = os.environ.get("CLUSTER_TEST_LOGS")  # a folder for whole logs
        if kept:
            for name, node in cluster.nodes.items():
                pathlib.Path(kept).mkdir(parents=True, exist_ok=True)
                (pathlib.Path(kept) / f"{self.id().rpartition('.')[2]}-{name}.log").write_text(node.log_text())
        print(cluster.log_tails(), cluster.command("status").stdout, sep="\n", file=sys.stderr)
        done = support.run_program("journal", "verify", "--journal", cluster.journal_address(), seconds=300)
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)

    def until(self, condition, what, seconds=WAIT_SECONDS):
        try:
            return until(condition, seconds, what)
        except AssertionError as error:
            self.fail(str(error))

    def same_on(self, nodes, path, token=None, seconds=WAIT_SECONDS):
        """What all nodes answer to GET `path` as soon as it is the same everywhere: what is read from copies may be late."""
        seen = []

        def agree():
            seen.clear()
            for node in nodes:
                api = support.Api(node.host, node.port, token)
                got = api.get(path)
                api.close()
                seen.append(got.json if got.status == 200 else got.text)
            return isinstance(seen[0], (dict, list)) and all(one == seen[0] for one in seen)
        self.until(agree, lambda: f"the same from all nodes to GET {path}: {seen}", seconds)
        return seen[0]


class SharedClusterTestCase(ClusterTestCase):
    """The cases of a class share one cluster, which each of them leaves whole. Derive, and say in make() which."""

    @classmethod
    def make(cls):
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        if not private_servers.POSTGRES:
            return
        cls.at = cls.make()
        cls.addClassCleanup(cls.at.close)
        try:
            cls.at.start()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{cls.at.log_tails()}") from None

    def setUp(self):
        super().setUp()
        self.addCleanup(self._show_logs, self.at)
        self.addCleanup(self.at.start)  # whatever was stopped


def timed(function):
    """(what it returned, seconds it took)."""
    began = time.monotonic()
    got = function()
    return got, time.monotonic() - began
