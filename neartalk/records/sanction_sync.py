"""Keeps the sanctions of a process and the database in step: each second it writes what was imposed
here, and reads what was changed anywhere."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from neartalk.background import Background
from neartalk.clock import Clock
from neartalk.models import Sanction
from neartalk.records import sanction_rows
from neartalk.records.database import DatabaseThread
from neartalk.records.sanction_rows import EPOCH

log = logging.getLogger("neartalk.records")

ROUND_S = 1.0
BRIEFLY_S = 1.0
# A change that leaves no new time in its row, such as a deletion, is seen after so long.
REREAD = timedelta(seconds=30)
# Rows have the time of whoever writes them: clocks differ, and a transaction takes its time.
OVERLAP = timedelta(minutes=1)
# So long a mute that is over still makes the next one longer.
REMEMBERED = timedelta(days=1)
UNWRITTEN_MAX = 1000


class SanctionSync:
    """`rows` are those of the database, `unwritten` those that are not there yet.

    While the database does not answer, what was known stays as it is. `changed` is called with the
    rows in force that are new.
    """

    def __init__(
        self, database: DatabaseThread, clock: Clock, changed: Callable[[list[Sanction]], None]
    ) -> None:
        self.database = database
        self.clock = clock
        self.changed = changed
        self.background = Background()
        self.gate = asyncio.Lock()
        self.next: asyncio.Task[None] | None = None
        self.rows: dict[int, Sanction] = {}
        self.unwritten: list[Sanction] = []
        self.completed: list[Sanction] = []
        self.read_at = self.read_all_at = EPOCH

    def start(self) -> None:
        """Begins its rounds; does nothing the second time."""
        if not self.background.rounds:
            self.background.later(self.sync())
            self.background.every(ROUND_S, self.sync)

    def add(self, row: Sanction) -> None:
        """Writes a new row soon; where UNWRITTEN_MAX wait, the oldest is dropped and logged."""
        self.unwritten.append(row)
        if len(self.unwritten) > UNWRITTEN_MAX:
            del self.unwritten[:-UNWRITTEN_MAX]
            log.error("a record is not written", extra={"work": "impose"})
        if self.background.rounds:
            self._schedule()

    def complete(self, row: Sanction) -> None:
        """Writes the device and network of a row in the next round."""
        self.completed.append(row)
        del self.completed[:-UNWRITTEN_MAX]

    async def sync(self) -> None:
        """Writes what was imposed here, and reads all that was changed anywhere before the call."""
        await asyncio.shield(self._schedule())

    async def sync_briefly(self) -> None:
        """The same, for a second at most: another process may already act upon what is new."""
        if self.background.rounds:
            await asyncio.wait({self._schedule()}, timeout=BRIEFLY_S)

    def _schedule(self) -> asyncio.Task[None]:
        """One exchange for all who ask, after the one in progress, which may have read before."""
        if self.next is None:
            self.next = self.background.later(self._exchange())
        return self.next

    async def _exchange(self) -> None:
        async with self.gate:
            self.next = None
            try:
                await self._write()
            finally:
                await self._read()

    async def _write(self) -> None:
        if writing := [*self.unwritten]:
            keys = await self.database.run(sanction_rows.insert, writing)
            for row, pk in zip(writing, keys, strict=True):
                # None for one that can never be written.
                row.pk = pk
                if pk is not None:
                    self.rows[pk] = row
            self.unwritten = [
                row for row in self.unwritten if not any(row is one for one in writing)
            ]
        if completing := [*self.completed]:
            await self.database.run(sanction_rows.complete, completing)
            self.completed = [row for row in self.completed if row not in completing]

    async def _read(self) -> None:
        now = self._now()
        everything = now - self.read_all_at >= REREAD
        since = EPOCH if everything else self.read_at - OVERLAP
        found = await self.database.run(
            sanction_rows.load, now - REMEMBERED, since, max(self.rows, default=0)
        )
        self.read_at = now
        if everything:
            self.read_all_at = now
            self._replace({row.pk: row for row in found})
        elif found:
            self._replace(self.rows | {row.pk: row for row in found})

    def _replace(self, rows: dict[int, Sanction]) -> None:
        now = self._now()
        known = {(row.pk, row.device) for row in self.rows.values()}
        self.rows = {
            pk: row
            for pk, row in rows.items()
            if row.lifted is None and row.until > now - REMEMBERED
        }
        in_force = (row for row in self.rows.values() if row.until > now)
        self.changed([row for row in in_force if (row.pk, row.device) not in known])

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock() / 1000, UTC)
