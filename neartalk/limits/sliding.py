"""How often something happened to a subject in the last hour, say: exactly, where an allowance that
comes back bit by bit would let twice as much pass. In memory or in Redis.
"""

import secrets
from bisect import bisect_right, insort
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from neartalk.clock import Clock, steady_ms
from neartalk.redis import Store, named, script, unknown_when_lost

COUNT = Path(__file__).parent / "lua" / "count.lua"
# No period counts for longer.
KEPT_MS = 7_200_000
AHEAD_MS = 60_000
SWEEP = 1000


class Quota(NamedTuple):
    """Whether fewer than `most` happened to a subject in `period_ms`. What is checked together
    names one subject as `beside`."""

    subject: str
    period_ms: int
    most: int
    beside: str


class Found(NamedTuple):
    """How many there were in a period, and when (ms) the oldest of them is no longer."""

    times: int
    left_ms: int


class SlidingCounts(Protocol):
    async def counts(self, quotas: Sequence[Quota]) -> list[Found]:
        """Raises Refused: `store-unavailable`."""

    async def add(self, quotas: Sequence[Quota]) -> bool:
        """Whether there are fewer than `most` of each: then one more is counted for each subject,
        else for none. Raises Refused: `store-unavailable`."""


class MemorySlidingCounts:
    def __init__(self, clock: Clock = steady_ms) -> None:
        self.clock = clock
        self.times_ms: dict[str, list[int]] = {}
        self.sweep_at = SWEEP

    async def counts(self, quotas: Sequence[Quota]) -> list[Found]:
        return [self._found(quota, self.clock()) for quota in quotas]

    async def add(self, quotas: Sequence[Quota]) -> bool:
        now_ms = self.clock()
        if any(self._found(quota, now_ms).times >= quota.most for quota in quotas):
            return False
        self._forget_old(now_ms)
        for subject in {quota.subject for quota in quotas}:
            times = self.times_ms.setdefault(subject, [])
            del times[: bisect_right(times, now_ms - KEPT_MS)]
            insort(times, now_ms)
        return True

    def _found(self, quota: Quota, now_ms: int) -> Found:
        times = self.times_ms.get(quota.subject, [])
        first = bisect_right(times, now_ms - quota.period_ms)
        # What is further ahead was added before the clock was set back: it is over.
        count = bisect_right(times, now_ms + AHEAD_MS) - first
        left_ms = times[first] + quota.period_ms - now_ms if count else 0
        return Found(count, min(quota.period_ms, left_ms))

    def _forget_old(self, now_ms: int) -> None:
        """Whenever the table has doubled: each call pays for two."""
        if len(self.times_ms) >= self.sweep_at:
            oldest_ms = now_ms - KEPT_MS
            self.times_ms = {
                subject: times for subject, times in self.times_ms.items() if times[-1] > oldest_ms
            }
            self.sweep_at = max(SWEEP, 2 * len(self.times_ms))


class RedisSlidingCounts:
    """A sorted set of times a subject, which expires when nothing happens."""

    def __init__(self, client: Store) -> None:
        self.client = client
        self.script = script(COUNT)

    async def counts(self, quotas: Sequence[Quota]) -> list[Found]:
        _, *found = await self._run("", quotas)
        return [Found(*pair) for pair in zip(found[::2], found[1::2], strict=True)]

    async def add(self, quotas: Sequence[Quota]) -> bool:
        if not quotas:
            return True
        # A second one in the same millisecond is another one.
        added, *_ = await self._run(secrets.token_hex(8), quotas)
        return bool(added)

    async def _run(self, member: str, quotas: Sequence[Quota]) -> list[int]:
        keys = [key(quota) for quota in quotas]
        limits = [number for quota in quotas for number in (quota.period_ms, quota.most)]
        with unknown_when_lost():
            found: list[int] = await self.client.run(self.script, keys, [member, KEPT_MS, *limits])
        return found


def key(quota: Quota) -> str:
    """The Redis key of a subject: what is checked together stays in one slot of a cluster."""
    return named(f"{{{quota.beside}}}:count:{quota.subject}")
