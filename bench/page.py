"""A reader that behaves as the page does, without a browser: it keeps what nobody confirmed and
sends it again under the same ref, drops what it shows already, and comes back with its mark."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from presence.people import Place

OPENING_S = 10.0
UNANSWERED_S = 10.0
# As static/js/connection.js: try again after these, end after every other.
AGAIN = {1005, 1006, 1011, 1012, 1013}


class Person(NamedTuple):
    """One session and where it stands."""

    key: str
    person_id: str
    name: str
    place: Place


class Close(NamedTuple):
    """The end of one connection."""

    code: int
    at_s: float


@dataclass(slots=True)
class Sent:
    """What one page says: kept as pending until `id` is known."""

    text: str
    ref: str
    by: Person
    at_s: float
    id: str = ""
    acked_s: float = 0.0
    refused: str = ""


def delay_s(attempt: int) -> float:
    """As static/js/backoff.js."""
    return random.uniform(0.1, min(30.0, 2.0**attempt))


class Page:
    """`doors` are the servers' addresses; after a loss the next one is tried."""

    def __init__(self, person: Person, doors: Sequence[str], *, dead_s: float = 25.0) -> None:
        self.person = person
        self.doors = doors
        self.door = 0
        self.dead_s = dead_s
        self.mark = ""
        self.epoch = ""
        self.ws: ClientConnection | None = None
        self.vanished: ClientConnection | None = None
        self.task: asyncio.Task[None] | None = None
        self.woken = asyncio.Event()
        self.pending: dict[str, Sent] = {}
        self.ids: set[str] = set()
        self.shown: dict[str, float] = {}  # text: when it was first shown
        self.twice: Counter[str] = Counter()  # texts under a second id
        self.wire_repeats = 0
        self.on_wire: set[str] = set()
        self.people: dict[str, str] = {}
        self.count = self.fewest = -1
        self.gaps: list[tuple[str, float]] = []
        self.codes: Counter[str] = Counter()
        self.closes: list[Close] = []
        self.arrivals: list[float] = []  # when a mark ended each arrival
        self.arriving = False
        self.ended = 0
        self.tasks: set[asyncio.Task[None]] = set()

    # ---- Its life ----------------------------------------------------------------------------

    def open(self) -> None:
        self.task = asyncio.create_task(self._live())

    async def close(self) -> None:
        tasks = [task for task in (self.task, *self.tasks) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.drop()

    def drop(self) -> None:
        """The connection is gone at once, without a word to the other side."""
        for ws in (self.ws, self.vanished):
            if ws:
                ws.transport.abort()

    def vanish(self) -> None:
        """From now on it neither reads nor answers nor closes, as a phone out of reach."""
        assert self.ws
        assert self.task
        self.ws.transport.pause_reading()
        self.vanished, self.ws = self.ws, None
        self.task.cancel()

    def wake(self) -> None:
        """The network is back: a waiting try need not wait longer."""
        self.woken.set()

    @property
    def live(self) -> bool:
        return self.ws is not None and not self.arriving

    async def _live(self) -> None:
        attempt = 0
        while not self.ended:
            if await self._connected():
                attempt = 0
            self.door += 1
            self.woken.clear()
            try:
                async with asyncio.timeout(delay_s(attempt)):
                    await self.woken.wait()
            except TimeoutError:
                attempt += 1

    async def _connected(self) -> bool:
        """One connection, from its opening to its end; whether the server spoke at all."""
        url = self.doors[self.door % len(self.doors)] + "/ws"
        if self.mark:
            url += f"?since={self.mark}&epoch={self.epoch}"
        try:
            async with asyncio.timeout(OPENING_S):
                ws = await connect(
                    url,
                    additional_headers={"Authorization": f"Bearer {self.person.key}"},
                    subprotocols=["neartalk.json"],  # type: ignore[list-item]
                    compression=None,
                    ping_interval=None,
                    open_timeout=None,
                    close_timeout=1,
                )
        except (OSError, EOFError, TimeoutError, InvalidHandshake):
            return False
        self.ws, self.arriving, self.on_wire = ws, True, set()
        try:
            return await self._hear(ws)
        finally:
            if self.ws is ws:
                self.ws = None
                ws.transport.abort()

    async def _hear(self, ws: ClientConnection) -> bool:
        spoke = False
        for sent in [*self.pending.values()]:
            self._transmit(sent)
        try:
            while True:
                async with asyncio.timeout(self.dead_s):
                    frame = json.loads(await ws.recv())
                spoke = True
                for one in frame if isinstance(frame, list) else [frame]:
                    self._take(one)
        except TimeoutError:
            return spoke
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            self.closes.append(Close(code, asyncio.get_running_loop().time()))
            if code not in AGAIN:
                self.ended = code
            return spoke

    # ---- What it is told ---------------------------------------------------------------------

    def _take(self, frame: dict[str, Any]) -> None:
        now_s = asyncio.get_running_loop().time()
        match frame["type"]:
            case "chat.message":
                self._show(frame, now_s)
            case "chat.ack":
                if sent := self.pending.pop(frame["ref"], None):
                    sent.id, sent.acked_s = frame["id"], now_s
            case "mark":
                self.mark = str(frame["mark"])
                if self.arriving:
                    self.arriving = False
                    self.arrivals.append(now_s)
            case "welcome":
                self.epoch = frame["epoch"]
            case "people":
                self.count = frame["count"]
                self.fewest = min(self.fewest, self.count)
                self.people = {one["person_id"]: one["username"] for one in frame["people"]}
            case "gap":
                self.gaps.append((frame["reason"], now_s))
            case "error":
                self._refused(frame)

    def _show(self, frame: dict[str, Any], now_s: float) -> None:
        message_id, text = frame["id"], frame["text"]
        self.wire_repeats += message_id in self.on_wire
        self.on_wire.add(message_id)
        if message_id in self.ids:
            return
        self.ids.add(message_id)
        if text in self.shown:
            self.twice[text] += 1
            return
        self.shown[text] = now_s

    def _refused(self, frame: dict[str, Any]) -> None:
        self.codes[frame["code"]] += 1
        sent = self.pending.get(frame.get("ref", ""))
        if sent is None:
            return
        if frame["code"] == "store-unavailable":
            self._later(delay_s(0), sent)
        else:
            sent.refused = frame["code"]
            del self.pending[sent.ref]

    # ---- What it says ------------------------------------------------------------------------

    def say(self, text: str) -> Sent:
        now_s = asyncio.get_running_loop().time()
        sent = Sent(text, secrets.token_hex(16), self.person, now_s)
        self.pending[sent.ref] = sent
        self._transmit(sent)
        return sent

    def _transmit(self, sent: Sent) -> None:
        if self.ws:
            frame = {"type": "chat.send", "text": sent.text, "ref": sent.ref}
            self._keep(self._write(self.ws, json.dumps(frame)))
            self._later(UNANSWERED_S, sent)

    def _later(self, wait_s: float, sent: Sent) -> None:
        ws = self.ws

        def again() -> None:
            if sent.ref in self.pending and self.ws is ws:
                self._transmit(sent)

        asyncio.get_running_loop().call_later(wait_s, again)

    async def _write(self, ws: ClientConnection, frame: str) -> None:
        try:
            await ws.send(frame)
        except ConnectionClosed:
            return  # it stays pending

    def _keep(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
