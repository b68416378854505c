"""Connections on loopback whose other ends another process reads."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import get_context

from neartalk.devtools import discard_all
from neartalk.server import Backlog, DirectTransport
from presence.delivery import TransportConnection


class LoopbackConnection(TransportConnection):
    """A connection without uvicorn's protocol, whose peer reads all the time."""

    __slots__ = ("transport",)

    def __init__(self, transport: DirectTransport) -> None:
        self.transport = transport

    @property
    def direct(self) -> DirectTransport:
        return self.transport

    async def drained(self) -> None:
        """The other process reads all the time."""

    def quiet_s(self) -> float:
        return 0.0


@asynccontextmanager
async def open_transports(count: int, backlog: Backlog) -> AsyncIterator[list[DirectTransport]]:
    """Our ends of so many connections on loopback. Another process reads the other ends."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0), backlog=count) as listening:
        listening.setblocking(False)
        port = listening.getsockname()[1]
        reading = get_context("spawn").Process(target=discard_all, args=(port, count), daemon=True)
        reading.start()
        opened: list[DirectTransport] = []
        try:
            for _ in range(count):
                ours, _ = await loop.sock_accept(listening)
                inner, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
                opened.append(DirectTransport(inner, backlog))
            yield opened
        finally:
            for transport in opened:
                transport.abort()
                transport.connection_lost()
            reading.terminate()
            reading.join()
