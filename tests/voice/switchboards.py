"""Server processes without the process: switchboards side by side in one loop, beside their hubs,
on one memory whose clock the test moves."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from chat.history import MemoryHistory
from presence.geo import cell_at
from presence.people import Place
from presence.registry import MemoryRegistry
from tests.support.hubs import WAIT_S, Halting, Layer, Page, Process, Wire, person, turns
from voice.callers.memory import MemoryCallers
from voice.signaling import Line
from voice.signaling.hub import Switchboard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from presence.people import Session

# A district is some 5 km wide: the last one here is in another than the rest, and in range of none.
HERE, BESIDE, NEXT, AWAY = (Place(cell_at(52.52, lon), 500) for lon in (13.4, 13.404, 13.408, 13.5))
_instances = itertools.count()


class Seat(Line):
    """A line with its page in sight."""

    def __init__(self, session: Session, office: Office) -> None:
        self.page = Page()
        super().__init__(session, self.page)
        self.office = office

    @property
    def listed(self) -> dict[str, str]:
        """How the newest list says that it stands, by name."""
        lists = self.page.all("voice.peers")
        return {one["username"]: one["state"] for one in lists[-1]["peers"]} if lists else {}

    @property
    def ends(self) -> list[tuple[str, str]]:
        """Whose calls ended and why."""
        return [(one["from"], one["reason"]) for one in self.page.all("voice.end")]

    @property
    def refused(self) -> list[str]:
        return [one["code"] for one in self.page.all("error")]

    async def until(self, **listed: str) -> None:
        """Waits until the newest list is exactly this."""
        try:
            await self.page.until(lambda: self.listed == listed)
        except TimeoutError as why:
            raise AssertionError(f"{self.listed} instead of {listed}") from why


class Office:
    """One process."""

    def __init__(self, registry: Any, callers: Any, wire: Wire) -> None:
        self.process = Process(registry, MemoryHistory(registry.clock), wire)
        self.hub = self.process.hub
        self.layer = Layer(wire)
        self.board = Switchboard(self.hub, callers, self.layer)

    async def join(self, session: Session, instance: str = "") -> Seat:
        found = await self.hub.registry.get(session.digest)
        assert found
        seat = Seat(found, self)
        await self.board.join(seat, instance or f"instance-{next(_instances)}", direct=True)
        return seat

    @property
    def busy(self) -> bool:
        exchange = self.board.exchange
        under_way = self.board.background.tasks or exchange.hints.waiting
        return bool(self.process.busy or under_way or not self.layer.queue.empty())

    async def pulse(self) -> None:
        """What happens every 2 s."""
        await self.hub.rounds.pulse()
        await self.board._follow()


class Town:
    """Two processes."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000
        self.registry = Halting(MemoryRegistry(lambda: self.now_ms))
        self.callers = Halting(MemoryCallers(lambda: self.now_ms))
        self.wire = Wire()
        self.first, self.second = (Office(self.registry, self.callers, self.wire) for _ in range(2))

    async def speaker(self, name: str, office: Office, place: Place = HERE) -> Seat:
        return await office.join(await person(self.registry, name, place))

    async def call(self, one: Seat, other: Seat) -> None:
        await one.office.board.knock(one, other.person_id)
        await other.office.board.accept(other, one.person_id)
        await self.settle()

    async def strangers(self) -> tuple[Seat, Seat]:
        """Alice at the first process and Bob at the second, near each other."""
        alice = await self.speaker("Alice", self.first)
        bob = await self.speaker("Bob", self.second, BESIDE)
        await self.settle()
        return alice, bob

    async def met(self) -> tuple[Seat, Seat]:
        """The same two, who speak."""
        alice, bob = await self.strangers()
        await self.call(alice, bob)
        await alice.until(Bob="live")
        await bob.until(Alice="live")
        return alice, bob

    async def settle(self) -> None:
        """Until everything that was begun has come to its end."""
        async with asyncio.timeout(WAIT_S):
            while self.first.busy or self.second.busy:
                await turns()
        await turns()


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    place = Town()
    try:
        yield place
    finally:
        await turns()
        for office in (place.first, place.second):
            await office.board.stop()
            await office.hub.stop()
