"""One address in front of several servers, as a proxy's, for pages whose server dies."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.support.redis_proxy import some
from tests.support.waiting import within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.servers import Server


class Entrance:
    """Each connection goes to the first of the servers that takes it."""

    tls = None

    def __init__(self, *servers: Server) -> None:
        self.ports = [server.port for server in servers]
        self.ways: set[asyncio.StreamWriter] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await self._connect()
        self.ways |= {writer, back}
        for way in (self._carry(reader, back), self._carry(there, writer)):
            task = asyncio.create_task(way)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for port in self.ports[:-1]:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                continue
        return await asyncio.open_connection("127.0.0.1", self.ports[-1])

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while lot := await some(source):
            to.write(lot)
        to.close()

    async def close(self) -> None:
        for way in self.ways:
            way.transport.abort()
        await asyncio.gather(*self.tasks)


@asynccontextmanager
async def entrance(*servers: Server) -> AsyncIterator[Entrance]:
    before = Entrance(*servers)
    listener = await asyncio.start_server(before.met, "127.0.0.1", 0)
    before.port = listener.sockets[0].getsockname()[1]
    try:
        yield before
    finally:
        listener.close()
        await before.close()
        await within(listener.wait_closed(), "the entrance is closed")
