"""The node's own TLS: REST and WebSocket, peers that speak something else, slow ones, and a certificate that is renewed."""
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import support
from traders import Trader, administrator, deposit


def make_certificates(directory, *names):
    subprocess.run([support.SOURCE / "scripts" / "dev-certificate", directory, *names], check=True, capture_output=True)


class TlsTest(support.NodeTestCase):
    def setUp(self):
        self.certificates = pathlib.Path(tempfile.mkdtemp(prefix="rialto-tls-"))
        self.addCleanup(shutil.rmtree, self.certificates)
        make_certificates(self.certificates)

    def secure(self, **more):
        return self.node(certificates=self.certificates, **more)

    def plain_socket(self, node, seconds=20):
        made = socket.create_connection((node.host, node.port), timeout=seconds)
        self.addCleanup(made.close)
        return made

    def test_trading(self):
        """An order over https, its event over wss, hosts by name and by address."""
        node = self.secure()
        self.assertTrue(any(line.startswith("Rialto") and "https://127.0.0.1" in line for line in node.said), node.said)
        admin = administrator(self, node)
        trader = Trader(self, node).register()
        deposit(self, admin, trader, "USDT", "1000")
        stream = node.stream()
        stream.send({"id": 1, "op": "authenticate", "access_token": trader.api.token})
        self.assertTrue(stream.receive()["ok"])
        stream.send({"id": 2, "op": "subscribe", "channel": "orders"})
        stream.receive_until(lambda message: message.get("snapshot"))
        order = self.expect(trader.api.post("orders", {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "time_in_force": "gtc",
                                                       "quantity": "0.01", "price": "10000.00"}), 201)
        event = stream.receive_until(lambda message: message.get("channel") == "orders" and "data" in message)
        self.assertIn(str(order["order_id"]), json.dumps(event))
        named = support.Api("localhost", node.port, tls=node.tls)
        self.assertEqual(named.get("/healthz").status, 200)
        named.close()

    def test_versions(self):
        node = self.secure()
        for version, works in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True), (ssl.TLSVersion.TLSv1_1, False)):
            context = ssl.create_default_context(cafile=self.certificates / "authority.pem")
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or the client itself would refuse the old version
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["h2", "http/1.1"])
            with self.subTest(version=version.name):
                if not works:
                    with self.assertRaises(OSError):
                        context.wrap_socket(self.plain_socket(node), server_hostname="localhost")
                    continue
                with context.wrap_socket(self.plain_socket(node), server_hostname="localhost") as peer:
                    self.assertEqual(peer.selected_alpn_protocol(), "http/1.1")
        stranger = support.Api(node.host, node.port, tls=ssl.create_default_context())
        self.addCleanup(stranger.close)
        with self.assertRaises(ssl.SSLCertVerificationError):
            stranger.get("/healthz")

    def test_no_tls_spoken(self):
        """Plain HTTP is told so; garbage, a cut handshake and silence end, and the node goes on."""
        node = self.secure(options=["--http.request-seconds", "1"])
        peer = self.plain_socket(node)
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn(b"400 Bad Request", peer.recv(4096))
        for words in (b"\x16\x03\x01\x00", b"\x16" + os.urandom(300), b"\x80" * 40, b""):
            peer = self.plain_socket(node)
            peer.sendall(words)
            while True:  # an alert may come first; then the end
                try:
                    if not peer.recv(4096):
                        break
                except ConnectionResetError:
                    break
        self.assertEqual(node.api().get("/healthz").status, 200)

    def test_large_and_slow(self):
        """A large answer to a reader that pauses, many requests in one record, a request in one-byte records."""
        node = self.secure()
        document = node.api().get("/openapi.json").text
        with node.tls.wrap_socket(self.plain_socket(node), server_hostname="localhost") as peer:
            count = 50
            peer.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * count)
            time.sleep(0.5)  # our buffers and the kernel's fill
            got = b""
            while got.count(b"HTTP/1.1 200") < count or not got.endswith(document[-200:].encode()):
                piece = peer.recv(65536)
                self.assertTrue(piece, "the connection ended early")
                got += piece
            self.assertEqual(got.count(document.encode()), count)
            for letter in b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n":
                peer.sendall(bytes([letter]))
            self.assertIn(b"200 OK", peer.recv(65536))

    def test_many_at_once(self):
        node = self.secure()
        statuses, lock = [], threading.Lock()

        def ask():
            api = support.Api(node.host, node.port, tls=node.tls)
            got = [api.get("markets/BTCUSDT/book").status for _ in range(20)]
            api.close()
            with lock:
                statuses.extend(got)

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertEqual(statuses, [200] * 400)

    def serial_of(self, node):
        with node.tls.wrap_socket(self.plain_socket(node), server_hostname="localhost") as peer:
            return peer.getpeercert()["serialNumber"]

    def test_renewal(self):
        """A renewed certificate is taken up while the node runs; a broken one never replaces what works."""
        node = self.secure()
        stream = node.stream()
        before = self.serial_of(node)
        (self.certificates / "node.pem").write_text("no certificate")
        end = time.monotonic() + 40
        while "stays" not in node.log_text():
            self.assertLess(time.monotonic(), end, "the broken certificate was not noticed")
            time.sleep(0.1)
        self.assertEqual(self.serial_of(node), before)
        make_certificates(self.certificates)
        while self.serial_of(node) == before:
            self.assertLess(time.monotonic(), end, "the renewed certificate was not taken up")
            time.sleep(0.1)
        stream.send({"id": 1, "op": "ping"})
        self.assertTrue(stream.receive()["ok"])  # who was connected stays so

    def test_refused_files(self):
        def started(certificate, key):
            with tempfile.TemporaryDirectory() as data:
                return support.run_program("serve", "--data", data + "/d", "--listen", "127.0.0.1:0", "--tls.certificate", certificate,
                                           *(["--tls.key", key] if key else []))

        other = self.certificates / "other"
        make_certificates(other)
        pair = self.certificates / "node.pem", self.certificates / "node-key.pem"
        for certificate, key, words in ((pair[0], None, "set together"), (pair[0], other / "node-key.pem", "mismatch"),
                                        (self.certificates / "none.pem", pair[1], "tls.certificate"), (pair[0], pair[0], "tls.key")):
            with self.subTest(words=words):
                ended = started(certificate, key)
                self.assertNotEqual(ended.returncode, 0)
                self.assertIn(words, ended.stderr)
                self.assertNotIn("PRIVATE KEY", ended.stderr)
                self.assertNotIn("markets are open", ended.stderr)  # said before the data are touched


if __name__ == "__main__":
    support.main()
