"""An HTTP proxy for tests: CONNECT only, with a name and password if told; counts what went through."""
import asyncio
import base64
import collections

import loop_thread


class ConnectProxy(loop_thread.LoopThread):
    def __init__(self, user=None, password=None):
        super().__init__()
        self.seen = collections.Counter()
        self.targets = collections.Counter()
        self._wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode() if user else None
        self._server = self.call(asyncio.start_server, self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self):
        if not self.loop.is_closed():
            self.call(self._server.close)
            self.end_loop()

    async def _serve(self, reader, writer):
        outer = None
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ", 2)
            headers = dict(line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in head[1:] if ": " in line)
            if method != "CONNECT":
                self.seen["not_connect"] += 1
                writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
                return
            if self._wanted and headers.get("proxy-authorization") != self._wanted:
                self.seen["not_allowed"] += 1
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\n"
                             b"Content-Length: 0\r\n\r\n")
                return
            self.seen["tunnels"] += 1
            self.targets[target] += 1
            host, _, port = target.rpartition(":")
            back, outer = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(self._carry(reader, outer, "up_bytes"), self._carry(back, writer, "down_bytes"))
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            if outer is not None:
                outer.close()

    async def _carry(self, source, sink, name):
        try:
            while data := await source.read(1 << 16):
                self.seen[name] += len(data)
                sink.write(data)
                await sink.drain()
        finally:
            sink.close()
