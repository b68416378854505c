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


class Connection(Protocol):
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
    def give_up(self) -> None:
        """Ends the socket without a word, as too slow: what is unsent is thrown away."""


class OutgoingMessage(Protocol):
    """A message as the hub sends it: what decides who may receive it, and its rows."""

    @property
    def id(self) -> str: ...
    @property
    def person_id(self) -> str: ...
    @property
    def sent_ms(self) -> int: ...
    @property
    def place(self) -> Place: ...
    def row(self, form: Form, label: str, *, mine: bool) -> str: ...


class OutgoingRetraction(Protocol):
    """A message was taken back: whose it was, when it was said, and where."""

    @property
    def removed_id(self) -> str: ...
    @property
    def person_id(self) -> str: ...
    @property
    def sent_ms(self) -> int: ...
    @property
    def place(self) -> Place: ...


class Socket:
    """`held` collects what is said while a socket reads history; None once it is live.

    `recent_places` are the places it was subscribed to before, oldest first.
    """

    __slots__ = (
        "connection",
        "form",
        "held",
        "held_gone",
        "lock",
        "people_shown",
        "place",
        "recent_places",
        "session",
    )

    def __init__(self, session: Session, form: Form, connection: Connection) -> None:
        self.session = session
        self.form = form
        self.connection = connection
        self.place = session.person.place
        self.held: list[tuple[OutgoingMessage, str]] | None = []
        self.held_gone: list[str] = []
        self.lock = asyncio.Lock()
        self.people_shown = 0  # a hash
        self.recent_places: list[Place] = []

    @property
    def person(self) -> Person:
        return self.session.person

    @property
    def guarded(self) -> bool:
        """Whether a block stands between its person and somebody: then what is written to it is
        chosen one by one."""
        return bool(self.session.blocked or self.session.blocked_by)

    def may_receive(self, sent: OutgoingMessage | OutgoingRetraction) -> bool:
        return self.session.may_receive(sent.person_id, sent.sent_ms)

    def write(self, frame: Frame) -> None:
        self.connection.write(frame)

    def hold(self, messages: Iterable[tuple[OutgoingMessage, str]]) -> bool:
        """Keeps what is said for a socket that still reads history; whether it is too much."""
        if self.held is None:
            return False
        self.held += messages
        return len(self.held) > HELD_MAX

    def hold_gone(self, retraction: OutgoingRetraction) -> None:
        if self.may_receive(retraction):
            self.held_gone.append(retraction.removed_id)

    def end(self, refused: Refused) -> None:
        """Says why, and closes with the close code of an error."""
        self.write(refusal(self.form, refused))
        self.connection.close(refused.row.close)


class QueuedConnection:
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
        self.backlog.note(self)

    def unsent(self) -> int:
        return self.bytes

    async def drained(self) -> None:
        await self.room.wait()

    def quiet_s(self) -> float:
        """Such servers keep pongs to themselves, so the close itself is the last sign of life."""
        return 0.0

    def close(self, code: int) -> None:
        self.queue.put_nowait(code)

    def give_up(self) -> None:
        self.too_slow = True
        self.stop()
        self.task = asyncio.create_task(self._close(TRY_AGAIN))

    def stop(self) -> None:
        """Nothing more can leave: the socket is gone."""
        self.task.cancel()
        self.room.set()
        self.backlog.forget(self)

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


class TransportConnection:
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

    def give_up(self) -> None:
        self.direct.give_up()

    def stop(self) -> None:
        """Nothing to stop: the server ends the transport itself."""
