"""rialto cluster init-ca and issue: who gets into a cluster, and files that are never written over."""
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import unittest

from support import main, run_program


class ClusterCertificates(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rialto-cluster-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def run_here(self, *arguments):
        return run_program("cluster", *arguments, cwd=self.home)

    def modes(self, folder):
        return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}

    def test_an_authority_and_a_node(self):
        self.assertEqual(self.run_here("init-ca").returncode, 0)
        done = self.run_here("issue", "node-1")
        self.assertEqual(done.returncode, 0, done.stderr)
        folder = self.home / "cluster-ca" / "node-1"
        self.assertEqual(self.modes(folder), {"node-1.pem": 0o600, "node-1-key.pem": 0o600, "authority.pem": 0o600,
                                              "token-key": 0o600, "secret-key": 0o600})
        self.assertIn("certificate = ./cluster-ca/node-1/node-1.pem\nkey = ./cluster-ca/node-1/node-1-key.pem\n"
                      "authority = ./cluster-ca/node-1/authority.pem\n", done.stdout)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(folder / "authority.pem")
        context.load_cert_chain(folder / "node-1.pem", folder / "node-1-key.pem")

    def test_openssl_agrees(self):
        if not shutil.which("openssl"):
            self.skipTest("the program openssl is not here")
        self.run_here("init-ca", "--dir", "ca")
        self.run_here("issue", "operator", "--dir", "ca", "--out", "tool")
        for purpose in ("sslclient", "sslserver"):
            done = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", purpose, "-verify_hostname", "operator",
                                   "-CAfile", "ca/authority.pem", "tool/operator.pem"],
                                  cwd=self.home, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
        text = subprocess.run(["openssl", "x509", "-in", "tool/operator.pem", "-noout", "-text"], cwd=self.home,
                              capture_output=True, text=True, check=True).stdout
        self.assertIn("CN = operator", text)
        self.assertIn("DNS:operator", text)

    def test_nothing_is_written_over(self):
        self.run_here("init-ca")
        before = (self.home / "cluster-ca" / "authority-key.pem").read_bytes()
        done = self.run_here("init-ca")
        self.assertEqual(done.returncode, 1)
        self.assertIn("authority-key.pem is there already and is not written over", done.stderr)
        self.assertEqual((self.home / "cluster-ca" / "authority-key.pem").read_bytes(), before)
        self.run_here("issue", "node-1")
        done = self.run_here("issue", "node-1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("node-1.pem is there already", done.stderr)

    def test_what_is_wrong_is_said(self):
        done = self.run_here()
        self.assertEqual(done.returncode, 2)
        self.assertIn("init-ca", done.stderr)
        done = self.run_here("issue", "node-1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("rialto cluster init-ca makes an authority", done.stderr)
        self.run_here("init-ca")
        done = self.run_here("issue", "a/b")
        self.assertEqual(done.returncode, 2)
        self.assertIn('"a/b" is no node name', done.stderr)


if __name__ == "__main__":
    main()
