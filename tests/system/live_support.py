"""Cases of the live market: an exchange that plays recordings, a node that follows it, and what the two have to agree on."""
import time

import support
from binance_market import Recording
from binance_peer import BinancePeer
from live_watcher import as_units

SYMBOL = "BTCUSDT"
LEVELS = 100
STALE_SECONDS = 60  # more than a loaded machine ever keeps a message waiting; a case of staleness says less
FILES = ("spot_btcusdt_20240808.raw.jsonl.gz", "spot_btcusdt_20240809.raw.jsonl.gz",
         "cryptofeed_binance_spot_20211012.ws.txt.gz", "cryptofeed_binance_spot_20211012.depth_http.txt.gz")
_recordings = {}


def recording(case, what):
    """The recorded spot market, the quiet pairs, or both; read once."""
    data = support.recorded_data()
    files = [data / "binance_ws" / name for name in FILES] if data else []
    if not files or not all(file.exists() for file in files):
        case.skipTest("the recorded market data is not here")
    if "spot" not in _recordings:
        _recordings["spot"] = Recording.spot(files[:2])
        _recordings["quiet"] = Recording.several(*files[2:])
        _recordings["both"] = _recordings["spot"].beside(_recordings["quiet"])
    return _recordings[what]


class LiveCase(support.NodeTestCase):
    def peer(self, what="spot", **more):
        made = BinancePeer(recording(self, what), **more)
        self.addCleanup(made.close)
        return made

    def live_node(self, peer, symbols=(SYMBOL,), stale_seconds=STALE_SECONDS, options=(), **more):
        return self.node(feed="binance", options=[
            "--feed.rest-url", peer.rest_url, "--feed.stream-url", peer.stream_url, "--feed.ca-file", peer.ca_file,
            "--feed.symbols", ",".join(symbols), "--feed.stale-seconds", stale_seconds, *options], **more)

    def wait(self, is_so, what, seconds=120):
        end = time.monotonic() + seconds
        while not is_so():
            self.assertLess(time.monotonic(), end, f"not within {seconds} s: {what}")
            time.sleep(0.05)

    def get(self, node, path):
        """On a connection of its own: a kept one may be closed as idle between two looks."""
        api = node.api()
        try:
            return self.expect(api.get(path), 200)
        finally:
            api.close()

    def newest_trade(self, node):
        """The id of the newest trade on the tape, which follows the book within milliseconds; 0: none."""
        trades = self.get(node, f"markets/{SYMBOL}/trades?limit=1")["items"]
        return trades[0]["id"] if trades else 0

    def feed(self, node):
        self.wait(lambda: self.get(node, "feeds"), "the feed reports")
        return self.get(node, "feeds")[0]

    def stream(self, node, symbol=SYMBOL):
        return next((one for one in self.feed(node)["streams"] if one["symbol"] == symbol), {"state": "unknown"})

    def is_live(self, node, symbol=SYMBOL):
        return self.stream(node, symbol)["state"] == "live"

    def book(self, node, symbol=SYMBOL, levels=LEVELS):
        found = self.get(node, f"markets/{symbol}/book?levels={levels}")
        return as_units(found["bids"]), as_units(found["asks"])

    def peers_book(self, peer, symbol=SYMBOL, levels=LEVELS):
        return tuple(as_units(side) for side in peer.book(symbol, levels))

    def is_in_step(self, node, peer, symbol=SYMBOL):
        return self.is_live(node, symbol) and self.book(node, symbol) == self.peers_book(peer, symbol)

    def begin(self, node, peer, symbol=SYMBOL):
        """Until the node is subscribed and has the book of before the first message."""
        self.wait(lambda: peer.seen["SUBSCRIBE"] > 0, "subscribed")
        peer.play(until=5)  # of the time before the recorded snapshot
        peer.wait_played()
        self.wait(lambda: self.is_live(node, symbol), "live")

    def check_manners(self, peer):
        for what in ("too_fast", "too_many_connects", "too_many_streams", "no_pong", "broken_frames", "bad_requests", "over_weight"):
            self.assertEqual(peer.seen[what], 0, what)
