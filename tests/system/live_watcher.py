"""Looks at a node's mirrored market over and over, and knows what the exchange behind it had: a wrong book shown as good is told.

A look counts only between two looks at the ticker that both say the market is not stale.
"""
import threading
import time

from binance_market import STATE_LEVELS, units

LOOK_SECONDS = 0.02


def as_units(levels):
    return tuple((units(price), units(size)) for price, size in levels)


class Watcher(threading.Thread):
    """`old_seconds`: how old what is shown may be; what the node promises is feed.stale-seconds."""

    def __init__(self, node, peer, symbol, old_seconds):
        super().__init__(daemon=True)
        self.api, self.peer, self.symbol, self.old_seconds = node.api(), peer, symbol, old_seconds
        self.good = self.stale = self.empty = 0
        self.wrong, self.problem = [], None
        self._ends = threading.Event()
        self.start()

    def run(self):
        try:
            while not self._ends.wait(LOOK_SECONDS):
                self.look()
        except Exception as error:  # told by end(), in the test's own thread
            self.problem = error

    def is_stale(self):
        return self.api.get(f"markets/{self.symbol}/ticker").json["stale"]

    def look(self):
        began = time.monotonic()
        was_stale = self.is_stale()
        book = self.api.get(f"markets/{self.symbol}/book?levels={STATE_LEVELS}").json
        if was_stale or self.is_stale():
            self.stale += 1
            return
        shown = as_units(book["bids"]), as_units(book["asks"])
        if shown == ((), ()):
            self.empty += 1  # nothing that anybody could trade on
            return
        states = self.peer.states_since(self.symbol, began - self.old_seconds)
        if any(shown == (as_units(bids), as_units(asks)) for bids, asks in states):
            self.good += 1
        elif len(self.wrong) < 10:
            self.wrong.append((time.monotonic(), shown[0][:2], shown[1][:2], as_units(states[0][0][:2]), as_units(states[0][1][:2]),
                               dict(self.peer.injected)))

    def end(self):
        self._ends.set()
        self.join(60)
        if self.problem is not None:
            raise self.problem
