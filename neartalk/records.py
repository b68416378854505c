"""What goes to the database and comes from it, beside the people: nothing of theirs ever waits for
it. One thread at a time, so that a database that hangs holds one thread.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from django.db import Error, InterfaceError, OperationalError, connections

from neartalk import limits
from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.hits import Hits, Kind
from neartalk.limits import RULES, Rule
from neartalk.models import RateLimit, RateLimitHit

RULES_S = 5.0
HITS_S = 10.0
WAITING_S = 1.0
WAITING_MAX = 1_000

log = logging.getLogger("neartalk.records")


class Records:
    """One a process."""

    def __init__(self) -> None:
        self.hits = Hits()
        self.background = Background()
        self.thread = ThreadPoolExecutor(1, "records")
        self.waiting: deque[partial[object]] = deque()
        self.writing = False

    def start(self) -> None:
        """Begins its rounds; does nothing the second time."""
        if not self.background.rounds:
            self.background.later(self.read_rules())
            self.background.every(RULES_S, self.read_rules)
            self.background.every(HITS_S, self.write_hits)
            self.background.every(WAITING_S, self.write_waiting)

    def write(self, work: Callable[..., object], *args: Any) -> None:
        """Calls `work` beside the loop after all that came before it, at once if it can; while the
        database is away, again until it is back. Its answer may be lost, so it must bear to be
        called twice. What waits when the process ends is not written.

        Raises Refused: `store-unavailable`, where WAITING_MAX wait.
        """
        if len(self.waiting) >= WAITING_MAX:
            raise Refused("store-unavailable", retry_after=int(WAITING_S))
        self.waiting.append(partial(work, *args))
        self.background.later(self.write_waiting())

    async def write_waiting(self) -> None:
        if self.writing:
            return
        self.writing = True
        try:
            while self.waiting:
                await self._write(self.waiting[0])
                self.waiting.popleft()
        finally:
            self.writing = False

    async def _write(self, work: partial[object]) -> None:
        """Raises Refused: `store-unavailable`, where it may go better later. What never will holds
        nobody up; only the kind of its error is told, for the rest may quote what people wrote.
        """
        try:
            await self._run(work)
        except Exception as why:
            cause = why.__cause__ or why
            if isinstance(cause, OperationalError | InterfaceError):
                raise
            log.error("%s is not written: %s", work.func.__name__, type(cause).__name__)

    async def read_rules(self) -> None:
        limits.current = await self._run(rules_set)

    async def write_hits(self) -> None:
        if counts := self.hits.take():
            try:
                await self._run(keep, counts)
            except Refused:
                self.hits.put_back(counts)
                raise

    async def _run(self, work: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.thread, alone, work, *args)


def alone(work: Callable[..., Any], *args: Any) -> Any:
    """With a connection that is given back after it. Raises Refused: `store-unavailable`."""
    try:
        return work(*args)
    except Error as lost:
        raise Refused("store-unavailable") from lost
    finally:
        connections.close_all()


def rules_set() -> dict[str, Rule]:
    """The rows, as rules."""
    return {
        row.name: Rule(row.allowance, row.period_s, row.burst, RULES[row.name].saves, row.on)
        for row in RateLimit.objects.filter(name__in=RULES)
    }


def keep(counts: Mapping[Kind, int]) -> None:
    RateLimitHit.objects.bulk_create(
        RateLimitHit(
            rule=kind.rule,
            subject=kind.subject,
            minute=datetime.fromtimestamp(kind.minute_ms / 1000, UTC),
            count=count,
        )
        for kind, count in counts.items()
    )


@cache
def records() -> Records:
    return Records()
