"""Where the time of a delivery goes: the way of a message, with a clock at each of its steps.

Readers are sockets on loopback whose other ends another process reads; messages come as a browser
sends them, from the consumer on. Everything is kept in memory, apart from the server's own.
"""

import asyncio
import json
import secrets
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction
from multiprocessing import get_context
from time import perf_counter
from typing import Any
from unittest.mock import patch

from chat import consumers
from chat.consumers import ChatConsumer
from chat.feed import Feed
from chat.history import MemoryHistory
from chat.parts import Chat
from neartalk.devtools import read_all
from neartalk.parts import Platform
from neartalk.server import Backlog, DirectTransport
from presence import consumers as entrance
from presence.delivery import Audience, Coalescer, Form, Socket, TransportConnection, coalescer
from presence.delivery import recipients as readers
from presence.geo import CELL_DEGREES, RADIUS_STOPS_M, cell_at
from presence.hub import Hub
from presence.parts import Presence
from presence.people import Place
from presence.registry import MemoryRegistry

REST = "all that is between these steps"
STEPS: tuple[tuple[str, Any, str], ...] = (
    ("read the frame", entrance, "decode"),
    ("clean the text", consumers, "clean_message"),
    ("keep it in history", MemoryHistory, "append"),
    ("find who hears it", Audience, "_labelled_in_range"),
    ("draw rows, build frames", coalescer, "messages_frame"),
    ("write to its author", DirectTransport, "write_frame"),
    ("write to everyone else", readers, "broadcast"),
    (REST, ChatConsumer, "websocket_receive"),
    (REST, Coalescer, "_over"),
)
SOUTH, WEST, COLUMNS = 52.5, 13.3, 20
WORDS = "Does anyone know when the market opens?"


@dataclass(frozen=True)
class Report:
    """Seconds by step, for so many messages that were so many deliveries."""

    people: int
    cells: int
    messages: int
    deliveries: int
    seconds: dict[str, float]


class Stopwatch:
    """Seconds by step, each without those inside it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.inside: list[float] = []

    @contextmanager
    def taking(self, step: str) -> Iterator[None]:
        self.inside.append(0.0)
        start_s = perf_counter()
        try:
            yield
        finally:
            took_s = perf_counter() - start_s
            self.seconds[step] += took_s - self.inside.pop()
            if self.inside:
                self.inside[-1] += took_s

    def around(self, step: str, act: Callable[..., Any]) -> Callable[..., Any]:
        if iscoroutinefunction(act):

            @wraps(act)
            async def timed_async(*args: Any, **kwargs: Any) -> Any:
                with self.taking(step):
                    return await act(*args, **kwargs)

            return timed_async

        @wraps(act)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.taking(step):
                return act(*args, **kwargs)

        return timed

    @contextmanager
    def at_each_step(self) -> Iterator[None]:
        with ExitStack() as stack:
            for step, owner, name in STEPS:
                timed = self.around(step, getattr(owner, name))
                stack.enter_context(patch.object(owner, name, timed))
            yield


class Line(TransportConnection):
    """A reader's end that is not uvicorn's."""

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


async def profile(people: int, cells: int, messages: int, rate: float) -> Report:
    """People in turn say something, `rate` messages a second in all.

    Raises RuntimeError if a message was refused: then nothing here says what one costs.
    """
    platform, registry = Platform.build(), MemoryRegistry()
    hub = Hub(platform, registry)
    history = MemoryHistory()
    feed = Feed(hub, history)
    presence = Presence.of(platform, registry, hub)
    state = {"presence": presence, "chat": Chat(presence, history, feed)}
    watch = Stopwatch()
    deliveries = 0
    async with lines(people, platform.backlog) as opened:
        crowd = [
            await seat(hub, Line(line), place(turn, cells)) for turn, line in enumerate(opened)
        ]
        speakers = [speaker(one, state) for one in crowd]
        with watch.at_each_step():
            for turn in range(messages):
                author = turn * 7 % people
                frame = {"type": "chat.send", "text": f"{WORDS} {turn}", "ref": f"{turn:08}"}
                await speakers[author].websocket_receive({"text": json.dumps(frame)})
                heard = hub.audience.in_range_of(crowd[author].place)
                deliveries += sum(len(cohort.live) for cohort in heard)
                await asyncio.sleep(1 / rate)
        kept = sum(len(tail.held) for tail in feed.tails.values())
        await hub.stop()
    if kept < messages:
        raise RuntimeError(f"{messages - kept} messages were refused")
    return Report(
        people, cells, messages, deliveries, {step: watch.seconds[step] for step, _, _ in STEPS}
    )


def place(turn: int, cells: int) -> Place:
    """Everyone in one cell reaches 500 m; over many cells, all stops of the dial are there."""
    row, column = divmod(turn % cells, COLUMNS)
    cell = cell_at(SOUTH + row * CELL_DEGREES, WEST + column * CELL_DEGREES)
    return Place(cell, 500 if cells == 1 else RADIUS_STOPS_M[turn % len(RADIUS_STOPS_M)])


async def seat(hub: Hub, line: Line, place: Place) -> Socket:
    digest = secrets.token_hex(32)
    await hub.registry.open(digest, "Quiet Heron")
    change = await hub.registry.place(digest, place, hub.process)
    joined = Socket(change.session, Form.HTML, line)
    await hub.join(joined, None)
    return joined


def speaker(joined: Socket, state: dict[str, Any]) -> ChatConsumer:
    consumer = ChatConsumer()
    consumer.enter({"state": state})
    consumer.socket, consumer.form = joined, joined.form
    return consumer


# ---- Readers -----------------------------------------------------------------------------------


@asynccontextmanager
async def lines(count: int, backlog: Backlog) -> AsyncIterator[list[DirectTransport]]:
    """Our ends of so many connections."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0), backlog=count) as listening:
        listening.setblocking(False)
        port = listening.getsockname()[1]
        reading = get_context("spawn").Process(target=read_all, args=(port, count), daemon=True)
        reading.start()
        opened: list[DirectTransport] = []
        try:
            for _ in range(count):
                ours, _ = await loop.sock_accept(listening)
                inner, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
                opened.append(DirectTransport(inner, backlog))
            yield opened
        finally:
            for line in opened:
                line.abort()
                line.connection_lost()
            reading.terminate()
            reading.join()
