"""A cluster whose PostgreSQL has a standby: the primary's machine is lost, the standby is promoted, and the nodes find it by themselves.

What stands then depends on how it followed (docs/OPERATIONS.md): a synchronous one has every acknowledged order, another has lost the last ones.
"""
import time

import private_servers
import support
from cluster_load import Crowd
from cluster_support import WHOLE, Cluster, ClusterTestCase

SEED = support.os.environ.get("RIALTO_SEED", "20261201")
STANDBY = "standby"


class WithStandby(Cluster):
    """The standby is made of the primary before any node starts."""

    standby = primary = None

    def journal_address(self):
        if self.standby is None:
            self.primary, self.standby = self.postgres, private_servers.Standby(self.postgres, STANDBY)
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in (self.primary, self.standby))
        return f"postgres://rialto@{hosts}/postgres?target_session_attrs=read-write"

    def promote(self):
        self.standby.promote()
        self.postgres = self.standby

    def close(self):
        super().close()
        for server in (self.standby, self.primary):
            if server is not None:
                server.close()


class StandbyTest(ClusterTestCase):
    def setUp(self):
        super().setUp()
        print(f"seed {SEED}", flush=True)
        self.at = WithStandby(WHOLE, shards=16)
        self.addCleanup(self.at.close)
        self.addCleanup(self._show_logs, self.at)
        self.at.start()

    def trade(self, crowd, orders):
        """Until there are so many more."""
        wanted = crowd.count() + orders
        self.until(lambda: crowd.count() >= wanted, f"{orders} more orders")

    def test_a_synchronous_standby_has_every_order(self):
        at = self.at
        at.primary.sql(f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({STANDBY})'")
        at.primary.sql("SELECT pg_reload_conf()")
        self.until(lambda: at.standby.follows() == "sync", "the standby is synchronous")
        crowd = Crowd(self, at, 6, SEED, listeners=2).begin()
        self.trade(crowd, 200)
        owned = at.owned()
        at.primary.kill()
        time.sleep(1)  # somebody notices, and decides
        at.promote()
        began = time.monotonic()
        self.trade(crowd, 1)
        print(f"the first order came {time.monotonic() - began:.2f} s after the promotion", flush=True)
        self.trade(crowd, 200)
        at.wait_settled()
        self.assertEqual(at.owned(), owned)  # nobody was declared dead for it
        crowd.end().judge()

    def test_who_saw_what_a_lagging_standby_lost_ends(self):
        """Every node has shown lost orders in its lists; none goes on with them, and the next start takes the journal as it is."""
        at = self.at
        crowd = Crowd(self, at, 4, SEED).begin()
        self.trade(crowd, 100)
        crowd.end()
        behind = "SELECT pg_current_wal_lsn() <> replay_lsn FROM pg_stat_replication"
        self.until(lambda: at.primary.sql(behind) == "f", "the standby has all of it")
        at.standby.unfollow()
        kept = [dict(one) for one in crowd.acknowledged]
        crowd.begin()
        self.trade(crowd, 100)
        crowd.end()
        lost = [set(all_) - set(some) for all_, some in zip(crowd.acknowledged, kept)]
        self.until(lambda: all(any(row["client_order_id"] in gone for row in self.expect(edge.api(user.api.token).get("orders?status=all"), 200)["items"])
                               for edge in at.edges for user, gone in zip(crowd.users, lost)), "every node's lists show them")
        at.primary.kill()
        at.promote()
        for node in at.nodes.values():
            self.assertEqual(node.wait_end(), 1, node.log_tail())
            self.assertRegex(node.log_text(), r"shard \d+ ends at row \d+ of the journal, (this node has seen row \d+|row \d+ was acknowledged)")
        at.start()
        crowd.acknowledged = kept
        for unknown, gone in zip(crowd.unknown, lost):
            unknown |= gone
        for user, gone in zip(crowd.users, lost):
            there = {row["client_order_id"] for row in self.expect(at.edges[0].api(user.api.token).get("orders?status=all&limit=500"), 200)["items"]}
            self.assertFalse(there & gone, "they are lost, or this has shown nothing")
        crowd.begin()
        self.trade(crowd, 300)  # beyond the rows that were lost
        crowd.end().judge()


if __name__ == "__main__":
    support.main()
