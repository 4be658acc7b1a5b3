"""Access tokens against the real node: every way in which one may be wrong answers 401, and what is no longer meant to work
stops at once. The right key is read from the data directory, so each token but the forged ones is well signed.
"""
import base64
import hashlib
import hmac
import json
import time

import support
from traders import Trader, administrator


def encoded(text):
    return base64.urlsafe_b64encode(text if isinstance(text, bytes) else text.encode()).rstrip(b"=").decode()


class Tokens(support.NodeTestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = support.Node().start()
        cls.addClassCleanup(cls.at.close)

    def setUp(self):
        self.trader = Trader(self, self.at).register()
        self.key = (self.at.data / "token-key").read_text().strip().encode()
        self.good = self.trader.api.token
        self.header, self.claims, self.signature = self.good.split(".")
        self.said = json.loads(base64.urlsafe_b64decode(self.claims + "=="))
        self.api = self.at.api()

    def signed(self, header, claims, key=None, digest=hashlib.sha256):
        text = encoded(header) + "." + encoded(claims)
        return text + "." + encoded(hmac.new(key or self.key, text.encode(), digest).digest())

    def status_of(self, token):
        return self.api.get("account/balances", headers={"Authorization": "Bearer " + token}).status

    def refused(self, token, name):
        with self.subTest(name):
            self.assertEqual(self.status_of(token), 401)

    def claims_with(self, **changed):
        return json.dumps({**self.said, **changed})

    def test_the_key_is_the_right_one(self):
        header = base64.urlsafe_b64decode(self.header + "==").decode()
        self.assertEqual(self.status_of(self.good), 200)
        self.assertEqual(self.status_of(self.signed(header, self.claims_with())), 200)
        self.refused(self.signed(header, self.claims_with(), key=b"another key" * 4), "forged")
        self.refused(self.signed(header, self.claims_with(), key=b"\0"), "nearly no key")

    def test_headers(self):
        claims = self.claims_with()
        for alg in ("none", "None", "NONE", "nOnE"):
            bare = encoded(json.dumps({"alg": alg, "typ": "at+jwt"})) + "." + encoded(claims)
            self.refused(bare + ".", alg)
            self.refused(bare + "." + self.signature, alg + " with a signature")
        self.refused(f"{self.header}.{self.claims}.", "no signature")
        for header in ('{"alg":"HS384","typ":"at+jwt"}', '{"alg":"RS256","typ":"at+jwt"}', '{"alg":"HS256","typ":"rt+jwt"}',
                       '{"alg":"HS256","typ":"JWT"}', '{"alg":"HS256","alg":"HS256","typ":"at+jwt"}', "{}", "[]", "null", "{",
                       '{"alg":"HS256","typ":"at+jwt","crit":["x"]}', '{"alg":"HS256","typ":"at+jwt","b64":false}',
                       '{"alg":"HS256","typ":"at+jwt","zip":"DEF"}', '{"alg":"HS256","typ":"at+jwt","cty":"JWT"}',
                       *('{"alg":"HS256","typ":"at+jwt",%s}' % more for more in (
                           '"kid":"../../dev/null"', '"kid":"\' OR 1=1 --"', '"kid":"\\u0000"', '"kid":""', '"kid":"unknown"',
                           '"jku":"http://127.0.0.1/k"', '"x5u":"http://127.0.0.1/k"', '"x5c":["AA"]',
                           '"jwk":{"kty":"oct","k":"AA"}'))):
            self.refused(self.signed(header, claims), header)
        self.refused(self.signed('{"alg":"HS384","typ":"at+jwt"}', claims, digest=hashlib.sha384), "HS384, rightly signed")

    def test_claims(self):
        header = base64.urlsafe_b64decode(self.header + "==").decode()
        now = int(time.time())
        for changed in ({"exp": now - 10}, {"exp": str(now + 100)}, {"exp": now + 100.5}, {"exp": -1}, {"exp": 2**53 + 1},
                        {"exp": float("nan")}, {"exp": None}, {"nbf": now + 600}, {"nbf": "0"}, {"iat": now + 600}, {"iat": -5},
                        {"aud": "other"}, {"aud": [self.said["aud"]]}, {"iss": "other"}, {"iss": None}, {"sub": "0"},
                        {"sub": 7}, {"sub": "1' OR '1'='1"}, {"role": "root"}, {"sid": "0"}):
            self.refused(self.signed(header, self.claims_with(**changed)), changed)
        for gone in ("exp", "nbf", "iat", "aud", "iss", "sub", "sid", "role"):
            self.refused(self.signed(header, json.dumps({k: v for k, v in self.said.items() if k != gone})), "without " + gone)
        twice = self.claims_with()[:-1] + f', "exp": {now + 10_000}}}'
        self.refused(self.signed(header, twice), "exp twice")
        self.refused(self.signed(header, self.claims_with(role="admin", sid="1")), "a session that is not there")

    def test_one_spelling(self):
        last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        loose = self.good[:-1] + last[last.index(self.good[-1]) ^ 1]  # bits that stand for nothing
        for name, token in (("padded", self.good + "="), ("non-canonical bits", loose),
                            ("a blank within", self.good[:5] + " " + self.good[5:]),
                            ("a line end", self.good.replace(".", "%0a.", 1)), ("a character that lenient readers pass over",
                                                                               self.good[:-3] + "!" + self.good[-3:]),
                            ("two parts", self.header + "." + self.claims), ("four parts", self.good + ".x"), ("nothing", "."),
                            ("JSON serialization", json.dumps({"payload": self.claims})), ("nested", encoded(self.good)),
                            ("a refresh token", self.trader.refresh_token)):
            self.refused(token, name)
        large = self.status_of("a" * 1_000_000)
        self.assertIn(large, (401, 431))

    def test_what_ended_stays_ended(self):
        fresh = Trader(self, self.at).register()
        admin = administrator(self, self.at)
        self.assertEqual(self.status_of(fresh.api.token), 200)
        self.assertIn(fresh.api.post("auth/logout").status, (200, 204))
        self.refused(fresh.api.token, "after the log-out")
        victim = Trader(self, self.at).register()
        self.assertIn(admin.api.patch(f"admin/users/{victim.user_id}", {"status": "disabled"}).status, (200, 204))
        self.refused(victim.api.token, "of a disabled user")


if __name__ == "__main__":
    support.main()
