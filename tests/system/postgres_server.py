"""A private PostgreSQL for system tests: a temporary directory, a free port of the loopback, ended with the test.

PostgreSQL refuses to run as root, so root becomes the user postgres.
"""
import ctypes
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

WAIT_SECONDS = 120  # generous: the machine may be starved


def programs():
    """The folder of the newest PostgreSQL's programs; skips the test without one."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[-3]))
    if not found:
        raise unittest.SkipTest("PostgreSQL is not installed (Debian: postgresql)")
    return os.path.dirname(found[-1])


class PostgresServer:
    def __init__(self, password=None, settings=()):
        self.bin, self.password, self.settings = programs(), password, list(settings)
        self.home = tempfile.mkdtemp(prefix="rialto-pg-")
        self.user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        self.process, self.databases = None, 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        if self.user:
            os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
        access = ["-A", "trust"]
        if password:
            with open(f"{self.home}/password", "w", encoding="utf-8") as out:
                out.write(password + "\n")
            os.chmod(f"{self.home}/password", 0o644)
            access = ["-A", "scram-sha-256", f"--pwfile={self.home}/password"]
        self._run("initdb", "-D", f"{self.home}/data", "-U", "rialto", "--no-locale", "-E", "UTF8", "--no-sync", *access)
        self.start()

    def _become(self):
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG: a killed test leaves no server behind
        if self.user:
            os.setgroups([])
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)
            ctypes.CDLL(None).prctl(1, signal.SIGQUIT)

    def _run(self, program, *words):
        environment = {**os.environ, "PGPASSWORD": self.password or ""}
        done = subprocess.run([f"{self.bin}/{program}", *words], capture_output=True, text=True, preexec_fn=self._become,
                              cwd=self.home, env=environment, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{program}: {done.stderr[-1000:]}")
        return done.stdout

    def start(self):
        settings = [f"port={self.port}", f"unix_socket_directories={self.home}", "listen_addresses=127.0.0.1", *self.settings]
        with open(f"{self.home}/log", "ab") as log:
            self.process = subprocess.Popen(
                [f"{self.bin}/postgres", "-D", f"{self.home}/data", *(word for one in settings for word in ("-c", one))],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self._become, cwd=self.home)
        end = time.monotonic() + WAIT_SECONDS
        while subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                with open(f"{self.home}/log", encoding="utf-8", errors="replace") as log:
                    raise AssertionError(f"PostgreSQL does not start: {log.read()[-2000:]}")
            time.sleep(0.05)

    def stop(self, immediately=False):
        """Ends every session; immediately: without a checkpoint, as a crash that is recovered from."""
        self.process.send_signal(signal.SIGQUIT if immediately else signal.SIGINT)
        self.process.wait(WAIT_SECONDS)
        self.process = None

    def address(self, database="postgres"):
        secret = f":{self.password}" if self.password else ""
        return f"postgres://rialto{secret}@127.0.0.1:{self.port}/{database}"

    def make_database(self):
        self.databases += 1
        name = f"test{self.databases}"
        self.query(f"CREATE DATABASE {name}", "postgres")
        return name

    def query(self, sql, database):
        """The rows as text, columns separated by |."""
        return self._run("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "rialto",
                         "-d", database, "-c", sql).strip()

    def close(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        shutil.rmtree(self.home, ignore_errors=True)
