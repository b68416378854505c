"""A process whose people report each other, and the records that their reports are written to."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from chat.history import MemoryHistory
from chat.models import Report
from presence import sessions
from presence.people import Place
from presence.registry import MemoryRegistry
from tests.support.process_client import ProcessClient
from tests.support.processes import HERE, Process, Seat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from chat.history import History
    from presence.people import Session
    from presence.registry import Registry

HALF_HOUR_MS = 30 * 60_000
NOBODY = "0" * 16


class Reporter:
    """Somebody in a place with a socket, and the key to their session."""

    def __init__(self, reporting: ReportingProcess, key: str, seat: Seat) -> None:
        self.reporting, self.key, self.seat = reporting, key, seat

    @property
    def person_id(self) -> str:
        return self.seat.person.person_id

    async def send(self, text: str) -> str:
        """The id of the message."""
        await self.reporting.process.send_text(self.seat, text)
        return str(self.seat.page.all("chat.ack")[-1]["id"])

    async def move(self, place: Place) -> None:
        registry = self.reporting.process.hub.registry
        await registry.place(self.seat.session.digest, place, "")

    async def leave(self) -> None:
        await self.reporting.process.hub.registry.close(self.seat.session.digest)

    async def report(
        self, whom: Reporter | str, message_id: str = "", *, at: str = "", **fields: Any
    ) -> Any:
        """`at` is the address that they call from."""
        body = {"person_id": whom if isinstance(whom, str) else whom.person_id, "reason": "hate"}
        if message_id:
            body["message_id"] = message_id
        answer = await self.reporting.client.post(
            "/api/report",
            {**body, **fields},
            content_type="application/json",
            headers={"authorization": f"Bearer {self.key}", "x-forwarded-for": at},
        )
        await self.reporting.written()
        return answer


class ReportingProcess:
    """One process and the people in it."""

    def __init__(self, history: History, registry: Registry) -> None:
        self.process = Process(registry, history)
        self.records = self.process.platform.records
        self.client = ProcessClient(self.process.state)

    async def come(self, name: str, place: Place = HERE, device: str = "") -> Reporter:
        key = f"{name:_>43}"
        registry = self.process.hub.registry
        digest = sessions.digest_of(key)
        await registry.open(digest, name, device=device, origin=f"origin of {name}")
        session = (await registry.place(digest, place, "")).session
        return Reporter(self, key, await self.process.come(session))

    async def written(self) -> None:
        async with asyncio.timeout(10):
            while self.records.background.tasks:
                await asyncio.wait(self.records.background.tasks)


@asynccontextmanager
async def opened(history: History, registry: Registry) -> AsyncIterator[ReportingProcess]:
    reporting = ReportingProcess(history, registry)
    try:
        yield reporting
    finally:
        await reporting.process.hub.stop()


@asynccontextmanager
async def in_memory(clock: Callable[[], int] | None = None) -> AsyncIterator[ReportingProcess]:
    clocks = (clock,) if clock else ()
    async with opened(MemoryHistory(*clocks), MemoryRegistry(*clocks)) as reporting:
        yield reporting


async def row() -> Report:
    return await Report.objects.aget()


def texts(report: Report) -> list[str]:
    return [one["text"] for one in report.evidence or ()]


async def found(reporting: ReportingProcess, who: Reporter) -> Session:
    session = await reporting.process.hub.registry.find(who.person_id)
    assert session
    return session
