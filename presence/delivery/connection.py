"""How frames leave: through a queue of ASGI messages, or straight to the server's transport."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from neartalk.codes import TRY_AGAIN
from neartalk.server import Backlog, DirectTransport, WebSocketProtocol
from presence.delivery.frames import Frame

PACE_UNSENT = 65_536


class Connection(Protocol):
    """Writes frames to one peer. Only `drained` waits for the peer.

    `too_slow` says that the peer was given up because it did not read. `language` is the one in
    which the peer reads refusals.
    """

    language: str

    @property
    def too_slow(self) -> bool: ...
    @property
    def direct(self) -> DirectTransport | None:
        """The transport that can send one frame to many sockets in one pass, if there is one."""

    def write(self, frame: Frame) -> None: ...
    async def drained(self) -> None:
        """Returns once at most 64 KB are unsent, or the socket is gone."""

    def quiet_s(self) -> float:
        """Seconds since the peer last gave a sign of life."""

    def close(self, code: int) -> None: ...
    def drop(self) -> None:
        """Ends the socket as too slow, and discards what is unsent."""


class QueuedConnection:
    """Sends frames by ASGI `send`, for servers that give no access to the transport (Daphne).

    A task of its own sends, so that a peer that does not read delays nobody else.
    """

    direct = None

    def __init__(
        self, send: Callable[[dict[str, Any]], Awaitable[None]], backlog: Backlog, language: str
    ) -> None:
        self.send = send
        self.language = language
        self.backlog = backlog
        self.queue: asyncio.Queue[Frame | int] = asyncio.Queue()
        self.queued = self.bytes = 0
        self.too_slow = False
        self.room = asyncio.Event()
        self.room.set()
        self.task = asyncio.create_task(self._pump())

    def write(self, frame: Frame) -> None:
        if self.task.done() or self.task.cancelling():
            return
        self.queued += len(frame.wire)
        self.bytes += len(frame.wire)
        if self.bytes > PACE_UNSENT:
            self.room.clear()
        self.queue.put_nowait(frame)
        self.backlog.watch(self)

    def unsent(self) -> int:
        return self.bytes

    async def drained(self) -> None:
        await self.room.wait()

    def quiet_s(self) -> float:
        """Always 0: such servers do not report pongs, so the close is the last sign of life."""
        return 0.0

    def close(self, code: int) -> None:
        self.queue.put_nowait(code)

    def drop(self) -> None:
        self.too_slow = True
        self.stop()
        self.task = asyncio.create_task(self._close(TRY_AGAIN))

    def stop(self) -> None:
        """The socket is gone: nothing more is sent."""
        self.task.cancel()
        self.room.set()
        self.backlog.unwatch(self)

    async def _pump(self) -> None:
        while True:
            item = await self.queue.get()
            if isinstance(item, Frame):
                await self.send({"type": "websocket.send", "text": item.text})
                self.bytes -= len(item.wire)
                if self.bytes <= PACE_UNSENT:
                    self.room.set()
            else:
                await self._close(item)
                return

    async def _close(self, code: int) -> None:
        await self.send({"type": "websocket.close", "code": code})


class TransportConnection:
    """Writes frames to the transport of our uvicorn protocol, without a task or a queue."""

    __slots__ = ("language", "protocol")

    def __init__(self, protocol: WebSocketProtocol, language: str) -> None:
        self.protocol = protocol
        self.language = language

    @property
    def direct(self) -> DirectTransport:
        return self.protocol.direct

    @property
    def too_slow(self) -> bool:
        return self.direct.too_slow

    def write(self, frame: Frame) -> None:
        self.direct.write_frame(frame.wire)

    async def drained(self) -> None:
        await self.protocol.writable.wait()

    def quiet_s(self) -> float:
        return self.protocol.quiet_s()

    def close(self, code: int) -> None:
        self.protocol.close_with(code)

    def drop(self) -> None:
        self.direct.drop()

    def stop(self) -> None:
        """Nothing to stop: the server ends the transport itself."""
