"""A reader that stops reading costs little, is cut off, delays nobody, and is told why."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psutil

from neartalk.server import Backlog
from neartalk.server.backlog import UNSENT_MAX
from presence.delivery import Form, Frame, QueuedConnection, Socket
from presence.delivery.connection import PACE_UNSENT
from presence.values import Person, Session
from tests.support.client import elsewhere, new_ref, north, person
from tests.support.processes import turns
from tests.support.waiting import WAIT_S, awaiting, deadline, forever, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Serve
    from tests.support.servers import Server

READERS = 20
# Fewer than one who comes back is shown at most; far more bytes than the system itself buffers.
MESSAGES, TOGETHER = 1_900, 50
# Of a frame that is longer than 125 bytes.
HEADER_BYTES = 4
TEXT = "🦔🌿" * 245


@contextmanager
def stopped_reader(server: Server, key: str) -> Iterator[int]:
    """A socket that shakes hands and then never reads again; its local port."""
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        raw.settimeout(WAIT_S)
        raw.connect(("127.0.0.1", server.port))
        lines = (
            "GET /ws HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            f"Authorization: Bearer {key}",
        )
        raw.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        with awaiting("the answer to the handshake"):
            assert raw.recv(12) == b"HTTP/1.1 101"
        yield raw.getsockname()[1]


def held(server: Server, ports: set[int]) -> set[int]:
    """Those of the clients' ports whose sockets the server still holds."""
    connections = psutil.Process(server.pid).net_connections("tcp")
    return {one.raddr.port for one in connections if one.raddr} & ports


async def test_who_stops_reading_is_cut_off_and_told_and_nobody_else_notices(
    serve: Serve,
) -> None:
    server, spot = serve(env={"RATE_LIMITS_SCALE": "100000"}), elsewhere()
    said = [f"{number} {TEXT}" for number in range(MESSAGES)]
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, 2), 500, "bob") as bob,
        person(server, *north(spot, 1), 500, "slow") as slow,
    ):
        await slow.socket.close()
        with ExitStack() as stack:
            readers = (stopped_reader(server, slow.key) for _ in range(READERS))
            ports = {stack.enter_context(reader) for reader in readers}
            assert held(server, ports) == ports
            for start in range(0, MESSAGES, TOGETHER):
                for text in said[start : start + TOGETHER]:
                    await alice.send("chat.send", text=text, ref=new_ref())
                await bob.expect("chat.message", text=said[start + TOGETHER - 1])
            assert held(server, ports) == set()
        heard = [frame["text"] for frame in bob.seen if frame["type"] == "chat.message"]
        assert heard == said
        await bob.silent("error", "gap")
        await alice.silent("error", "gap")

        async with slow.tab(since=slow.mark, epoch=slow.welcome["epoch"]) as back:
            assert (await back.expect("error"))["code"] == "too-slow"
            shown = [frame["text"] for frame in back.seen if frame["type"] == "chat.message"]
            assert shown == said
            await back.silent("gap")
        async with slow.tab() as again:
            await again.expect("mark")
            await again.silent("error")


async def test_what_was_written_leaves_before_the_close_and_the_close_says_why() -> None:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    connection = QueuedConnection(send, Backlog(), "en")
    connection.write(Frame("last words"))
    connection.close(4401)
    async with deadline("the close"):
        await connection.task
    connection.stop()
    assert sent == [
        {"type": "websocket.send", "text": "last words"},
        {"type": "websocket.close", "code": 4401},
    ]


async def test_up_to_64_kb_may_be_unsent_and_whoever_writes_more_waits() -> None:
    connection = QueuedConnection(lambda message: forever(), Backlog(), "en")
    half = Frame("x" * (PACE_UNSENT // 2 - HEADER_BYTES))
    connection.write(half)
    connection.write(half)
    assert connection.unsent() == PACE_UNSENT
    assert connection.room.is_set()
    connection.write(Frame("one more"))
    assert not connection.room.is_set()
    connection.stop()


async def test_whoever_waits_for_a_reader_goes_on_as_soon_as_that_one_reads() -> None:
    reads = asyncio.Event()

    async def send(message: dict[str, object]) -> None:
        await within(reads.wait(), "the reader")

    connection = QueuedConnection(send, Backlog(), "en")
    for _ in range(3):
        connection.write(Frame("x" * (PACE_UNSENT // 2)))
    writer = asyncio.create_task(connection.drained())
    await turns()
    assert not writer.done()
    reads.set()
    await within(writer, "room for more")
    assert connection.unsent() <= PACE_UNSENT
    connection.stop()


async def test_a_send_that_never_returns_holds_up_nobody_who_writes() -> None:
    """Daphne's way out has a queue of its own: it counts what has not left."""
    closed: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "websocket.close":
            closed.append(message)
        else:
            await forever()

    connection = QueuedConnection(send, Backlog(), "en")
    reader = Socket(Session("", Person("", "slow"), 0), Form.JSON, connection)
    frame = Frame("x" * 1000)
    while not connection.too_slow:
        reader.write(frame)
    assert UNSENT_MAX < connection.unsent() <= UNSENT_MAX + len(frame.wire)
    await connection.task
    assert closed == [{"type": "websocket.close", "code": 1013}]
