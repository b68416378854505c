"""What goes to the database and comes from it, beside the people: nothing of theirs ever waits for
it. One thread at a time, so that a database that hangs holds one thread.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import Error, InterfaceError, OperationalError, connections, transaction
from django.db.models import F
from django.utils import timezone

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.limits import RULES, HitKey, Hits, Rule, Rules
from neartalk.models import HourlyActivity, HourlyHits, RateLimit, RateLimitHit
from neartalk.records.activity import Activity, HourArea, HourTotals
from neartalk.records.retention import retention_rules

RULES_S = 5.0
HITS_S = 10.0
WAITING_S = 1.0
WAITING_MAX = 1_000
ACTIVITY_S = 60.0
PROMPT_S = 30.0
PRUNE_S = 3600.0
LAST_S = 5.0

log = logging.getLogger("neartalk.records")


class Records:
    """One a process."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.hits = Hits()
        self.activity = Activity()
        self.background = Background()
        self.thread = ThreadPoolExecutor(1, "records")
        self.waiting: deque[partial[object]] = deque()
        self.writing = asyncio.Lock()
        self.lost = 0

    def start(self) -> None:
        """Begins its rounds; does nothing the second time."""
        if not self.background.rounds:
            self.background.later(self.read_rules())
            self.background.later(self.prune())
            self.background.every(RULES_S, self.read_rules)
            self.background.every(HITS_S, self.write_hits)
            self.background.every(WAITING_S, self.write_waiting)
            self.background.every(ACTIVITY_S, self.write_activity)
            self.background.every(PROMPT_S, partial(self.prune, prompt=True))
            self.background.every(PRUNE_S, self.prune)

    async def finish(self) -> None:
        """Writes what waits and what was counted so far, before the process ends, if the database
        takes it."""
        await self.background.later(self._write_last())

    def enqueue(self, work: Callable[..., object], *args: Any) -> None:
        """Calls `work` beside the loop after all that came before it, at once if it can; while the
        database is away, again until it is back. Its answer may be lost, so it must bear to be
        called twice. What waits where a process is killed is lost.

        Raises Refused: `store-unavailable`, where WAITING_MAX wait.
        """
        if len(self.waiting) >= WAITING_MAX:
            self.lost += 1
            raise Refused("store-unavailable", retry_after=int(WAITING_S))
        self.waiting.append(partial(work, *args))
        if not self.writing.locked():
            self.background.later(self.write_waiting())

    async def write_waiting(self) -> None:
        async with self.writing:
            while self.waiting:
                await self._write(self.waiting[0])
                self.waiting.popleft()

    async def _write(self, work: partial[object]) -> None:
        """Raises Refused: `store-unavailable`, where it may go better later. What never will holds
        nobody up; only the key of its error is told, for the rest may quote what people wrote.
        """
        try:
            await self.run(work)
        except Exception as why:
            cause = why.__cause__ or why
            if isinstance(cause, OperationalError | InterfaceError):
                raise
            self.lost += 1
            told = {"work": work.func.__name__, "error": type(cause).__name__}
            log.error("a record is not written", extra=told)

    async def read_rules(self) -> None:
        self.rules.stored = await self.run(rules_set)

    async def write_hits(self, *, now: bool = False) -> None:
        if counts := self.hits.pop_finished(now=now):
            try:
                await self.run(keep, counts)
            except Refused:
                self.hits.put_back(counts)
                raise

    async def write_activity(self, *, now: bool = False) -> None:
        if figures := self.activity.pop_finished(now=now):
            try:
                await self.run(add, figures)
            except Refused:
                self.activity.put_back(figures)
                raise

    async def _write_last(self) -> None:
        try:
            async with asyncio.timeout(LAST_S):
                await self.write_waiting()
                await self.write_hits(now=True)
                await self.write_activity(now=True)
        except TimeoutError as late:
            raise Refused("store-unavailable") from late

    async def prune(self, *, prompt: bool = False) -> None:
        """Deletes what was kept long enough, batch by batch: other work runs in between."""
        for rule in retention_rules():
            if rule.prompt or not prompt:
                while await self.run(rule.delete_batch, timezone.now()):
                    pass

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
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


def keep(counts: Mapping[HitKey, int]) -> None:
    """By subject and minute, and added up by the hour: both or neither."""
    hits = [
        RateLimitHit(
            rule=key.rule,
            subject=key.subject,
            minute=time_of(key.minute_ms),
            count=count,
        )
        for key, count in counts.items()
    ]
    with transaction.atomic():
        RateLimitHit.objects.bulk_create(hits)
        add_up(hits)


def add_up(hits: Iterable[RateLimitHit]) -> None:
    """In the same order in every process, so that none waits for another in a circle."""
    sums: Counter[tuple[datetime, str]] = Counter()
    for hit in hits:
        sums[hit.minute.replace(minute=0), hit.rule] += hit.count
    hours = sorted(sums)
    HourlyHits.objects.bulk_create(
        (HourlyHits(hour=hour, rule=rule) for hour, rule in hours), ignore_conflicts=True
    )
    for hour, rule in hours:
        row = HourlyHits.objects.filter(hour=hour, rule=rule)
        row.update(count=F("count") + sums[hour, rule])


def add(told: Mapping[HourArea, HourTotals]) -> None:
    """To the rows as they are, with whatever other processes add; all or nothing. Always in the
    same order, or two processes could wait for each other."""
    keys = sorted(told)
    rows = [HourlyActivity(hour=time_of(key.hour_ms), area=key.area) for key in keys]
    with transaction.atomic():
        HourlyActivity.objects.bulk_create(rows, ignore_conflicts=True)
        for key in keys:
            more = {name: F(name) + count for name, count in told[key]._asdict().items()}
            same = HourlyActivity.objects.filter(hour=time_of(key.hour_ms), area=key.area)
            same.update(**more)


def time_of(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
