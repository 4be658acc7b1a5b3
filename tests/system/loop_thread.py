"""An asyncio loop in a thread of its own, for servers that a test starts and speaks to from outside; and certificates for them."""
import asyncio
import inspect
import pathlib
import ssl
import subprocess
import threading

CALL_SECONDS = 180


class LoopThread:
    """Derive; what touches the loop goes through call()."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, function, *arguments, seconds=CALL_SECONDS):
        """Runs a function or coroutine function inside the loop; returns what it returns (a task as it is)."""
        async def inside():
            result = function(*arguments)
            return await result if inspect.iscoroutine(result) else result
        return asyncio.run_coroutine_threadsafe(inside(), self.loop).result(seconds)

    def end_loop(self):
        if self.loop.is_closed():
            return

        async def cancel_all():
            for _ in range(50):  # a task within wait_for() may miss one cancellation
                mine = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
                if not mine:
                    return
                for task in mine:
                    task.cancel()
                await asyncio.wait(mine, timeout=0.1)
        self.call(cancel_all)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(CALL_SECONDS)
        self.loop.close()


class Authority:
    """A certificate authority in a directory, made by the openssl program."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.certificate, self._key = self.directory / "ca.pem", self.directory / "ca.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                      "-subj", "/CN=test authority", "-addext", "keyUsage=critical,keyCertSign",
                      "-keyout", self._key, "-out", self.certificate)

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"openssl {arguments[0]}: {done.stderr}")

    def server_context(self, name="server", hosts="IP:127.0.0.1,DNS:localhost", days=2):
        """A TLS context for a server with a certificate of these hosts."""
        key, request, certificate, extra = (self.directory / f"{name}.{end}" for end in ("key", "csr", "pem", "ext"))
        extra.write_text(f"subjectAltName={hosts}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                      "-days", days, "-extfile", extra, "-out", certificate)
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(certificate, key)
        return made

    def client_context(self):
        return ssl.create_default_context(cafile=str(self.certificate))
