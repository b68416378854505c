"""A request has an end: in its lines, its size, its time and in how many follow it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from neartalk.limits import Lanes, Rules
from neartalk.server.deadlines import ANSWER_S, HEAD_S, Deadlines
from neartalk.server.http_protocol import (
    HEAD_MAX,
    HEADERS_MAX,
    LATE_S,
    MESSAGE_MAX,
    PIPELINE_MAX,
    HttpProtocol,
)
from tests.support.processes import LoopClock, turns
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

GET = b"GET /near HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"POST /api/block HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


class WrittenTransport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = self.aborted = self.paused = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("203.0.113.9", 4), "sockname": ("127.0.0.1", 80)}.get(name, default)

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class HttpPeer:
    """A connection whose application answers what it is told, once it has the whole body."""

    def __init__(self) -> None:
        self.calls = 0
        self.go = asyncio.Event()
        self.go.set()
        self.deadlines = Deadlines()
        parts = SimpleNamespace(lanes=Lanes(Rules()), deadlines=self.deadlines)
        config = uvicorn.Config(self.answer, interface="asgi3", access_log=False, log_config=None)
        config.load()
        self.transport = WrittenTransport()
        self.protocol = HttpProtocol(config, ServerState(), {"neartalk": parts})
        self.protocol.connection_made(self.transport)

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        async with deadline("the test lets it answer, and the whole body", 600):
            await self.go.wait()
            while (await receive()).get("more_body"):
                pass
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    async def send(self, *pieces: bytes) -> bytes:
        """What is answered to these pieces."""
        self.transport.written = b""
        for piece in pieces:
            if not self.transport.closed:
                self.protocol.data_received(piece)
        await turns()
        return self.transport.written


async def test_a_call_is_answered_whatever_the_pieces_it_comes_in() -> None:
    peer = HttpPeer()
    for size in (1, 2, 7, len(GET)):
        cut = [GET[start : start + size] for start in range(0, len(GET), size)]
        assert (await peer.send(*cut)).startswith(b"HTTP/1.1 200")
    body = b"5\r\nhello\r\n" * 100 + b"0\r\n\r\n"
    assert (await peer.send(CHUNKED + body)).startswith(b"HTTP/1.1 200")
    assert (await peer.send(CHUNKED, body[:50], body[50:])).startswith(b"HTTP/1.1 200")
    assert not peer.transport.closed
    assert not peer.deadlines.due_s


@pytest.mark.parametrize("piece", [100, 8_192, 262_144])
@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a=b; ",
    ],
)
async def test_lines_that_do_not_end_are_refused_before_they_cost_memory(
    start: bytes, piece: int
) -> None:
    peer = HttpPeer()
    answer = await peer.send(start, *[b"x" * piece] * (2 * HEAD_MAX // piece + 2))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert (peer.transport.closed, peer.calls) == (True, 0)


def head_of(size: int) -> bytes:
    """A request whose lines are of so many bytes."""
    start, end = b"GET /near HTTP/1.1\r\nHost: localhost\r\nX-Long: ", b"\r\n\r\n"
    return start + b"x" * (size - len(start + end)) + end


@pytest.mark.parametrize("piece", [1_000, 8_192, 262_144])
@pytest.mark.parametrize("before", [b"", GET, GET * 3, CHUNKED + b"1\r\nx\r\n0\r\n\r\n"])
async def test_lines_are_as_long_as_they_may_be_and_not_a_byte_longer(
    before: bytes, piece: int
) -> None:
    for size, refused in ((HEAD_MAX, False), (HEAD_MAX + 1, True), (HEAD_MAX + 8_192, True)):
        peer = HttpPeer()
        all_of_it = before + head_of(size)
        cut = [all_of_it[start : start + piece] for start in range(0, len(all_of_it), piece)]
        await peer.send(*cut)
        assert peer.calls <= before.count(b"HTTP/1.1") + (not refused)
        assert peer.transport.closed is refused


async def test_too_many_lines_are_refused() -> None:
    peer = HttpPeer()
    lines = b"".join(b"X-%d: y\r\n" % turn for turn in range(HEADERS_MAX + 1))
    answer = await peer.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert (peer.transport.closed, peer.calls) == (True, 0)


@pytest.mark.parametrize(
    "piece",
    [
        b"10000\r\n" + b"x" * 65_536 + b"\r\n",
        b"1\r\nx\r\n" * 10_000,
        b"1;" + b"e" * 60_000 + b"\r\nx\r\n",
    ],
)
async def test_a_body_without_an_end_is_cut_whatever_the_application_does(piece: bytes) -> None:
    peer = HttpPeer()
    await peer.send(CHUNKED, *[piece] * (MESSAGE_MAX // len(piece) + 2))
    assert peer.transport.closed


async def test_trailers_without_an_end_are_cut() -> None:
    peer = HttpPeer()
    trailers = b"".join(b"T-%d: y\r\n" % turn for turn in range(300_000))
    await peer.send(CHUNKED + b"0\r\n", trailers)
    assert peer.transport.closed


async def test_calls_that_do_not_wait_for_answers_end_the_connection() -> None:
    peer = HttpPeer()
    peer.go.clear()
    await peer.send(GET * (PIPELINE_MAX + 1))
    assert not peer.transport.closed
    await peer.send(GET * 3)
    assert peer.transport.aborted


@pytest.mark.parametrize("before", [b"", GET])
@pytest.mark.parametrize("begun", [b"G", GET[:-2], b"\r\n"])
async def test_whoever_does_not_finish_the_lines_is_told_and_cut(
    before: bytes, begun: bytes
) -> None:
    peer, time = HttpPeer(), LoopClock()
    await peer.send(before)
    await peer.send(begun)
    for _ in range(round(HEAD_S) + 2):
        await time.pass_s(1)
        if not peer.transport.closed and begun != b"\r\n":
            peer.protocol.data_received(b"x" if begun == b"G" else b"X: y\r\n")
    assert peer.transport.closed
    assert peer.deadlines.expired == 1
    assert b"HTTP/1.1 408 " in peer.transport.written


async def test_whoever_says_nothing_is_cut_and_one_who_waits_for_an_answer_is_not() -> None:
    silent, patient, time = HttpPeer(), HttpPeer(), LoopClock()
    patient.go.clear()
    await patient.send(GET)
    for _ in range(round(HEAD_S) + 2):
        await time.pass_s(1)
    assert silent.transport.closed
    assert silent.transport.written == b""
    assert not patient.transport.closed


async def test_an_answer_that_nobody_takes_ends_the_connection() -> None:
    peer, time = HttpPeer(), LoopClock()
    peer.go.clear()
    await peer.send(GET)
    peer.protocol.pause_writing()
    for _ in range(round(ANSWER_S) - 1):
        await time.pass_s(1)
    assert not peer.transport.closed
    peer.protocol.resume_writing()
    for _ in range(10):
        await time.pass_s(1)
    peer.protocol.pause_writing()
    for _ in range(round(ANSWER_S) + 2):
        await time.pass_s(1)
    assert peer.transport.aborted
    peer.protocol.connection_lost(ConnectionResetError())
    peer.go.set()
    await turns()


def test_connections_of_a_proxy_do_not_count_together(settings: Settings) -> None:
    protocol = HttpProtocol.__new__(HttpProtocol)
    protocol.client = ("203.0.113.9", 4)
    assert protocol.peer == "203.0.113.9"
    settings.TRUSTED_PROXIES = 1
    assert protocol.peer == ""


async def test_what_came_in_time_is_read_though_the_loop_finds_the_end_of_the_wait_first() -> None:
    """A process that stood still carries out its timers before it reads."""
    peer, time = HttpPeer(), LoopClock()
    kept_s = peer.protocol.timeout_keep_alive
    assert (await peer.send(GET)).startswith(b"HTTP/1.1 200")
    await time.pass_s(kept_s)
    assert not peer.transport.closed
    assert (await peer.send(GET)).startswith(b"HTTP/1.1 200")
    await time.pass_s(LATE_S)
    assert not peer.transport.closed
    await time.pass_s(kept_s)
    await time.pass_s(LATE_S)
    assert peer.transport.closed
