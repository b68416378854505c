"""The end of a process: it lets nobody in, retires its sockets evenly, and exits."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
from collections.abc import Coroutine
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import pytest
import uvicorn

from neartalk.asgi import build
from neartalk.management.commands.serve import shared
from neartalk.server import EXTENSION, DrainingServer
from neartalk.server.drain import LAST_WORDS_S, TICK_S, drain
from presence.consumers import SocketConsumer
from presence.delivery import Form
from presence.delivery import signal as frame_of
from presence.incoming import Action
from tests.support.client import elsewhere, person
from tests.support.servers import STOP_SECONDS, Server
from tests.support.waiting import WAIT_S, deadline
from tests.voice.speakers import speaker

# ---- How many at a time --------------------------------------------------------------------------


class Ward:
    """Open sockets, of which each closes `late` ticks after it retired; the time stands still."""

    def __init__(self, count: int, late: int = 0) -> None:
        self.late = late
        self.here = [RetiringSocket() for _ in range(count)]
        self.counts: list[int] = []  # how many retired by each tick

    async def sleep(self, seconds: float) -> None:
        assert seconds == TICK_S
        for guest in self.here:
            guest.ticks += guest.retired
        self.counts.append(sum(guest.retired and guest.ticks == 1 for guest in self.here))
        self.here = [guest for guest in self.here if guest.ticks <= self.late]


class RetiringSocket:
    def __init__(self) -> None:
        self.retired, self.ticks = False, 0

    def retire(self) -> None:
        self.retired = True


@pytest.mark.parametrize(("count", "most"), [(1000, 20), (70, 2), (7, 1)])
async def test_sockets_retire_evenly_over_the_whole_time(count: int, most: int) -> None:
    ward = Ward(count)
    await drain(lambda: ward.here, 5, ward.sleep)
    assert sum(ward.counts) == count
    assert max(ward.counts) == most
    assert len(ward.counts) == 5 / TICK_S
    halves = sum(ward.counts[:25]), sum(ward.counts[25:])
    assert abs(halves[0] - halves[1]) <= 1


async def test_without_a_time_all_retire_at_once_and_nobody_waits_for_nobody() -> None:
    ward = Ward(1000)
    await drain(lambda: ward.here, 0, ward.sleep)
    assert ward.counts == [1000]
    ward = Ward(0)
    await drain(lambda: ward.here, 5, ward.sleep)
    assert ward.counts == []


async def test_who_does_not_close_is_waited_for_and_not_for_ever() -> None:
    ward = Ward(10, late=3)
    await drain(lambda: ward.here, 0, ward.sleep)
    assert len(ward.counts) == 4
    ward = Ward(10, late=1000)
    await drain(lambda: ward.here, 1, ward.sleep)
    assert len(ward.counts) == (1 + LAST_WORDS_S) / TICK_S


async def test_who_comes_meanwhile_is_sent_elsewhere_in_the_end() -> None:
    ward = Ward(10)
    late = RetiringSocket()

    async def sleep(seconds: float) -> None:
        await ward.sleep(seconds)
        if len(ward.counts) == 1:
            ward.here.append(late)

    await drain(lambda: ward.here, 1, sleep)
    assert late.retired
    assert ward.counts == [*[1] * 10, 1]


# ---- What a socket still says --------------------------------------------------------------------


class Slow(SocketConsumer):
    """Answers each frame a little later, and has something pending when it goes."""

    kind = "slow"
    frame_max = 100

    async def answer(self, frame: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        self.write(frame_of(Form.JSON, "ack", ref=frame["ref"]))

    async def _arrive(self) -> None: ...

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)

    def gone(self) -> None:
        self.write(frame_of(Form.JSON, "pending"))

    actions: ClassVar[dict[str, Action]] = {"ask": answer}


async def test_what_came_before_is_answered_and_what_is_pending_leaves_before_the_close() -> None:
    said: list[Any] = []
    texts = [json.dumps({"type": "ask", "ref": ref}) for ref in "ab"]
    frames = [{"type": "websocket.receive", "text": text} for text in texts]
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for event in ({"type": "websocket.connect"}, *frames, {"type": "websocket.drain"}):
        events.put_nowait(event)

    async def send(message: dict[str, Any]) -> None:
        said.append(message.get("code", message["type"]))

    direct = SimpleNamespace(write_frame=lambda wire: said.append(wire[2:].decode()))
    scope = {
        "type": "websocket",
        "headers": [],
        "subprotocols": [],
        "extensions": {EXTENSION: SimpleNamespace(direct=direct)},
        "state": build(),
    }
    await Slow()(scope, events.get, send)
    assert said == [
        "websocket.accept",
        '{"type":"chat.ack","ref":"a"}',
        '{"type":"chat.ack","ref":"b"}',
        '{"type":"chat.pending"}',
        1012,
    ]


# ---- A process -----------------------------------------------------------------------------------


class ListeningServer(Server):
    """Started with options of where to listen."""

    def __init__(self, *options: str, **env: str) -> None:
        super().__init__("uvicorn", env)
        self.extra = options
        self.fds: tuple[int, ...] = ()

    def command(self) -> list[str]:
        return [*super().command(), *self.extra]

    def options(self) -> dict[str, Any]:
        return {**super().options(), "pass_fds": self.fds}


class KeepAliveConnection:
    """An HTTP connection that is kept, and not opened again."""

    def __init__(self, server: Server) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT_S)
        self.connection.connect()
        self.connection.auto_open = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *why: object) -> None:
        self.connection.close()

    def health(self) -> tuple[int, str | None]:
        self.connection.request("GET", "/api/health")
        with self.connection.getresponse() as answer:
            answer.read()
            return answer.status, answer.getheader("connection")


async def test_while_it_drains_nobody_new_comes_and_who_is_here_goes_on_talking() -> None:
    server, spot = ListeningServer("--reuse-port", DRAIN_SECONDS="3600"), elsewhere()
    with ExitStack() as stack:
        stack.callback(server.close)
        server.start()
        async with (
            person(server, *spot, name="alice") as alice,
            person(server, *spot, name="bob") as bob,
        ):
            kept = stack.enter_context(KeepAliveConnection(server))
            assert kept.health() == (200, None)
            os.kill(server.pid, signal.SIGTERM)
            found = {kept.health()}
            while (503, "close") not in found:
                found.add(kept.health())
            assert found <= {(200, None), (503, None), (503, "close")}
            async with deadline("the port is closed"):
                while await knocks(server):
                    pass
            await alice.send_text("still here")
            await bob.expect("chat.message", text="still here")
            assert server.process
            os.kill(server.pid, signal.SIGTERM)
            assert await asyncio.to_thread(server.process.wait, STOP_SECONDS) == -signal.SIGTERM


async def knocks(server: Server) -> bool:
    """Whether anybody takes a new connection."""
    try:
        _, way = await asyncio.open_connection("127.0.0.1", server.port)
    except ConnectionRefusedError:
        return False
    way.close()
    return True


async def test_with_open_sockets_it_ends_well_and_who_knocks_in_between_waits_for_the_next() -> (
    None
):
    """Embedded, on a socket that somebody else holds, as systemd does."""
    spot = elsewhere()
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        server = ListeningServer("--fd", str(listener.fileno()))
        stack.callback(server.close)
        server.port, server.fds = listener.getsockname()[1], (listener.fileno(),)
        server.start()
        async with (
            person(server, *spot, name="alice") as alice,
            person(server, *spot, name="bob", html=True) as bob,
            speaker(server, spot, "carol") as carol,
        ):
            await alice.send_text("the last one")
            await bob.expect("chat.message", text="the last one")
            await carol.join()
            assert await asyncio.to_thread(server.terminate) == 0
            assert [await one.closed() for one in (alice, bob, carol)] == [1012] * 3
        assert "Traceback" not in server.output()
        kept = stack.enter_context(KeepAliveConnection(server))
        kept.connection.request("GET", "/api/health")
        await asyncio.to_thread(server.start)
        assert kept.connection.getresponse().status == 200


async def test_who_ends_a_process_that_still_starts_ends_it_without_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGTERM comes while the parts are built, so there is none yet to be told."""
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(signal, "alarm", lambda seconds: None)
    state: dict[str, Any] = {}

    async def starting(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        server.handle_exit(signal.SIGTERM, None)
        scope["state"].update(build())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        state.update(scope["state"])
        await send({"type": "lifespan.shutdown.complete"})

    server = DrainingServer(uvicorn.Config(starting, port=0, log_config=None, lifespan="on"))
    async with deadline("the server ends"):
        await server._serve()
    assert "neartalk" in state


def test_a_port_is_shared_only_by_those_who_want_to() -> None:
    with shared("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        shared("127.0.0.1", port).close()
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port))
