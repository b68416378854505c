"""What a peer sends is read to its end, and no faster than it is handled."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from websockets.frames import Close, CloseCode, Frame, Opcode

from neartalk.server import WebSocketProtocol
from neartalk.server.protocol import PIECE
from tests.neartalk.test_idle_sockets import Waiting
from tests.support.processes import turns
from tests.support.waiting import deadline

if TYPE_CHECKING:
    import socket

LOT, LOTS = 65_536, 64
# Sockets that are not closed in order are cut off after that.
NEVER_S = 10**6
CLOSE = Close(CloseCode.NORMAL_CLOSURE, "").serialize()


def sent_by_a_client(opcode: Opcode, data: bytes) -> bytes:
    return Frame(opcode, data).serialize(mask=True)


class NoKeepalive:
    """Which drops nobody: what comes in would be read to its end then."""

    def add(self, protocol: WebSocketProtocol) -> int:
        return 0

    def remove(self, protocol: WebSocketProtocol, slot: int) -> None: ...


class SlowListener(Waiting):
    """An application that does not listen yet."""

    def __init__(self, stack: ExitStack) -> None:
        super().__init__(stack)
        self.state["neartalk"].keepalive = NoKeepalive()
        self.listens = asyncio.Event()
        self.heard: asyncio.Queue[str] = asyncio.Queue()

    async def wait(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        async with deadline("the test lets it listen", 600):
            await self.listens.wait()
        await self.go_on(receive, send)

    async def go_on(self, receive: Any, send: Any) -> None:
        async with deadline("its peer is gone", 600):
            while (message := await receive())["type"] != "websocket.disconnect":
                self.heard.put_nowait(message["text"])


class Closing(SlowListener):
    """Which closes after the first frame, and hears nothing more."""

    async def go_on(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.close", "code": 1000})


async def test_what_comes_at_once_is_handled_frame_by_frame_to_its_end() -> None:
    with ExitStack() as stack:
        waiting, loop = SlowListener(stack), asyncio.get_running_loop()
        waiting.listens.set()
        peer = await waiting.connect()
        texts = [f"{number:0100}" for number in range(PIECE // 20)]
        frames = [sent_by_a_client(Opcode.TEXT, text.encode()) for text in texts]
        await loop.sock_sendall(peer, b"".join(frames))
        async with deadline("the last of them"):
            assert [await waiting.heard.get() for _ in texts] == texts
    await turns()


async def flood(peer: socket.socket) -> None:
    lot = sent_by_a_client(Opcode.TEXT, bytes(LOT))
    for _ in range(LOTS):
        peer.send(lot)
        await turns()


async def test_nothing_is_read_on_that_nobody_listens_to() -> None:
    """As when the process ends: the last that the application handles is that."""
    with ExitStack() as stack:
        waiting = SlowListener(stack)
        peer = await waiting.connect()
        waiting.protocols[0].retire()
        with pytest.raises(BlockingIOError):
            await flood(peer)
    await turns()


async def test_who_closed_behind_frames_that_nobody_hears_any_more_is_gone_at_once() -> None:
    with ExitStack() as stack:
        waiting, loop = Closing(stack), asyncio.get_running_loop()
        peer = await waiting.connect()
        waiting.protocols[0].close_timeout = NEVER_S
        short, long = (sent_by_a_client(Opcode.TEXT, b"x" * size) for size in (1, 3 * PIECE))
        goodbye = sent_by_a_client(Opcode.CLOSE, CLOSE)
        await loop.sock_sendall(peer, short + short + long + goodbye)
        await turns()
        waiting.listens.set()
        async with deadline("the close"):
            assert await loop.sock_recv(peer, 100) == Frame(Opcode.CLOSE, CLOSE).serialize(
                mask=False
            )
        async with deadline("the end"):
            assert await loop.sock_recv(peer, 100) == b""
    await turns()
