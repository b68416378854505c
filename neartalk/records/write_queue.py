"""Rows that wait for the database, in order, while nobody waits for them."""

import secrets
from asyncio import Lock
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.records.database import REFUSED_ROW, DatabaseThread, log_lost

RETRY_S = 1.0
WAITING_MAX = 1_000


class WriteQueue:
    """`lost` counts what was refused or could never be written."""

    def __init__(self, database: DatabaseThread, background: Background) -> None:
        self.database = database
        self.background = background
        self.waiting: deque[partial[object]] = deque()
        self.writing = Lock()
        self.lost = 0

    def enqueue(self, work: Callable[..., object], *args: Any) -> None:
        """Calls `work` on the thread of the database, after all that was enqueued before it.

        While it fails it is called again until it succeeds, unless the database refuses the row
        itself. An answer may be lost, so `work` must allow being called twice. What waits is lost
        where a process is killed.

        Raises Refused: `store-unavailable`, where WAITING_MAX wait.
        """
        if len(self.waiting) >= WAITING_MAX:
            self.lost += 1
            raise Refused("store-unavailable", retry_after=int(RETRY_S))
        self.waiting.append(partial(work, *args))
        if not self.writing.locked():
            self.background.later(self.write_waiting())

    async def write_waiting(self) -> None:
        """Writes all that waits. Raises Refused: `store-unavailable`; the rest waits on, in order.

        Where the first fails, another by chance is tried: if that one is written, the database is
        well, and the first goes to the end, so that it holds nobody up.
        """
        async with self.writing:
            while self.waiting:
                try:
                    await self._write(self.waiting[0])
                except Refused:
                    await self._write_another()
                    self.waiting.rotate(-1)
                    if len(self.waiting) == 1:
                        raise
                else:
                    self.waiting.popleft()

    def give_up(self) -> None:
        """The process ends: what still waits is logged, and lost."""
        for work in self.waiting:
            log_lost(work.func.__name__, Refused("store-unavailable"))
        self.lost += len(self.waiting)
        self.waiting.clear()

    async def _write_another(self) -> None:
        """Raises Refused: `store-unavailable`, where no other waits or it fails too."""
        if len(self.waiting) < 2:
            raise Refused("store-unavailable")
        other = self.waiting[1 + secrets.randbelow(len(self.waiting) - 1)]
        await self._write(other)
        self.waiting.remove(other)

    async def _write(self, work: partial[object]) -> None:
        """Drops what can never be written. Raises Refused: `store-unavailable`, where it may be
        written later, whatever the error."""
        try:
            await self.database.run(work)
        except Exception as why:
            cause = why.__cause__ if isinstance(why, Refused) and why.__cause__ else why
            if not isinstance(cause, REFUSED_ROW):
                raise Refused("store-unavailable") from cause
            self.lost += 1
            log_lost(work.func.__name__, cause)
