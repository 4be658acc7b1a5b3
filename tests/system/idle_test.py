"""A fresh node without a feed: small and quiet."""
import time
import unittest

import support


class IdleTest(support.NodeTestCase):
    def test_memory_and_cpu(self):
        node = self.node()
        time.sleep(2)
        before, start = node.cpu_seconds(), time.monotonic()
        time.sleep(20)
        share = (node.cpu_seconds() - before) / (time.monotonic() - start)
        resident = node.resident_bytes() / 1e6
        print(f"idle CPU {100 * share:.2f} % of a core, resident {resident:.1f} MB", flush=True)
        self.assertLess(resident, 150)
        self.assertLess(share, 0.02)


if __name__ == "__main__":
    support.main()
