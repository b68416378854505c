"""What a process stands on beneath the people, built once in the order in which it stands on each
other; and how a call finds it.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

from django.conf import settings
from django.http import HttpRequest

from neartalk.instruments import Instruments
from neartalk.limits import (
    Allowances,
    DayKey,
    DistinctCounts,
    Lanes,
    Marks,
    MemoryAllowances,
    MemoryDayKey,
    MemoryDistinctCounts,
    MemoryMarks,
    MemorySlidingCounts,
    Origins,
    RedisAllowances,
    RedisDayKey,
    RedisDistinctCounts,
    RedisMarks,
    RedisSlidingCounts,
    Rules,
    SlidingCounts,
)
from neartalk.push import PushSender
from neartalk.records import Records, Sanctions
from neartalk.redis import open_store
from neartalk.server import Backlog, Deadlines, Keepalive, Lag


@dataclass(frozen=True)
class Platform:
    """`draining` is set where this process ends: who is here is served, and nobody is sent here any
    more. `pushes` is None where they are off."""

    instruments: Instruments
    rules: Rules
    allowances: Allowances
    counts: SlidingCounts
    distinct: DistinctCounts
    marks: Marks
    keys: DayKey
    lanes: Lanes
    origins: Origins
    records: Records
    sanctions: Sanctions
    backlog: Backlog
    keepalive: Keepalive
    deadlines: Deadlines
    lag: Lag
    draining: threading.Event
    pushes: PushSender | None = None

    @classmethod
    def build(cls) -> Self:
        """In Redis where REDIS_URL is set, else in memory. Nothing runs and nobody is asked yet."""
        instruments, rules = Instruments(), Rules()
        allowances: Allowances = MemoryAllowances(rules)
        counts: SlidingCounts = MemorySlidingCounts()
        distinct: DistinctCounts = MemoryDistinctCounts()
        marks: Marks = MemoryMarks()
        keys: DayKey = MemoryDayKey()
        if settings.REDIS_URLS:
            allowances = RedisAllowances(open_store(), rules)
            counts = RedisSlidingCounts(open_store())
            distinct = RedisDistinctCounts(open_store())
            marks = RedisMarks(open_store())
            keys = RedisDayKey(open_store())
        records = Records(rules)
        return cls(
            instruments,
            rules,
            instruments.timed(allowances, "allowances", spend="take"),
            instruments.timed(counts, "counts"),
            instruments.timed(distinct, "distinct"),
            instruments.timed(marks, "marks"),
            keys,
            Lanes(rules),
            Origins(keys),
            records,
            Sanctions(records),
            Backlog(),
            Keepalive(),
            Deadlines(),
            Lag(instruments),
            threading.Event(),
            PushSender.build(),
        )

    def start(self) -> None:
        """Begins to write records, to read rules, and to see how late the loop is."""
        self.records.start()
        self.lag.start()

    async def finish(self) -> None:
        """Writes what waits, and ends connections to push services, before the process ends."""
        if self.pushes:
            await self.pushes.close()
        await self.records.finish()


def state_of(request: HttpRequest) -> Mapping[str, Any]:
    """The state of the ASGI scope. Without a server, Django's test client is given it by name, and
    puts it beside the headers."""
    scope = getattr(request, "scope", None)
    return cast(Mapping[str, Any], scope["state"] if scope else request.META["state"])


def platform_of(request: HttpRequest) -> Platform:
    return cast(Platform, state_of(request)["neartalk"])
