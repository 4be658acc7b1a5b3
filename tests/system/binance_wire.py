"""Bytes of the peer: HTTP heads and answers, and one WebSocket connection with its queue."""
import asyncio
import base64
import collections
import hashlib
import json
import struct
import time
import urllib.parse

import binance_faults

HEAD_BYTES_MAX = 16_384
QUEUE_BYTES_MAX = 256 << 20      # a client so far behind is dropped, as the exchange does
FLUSH_BYTES = 64 << 10
CLIENT_MESSAGES_PER_SECOND = 5
STREAMS_MAX = 1024
REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 418: "I'm a teapot", 429: "Too Many Requests"}


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        url = urllib.parse.urlsplit(self.target)
        self.path, self.query = url.path, dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))


async def read_request(reader):
    """The next request; None when the client has gone."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, OSError):
        return None
    return Request(head[:-4]) if len(head) <= HEAD_BYTES_MAX else None


def http_answer(status, body, headers=()):
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))).encode()
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}", "Content-Type: application/json;charset=UTF-8",
             f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def handshake_answer(request):
    key = request.headers["sec-websocket-key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key).digest()).decode()
    return (f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode()


class Connection:
    """One client's WebSocket. What is offered waits in a queue; a task of its own writes it out."""

    def __init__(self, reader, writer, wraps, seen):
        self.reader, self.writer, self.wraps, self.seen = reader, writer, wraps, seen
        self.subscribed = set()
        self.queued_bytes = 0
        self.is_open = True
        self.silent_until, self.is_deaf = 0.0, False  # deaf: silent, and it does not read either
        self.last_pong = time.monotonic()
        self._last_ping = None
        self._queue, self._wake = collections.deque(), asyncio.Event()
        self._client_times = collections.deque(maxlen=CLIENT_MESSAGES_PER_SECOND + 1)

    @property
    def is_silent(self):
        return time.monotonic() < self.silent_until

    def text_of(self, stream, payload):
        return f'{{"stream":"{stream}","data":{payload}}}' if self.wraps else payload

    def put(self, part):
        """Bytes, a pause in seconds, or None: cut off here."""
        if not self.is_open:
            return
        self._queue.append(part)
        if isinstance(part, bytes):
            self.queued_bytes += len(part)
            if self.queued_bytes > QUEUE_BYTES_MAX:
                self.seen["too_slow"] += 1
                self.abort()
        self._wake.set()

    def abort(self):
        """The connection is gone in this moment, without a word."""
        self.is_open = False
        self.writer.transport.abort()
        self._wake.set()

    def ping(self):
        self._last_ping = str(time.time_ns() // 1_000_000).encode()
        if not self.is_deaf or not self.is_silent:
            self.writer.write(binance_faults.frame(9, self._last_ping))

    def close(self, code, reason=""):
        self.put(binance_faults.frame(8, struct.pack(">H", code) + reason.encode()))

    async def write_out(self):
        """Sends what is queued until the connection ends."""
        try:
            while self.is_open:
                if not self._queue:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                while self.is_silent and self.is_open:
                    await asyncio.sleep(min(0.05, max(0.001, self.silent_until - time.monotonic())))
                out = bytearray()
                while self._queue and isinstance(self._queue[0], bytes) and len(out) < FLUSH_BYTES:
                    out += self._queue.popleft()
                self.queued_bytes -= len(out)
                if out:
                    self.writer.write(bytes(out))
                    await self.writer.drain()
                    continue
                pause = self._queue.popleft()
                if pause is None:
                    self.abort()
                else:
                    await asyncio.sleep(pause)
        except (ConnectionError, OSError):
            self.is_open = False

    async def read_frames(self, on_text):
        """Until the client goes. Pings are answered, pongs counted, texts handed to on_text(text)."""
        text = b""
        while self.is_open:
            while self.is_deaf and self.is_silent:
                await asyncio.sleep(0.02)
            first, second = await self.reader.readexactly(2)
            count = second & 0x7F
            if count == 126:
                count = struct.unpack(">H", await self.reader.readexactly(2))[0]
            elif count == 127:
                count = struct.unpack(">Q", await self.reader.readexactly(8))[0]
            if not second & 0x80 or count > 1 << 20:
                self.seen["broken_frames"] += 1  # a client must mask
                return
            mask = await self.reader.readexactly(4)
            data = await self.reader.readexactly(count)
            data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
            self._check_rate()
            opcode = first & 0x0F
            if opcode == 8:
                self.seen["closed_by_client"] += 1
                self.put(binance_faults.frame(8, data[:2]))
                return
            if opcode == 9:
                self.seen["client_pings"] += 1
                self.put(binance_faults.frame(10, data))
            elif opcode == 10:
                self.seen["pongs" if data == self._last_ping else "other_pongs"] += 1
                self.last_pong = time.monotonic()
            elif opcode in (0, 1):
                text += data
                if first & 0x80:
                    on_text(text.decode(errors="replace"))
                    text = b""

    def _check_rate(self):
        self._client_times.append(time.monotonic())
        times = self._client_times
        if len(times) == times.maxlen and times[-1] - times[0] < 1:
            self.seen["too_fast"] += 1
            self.close(1008, "Too many requests")
