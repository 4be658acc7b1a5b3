"""Runs the real program for system tests: a free port, a directory of its own, and always cleaned up.

A test file defines cases derived from NodeTestCase and ends with `support.main()`. ctest sets RIALTO_BINARY;
by hand: RIALTO_BINARY=build/rialto /usr/bin/python3 tests/system/NAME_test.py
"""
import asyncio
import collections
import ctypes
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("RIALTO_SOURCE_DIR") or pathlib.Path(__file__).resolve().parents[2])
BINARY = pathlib.Path(os.environ.get("RIALTO_BINARY") or SOURCE / "build" / "rialto").resolve()
CRASHING = pathlib.Path(os.environ.get("RIALTO_CRASHING") or BINARY.parent / "tests" / "system" / "rialto_crashing")
READY_SECONDS = 60
SKIPPED = 77
STOP_SECONDS = 30
LISTENING = re.compile(r"listens on https?://(\[[^]]+\]|[^:/]+):(\d+)")


def main():
    """Runs the file's cases; exit code 77, which ctest shows as skipped, when every one of them was."""
    ran = unittest.main(module="__main__", exit=False).result
    if not ran.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if ran.testsRun == len(ran.skipped) else 0)


def recorded_data():
    """The directory of recorded market data, or None."""
    given = pathlib.Path(os.environ.get("RIALTO_DATA") or SOURCE.parent / "shared" / "data")
    return given if given.is_dir() else None


def clean_environment(extra=None):
    """This environment without settings of a node in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RIALTO_")}
    kept.update(extra or {})
    return kept


def run_program(*arguments, environment=None, cwd=None, seconds=60):
    """Runs `rialto ARGUMENT...` to its end. Returns subprocess.CompletedProcess with text."""
    return subprocess.run([str(BINARY), *map(str, arguments)], env=clean_environment(environment), cwd=cwd,
                          capture_output=True, text=True, timeout=seconds, check=False)


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a killed test leaves no node behind


class Answer:
    """One HTTP answer."""

    def __init__(self, status, headers, text):
        self.status = status
        self.headers = headers  # names in lower case
        self.text = text

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"Answer({self.status}, {self.text[:300]!r})"


class Api:
    """A client with one kept-alive connection, over TLS with an ssl.SSLContext. Not for several threads at once."""

    def __init__(self, host, port, token=None, account=None, seconds=30, tls=None):
        self.host, self.port, self.seconds, self.tls = host, port, seconds, tls
        self.token, self.account = token, account
        self._connection = None

    def request(self, method, path, body=None, token=None, headers=None):
        """Sends `body` as JSON (bytes and str as they are). A path without / is below /api/v1.

        Raises OSError or http.client.HTTPException when the connection breaks; never sends twice.
        """
        path = path if path.startswith("/") else "/api/v1/" + path
        sent = {}
        if body is not None:
            sent["Content-Type"] = "application/json"
            if not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            if isinstance(body, str):
                body = body.encode()
        if token or self.token:
            sent["Authorization"] = "Bearer " + (token or self.token)
        if self.account:
            sent["X-Account-Id"] = str(self.account)
        sent.update(headers or {})
        if self._connection is None:
            self._connection = (
                http.client.HTTPSConnection(self.host, self.port, timeout=self.seconds, context=self.tls) if self.tls
                else http.client.HTTPConnection(self.host, self.port, timeout=self.seconds))
        try:
            self._connection.request(method, path, body, sent)
            got = self._connection.getresponse()
            text = got.read().decode()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if got.will_close:
            self.close()
        return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, text)

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def patch(self, path, body=None, **more):
        return self.request("PATCH", path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Stream:
    """A WebSocket client without asyncio on the outside. Messages are JSON objects."""

    def __init__(self, host, port, path="/api/v1/stream", headers=None, seconds=30, tls=None):
        import websockets  # Debian's python3-websockets

        self.seconds = seconds
        self._loop = asyncio.new_event_loop()

        async def connect():  # inside the loop, or the client takes another one
            return await websockets.connect(f"{'wss' if tls else 'ws'}://{host}:{port}{path}", ssl=tls,
                                            extra_headers=headers or {}, max_size=None, ping_interval=None)

        try:
            self._socket = self._run(connect())
        except BaseException:
            self._loop.close()
            raise

    def _run(self, work, seconds=None):
        return self._loop.run_until_complete(asyncio.wait_for(work, seconds or self.seconds))

    def send(self, message):
        """Sends a dict as JSON, str and bytes as they are."""
        self._run(self._socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message)))

    def receive(self, seconds=None):
        """The next message. Raises TimeoutError, or websockets.ConnectionClosed."""
        try:
            return json.loads(self._run(self._socket.recv(), seconds))
        except asyncio.TimeoutError as error:
            raise TimeoutError("no message came") from error

    def receive_until(self, wanted, seconds=None):
        """The first message for which wanted(message) is true; earlier ones are dropped."""
        end = time.monotonic() + (seconds or self.seconds)
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the wanted message did not come")
            message = self.receive(left)
            if wanted(message):
                return message

    @property
    def is_open(self):
        return self._socket.open

    @property
    def close_code(self):
        return self._socket.close_code

    def close(self):
        if self._loop.is_closed():
            return
        try:
            self._run(self._socket.close())
        except (OSError, asyncio.TimeoutError):
            pass
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        if pending:
            self._loop.run_until_complete(asyncio.wait(pending))
        self._loop.close()


class Node:
    """One `rialto serve` with its data directory. start(), kill(), start() again: the data stay.

    With `certificates`, a directory that scripts/dev-certificate made, it speaks TLS and so do its clients.
    """

    def __init__(self, feed="none", options=(), environment=None, data=None, certificates=None):
        self.binary = BINARY
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rialto-node-"))
        self.data = pathlib.Path(data) if data else self.home / "data"
        self.feed, self.options, self.environment = feed, list(options), environment
        self.prefix = []  # words before the program, which run it somewhere else
        self.tls = None
        if certificates:
            self.tls = ssl.create_default_context(cafile=certificates / "authority.pem")
            self.options += ["--tls.certificate", certificates / "node.pem", "--tls.key", certificates / "node-key.pem"]
        self.host, self.port, self.process = None, None, None
        self.said = collections.deque(maxlen=10_000)  # lines of standard output
        self._listening = threading.Event()
        self._opened = []

    @property
    def pid(self):
        return self.process.pid

    @property
    def log_path(self):
        return self.home / "node.log"

    def start(self, ready=True, listen="127.0.0.1:0"):
        """Starts the program; waits until it listens, and until /readyz says 200 unless told otherwise."""
        return self.spawn(listen).wait_started(ready)

    def spawn(self, listen="127.0.0.1:0"):
        """Starts the program and waits for nothing. Call it in the main thread: the node dies with the thread that made it."""
        assert self.process is None, "the node already runs"
        self._listening.clear()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, str(self.binary), "serve", "--data", str(self.data), "--listen", listen, "--feed", self.feed,
                 *map(str, self.options)],
                env=clean_environment(self.environment), cwd=self.home, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=_die_with_parent)
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        return self

    def wait_started(self, ready=True):
        end = time.monotonic() + READY_SECONDS
        while not self._listening.wait(0.02):
            self._check_alive(end, "listened")
        while ready and not self.is_ready():
            self._check_alive(end, "was ready")
            time.sleep(0.02)
        return self

    def is_ready(self):
        api = Api(self.host, self.port, seconds=5, tls=self.tls)
        try:
            return api.get("/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            api.close()

    def _read(self, process):
        for line in process.stdout:
            self.said.append(line.rstrip("\n"))
            found = LISTENING.search(line)
            if found:
                self.host, self.port = found[1].strip("[]"), int(found[2])
                self._listening.set()
        process.stdout.close()

    def _check_alive(self, end, what):
        code = self.process.poll()
        if code is not None:
            self.process = None
            raise AssertionError(f"the node ended with {code} before it {what}:\n{self.log_tail()}")
        if time.monotonic() > end:
            raise AssertionError(f"no node that {what} within {READY_SECONDS} s:\n{self.log_tail()}")

    def api(self, token=None, **more):
        """A new client; closed with the node."""
        made = Api(self.host, self.port, token, **{"tls": self.tls, **more})
        self._opened.append(made)
        return made

    def stream(self, path="/api/v1/stream", **more):
        """A new WebSocket client; closed with the node."""
        made = Stream(self.host, self.port, path, **{"tls": self.tls, **more})
        self._opened.append(made)
        return made

    def admin_password(self):
        return (self.data / "admin-password").read_text().strip()

    def kill(self):
        """kill -9, as a power cut for this process."""
        self.process.send_signal(signal.SIGKILL)
        self._gone()

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def _gone(self):
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the node did not stop within {STOP_SECONDS} s:\n{self.log_tail()}") from None
        finally:
            self.process = None
        return code

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=40):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def resident_bytes(self):
        pages = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        """Ends what runs and removes what was written. May be called twice."""
        for one in self._opened:
            try:
                one.close()
            except Exception as error:  # a client of a node that was killed may complain; it goes anyway
                print(f"closing a client: {error}", file=sys.stderr)
        self._opened.clear()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *_):
        self.close()


class NodeTestCase(unittest.TestCase):
    """Ends its nodes whatever happens, and shows the log of one whose test failed."""

    def node(self, start=True, **arguments):
        made = Node(**arguments)
        self.addCleanup(made.close)
        self.addCleanup(self._show_log, made)
        return made.start() if start else made

    def _show_log(self, node):
        outcome = self._outcome
        if not getattr(outcome, "success", True):
            print(f"--- log of the node in {node.data}:\n{node.log_tail()}\n---", file=sys.stderr)

    def expect(self, answer, status):
        """The answer's JSON, after checking its status."""
        self.assertEqual(answer.status, status, answer.text)
        return answer.json if answer.text else None
