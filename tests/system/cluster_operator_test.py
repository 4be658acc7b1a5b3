"""rialto cluster status, drain and move: straight over the tables of a private PostgreSQL, whatever nodes are down.

The nodes here are rows: what a node does about a wish is tests/runtime/cluster_driver_test.cpp's matter.
"""
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from support import SOURCE, main, run_program

PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
UP, DRAINING, GONE = 1, 2, 3


class Server:
    """PostgreSQL in a temporary directory, without root's rights, ended by its id."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rialto-cluster-cli-"))
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
        programs = PROGRAMS[-1].parent
        subprocess.run([programs / "initdb", "-D", self.home / "data", "-U", "rialto", "-A", "trust", "--no-sync",
                        "--no-locale", "-E", "UTF8"], check=True, stdout=subprocess.DEVNULL, **self._as_user())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = open(self.home / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [programs / "postgres", "-D", self.home / "data", "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
             "-c", f"unix_socket_directories={self.home}", "-c", "fsync=off"],
            stdout=self.log, stderr=self.log, **self._as_user())
        self.address = f"postgres://rialto@127.0.0.1:{self.port}/postgres"
        self.client = programs / "psql"
        until = time.monotonic() + 120
        while subprocess.run([self.client, self.address, "-c", "SELECT 1"], capture_output=True, check=False).returncode:
            if time.monotonic() > until:
                raise AssertionError((self.home / "log").read_text())
            time.sleep(0.05)

    def _as_user(self):
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": [], "cwd": self.home} if self.user else {}

    def sql(self, text):
        done = subprocess.run([self.client, self.address, "-v", "ON_ERROR_STOP=1", "-At", "-c", text],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)


@unittest.skipUnless(PROGRAMS, "PostgreSQL is not installed")
class Operator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.server.sql("DROP SCHEMA public CASCADE")
        self.server.sql("CREATE SCHEMA public")

    def make_tables(self):
        self.server.sql((pathlib.Path(SOURCE) / "storage/migrations/postgres/0002_cluster.sql").read_text())

    def make_cluster(self):
        """Four shards; a and b are up and own two each, c has gone."""
        self.make_tables()
        for name in "abc":
            self.server.sql(f"SELECT cluster_join('rialto', 4, '{name}', 'p', '{name}.example:4000', 15)")
        self.server.sql(f"UPDATE nodes SET state = CASE name WHEN 'c' THEN {GONE} ELSE {UP} END")
        self.server.sql("UPDATE placement SET owner = 1 + shard / 2, epoch = 3, version = 2")
        self.server.sql("UPDATE cluster SET version = 2")

    def cluster(self, *words):
        return run_program("cluster", *words, environment={"RIALTO_STORAGE_JOURNAL": self.server.address}, seconds=300)

    def assert_refused(self, done, sentence, code=2):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(sentence, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_what_is_not_there_is_said(self):
        done = run_program("cluster", "status")
        self.assert_refused(done, "there is no cluster without PostgreSQL")
        self.assert_refused(self.cluster("status"), "the database has no tables of a cluster yet", 1)
        self.make_tables()
        done = self.cluster("status")
        self.assertEqual(done.stdout, "There is no cluster in this database: no node has ever joined.\n")
        self.assertEqual(done.returncode, 0)
        self.assert_refused(self.cluster("move", "1", "a"), "there is no cluster in this database")
        self.server.sql("SELECT cluster_create('rialto', 4)")
        text = self.cluster("status").stdout
        self.assertIn("Cluster rialto: 0 nodes, 0 alive; 4 shards", text)
        self.assertIn("Without a living owner: 4 shards (0-3)", text)
        self.assertIn("No node has joined yet.", text)
        self.assertIn("No move is under way.", text)

    def test_a_server_that_is_away_is_said_without_its_password(self):
        done = run_program("cluster", "status",
                           environment={"RIALTO_STORAGE_JOURNAL": "postgres://rialto:s3cret@127.0.0.1:1/postgres"})
        self.assert_refused(done, "127.0.0.1", 1)
        self.assertNotIn("s3cret", done.stderr)

    def test_status_shows_nodes_shards_and_moves(self):
        self.make_cluster()
        self.server.sql("UPDATE placement SET next = 2, changed_at = cluster_ns(clock_timestamp()) WHERE shard = 1")
        self.server.sql("UPDATE placement SET wanted = 1 WHERE shard = 3")
        text = self.cluster("status").stdout
        self.assertIn("Cluster rialto: 3 nodes, 2 alive; 4 shards\nEvery shard has an owner.", text)
        rows = {line.split()[0]: line.split() for line in text.splitlines() if line and "example" in line}
        self.assertEqual(rows["a"][1:3], ["1", "up"])
        self.assertEqual(rows["a"][-3:], ["2", "0,", "1"])
        self.assertEqual(rows["c"][2], "gone")
        self.assertEqual(rows["c"][-2:], ["0", "none"])
        self.assertIn("edge,users,trading,marketdata", text)
        self.assertIn("Nobody leads at the moment.", text)
        self.assertIn("  shard 1: a to b, for ", text)
        self.assertIn("  shard 3: an operator wants it on a", text)

        seen = json.loads(self.cluster("status", "--json").stdout)
        self.assertEqual(seen["cluster"], "rialto")
        self.assertIsNone(seen["leader"])
        self.assertEqual([(n["name"], n["state"], n["shards"]) for n in seen["nodes"]],
                         [("a", "up", [0, 1]), ("b", "up", [2, 3]), ("c", "gone", [])])
        self.assertEqual(seen["shards"][1],
                         {"shard": 1, "epoch": 3, "owner": 1, "next": 2, "wanted": None, "is_owner_alive": True})

    def test_a_shard_whose_owner_is_gone_is_shown(self):
        self.make_cluster()
        self.server.sql(f"UPDATE nodes SET state = {GONE} WHERE name = 'b'")
        self.assertIn("Without a living owner: 2 shards (2, 3)\n", self.cluster("status").stdout)
        self.server.sql("UPDATE nodes SET roles = 3 WHERE name = 'a'")
        self.assertIn("Without a living owner: 2 shards (2, 3); no node that is up has the role trading or the role marketdata\n", self.cluster("status").stdout)

    def test_move_writes_a_wish_that_can_be_had(self):
        self.make_cluster()
        self.server.sql(f"UPDATE nodes SET state = {DRAINING} WHERE name = 'c'")
        self.assert_refused(self.cluster("move", "4", "b"), "SHARD must be 0 to 3, the cluster has 4 shards, not 4")
        self.assert_refused(self.cluster("move", "1", "d"), "no living node is called d")
        self.assert_refused(self.cluster("move", "1", "c"), "c is draining; only a node that is up takes shards")
        self.server.sql("UPDATE nodes SET roles = 1 WHERE name = 'b'")
        self.assert_refused(self.cluster("move", "1", "b"), "b has not the role trading, which shard 1 belongs to")
        self.assert_refused(self.cluster("move", "0", "b"), "b has not the role users, which shard 0 belongs to")
        self.server.sql("UPDATE nodes SET roles = 5 WHERE name = 'b'")
        self.assertEqual(self.server.sql("SELECT count(*) FROM placement WHERE wanted <> 0"), "0")

        done = self.cluster("move", "1", "b", "--wait", "0")
        self.assertEqual((done.returncode, done.stdout),
                         (0, "Asked for; rialto cluster status shows how far it is.\n"))
        self.assertEqual(self.server.sql("SELECT shard, wanted, version FROM placement WHERE wanted <> 0"), "1|2|3")
        done = self.cluster("move", "1", "b", "--wait", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("not done after 1 s", done.stdout)
        done = self.cluster("move", "2", "b", "--json")
        self.assertEqual(json.loads(done.stdout), {"wished": True, "done": True})  # it is there already
        self.assertEqual(self.server.sql("SELECT wanted FROM placement WHERE shard = 2"), "0")

    def test_drain_waits_for_the_node_to_leave(self):
        self.make_cluster()
        self.assert_refused(self.cluster("drain", "c"), "no living node is called c")

        def node():
            while self.server.sql("SELECT is_drain_wished FROM nodes WHERE name = 'a'") != "t":
                time.sleep(0.05)
            self.server.sql("UPDATE placement SET owner = 2, epoch = epoch + 1 WHERE owner = 1")
            self.server.sql(f"UPDATE nodes SET state = {GONE} WHERE name = 'a'")

        leaving = threading.Thread(target=node)
        leaving.start()
        done = self.cluster("drain", "a", "--wait", "120")
        leaving.join()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "a handed its shards over and left.\n", ""))
        done = self.cluster("drain", "b", "--wait", "0")
        self.assertIn("no other node that is up can have 4 shards (0-3)", done.stderr)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    main()
