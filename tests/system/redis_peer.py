"""A real redis-server on a free loopback port, and a client that speaks RESP over a socket of its own."""
import collections
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import support

READY_SECONDS = 20


class RedisError(Exception):
    """The server's no."""


class Client:
    """One connection. Answers are bytes, int, None and lists of them."""

    def __init__(self, port, seconds=60, password=None):
        self._socket = socket.create_connection(("127.0.0.1", port), seconds)
        self._file = self._socket.makefile("rb")
        self._pushed = collections.deque()
        if password:
            self.ask("AUTH", password)

    def ask(self, *words):
        sent = b"*%d\r\n" % len(words)
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            sent += b"$%d\r\n%s\r\n" % (len(word), word)
        self._socket.sendall(sent)
        return self._read()

    def text(self, *words):
        got = self.ask(*words)
        return None if got is None else got.decode()

    def subscribe(self, *channels):
        self.ask("SUBSCRIBE", *channels)
        for _ in channels[1:]:
            self._read()
        return self

    def hear(self):
        """(channel, text) of the next message."""
        _, channel, message = self._read()
        return channel.decode(), message.decode()

    def _read(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server went away")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if int(rest) < 0 else self._file.read(int(rest) + 2)[:-2]
        return None if int(rest) < 0 else [self._read() for _ in range(int(rest))]

    def close(self):
        self._file.close()
        self._socket.close()


class Server:
    """Keeps nothing on the disk. start() again takes the same port."""

    def __init__(self, password=None):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.password = password
        self._home = tempfile.mkdtemp(prefix="rialto-redis-")
        self._process = None
        self.start()

    @property
    def url(self):
        return f"redis://{':' + self.password + '@' if self.password else ''}127.0.0.1:{self.port}"

    def start(self):
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                 "--dir", self._home]
        if self.password:
            words += ["--requirepass", self.password]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL,
                                         preexec_fn=support._die_with_parent)  # pylint: disable=protected-access
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.client().close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise AssertionError("redis-server does not start") from None
                time.sleep(0.02)

    def client(self, **more):
        return Client(self.port, password=self.password, **more)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def freeze(self):
        self._process.send_signal(signal.SIGSTOP)

    def close(self):
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)
