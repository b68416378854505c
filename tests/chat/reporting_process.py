"""A simulated server process whose people report each other by HTTP, and its records."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from chat.history import MemoryHistory
from chat.models import Report
from presence import sessions
from presence.registry import MemoryRegistry
from presence.values import Place
from tests.support.process_client import ProcessClient
from tests.support.processes import HERE, PageSocket, Process
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from chat.history import History
    from presence.registry import Registry
    from presence.values import Session

HALF_HOUR_MS = 30 * 60_000
NOBODY = "0" * 16


class Reporter:
    """A person with a place, a socket and a bearer key."""

    def __init__(self, reporting: ReportingProcess, key: str, socket: PageSocket) -> None:
        self.reporting, self.key, self.socket = reporting, key, socket

    @property
    def person_id(self) -> str:
        return self.socket.person.person_id

    async def send(self, text: str) -> str:
        """The id of the message."""
        await self.reporting.process.send_text(self.socket, text)
        return str(self.socket.page.all("chat.ack")[-1]["id"])

    async def move(self, place: Place) -> None:
        registry = self.reporting.process.hub.registry
        await registry.place(self.socket.session.digest, place, "")

    async def leave(self) -> None:
        await self.reporting.process.hub.registry.close(self.socket.session.digest)

    async def report(
        self, whom: Reporter | str, message_id: str = "", *, at: str = "", **fields: Any
    ) -> Any:
        """The answer, once the report is written. `at` is the X-Forwarded-For of the call."""
        body = {"person_id": whom if isinstance(whom, str) else whom.person_id, "reason": "hate"}
        if message_id:
            body["message_id"] = message_id
        forwarded = {"x-forwarded-for": at} if at else {}
        answer = await self.reporting.client.post(
            "/api/report",
            {**body, **fields},
            content_type="application/json",
            headers={"authorization": f"Bearer {self.key}", **forwarded},
        )
        await self.reporting.written()
        return answer


class ReportingProcess:
    """One process; `client` calls its HTTP views."""

    def __init__(self, history: History, registry: Registry) -> None:
        self.process = Process(registry, history)
        self.records = self.process.platform.records
        self.client = ProcessClient(self.process.state)

    async def join(self, name: str, place: Place = HERE, device: str = "") -> Reporter:
        key = f"{name:_>43}"
        registry = self.process.hub.registry
        digest = sessions.digest_of(key)
        await registry.open(digest, name, device=device, origin=f"origin of {name}")
        session = (await registry.place(digest, place, "")).session
        return Reporter(self, key, await self.process.join(session))

    async def written(self) -> None:
        async with deadline("what was begun is written"):
            while self.records.background.tasks:
                await asyncio.gather(*self.records.background.tasks)


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
