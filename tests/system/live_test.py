"""The live market against an exchange that plays recordings over TLS and misbehaves: the node's book is the exchange's or it is marked
stale and its house orders are gone; never is a wrong book shown as good."""
import re
import unittest

import binance_faults
import connect_proxy
import support
import traders
from binance_peer import REST_FAULTS, STREAM_FAULTS
from live_support import LEVELS, SYMBOL, LiveCase, recording
from live_watcher import Watcher, as_units

QUIET = ("NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR")
STALE_SECONDS = 2  # where it is about staleness
OLD_SECONDS = 30   # how old a good book may be: what a loaded machine may keep waiting
SPEED = 4                        # of the recording, while faults fall


class CleanTest(LiveCase):
    def test_the_recorded_market_is_ours_at_every_comparable_point(self):
        peer = self.peer()
        node = self.live_node(peer)
        self.begin(node, peer)
        peer.play(speed=40)
        peer.wait_played()
        self.wait(lambda: self.is_in_step(node, peer), "in step at the end")
        bids, asks = self.book(node)
        self.assertEqual((len(bids), len(asks)), (LEVELS, LEVELS))
        comparable = recording(self, "spot").updates_with_ticker(SYMBOL, peer.snapshots[SYMBOL][-1])
        self.wait(lambda: self.stream(node)["book_checks"] >= comparable, "every point compared and reported")
        stream, counters = self.stream(node), self.feed(node)["counters"]
        self.assertEqual(peer.snapshots[SYMBOL], [recording(self, "spot").snapshots[SYMBOL]["lastUpdateId"]])
        self.assertEqual(comparable, 1_072)
        self.assertEqual((stream["book_checks"], stream["book_mismatches"]), (comparable, 0))
        self.assertEqual((counters["gaps"], counters["refused"], counters["resyncs"], counters["dropped"]), (0, 0, 1, 0))
        self.assertEqual(peer.market.trades[SYMBOL], 19_904)
        self.wait(lambda: self.newest_trade(node) == 19_904, "the last trade is on the tape", 30)
        self.check_manners(peer)
        self.assertEqual(peer.seen["connects"], 1)
        self.assertEqual(node.stop(), 0)

    def test_quiet_pairs_share_a_connection(self):
        peer = self.peer("quiet", ping_seconds=0.5)
        node = self.live_node(peer, QUIET)
        self.wait(lambda: peer.seen["streams_max"] >= 4 * len(QUIET), "every stream subscribed")
        peer.play(speed=10)
        peer.wait_played()
        for symbol in QUIET:
            self.wait(lambda: self.is_in_step(node, peer, symbol), f"{symbol} in step")
            stream = self.stream(node, symbol)
            self.assertEqual((stream["book_mismatches"], stream["gaps"]), (0, 0), symbol)
        self.wait(lambda: peer.seen["pongs"] >= 4, "pings answered")
        self.assertEqual((peer.seen["open_max"], peer.seen["other_pongs"]), (1, 0))
        self.check_manners(peer)


class FaultTest(LiveCase):
    def begin_with_watcher(self, stale_seconds=20, **more):
        peer = self.peer(**more)
        node = self.live_node(peer, stale_seconds=stale_seconds)
        self.begin(node, peer)
        watcher = Watcher(node, peer, SYMBOL, OLD_SECONDS)
        peer.play(speed=SPEED, loop=True)
        self.wait(lambda: watcher.good >= 3, "a good book is seen")
        return peer, node, watcher

    def end(self, peer, node, watcher):
        peer.pause()
        self.wait(lambda: self.is_in_step(node, peer), "in step at the end")
        watcher.end()
        self.assertEqual(watcher.wrong, [])

    def counters(self, node):
        feed = self.feed(node)
        return dict(feed["counters"]) | {"connection_ends": sum(one["reconnects"] for one in feed["connections"])}

    def heals(self, node, watcher, what):
        """Good books are seen again while the play goes on."""
        good = watcher.good
        self.wait(lambda: watcher.good >= good + 3 and self.is_live(node), f"live again after {what}")

    def test_every_fault_of_a_stream_is_noticed_counted_and_healed(self):
        peer, node, watcher = self.begin_with_watcher()
        harmless = {"double", *binance_faults.HARMLESS_FRAMES}
        breaks_connection = {"huge", "not_utf8", "reserved_bits", "cut", "cut_in_head"}
        for name in sorted(STREAM_FAULTS):
            with self.subTest(name):
                before, injected = self.counters(node), peer.injected[name]
                peer.fault(name)
                self.wait(lambda: peer.injected[name] > injected, "the fault fell")
                if name in harmless:
                    self.heals(node, watcher, name)
                    after = self.counters(node)
                    self.assertEqual([after[one] for one in ("gaps", "refused", "resyncs", "connects")],
                                     [before[one] for one in ("gaps", "refused", "resyncs", "connects")])
                    continue
                self.wait(lambda: self.counters(node)["resyncs"] > before["resyncs"], "synchronised anew")
                self.heals(node, watcher, name)
                after = self.counters(node)
                noticed = ("connects",) if name in breaks_connection else ("gaps", "refused", "problems")
                self.assertGreater(sum(after[one] for one in noticed), sum(before[one] for one in noticed))
                if name in ("nan", "nan_text", "too_large", "too_large_text", "negative", "truncated", "garbage", "no_field"):
                    self.assertGreater(after["refused"], before["refused"])
        self.end(peer, node, watcher)
        self.assertGreater(watcher.good, 100)

    def test_every_fault_of_rest_delays_the_book_and_no_more(self):
        peer, node, watcher = self.begin_with_watcher()
        for name in sorted(REST_FAULTS):
            with self.subTest(name):
                before = self.counters(node)
                more = {"status": {"status": 429, "retry_after": 1}, "hang": {"seconds": 12}}.get(name, {})
                peer.rest_fault(name, **more)
                peer.fault("drop")
                self.wait(lambda: peer.injected["rest_" + name] == 1, "the fault fell")
                self.wait(lambda: self.counters(node)["resyncs"] > before["resyncs"], "synchronised anew")
                self.heals(node, watcher, name)
                if name == "status":
                    self.assertGreater(self.counters(node)["rest_refusals"], before["rest_refusals"])
        self.end(peer, node, watcher)

    def test_a_stalled_market_is_marked_and_its_house_orders_are_pulled(self):
        peer, node, watcher = self.begin_with_watcher(STALE_SECONDS)
        admin = traders.administrator(self, node)
        buyer, seller = traders.Trader(self, node).register(), traders.Trader(self, node).register()
        traders.deposit(self, admin, buyer, "USDT", "1000000")
        traders.deposit(self, admin, seller, "BTC", "5")
        for with_pings in (False, True):
            with self.subTest(with_pings=with_pings):
                before = self.counters(node)
                watcher.end()  # users' orders come into the book, which the exchange has not
                peer.stall(60, pings=with_pings)
                self.wait(lambda: self.get(node, f"markets/{SYMBOL}/ticker")["stale"], "marked stale")
                self.wait(lambda: self.book(node) == ((), ()), "house orders pulled")
                self.wait(lambda: self.stream(node)["state"] == "stale", "said so by GET feeds")
                self.wait(lambda: self.counters(node)["stale"] > before["stale"], "counted")
                # Nobody trades on old prices; users still trade with each other.
                alone = buyer.order("buy", "0.01000", time_in_force="ioc")
                self.assertEqual(alone["fills"], [], alone)
                resting = seller.order("sell", "0.02000", "90000.00")
                self.wait(lambda: self.book(node)[1] == as_units([("90000.00", "0.02000")]), "the user's order alone in the book")
                taken = buyer.order("buy", "0.02000", "90000.00")
                self.assertEqual(taken["status"], "filled", (taken, resting))
                peer.call(lambda: [setattr(one, "silent_until", 0) for one in peer.connections])
                self.wait(lambda: self.is_live(node), "live again", 180)
                watcher = Watcher(node, peer, SYMBOL, OLD_SECONDS)
                self.heals(node, watcher, "the stall")
        self.end(peer, node, watcher)

    def test_connections_that_end_are_made_again(self):
        peer, node, watcher = self.begin_with_watcher()
        for name, order in {"cut": peer.cut, "close": lambda: peer.close_streams(1012, "restart"),
                            "refuse": lambda: peer.refuse(1.0)}.items():
            with self.subTest(name):
                before = self.counters(node)
                order()
                self.wait(lambda: self.counters(node)["connects"] > before["connects"], "connected again")
                self.heals(node, watcher, name)
        self.end(peer, node, watcher)
        self.check_manners(peer)
        self.assertGreater(watcher.stale + watcher.empty, 0)

    def test_a_random_mix_ends_in_step(self):
        peer, node, watcher = self.begin_with_watcher(STALE_SECONDS, ping_seconds=1.0)
        peer.mix(seed=20240808, seconds=20)
        peer.end_faults()
        self.heals(node, watcher, "the mix")
        self.end(peer, node, watcher)
        self.assertGreater(len(peer.injected), 10)
        self.check_manners(peer)


class ChangeTest(LiveCase):
    def test_a_shutdown_that_was_announced_loses_nothing(self):
        peer = self.peer()
        node = self.live_node(peer)
        self.begin(node, peer)
        peer.play(speed=10, until=30_000)
        self.wait(lambda: peer.market.said > 2_000, "played a while")
        before = self.feed(node)["counters"]
        peer.announce_shutdown(close_after=30)
        self.wait(lambda: peer.seen["connects"] == 2 and len(peer.connections) == 1, "moved to a new connection")
        peer.wait_played()
        self.wait(lambda: self.is_in_step(node, peer), "in step")
        after = self.feed(node)["counters"]
        self.assertEqual([after[name] for name in ("gaps", "resyncs", "stale", "book_mismatches")],
                         [before[name] for name in ("gaps", "resyncs", "stale", "book_mismatches")])
        self.wait(lambda: self.newest_trade(node) == peer.market.trades[SYMBOL], "the last trade is on the tape", 30)
        self.check_manners(peer)

    def test_symbols_come_and_go_while_the_others_run_on(self):
        other = QUIET[0]
        peer = self.peer("both")
        node = self.live_node(peer, (SYMBOL, other))
        admin = traders.administrator(self, node)
        self.wait(lambda: peer.seen["streams_max"] == 8, "both subscribed")
        peer.play(speed=5, loop=True)
        self.wait(lambda: self.is_live(node) and self.is_live(node, other), "both live")
        for _ in range(2):
            self.expect(admin.api.patch(f"admin/instruments/{other}", {"mode": "own"}), 200)
            self.wait(lambda: not any(other.lower() in name for one in list(peer.connections) for name in list(one.subscribed)),
                      "unsubscribed")
            self.wait(lambda: self.stream(node, other)["state"] in ("off", "unknown"), "no stream of the feed any more")
            self.wait(lambda: self.book(node, other) == ((), ()), "nothing of the house in its book")
            self.expect(admin.api.patch(f"admin/instruments/{other}", {"mode": "mirrored"}), 200)
            self.wait(lambda: self.is_live(node, other), "live again")
        peer.pause()
        for symbol in (SYMBOL, other):
            self.wait(lambda: self.is_in_step(node, peer, symbol), f"{symbol} in step")
        stream = self.stream(node)
        self.assertEqual((stream["gaps"], stream["resyncs"], stream["book_mismatches"]), (0, 1, 0))
        self.wait(lambda: self.newest_trade(node) == peer.market.trades[SYMBOL], "the last trade is on the tape", 30)
        self.assertEqual((peer.seen["connects"], peer.seen["UNSUBSCRIBE"]), (1, 2))
        self.check_manners(peer)

    def test_memory_stays_flat_over_many_messages(self):
        peer = self.peer()
        node = self.live_node(peer)
        self.begin(node, peer)
        sizes = []
        for until in (150_000, 300_000, 450_000):  # bench/system/feed_soak.py plays a whole day
            peer.play(until=until, loop=True)
            peer.wait_played(600)
            self.wait(lambda: self.is_in_step(node, peer), "in step")
            sizes.append(node.resident_bytes())
        self.assertLess(sizes[2], 1.3 * sizes[1], sizes)
        self.assertEqual(self.feed(node)["counters"]["book_mismatches"], 0)

    def test_a_proxy_is_gone_through_and_its_password_is_nowhere(self):
        peer = self.peer()
        proxy = connect_proxy.ConnectProxy("operator", "s3cret-pass")
        self.addCleanup(proxy.close)
        node = self.live_node(peer, environment={"RIALTO_FEED_PROXY": f"http://operator:s3cret-pass@127.0.0.1:{proxy.port}"})
        self.begin(node, peer)
        self.assertEqual(set(proxy.targets), {url.split("//")[1] for url in (peer.rest_url, peer.stream_url)})
        self.assertEqual(proxy.seen["not_allowed"], 0)
        peer.play(until=2_000)
        peer.wait_played()
        self.wait(lambda: self.is_in_step(node, peer), "in step through the proxy")
        self.assertGreater(proxy.seen["down_bytes"], 100_000)
        told = node.log_text() + "\n".join(node.said) + node.api().get("feeds").text + node.api().get("/metrics").text
        self.assertIsNone(re.search("s3cret|" + "b3BlcmF0b3I6", told))

    def test_a_certificate_of_somebody_else_is_refused(self):
        peer, other = self.peer(), self.peer()
        node = self.node(feed="binance", options=[
            "--feed.rest-url", peer.rest_url, "--feed.stream-url", peer.stream_url, "--feed.ca-file", other.ca_file,
            "--feed.symbols", SYMBOL])
        self.wait(lambda: self.feed(node)["counters"]["connection_failures"] > 0, "the failure is counted")
        self.assertEqual((peer.seen["connects"], sum(peer.requests.values())), (0, 0))
        self.assertFalse(self.feed(node)["connected"])


if __name__ == "__main__":
    support.main()
