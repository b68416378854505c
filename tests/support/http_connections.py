"""An HTTP connection pool for many calls at once. httpx's own pool scans all connections and all
waiting requests at each response."""

from __future__ import annotations

import asyncio
import ssl

import httpx

ALONE = httpx.Limits(max_connections=1, keepalive_expiry=1)
# Or each connection would read all certificates of the machine.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class ConnectionPool(httpx.AsyncBaseTransport):
    """At most `count` connections, each with one call at a time."""

    def __init__(self, count: int) -> None:
        self.free = asyncio.Semaphore(count)
        self.idle: list[httpx.AsyncHTTPTransport] = []
        self.opened: list[httpx.AsyncHTTPTransport] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async with self.free:
            line = self.idle.pop() if self.idle else self._open()
            answer = await line.handle_async_request(request)
            await answer.aread()
            self.idle.append(line)
            return answer

    async def aclose(self) -> None:
        for line in self.opened:
            await line.aclose()

    def _open(self) -> httpx.AsyncHTTPTransport:
        line = httpx.AsyncHTTPTransport(verify=NO_TLS, limits=ALONE)
        self.opened.append(line)
        return line
