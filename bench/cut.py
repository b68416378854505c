"""A piece of network that can be cut: a TCP relay that stops forwarding without a word."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit


class Cut:
    """Stands before one server; `url` is where clients go instead."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.url = ""
        self.whole = asyncio.Event()
        self.whole.set()
        self.writers: set[asyncio.StreamWriter] = set()
        self.server: asyncio.Server | None = None
        self.tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self.server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.url = f"{self.target.scheme}://127.0.0.1:{port}"

    async def close(self) -> None:
        assert self.server
        self.server.close()
        self._abort()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def cut(self) -> None:
        """Nothing passes any more, either way; new connections are taken and hear nothing."""
        self.whole.clear()

    def restore(self) -> None:
        """New connections pass; those from before the cut are dead."""
        self._abort()
        self.whole.set()

    def _abort(self) -> None:
        for writer in [*self.writers]:
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        try:
            await self.whole.wait()
            self.writers.add(writer)
            far_reader, far_writer = await asyncio.open_connection(
                self.target.hostname, self.target.port
            )
            self.writers.add(far_writer)
            ways = (self._pipe(reader, far_writer), self._pipe(far_reader, writer))
            await asyncio.wait(
                [asyncio.create_task(way) for way in ways], return_when=asyncio.FIRST_COMPLETED
            )
            await self.whole.wait()  # while it is cut, an end does not get through either
            self.writers.discard(far_writer)
            far_writer.transport.abort()
        except (OSError, asyncio.CancelledError):
            pass  # the server is away, or we are: so is the client's connection
        finally:
            self.tasks.discard(task)
            self.writers.discard(writer)
            writer.transport.abort()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self.whole.wait()
                writer.write(data)
                await writer.drain()
