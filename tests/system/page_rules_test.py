"""The page's own checks: the types of web/ and its rules on Vitest, without a browser and without a node."""
import shutil
import subprocess
import unittest

import support

WEB = support.SOURCE / "web"


class PageRulesTest(unittest.TestCase):
    def setUp(self):
        if not shutil.which("npm") or not (WEB / "node_modules" / "vitest").is_dir():
            print("skipped: the packages of web/ are not installed (scripts/web)", flush=True)
            self.skipTest("the packages of web/ are not installed (scripts/web)")

    def run_script(self, name):
        done = subprocess.run(["npm", "run", "--silent", name], cwd=WEB, capture_output=True, text=True, timeout=600, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:])

    def test_the_types_are_sound(self):
        self.run_script("check")

    def test_the_rules_hold(self):
        self.run_script("test")


if __name__ == "__main__":
    support.main()
