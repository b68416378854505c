"""One open socket of one person, and the two ways bytes leave through it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from neartalk.codes import CODES, TRY_AGAIN, Refused
from presence.frames import Form, Frame, refusal
from presence.people import Person, Place, Session

UNSENT_MAX = 262_144
# Looked at once a second: a reader that stops is closed within 15 s.
STUCK_S = 13.5
PACE_UNSENT = 65_536
HELD_MAX = 2_000


class Outlet(Protocol):
    """Where frames leave. Nothing here ever waits for the peer, but `drained`."""

    def write(self, frame: Frame) -> None: ...
    def unsent(self) -> int:
        """Bytes accepted and not yet handed to the network."""

    async def drained(self) -> None:
        """Returns once at most 64 KB are unsent, or the socket is gone."""

    def quiet_s(self) -> float:
        """Seconds since the peer last gave a sign of life."""

    def close(self, code: int) -> None: ...
    def abort(self) -> None:
        """Ends the socket without a word: what is unsent is thrown away."""


class Spoken(Protocol):
    """Something the hub hands to readers: a message, with what it takes to judge and to show it."""

    @property
    def id(self) -> str: ...
    @property
    def person_id(self) -> str: ...
    @property
    def place(self) -> Place: ...
    def row(self, form: Form, label: str, *, mine: bool) -> str: ...


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
        "stuck_since",
        "taken",
        "too_slow",
        "trail",
        "written",
    )

    def __init__(self, session: Session, form: Form, outlet: Outlet) -> None:
        self.session = session
        self.form = form
        self.outlet = outlet
        self.place = session.person.place
        self.held: list[tuple[Spoken, str]] | None = []
        self.held_gone: list[str] = []
        self.lock = asyncio.Lock()
        self.people_shown = ""
        self.stuck_since: float | None = None
        self.written = self.taken = 0
        self.too_slow = False
        self.trail: list[Place] = []

    @property
    def person(self) -> Person:
        return self.session.person

    def write(self, frame: Frame) -> None:
        """Hands a frame over; a reader for whom too much has piled up is cut off instead."""
        if not self.too_slow:
            self.outlet.write(frame)
            self.written += len(frame.wire)
            if self.outlet.unsent() > UNSENT_MAX:
                self.cut_off()

    def hold(self, spoken: Spoken, label: str) -> None:
        """Keeps what is said for a socket that still reads history."""
        if self.held is not None:
            self.held.append((spoken, label))
            if len(self.held) > HELD_MAX:
                self.cut_off()

    def hold_gone(self, removed_id: str) -> None:
        self.held_gone.append(removed_id)

    def cut_off(self) -> None:
        self.too_slow = True
        self.outlet.abort()

    def end(self, code: str) -> None:
        """Says why, and closes with the close code of an error."""
        self.write(refusal(self.form, Refused(code)))
        self.outlet.close(CODES[code].close)

    def check(self, now_s: float) -> None:
        """Cuts off a reader that takes nothing for 15 s, however slowly another may read.

        Called about once a second.
        """
        unsent = self.outlet.unsent()
        before, self.taken = self.taken, self.written - unsent
        if not unsent or self.taken > before:
            self.stuck_since = None
        elif self.stuck_since is None:
            self.stuck_since = now_s
        elif now_s - self.stuck_since > STUCK_S and not self.too_slow:
            self.cut_off()


class AsgiOutlet:
    """Frames through ASGI `send`, for servers without a transport to write to (Daphne).

    A task of its own sends, so that one stuck peer delays nobody else.
    """

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self.send = send
        self.queue: asyncio.Queue[Frame | int | None] = asyncio.Queue()
        self.bytes = 0
        self.room = asyncio.Event()
        self.room.set()
        self.task = asyncio.create_task(self._pump())

    def write(self, frame: Frame) -> None:
        if self.task.done() or self.task.cancelling():
            return
        self.bytes += len(frame.wire)
        if self.bytes > PACE_UNSENT:
            self.room.clear()
        self.queue.put_nowait(frame)

    def unsent(self) -> int:
        return self.bytes

    async def drained(self) -> None:
        await self.room.wait()

    def heard(self) -> None:
        """Nothing to note: see `quiet_s`."""

    def quiet_s(self) -> float:
        """Such servers keep pongs to themselves, so the close itself is the last sign of life."""
        return 0.0

    def close(self, code: int) -> None:
        self.queue.put_nowait(code)

    def abort(self) -> None:
        self.stop()
        self.task = asyncio.create_task(self._close(TRY_AGAIN))

    def stop(self) -> None:
        """Nothing more can leave: the socket is gone."""
        self.task.cancel()
        self.room.set()

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

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol

    def write(self, frame: Frame) -> None:
        self.protocol.write_frame(frame.wire)

    def unsent(self) -> int:
        return int(self.protocol.transport.get_write_buffer_size())

    async def drained(self) -> None:
        await self.protocol.writable.wait()

    def heard(self) -> None:
        self.protocol.heard()

    def quiet_s(self) -> float:
        return float(self.protocol.quiet_s())

    def close(self, code: int) -> None:
        self.protocol.close_with(code)

    def abort(self) -> None:
        self.protocol.transport.abort()

    def stop(self) -> None:
        """The transport is gone already; nothing of ours is left to end."""
