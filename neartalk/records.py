"""What goes to the database and comes from it, beside the people: nothing of theirs ever waits for
it. One thread at a time, so that a database that hangs holds one thread.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import Error, connections, transaction
from django.db.models import F

from neartalk import limits
from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.hits import Hits, Kind
from neartalk.limits import RULES, Rule
from neartalk.models import HourlyHits, RateLimit, RateLimitHit

RULES_S = 5.0
HITS_S = 10.0


class Records:
    """One a process."""

    def __init__(self) -> None:
        self.hits = Hits()
        self.background = Background()
        self.thread = ThreadPoolExecutor(1, "records")

    def start(self) -> None:
        """Begins its rounds; does nothing the second time."""
        if not self.background.rounds:
            self.background.later(self.read_rules())
            self.background.every(RULES_S, self.read_rules)
            self.background.every(HITS_S, self.write_hits)

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
    """By subject and minute, and added up by the hour: both or neither."""
    hits = [
        RateLimitHit(
            rule=kind.rule,
            subject=kind.subject,
            minute=datetime.fromtimestamp(kind.minute_ms / 1000, UTC),
            count=count,
        )
        for kind, count in counts.items()
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


@cache
def records() -> Records:
    return Records()
