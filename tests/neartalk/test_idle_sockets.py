"""A socket on which nothing happens holds no more than it needs: there are thousands of them."""

from __future__ import annotations

import asyncio
import gc
import inspect
import socket
import tracemalloc
from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from neartalk.asgi import Application
from neartalk.limits import Lanes, Rules
from neartalk.server import Backlog, Keepalive, WebSocketProtocol
from neartalk.server.inbox import Inbox
from neartalk.server.protocol import QUIET_S, is_one_frame
from tests.support.processes import turns
from tests.support.waiting import deadline, forever

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import Settings

COUNT = 50
# 11.8 KB as measured; 19.7 with a queue and an event of asyncio's each, and with the headers of the
# handshake in the parser.
BYTES_MAX = 14_000
KEY = "sessionid-of-somebody"
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    f"Origin: http://localhost\r\nCookie: {KEY}={'0' * 64}\r\nUser-Agent: {'Browser ' * 12}\r\n\r\n"
).encode()


class Waiting:
    """An application that accepts sockets and waits for frames, in connections on loopback."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.received: list[Any] = []
        self.protocols: list[WebSocketProtocol] = []
        self.server = ServerState()
        self.state = {
            "neartalk": SimpleNamespace(
                backlog=Backlog(), keepalive=Keepalive(), lanes=Lanes(Rules())
            )
        }
        self.config = uvicorn.Config(
            self.wait,
            interface="asgi3",
            access_log=False,
            log_config=None,
            ws_per_message_deflate=False,
            ws_ping_interval=None,
        )
        self.config.load()

    async def wait(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            self.received.append(message.get("text") or message["bytes"])

    async def connect(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        self.stack.enter_context(theirs)
        theirs.setblocking(False)

        def protocol() -> asyncio.Protocol:
            found = WebSocketProtocol(self.config, self.server, self.state)
            self.protocols.append(found)
            return found

        transport, _ = await loop.connect_accepted_socket(protocol, ours)
        self.stack.callback(transport.abort)
        await loop.sock_sendall(theirs, HANDSHAKE)
        async with deadline("the handshake"):
            assert (await loop.sock_recv(theirs, 4096)).startswith(b"HTTP/1.1 101")
        return theirs


async def test_an_idle_socket_holds_a_few_kilobytes() -> None:
    with ExitStack() as stack:
        waiting = Waiting(stack)
        await waiting.connect()
        gc.collect()
        tracemalloc.start()
        stack.callback(tracemalloc.stop)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(COUNT):
            await waiting.connect()
        gc.collect()
        each = (tracemalloc.get_traced_memory()[0] - before) / COUNT
    await turns()
    assert each < BYTES_MAX


@pytest.mark.parametrize("path", ["/ws", "/signal"])
async def test_nothing_stands_between_the_application_and_the_consumer_of_a_socket(
    path: str, settings: Settings, tmp_path: Path
) -> None:
    """Each coroutine more that waits takes half a kilobyte, a copy of the scope a whole one."""
    settings.STATIC_ROOT = tmp_path
    application, scopes = Application(), list[object]()

    class Idle:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            scopes.append(scope)
            await receive()

    application.state = {"neartalk": None}
    assert path in application.consumers
    application.consumers[path] = Idle  # type: ignore[assignment]
    scope = {"type": "websocket", "path": path}
    task = asyncio.create_task(application(scope, forever, forever))
    await turns()
    waiting: Any = task.get_coro()
    names: list[str] = []
    while inspect.iscoroutine(waiting):
        names.append(waiting.__qualname__.rpartition("<locals>.")[2])
        waiting = waiting.cr_await
    assert names[:2] == ["Application.__call__", "Idle.__call__"]
    assert scopes[0] is scope
    task.cancel()
    async with deadline("the application ends"):
        await asyncio.gather(task, return_exceptions=True)


async def test_the_parser_keeps_no_header_of_the_handshake() -> None:
    with ExitStack() as stack:
        waiting = Waiting(stack)
        await waiting.connect()
        [protocol] = waiting.protocols
        assert not protocol.request.headers
        names = {name.lower() for name, _ in protocol.scope["headers"]}
        assert {b"cookie", b"origin", b"user-agent"} <= names
    await turns()


async def test_a_transport_that_is_full_makes_its_socket_wait_and_no_other() -> None:
    with ExitStack() as stack:
        waiting = Waiting(stack)
        for _ in range(2):
            await waiting.connect()
        full, other = waiting.protocols
        full.pause_writing()
        sending = asyncio.create_task(full.send({"type": "websocket.close", "code": 1000}))
        await other.send({"type": "websocket.close", "code": 1000})
        await turns()
        assert not sending.done()
        full.resume_writing()
        async with deadline("the socket that may be written to again"):
            await sending
        full.pause_writing()
    await turns()


# ---- What was sent, until it is read -----------------------------------------------------------


async def read(inbox: Inbox) -> Any:
    async with deadline("something in the inbox"):
        while inbox.empty():
            await inbox.wait()
        return inbox.pop()


async def test_an_inbox_gives_what_came_in_its_order() -> None:
    inbox = Inbox()
    assert inbox.empty()
    for number in range(3):
        inbox.put_nowait({"number": number})
    assert not inbox.empty()
    assert [(await read(inbox))["number"] for _ in range(3)] == [0, 1, 2]
    assert inbox.empty()


async def test_a_reader_waits_for_what_comes() -> None:
    inbox = Inbox()
    for number in range(3):
        reading = asyncio.create_task(read(inbox))
        await turns()
        assert not reading.done()
        inbox.put_nowait({"number": number})
        inbox.put_nowait({"number": "next"})
        assert [await reading, await read(inbox)] == [{"number": number}, {"number": "next"}]


async def test_a_reader_who_gave_up_takes_nothing_away() -> None:
    inbox = Inbox()
    reading = asyncio.create_task(read(inbox))
    await turns()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    inbox.put_nowait({"number": 1})
    assert await read(inbox) == {"number": 1}


async def test_an_inbox_has_one_reader() -> None:
    inbox = Inbox()
    first = asyncio.create_task(read(inbox))
    await turns()
    with pytest.raises(RuntimeError, match="one reader"):
        await read(inbox)
    inbox.put_nowait({"number": 1})
    assert await first == {"number": 1}


def masked(opcode: int, payload: bytes = b"") -> bytes:
    """A frame of a client, up to 125 bytes; its mask hides nothing."""
    return bytes((0x80 | opcode, 0x80 | len(payload))) + bytes(4) + payload


PONG_FRAME = masked(0xA)


async def test_who_is_asked_for_a_sign_of_life_is_sent_a_ping() -> None:
    with ExitStack() as stack:
        waiting = Waiting(stack)
        peer = await waiting.connect()
        [protocol] = waiting.protocols
        protocol.ping()
        async with deadline("the ping"):
            assert await asyncio.get_running_loop().sock_recv(peer, 16) == bytes((0x89, 0))
    await turns()


async def test_an_answer_to_a_ping_costs_no_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        waiting = Waiting(stack)
        await waiting.connect()
        [protocol] = waiting.protocols
        parsed: list[bytes] = []
        receive_data = protocol.conn.receive_data

        def note(data: bytes) -> None:
            parsed.append(data)
            receive_data(data)

        monkeypatch.setattr(protocol.conn, "receive_data", note)
        for frame in (masked(1, b"Hello"), PONG_FRAME, masked(1, b"you"), PONG_FRAME):
            await receive_after_a_while(protocol, frame)
        assert protocol.quiet_s() < QUIET_S
        assert parsed == [masked(1, b"Hello"), masked(1, b"you")]
        assert waiting.received == ["Hello", "you"]
    await turns()


@pytest.mark.parametrize("cut", range(1, 12))
async def test_what_looks_like_an_answer_inside_a_message_is_part_of_it(cut: int) -> None:
    """Its payload is hidden by a mask of zeros; the six bytes come alone, as an answer does."""
    inside = bytes((0x8A, 0x80, 0, 0, 0, 0))
    head = bytes((0x82, 0x80 | 12)) + bytes(4)
    whole = head + inside + inside
    pieces = (whole[:cut], whole[cut:12], whole[12:]) if cut < 12 else (whole[:12], whole[12:])
    with ExitStack() as stack:
        waiting = Waiting(stack)
        await waiting.connect()
        [protocol] = waiting.protocols
        for piece in (*pieces, masked(1, b"end")):
            await receive_after_a_while(protocol, piece)
        assert waiting.received == [inside + inside, "end"]
    await turns()


async def test_only_who_was_quiet_is_believed_without_parsing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ExitStack() as stack:
        waiting = Waiting(stack)
        await waiting.connect()
        [protocol] = waiting.protocols
        parsed: list[bytes] = []
        monkeypatch.setattr(protocol.conn, "receive_data", parsed.append)
        for _ in range(3):
            protocol.heard_at = protocol.loop.time()
            protocol.data_received(PONG_FRAME)
        assert parsed[0] == PONG_FRAME
    await turns()


async def receive_after_a_while(protocol: WebSocketProtocol, data: bytes) -> None:
    protocol.heard_at -= 20
    protocol.data_received(data)
    await turns()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 300])
def test_one_frame_is_told_from_less_and_more(size: int) -> None:
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    whole = head + bytes(4 + size)
    assert is_one_frame(whole)
    for piece in (b"", whole[:1], whole[:-1], whole + b"\x8a"):
        assert not is_one_frame(piece)
