"""PostgreSQL and Redis of a test's own: in a temporary directory, on a free port, without root's rights, ended by their ids.

A server is a process of this one: pause() and kill() reach all of its processes, which are known by their parent.
"""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import support

POSTGRES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
REDIS = shutil.which("redis-server")
SERVER_SECONDS = 120  # to answer, on a machine that has much else to do


def free_port(host="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def until(condition, seconds, what):
    """Waits for a condition; returns what it returned."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.02)


def has_ended(pid):
    """Also one whose parent has not looked yet."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def children_of(pid):
    """Ids of the processes below one."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
        except OSError:
            pass  # it has ended meanwhile
    return found


class Server:
    def __init__(self, name):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"rialto-{name}-"))
        self.process = None

    @property
    def log_path(self):
        return self.home / "log"

    def log_tail(self, lines=30):
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:]) if self.log_path.exists() else ""

    def _spawn(self, words, **more):
        assert self.process is None, "the server already runs"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=support._die_with_parent, **more)

    def _signal_all(self, number):
        for pid in [self.process.pid, *children_of(self.process.pid)]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """As if its machine lost power."""
        children = children_of(self.process.pid)
        self._signal_all(signal.SIGKILL)
        self.process.wait(SERVER_SECONDS)
        self.process = None
        until(lambda: all(map(has_ended, children)), SERVER_SECONDS, "the server's processes have gone")

    def pause(self):
        self._signal_all(signal.SIGSTOP)

    def resume(self):
        self._signal_all(signal.SIGCONT)

    def stop(self, number=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(SERVER_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop:\n{self.log_tail()}") from None
        self.process = None

    def close(self):
        """May be called twice."""
        if self.process is not None:
            self.resume()
            self.kill()
        shutil.rmtree(self.home, ignore_errors=True)


class PostgreSQL(Server):
    """`hosts`: addresses it listens on, the first for its address; anybody there is trusted."""

    def __init__(self, hosts=("127.0.0.1",), synced=True):
        super().__init__("postgres")
        self.hosts, self.synced = list(hosts), synced
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
        self.programs = POSTGRES[-1].parent
        self._make()
        self.port = free_port(self.hosts[0])
        self.start()

    def _make(self):
        """The data directory."""
        self._run("initdb", "-D", self.home / "data", "-U", "rialto", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
        with open(self.home / "data" / "pg_hba.conf", "a", encoding="utf-8") as rules:
            rules.write("host all all samenet trust\n")

    def _run(self, program, *words):
        subprocess.run([self.programs / program, *words], check=True, stdout=subprocess.DEVNULL, **self._as_user())

    @property
    def address(self):
        return f"postgres://rialto@{self.hosts[0]}:{self.port}/postgres"

    def _as_user(self):
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": [], "cwd": self.home} if self.user else {}

    def start(self):
        settings = {"listen_addresses": ",".join(self.hosts), "unix_socket_directories": self.home, "max_connections": 300,
                    "fsync": "on" if self.synced else "off"}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._spawn([self.programs / "postgres", "-D", self.home / "data", "-p", self.port, *words], **self._as_user())
        until(self._answers, SERVER_SECONDS, self.log_tail)
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"PostgreSQL ended:\n{self.log_tail()}")
        return subprocess.run([self.programs / "psql", self.address, "-c", "SELECT 1"], capture_output=True, check=False).returncode == 0

    def stop(self, number=signal.SIGINT):
        """Ends all sessions at once, with a checkpoint."""
        super().stop(number)

    def sql(self, text):
        done = subprocess.run([self.programs / "psql", self.address, "-v", "ON_ERROR_STOP=1", "-At", "-c", text],
                              capture_output=True, text=True, check=False, timeout=SERVER_SECONDS)
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.strip()


class Standby(PostgreSQL):
    """A copy of a server that follows it, known to it as `name`, until it is promoted."""

    def __init__(self, primary, name="standby"):
        self.primary, self.name = primary, name
        super().__init__(primary.hosts, primary.synced)

    def _make(self):
        self._run("pg_basebackup", "-D", self.home / "data", "-X", "stream", "-c", "fast", "-R", "--no-sync", "-d",
                  f"{self.primary.address}?application_name={self.name}")

    def follows(self):
        """Whether the other sends to it, and how: async, sync or nothing."""
        return self.primary.sql(f"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{self.name}' AND state = 'streaming'")

    def unfollow(self):
        """It gets no more, although both run."""
        self.sql("ALTER SYSTEM SET primary_conninfo = ''")
        self.sql("SELECT pg_reload_conf()")
        until(lambda: not self.follows(), SERVER_SECONDS, "the standby's connection ends")

    def promote(self):
        assert self.sql("SELECT pg_promote()") == "t", self.log_tail()


class Redis(Server):
    def __init__(self, host="127.0.0.1"):
        super().__init__("redis")
        self.host, self.port = host, free_port(host)
        self.start()

    @property
    def address(self):
        return f"redis://{self.host}:{self.port}"

    def start(self):
        self._spawn([REDIS, "--bind", self.host, "--port", self.port, "--dir", self.home, "--save", "", "--protected-mode", "no"])
        until(self._answers, SERVER_SECONDS, self.log_tail)
        return self

    def _answers(self):
        try:
            with socket.create_connection((self.host, self.port), timeout=5) as at:
                at.sendall(b"PING\r\n")
                return at.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def ask(self, *words):
        """The raw answer to one command."""
        with socket.create_connection((self.host, self.port), timeout=5) as at:
            at.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words))
            return at.recv(1 << 20)
