"""Server processes simulated in one event loop: a hub and a feed each, joined by a channel layer
that a test can delay, drop and reorder, and sockets whose frames it can read."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from chat.devtools import PeopleList
from chat.feed import Feed
from chat.parts import Chat
from neartalk.parts import Platform
from presence.delivery import Form, Socket
from presence.geo import cell_at
from presence.hub import Hub
from presence.parts import Presence
from presence.values import Place
from tests.support.waiting import deadline, forever

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from chat.history import History
    from presence.delivery import Frame
    from presence.registry import Registry
    from presence.values import Session

NEAR, NEARBY, FAR = (cell_at(52.52, lon) for lon in (13.4, 13.404, 13.5))
HERE, BESIDE, AWAY = (Place(cell, 500) for cell in (NEAR, NEARBY, FAR))


class Page:
    """A connection that records its frames. While `room` is cleared, its reader reads nothing."""

    direct = None
    language = "en"

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.listing = PeopleList()
        self.lots: list[list[str]] = []  # texts by the frame they came in
        self.quiet = 0.0
        self.closed: int | None = None
        self.too_slow = False
        self.changed = asyncio.Event()
        self.room = asyncio.Event()
        self.room.set()

    def write(self, frame: Frame) -> None:
        found = json.loads(frame.text)
        lot = found if isinstance(found, list) else [found]
        self.frames += lot
        for one in lot:
            if one["type"] in {"people", "people.changed"}:
                assert self.listing.apply(one), f"{one} does not follow {self.listing.version}"
        if texts := [one["text"] for one in lot if one["type"] == "chat.message"]:
            self.lots.append(texts)
        self.changed.set()

    async def drained(self) -> None:
        await self.room.wait()

    def quiet_s(self) -> float:
        return self.quiet

    def close(self, code: int) -> None:
        self.closed = code
        self.changed.set()

    def drop(self) -> None:
        self.too_slow = True

    def stop(self) -> None: ...

    # ---- What a test reads -------------------------------------------------------------------

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == kind]

    @property
    def texts(self) -> list[str]:
        return [frame["text"] for frame in self.all("chat.message")]

    @property
    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    @property
    def people_frames(self) -> list[dict[str, Any]]:
        return [one for one in self.frames if one["type"] in {"people", "people.changed"}]

    @property
    def names(self) -> list[str]:
        """Whom the list of people names by now."""
        return self.listing.names

    async def until(self, holds: Callable[[], bool]) -> None:
        async with deadline("what the page is to show"):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


class Wire:
    """What the channel layers of all processes share. `fate` decides how often each hint arrives;
    with `keep` they wait in `kept` until `pass_on` delivers them, in any order."""

    def __init__(self) -> None:
        self.groups: dict[str, set[asyncio.Queue[dict[str, Any]]]] = {}
        self.channels: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self.fate: Callable[[dict[str, Any]], int] = lambda hint: 1
        self.keep = False
        self.kept: list[tuple[str, dict[str, Any]]] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def carry(self, group: str, hints: dict[str, Any]) -> None:
        self.sent.append((group, hints))
        for hint in hints["each"]:
            one = group, {**hints, "each": [hint]}
            if self.keep:
                self.kept.append(one)
            else:
                for _ in range(self.fate(hint)):
                    self.arrive(*one)

    def arrive(self, group: str, hints: dict[str, Any]) -> None:
        for queue in self.groups.get(group, ()):
            queue.put_nowait(hints)

    def pass_on(self, order: Callable[[list[Any]], Sequence[Any]] = list) -> None:
        kept, self.kept = self.kept, []
        for one in order(kept):
            self.arrive(*one)


class Layer:
    """The channel layer of one process."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.stops: dict[str, Stop] = {}

    async def new_channel(self) -> str:
        channel = secrets.token_hex(4)
        self.wire.channels[channel] = self.queue
        return channel

    async def receive(self, channel: str) -> dict[str, Any]:
        return await self.queue.get()

    async def send(self, channel: str, hints: dict[str, Any]) -> None:
        self.wire.channels[channel].put_nowait(hints)

    async def group_add(self, group: str, channel: str) -> None:
        await self._halt("group_add")
        self.wire.groups.setdefault(group, set()).add(self.queue)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._halt("group_discard")
        self.wire.groups.get(group, set()).discard(self.queue)

    async def group_send(self, group: str, hints: dict[str, Any]) -> None:
        await self._halt("group_send")
        self.wire.carry(group, hints)

    async def _halt(self, act: str) -> None:
        if stop := self.stops.pop(act, None):
            await stop.halt()


class Stop:
    """A point where a coroutine waits until the test sets `open`."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def halt(self) -> None:
        self.reached.set()
        await self.open.wait()

    async def arrived(self) -> None:
        async with deadline("the call that is to be halted"):
            await self.reached.wait()


class Halting:
    """A store whose next call of a method waits before it runs (`before`) or before it returns
    (`after`), or raises what stands in `failing`."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.stops: dict[tuple[str, str], Stop] = {}
        self.failing: dict[str, BaseException] = {}

    def stop(self, when: str, method: str) -> Stop:
        return self.stops.setdefault((when, method), Stop())

    def __getattr__(self, name: str) -> Any:
        if not iscoroutinefunction(getattr(self.store, name)):
            return getattr(self.store, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            if stop := self.stops.pop(("before", name), None):
                await stop.halt()
            if name in self.failing:
                raise self.failing.pop(name)
            answer = await getattr(self.store, name)(*args, **kwargs)
            if stop := self.stops.pop(("after", name), None):
                await stop.halt()
            return answer

        return call


class Process:
    """One server process: its platform, hub and feed, and the sockets that join it."""

    def __init__(
        self,
        registry: Registry,
        history: History,
        wire: Wire | None = None,
        platform: Platform | None = None,
    ) -> None:
        clock = getattr(registry, "clock", None)
        self.platform = platform or Platform.build()
        self.layer = Layer(wire) if wire else None
        self.hub = Hub(self.platform, registry, self.layer, **({"clock": clock} if clock else {}))
        self.feed = Feed(self.hub, history)
        self.presence = Presence.of(self.platform, registry, self.hub)
        self.chat = Chat(self.presence, history, self.feed)

    @property
    def state(self) -> dict[str, Any]:
        """What a server would put into the scope of each call."""
        return {"neartalk": self.platform, "presence": self.presence, "chat": self.chat}

    async def begin_join(self, session: Session, since_ms: int | None = None) -> PageSocket:
        """A socket that is joining: `task` ends when it has joined."""
        found = await self.hub.registry.get(session.digest)
        assert found
        socket = PageSocket(found, Page())
        socket.task = asyncio.create_task(self.hub.join(socket, since_ms))
        return socket

    async def join(self, session: Session, since_ms: int | None = None) -> PageSocket:
        """A socket that has joined."""
        socket = await self.begin_join(session, since_ms)
        await socket.task
        return socket

    async def send_text(self, socket: Socket, text: str) -> None:
        await self.feed.sender.send(socket, text, secrets.token_hex(8))

    async def poll(self) -> None:
        """Runs the round that a server runs every 2 s, and waits for all that it began."""
        await self.hub.rounds.pulse()
        await settled(self)

    @property
    def busy(self) -> bool:
        """Whether a task runs or a hint waits."""
        arriving = self.layer and not self.layer.queue.empty()
        return bool(self.hub.background.tasks or self.hub.hints.waiting or arriving)


class PageSocket(Socket):
    """A socket whose frames the test reads from `page`."""

    task: asyncio.Task[None]

    def __init__(self, session: Session, page: Page) -> None:
        super().__init__(session, Form.JSON, page)
        self.page = page


async def person(registry: Registry, name: str, place: Place) -> Session:
    """A session in a place, before any socket."""
    digest = secrets.token_hex(32)
    await registry.open(digest, name)
    return (await registry.place(digest, place, "")).session


async def settled(*processes: Process) -> None:
    """Waits until no process is busy. TimeoutError after 10 s."""
    async with deadline("no process is busy any more"):
        while any(process.busy for process in processes):
            await turns()
    await turns()


async def turns(count: int = 40) -> None:
    """Lets the loop run so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(*processes: Process) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await turns()
        for process in processes:
            await process.hub.stop()


async def never(*args: Any) -> None:
    """Replaces `Background._round`: no round runs but those that the test calls."""
    await forever()


class LoopClock:
    """Replaces the clock of the running loop: it moves only by `pass_s`."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.now = loop.time()
        loop.time = lambda: self.now  # type: ignore[method-assign]

    async def pass_s(self, seconds: float) -> None:
        self.now += seconds
        await turns()


def shuffled(rng: random.Random) -> Callable[[list[Any]], list[Any]]:
    return lambda each: rng.sample(each, len(each))
