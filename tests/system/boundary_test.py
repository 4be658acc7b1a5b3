"""Bytes that servers are known to disagree on, against the real node: where one request ends and the next begins, and what
RFC 6455 forbids. The tables are a reading of their own, beside those of the unit tests of net/server.
"""
import base64
import os
import re
import socket
import struct
import unittest

import support

BEHIND = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"  # would be answered 404 if it were read
HELLO = b"5\r\nhello\r\n0\r\n\r\n"


def post(headers, body=b""):
    return b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n" + body + BEHIND


def length(value):
    return post(b"Content-Length:" + value + b"\r\n", b"hello")


def coding(value):
    return post(b"Transfer-Encoding:" + value + b"\r\n", HELLO)


def chunked(body):
    return post(b"Transfer-Encoding: chunked\r\n", body)


def line(text):
    return text + b"\r\nHost: a\r\n\r\n" + BEHIND


# What is sent: the one status that comes back before the connection ends. 400 unless said.
REFUSED = {
    "length and coding": post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    "coding and length": post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"),
    "two equal lengths": post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"),
    "two lengths": post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"),
    "a list of lengths": length(b" 5,5"), "plus": length(b" +5"), "minus": length(b" -1"), "hex": length(b" 0x5"),
    "blank behind": length(b" 5 "), "2^64": length(b" 18446744073709551616"), "length with NUL": length(b" 5\0"),
    "identity last": coding(b" chunked, identity"), "xchunked": coding(b" xchunked"), "twice": coding(b" chunked, chunked"),
    "tab before": coding(b"\tchunked"), "tab behind": coding(b" chunked\t"), "VT before": coding(b" \x0bchunked"),
    "NUL behind": coding(b" chunked\0"), "blank before the colon": post(b"Content-Length : 5\r\n", b"hello"),
    "folded": post(b"X: a\r\n b\r\n"), "signed chunk": chunked(b"+5\r\nhello\r\n0\r\n\r\n"),
    "0x chunk": chunked(b"0x5\r\nhello\r\n0\r\n\r\n"), "chunk of 2^64": chunked(b"10000000000000000\r\nhello\r\n0\r\n\r\n"),
    "chunk without CRLF": chunked(b"5\r\nhello0\r\n\r\n"), "chunk with LF": chunked(b"5\nhello\r\n0\r\n\r\n"),
    "extension of a megabyte": chunked(b"5;a=" + b"x" * 1_000_000 + b"\r\nhello\r\n0\r\n\r\n"),
    "length in the trailer": chunked(b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"),
    "coding in the trailer": chunked(b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "Host in the trailer": chunked(b"5\r\nhello\r\n0\r\nHost: b\r\n\r\n"),
    "no Host": b"GET / HTTP/1.1\r\n\r\n" + BEHIND, "empty Host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n" + BEHIND,
    "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + BEHIND,
    "CR in the target": line(b"GET /a\rb HTTP/1.1"), "CR in a value": post(b"X: a\rb\r\n"), "NUL": post(b"X: a\0b\r\n"),
    "high byte in a name": post(b"X\xe9: a\r\n"), "absolute target": line(b"GET http://a/ HTTP/1.1"),
    "authority target": line(b"CONNECT a:443 HTTP/1.1"), "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/1.2": (line(b"GET / HTTP/1.2"), 505), "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "a large head": (post(b"X: " + b"x" * 17_000 + b"\r\n"), 431), "a long target": (line(b"GET /" + b"x" * 9_000 + b" HTTP/1.1"), 414),
    "a body too large": (length(b" 99999999"), 413),
    "upgrade with a body": b"GET /api/v1/stream HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 3\r\n\r\nabc",
}


class Wire(support.NodeTestCase):
    """One node for a class's cases, and bytes on a plain connection."""

    @classmethod
    def setUpClass(cls):
        cls.at = support.Node().start()
        cls.addClassCleanup(cls.at.close)

    def connect(self):
        link = socket.create_connection((self.at.host, self.at.port), 30)
        self.addCleanup(link.close)
        return link

    def rest_of(self, link):
        """Everything until the node closes."""
        got = b""
        while True:
            try:
                more = link.recv(65_536)
            except ConnectionResetError:  # it did not read to the end of what was sent
                return got
            if not more:
                return got
            got += more

    def statuses(self, got):
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)]

    def push(self, link, text):
        try:
            link.sendall(text)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end


class Boundary(Wire):
    def test_two_readings_are_refused(self):
        for name, vector in REFUSED.items():
            text, status = vector if isinstance(vector, tuple) else (vector, 400)
            with self.subTest(name):
                link = self.connect()
                self.push(link, text)
                got = self.rest_of(link)
                self.assertEqual(self.statuses(got), [status], got[:300])
                self.assertIn(b"application/problem+json", got)
        self.assertEqual(self.at.api().get("/healthz").status, 200)

    def test_a_bad_one_among_a_hundred(self):
        link = self.connect()
        for number in range(100):
            self.push(link, b"GET /api/v3/ping HTTP/1.1\r\nHost%s: a\r\n\r\n" % (b" " if number == 50 else b""))
        self.assertEqual(self.statuses(self.rest_of(link)), [200] * 50 + [400])

    def test_single_bytes_have_the_same_limit(self):
        link = self.connect()
        for byte in b"GET / HTTP/1.1\r\nX: " + b"x" * 17_000:
            try:
                link.send(bytes([byte]))
            except (BrokenPipeError, ConnectionResetError):
                break
        self.assertEqual(self.statuses(self.rest_of(link)), [431])

    def test_clear_ones_are_answered(self):
        link = self.connect()
        link.settimeout(30)
        link.sendall(b"GET /api/v3/ping HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"  # a GET with a body
                     b"GET /api/v3/ping HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
                     b"GET /api/v3/ping HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n" + BEHIND)
        self.assertEqual(len(self.statuses(self.rest_of(link))), 3)

    def test_an_expectation_with_a_bad_token_gets_no_100(self):
        link = self.connect()
        link.sendall(b"POST /api/v1/orders HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nExpect: 100-continue\r\n"
                     b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        head = link.recv(65_536)
        self.assertEqual(self.statuses(head), [401], head)


def frame(first, payload=b"", mask=True):
    size = len(payload)
    head = bytes([first])
    if size < 126:
        head += bytes([size | (128 if mask else 0)])
    elif size < 65_536:
        head += bytes([126 | (128 if mask else 0)]) + struct.pack(">H", size)
    else:
        head += bytes([127 | (128 if mask else 0)]) + struct.pack(">Q", size)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


PING, CLOSE, TEXT = 0x89, 0x88, 0x81
VIOLATIONS = {
    "reserved bit 1": frame(0xC1, b"x"), "reserved bit 2": frame(0xA1, b"x"), "reserved bit 3": frame(0x91, b"x"),
    **{f"opcode {code}": frame(0x80 | code) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "no mask": frame(TEXT, b"{}", mask=False), "a ping of 126": frame(PING, b"p" * 126), "a ping in parts": frame(0x09, b"p"),
    "continuation of nothing": frame(0x80, b"x"), "text within a message": frame(0x01, b"x") + frame(TEXT, b"y"),
    **{f"close {code}": frame(CLOSE, struct.pack(">H", code)) for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)},
    "half a close code": frame(CLOSE, b"\x03"),
}
NOT_UTF8 = [b"\x80", b"\xc0\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"a\xce\xba\xff"]
PATHS = ("/api/v1/stream", "/ws-api/v3", "/ws/btcusdt@trade")


class WebSockets(Wire):
    def open(self, path=PATHS[0], headers=b""):
        link = self.connect()
        link.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) + b"\r\n" + headers + b"\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            more = link.recv(1)
            if not more:
                break
            head += more
        return link, head

    def close_codes(self, got):
        """Codes of the close frames among unmasked frames."""
        codes = []
        while len(got) >= 2:
            size, skip = got[1] & 127, 2
            if size == 126:
                size, skip = struct.unpack(">H", got[2:4])[0], 4
            if got[0] == CLOSE:
                codes.append(struct.unpack(">H", got[2:4])[0] if size >= 2 else 1005)
            got = got[skip + size:]
        return codes

    def ends_with(self, path, text, code):
        link, head = self.open(path)
        self.assertIn(b" 101 ", head)
        self.push(link, text + frame(PING, b"behind"))
        self.assertEqual(self.close_codes(self.rest_of(link)), [code])

    def test_what_the_protocol_forbids(self):
        for path in PATHS:
            for name, text in VIOLATIONS.items():
                with self.subTest(name, path=path):
                    self.ends_with(path, text, 1002)
            for text in NOT_UTF8:
                with self.subTest(text, path=path):
                    self.ends_with(path, frame(TEXT, text), 1007)
                    self.ends_with(path, frame(0x01, text), 1007)  # at the first wrong byte, not at the message's end
            with self.subTest("a message over the limit", path=path):
                self.ends_with(path, b"\x81\xff" + struct.pack(">Q", 16 << 20) + b"mask", 1009)

    def test_good_ends_are_echoed(self):
        for code in (1000, 1001, 3000, 3999, 4000, 4999):
            self.ends_with(PATHS[1], frame(CLOSE, struct.pack(">H", code) + b"bye"), code)

    def test_pings_in_a_message_and_pongs_nobody_asked_for(self):
        link, _ = self.open(PATHS[1])
        link.sendall(frame(0x8A) + frame(0x8A, b"unasked") + frame(0x01, b'{"id":1,') + frame(PING, b"p" * 125) +
                     frame(0x00, b'"method":') + frame(0x80, b'"ping"}'))
        link.settimeout(30)
        got = b""
        while b'"status":200' not in got:
            got += link.recv(65_536)
        self.assertTrue(got.startswith(bytes([0x8A, 125]) + b"p" * 125), got[:200])

    def test_whose_page_may_connect(self):
        for origin, status in ((b"https://evil.example", b" 403 "), (b"http://a", b" 101 ")):
            _, head = self.open(PATHS[0], b"Origin: " + origin + b"\r\n")
            self.assertIn(status, head)


if __name__ == "__main__":
    support.main()
