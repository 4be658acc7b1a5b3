"""A cluster whose roles are on nodes of their own, as the services of deploy/ are: users, trading, market data, edges."""
import support
from cluster_support import ClusterTestCase
from traders import Trader, deposit

LAYOUT = {"users-1": "users", "users-2": "users", "trading": "trading", "market": "marketdata", "edge": "edge"}
USERS_SHARDS = 8  # of 64, storage/shard_map.hpp
ORDER = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "time_in_force": "gtc", "quantity": "0.001", "price": "50000.00"}


class ClusterRolesTest(ClusterTestCase):
    def test_each_role_lives_by_itself(self):
        at = self.cluster(LAYOUT)
        owned = at.owned()
        self.assertEqual(sorted(owned["users-1"] + owned["users-2"]), list(range(USERS_SHARDS)))
        self.assertEqual(owned["trading"], list(range(USERS_SHARDS, 63)))
        self.assertEqual(owned["market"], [63])  # the feed's
        self.assertEqual(owned["edge"], [])
        refused = at.command("move", "0", "trading")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("trading has not the role users", refused.stdout + refused.stderr)

        anna = Trader(self, at["edge"]).register()
        deposit(self, at.administrator(self), anna, "USDT", "1000")
        placed = anna.api.post("orders", ORDER)
        self.assertEqual(placed.status, 201, placed)

        at["users-1"].kill()
        self.until(lambda: anna.api.post("orders", ORDER).status == 201, "the other node of users knows her")
        at["users-2"].kill()
        # As soon as it is noticed, nobody can say whether her session still stands.
        self.until(lambda: anna.api.get("account/balances").status == 503, "the edge says so")
        self.until(lambda: "no node that is up has the role users" in at.command("status").stdout, "the missing role is named")
        at["users-2"].start(ready=False)
        self.until(lambda: anna.api.post("auth/login", {"email": anna.email, "password": anna.password}).status == 200, "log in again")
        self.assertEqual(len(self.expect(anna.api.get("orders?status=open"), 200)["items"]), 2)


if __name__ == "__main__":
    support.main()
