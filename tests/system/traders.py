"""Users of a node for system tests: registered, logged in, with money; and decimals that add up exactly."""
import itertools
from decimal import Decimal

_numbers = itertools.count(1)
PASSWORD = "correct-horse-battery-9"


class Trader:
    """One user with a connection of his own."""

    def __init__(self, case, node, email=None, password=PASSWORD):
        self.case, self.node = case, node
        self.email = email or f"trader{next(_numbers)}@example.org"
        self.password = password
        self.api = node.api()
        self.account_id = self.user_id = self.refresh_token = None

    def register(self):
        made = self.case.expect(self.api.post("auth/register", {"email": self.email, "password": self.password}), 201)
        self.user_id, self.account_id = made["user_id"], made["account_id"]
        return self.log_in()

    def log_in(self):
        tokens = self.case.expect(self.api.post("auth/login", {"email": self.email, "password": self.password}), 200)
        self.api.token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]
        return self

    def reconnect(self):
        """After a restart: the node has another port, the token is still good."""
        token = self.api.token
        self.api = self.node.api(token)
        return self

    def order(self, side, quantity=None, price=None, symbol="BTCUSDT", status=201, **more):
        body = {"symbol": symbol, "side": side, "type": "limit" if price else "market", **more}
        if quantity:
            body["quantity"] = quantity
        if price:
            body["price"] = price
            body.setdefault("time_in_force", "gtc")
        answer = self.api.post("orders", body)
        self.case.assertEqual(answer.status, status, f"{body} -> {answer.text}")
        return answer.json

    def balances(self):
        """{asset: (available, hold)} as Decimals."""
        rows = self.case.expect(self.api.get("account/balances"), 200)
        rows = rows["balances"] if isinstance(rows, dict) else rows
        return {row["asset"]: (Decimal(row["available"]), Decimal(row["hold"])) for row in rows}


def administrator(case, node):
    return Trader(case, node, "admin@rialto.local", node.admin_password()).log_in()


def deposit(case, admin, trader, asset, amount, reference=None):
    answer = admin.api.post(f"admin/accounts/{trader.account_id}/deposits",
                            {"asset": asset, "amount": amount, "reference": reference or f"d{next(_numbers)}"})
    case.assertIn(answer.status, (200, 201), answer.text)
    return answer.json


def pages(case, api, path):
    """All rows of a paged list."""
    rows, cursor = [], None
    for _ in range(10_000):
        got = case.expect(api.get(path + (("&" if "?" in path else "?") + "cursor=" + cursor if cursor else "")), 200)
        name = next(key for key, value in got.items() if isinstance(value, list))
        rows += got[name]
        cursor = got.get("next_cursor") or got.get("next")
        if not cursor:
            return rows
    raise AssertionError(f"{path} never ends")
