"""A proxy between a client and Redis: records each write, holds answers back, cuts."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.support.waiting import deadline, within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.servers import Valkey


class RedisProxy:
    """`lots` are what the client wrote, one write each. `allowed` is how many more reads of answers
    pass; None: all."""

    def __init__(self, redis: Valkey) -> None:
        self.redis = redis
        self.lots: list[bytes] = []
        self.allowed: int | None = None
        self.changed = asyncio.Event()
        self.ways: set[asyncio.StreamWriter] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    def keep(self, allowed: int = 0) -> None:
        """Holds answers back after so many reads of them."""
        self.allowed = allowed

    def pass_on(self) -> None:
        self.allowed = None
        self.changed.set()

    def cut(self) -> None:
        for way in self.ways:
            way.transport.abort()
        self.ways.clear()

    async def until(self, lots: int) -> None:
        """Waits until the client has written so often."""
        async with deadline(f"{lots} writes of the client"):
            while len(self.lots) < lots:
                self.changed.clear()
                await self.changed.wait()

    async def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.redis.port)
        self.ways |= {writer, back}
        for way in (self._commands(reader, back), self._answers(there, writer)):
            task = asyncio.create_task(way)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _commands(self, client: asyncio.StreamReader, redis: asyncio.StreamWriter) -> None:
        while lot := await some(client):
            self.lots.append(lot)
            self.changed.set()
            redis.write(lot)
        redis.close()

    async def _answers(self, redis: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        while lot := await some(redis):
            while self.allowed == 0:
                self.changed.clear()
                await self.changed.wait()
            if self.allowed:
                self.allowed -= 1
            client.write(lot)
        client.close()


async def some(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(1 << 20)
    except ConnectionError:
        return b""


@asynccontextmanager
async def proxied(redis: Valkey) -> AsyncIterator[RedisProxy]:
    relay = RedisProxy(redis)
    server = await asyncio.start_server(relay.met, "127.0.0.1", 0)
    relay.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    try:
        yield relay
    finally:
        server.close()
        relay.pass_on()
        relay.cut()
        await asyncio.gather(*relay.tasks)
        await within(server.wait_closed(), "the proxy is closed")
