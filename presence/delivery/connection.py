"""One open socket of one person, and the two ways bytes leave through it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from neartalk.codes import TRY_AGAIN, Refused
from neartalk.server import Backlog, DirectTransport, WebSocketProtocol
from presence.delivery.frames import Form, Frame, refusal
from presence.people import Person, Place, Session

PACE_UNSENT = 65_536
HELD_MAX = 2_000


class Outlet(Protocol):
    """Where frames leave. Nothing here ever waits for the peer, but `drained`.

    `too_slow` says that the peer was given up because it did not read.
    """

    @property
    def too_slow(self) -> bool: ...
    @property
    def direct(self) -> DirectTransport | None:
        """The transport by which one frame may go to many at once, if the server has such."""

    def write(self, frame: Frame) -> None: ...
    async def drained(self) -> None:
        """Returns once at most 64 KB are unsent, or the socket is gone."""

    def quiet_s(self) -> float:
        """Seconds since the peer last gave a sign of life."""

    def close(self, code: int) -> None: ...
    def drop(self) -> None:
        """Ends the socket without a word, as too slow: what is unsent is thrown away."""


class Spoken(Protocol):
    """Something the hub hands to readers: a message, with what it takes to judge and to show it."""

    @property
    def id(self) -> str: ...
    @property
    def person_id(self) -> str: ...
    @property
    def said_ms(self) -> int: ...
    @property
    def place(self) -> Place: ...
    def row(self, form: Form, label: str, *, mine: bool) -> str: ...


class Unsaid(Protocol):
    """A message was taken back: whose it was, when it was said, and where."""

    @property
    def removed_id(self) -> str: ...
    @property
    def person_id(self) -> str: ...
    @property
    def said_ms(self) -> int: ...
    @property
    def place(self) -> Place: ...


class Socket:
    """`held` collects what is said while a socket reads history; None once it is live.

    `trail` are the places it heard before, oldest first.
    """

    __slots__ = (
        "form",
        "held",
        "held_gone",
        "lock",
        "outlet",
        "people_shown",
        "place",
        "session",
        "trail",
    )

    def __init__(self, session: Session, form: Form, outlet: Outlet) -> None:
        self.session = session
        self.form = form
        self.outlet = outlet
        self.place = session.person.place
        self.held: list[tuple[Spoken, str]] | None = []
        self.held_gone: list[str] = []
        self.lock = asyncio.Lock()
        self.people_shown = 0  # a hash
        self.trail: list[Place] = []

    @property
    def person(self) -> Person:
        return self.session.person

    @property
    def guarded(self) -> bool:
        """Whether a block stands between its person and somebody: then what is written to it is
        chosen one by one."""
        return bool(self.session.blocked or self.session.blocked_by)

    def hears(self, said: "Spoken | Unsaid") -> bool:
        return self.session.hears(said.person_id, said.said_ms)

    def write(self, frame: Frame) -> None:
        self.outlet.write(frame)

    def hold(self, heard: Iterable[tuple[Spoken, str]]) -> bool:
        """Keeps what is said for a socket that still reads history; whether it is too much."""
        if self.held is None:
            return False
        self.held += heard
        return len(self.held) > HELD_MAX

    def hold_gone(self, unsaid: Unsaid) -> None:
        if self.hears(unsaid):
            self.held_gone.append(unsaid.removed_id)

    def end(self, refused: Refused) -> None:
        """Says why, and closes with the close code of an error."""
        self.write(refusal(self.form, refused))
        self.outlet.close(refused.row.close)


class AsgiOutlet:
    """Frames through ASGI `send`, for servers without a transport to write to (Daphne).

    A task of its own sends, so that one stuck peer delays nobody else.
    """

    direct = None

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]], backlog: Backlog) -> None:
        self.send = send
        self.backlog = backlog
        self.queue: asyncio.Queue[Frame | int | None] = asyncio.Queue()
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
        """Such servers keep pongs to themselves, so the close itself is the last sign of life."""
        return 0.0

    def close(self, code: int) -> None:
        self.queue.put_nowait(code)

    def drop(self) -> None:
        self.too_slow = True
        self.stop()
        self.task = asyncio.create_task(self._close(TRY_AGAIN))

    def stop(self) -> None:
        """Nothing more can leave: the socket is gone."""
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
                await self._close(item or TRY_AGAIN)
                return

    async def _close(self, code: int) -> None:
        await self.send({"type": "websocket.close", "code": code})


class DirectOutlet:
    """Frames straight to the transport of our uvicorn protocol: no task, no queue of our own."""

    __slots__ = ("protocol",)

    def __init__(self, protocol: WebSocketProtocol) -> None:
        self.protocol = protocol

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
