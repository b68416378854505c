"""Rows that wait for the database, in order, while nobody waits for them."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.records.database import DatabaseThread

RETRY_S = 1.0
WAITING_MAX = 1_000

log = logging.getLogger("neartalk.records")


class WriteQueue:
    """`lost` counts what was refused or could never be written."""

    def __init__(self, database: DatabaseThread, background: Background) -> None:
        self.database = database
        self.background = background
        self.waiting: deque[partial[object]] = deque()
        self.writing = asyncio.Lock()
        self.lost = 0

    def enqueue(self, work: Callable[..., object], *args: Any) -> None:
        """Calls `work` on the thread of the database, after all that was enqueued before it.

        While the database is away it is called again until it succeeds. An answer may be lost, so
        `work` must allow being called twice. What waits is lost where a process is killed.

        Raises Refused: `store-unavailable`, where WAITING_MAX wait.
        """
        if len(self.waiting) >= WAITING_MAX:
            self.lost += 1
            raise Refused("store-unavailable", retry_after=int(RETRY_S))
        self.waiting.append(partial(work, *args))
        if not self.writing.locked():
            self.background.later(self.write_waiting())

    async def write_waiting(self) -> None:
        """Writes all that waits. Raises Refused: `store-unavailable`; the rest waits on."""
        async with self.writing:
            while self.waiting:
                await self._write(self.waiting[0])
                self.waiting.popleft()

    async def _write(self, work: partial[object]) -> None:
        """Drops what can never be written. Raises Refused: `store-unavailable`, where it may be
        written later."""
        try:
            await self.database.run(work)
        except Exception as why:
            cause = why.__cause__ or why
            if isinstance(cause, OperationalError | InterfaceError):
                raise
            self.lost += 1
            # Only the type of the error: its words may quote what people wrote.
            fields = {"work": work.func.__name__, "error": type(cause).__name__}
            log.error("a record is not written", extra=fields)
