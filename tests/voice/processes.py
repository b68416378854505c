"""Two simulated server processes with voice hubs, on one memory store. The test moves its clock."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from chat.history import MemoryHistory
from presence.geo import cell_at
from presence.registry import MemoryRegistry
from presence.values import Place
from tests.support.processes import Halting, Layer, Page, Process, Wire, person, turns
from tests.support.waiting import deadline
from voice.callers import DoorState
from voice.callers.memory import MemoryCallers
from voice.signaling import SignalingConnection, VoiceHub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from presence.values import Session

# A district is some 5 km wide: the last one here is in another than the rest, and in range of none.
HERE, BESIDE, NEXT, AWAY = (Place(cell_at(52.52, lon), 500) for lon in (13.4, 13.404, 13.408, 13.5))
_instances = itertools.count()


class PageConnection(SignalingConnection):
    """A connection whose frames the test can read."""

    def __init__(self, session: Session, process: VoiceProcess) -> None:
        self.page = Page()
        super().__init__(session, self.page)
        self.process = process

    @property
    def listed(self) -> dict[str, str]:
        """The states of the newest peer list, by name."""
        lists = self.page.all("voice.peers")
        return {one["username"]: one["state"] for one in lists[-1]["peers"]} if lists else {}

    @property
    def doors(self) -> dict[str, str]:
        """The doors of the newest peer list, by name."""
        lists = self.page.all("voice.peers")
        return {one["username"]: one["door"] for one in lists[-1]["peers"]} if lists else {}

    @property
    def ends(self) -> list[tuple[str, str]]:
        """The calls that ended: with whom, and why."""
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


class VoiceProcess:
    """One server process: its chat, presence and voice hub."""

    def __init__(self, registry: Any, callers: Any, wire: Wire) -> None:
        self.chat = Process(registry, MemoryHistory(registry.clock), wire)
        self.presence = self.chat.hub
        self.layer = Layer(wire)
        self.hub = VoiceHub(self.presence, callers, self.layer)
        for meters in (self.hub.turns, self.hub.asked_away):
            meters.clock = registry.clock

    async def join(
        self, session: Session, instance: str = "", door: DoorState = DoorState.ASK
    ) -> PageConnection:
        found = await self.presence.registry.get(session.digest)
        assert found
        connection = PageConnection(found, self)
        named = instance or f"instance-{next(_instances)}"
        await self.hub.join(connection, named, direct=True, door=door)
        return connection

    @property
    def busy(self) -> bool:
        under_way = self.hub.background.tasks or self.hub.hints.waiting
        return bool(self.chat.busy or under_way or not self.layer.queue.empty())

    async def pulse(self) -> None:
        """One round of presence, then one of voice."""
        await self.presence.rounds.pulse()
        await self.hub.repair.follow()


class TwoProcesses:
    """Two server processes on one registry and one store of callers."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000
        self.registry = Halting(MemoryRegistry(lambda: self.now_ms))
        self.callers = Halting(MemoryCallers(lambda: self.now_ms))
        self.wire = Wire()
        self.first, self.second = (
            VoiceProcess(self.registry, self.callers, self.wire) for _ in range(2)
        )

    async def speaker(
        self, name: str, process: VoiceProcess, place: Place = HERE, door: DoorState = DoorState.ASK
    ) -> PageConnection:
        return await process.join(await person(self.registry, name, place), door=door)

    async def call(self, one: PageConnection, other: PageConnection) -> None:
        await one.process.hub.knock(one, other.person_id)
        await other.process.hub.accept(other, one.person_id)
        await self.settle()

    async def strangers(self) -> tuple[PageConnection, PageConnection]:
        """Alice at the first process and Bob at the second, near each other."""
        alice = await self.speaker("Alice", self.first)
        bob = await self.speaker("Bob", self.second, BESIDE)
        await self.settle()
        return alice, bob

    async def met(self) -> tuple[PageConnection, PageConnection]:
        """The same two, who speak."""
        alice, bob = await self.strangers()
        await self.call(alice, bob)
        await alice.until(Bob="live")
        await bob.until(Alice="live")
        return alice, bob

    async def settle(self) -> None:
        """Waits until nothing is under way in either process."""
        async with deadline("no process is busy any more"):
            while self.first.busy or self.second.busy:
                await turns()
        await turns()


@asynccontextmanager
async def two_processes() -> AsyncIterator[TwoProcesses]:
    both = TwoProcesses()
    try:
        yield both
    finally:
        await turns()
        for process in (both.first, both.second):
            await process.hub.stop()
            await process.presence.stop()
