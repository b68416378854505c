"""How many different members a subject had lately: in memory or in Redis.

Subjects and members are digests. None counts for longer than the period that it was added for; it
is forgotten with what is added next, in Redis also once nothing was added for as long.
"""

from pathlib import Path
from typing import Protocol

from neartalk.clock import Clock, steady_ms
from neartalk.limits.sliding import AHEAD_MS
from neartalk.redis import Store, named, script, unknown_when_lost

DISTINCT = Path(__file__).parent / "lua" / "distinct.lua"
SWEEP = 1000


class DistinctCounts(Protocol):
    """Each method may raise Refused: `store-unavailable`."""

    async def add(self, subject: str, member: str, period_ms: int) -> int:
        """Adds a member, or counts it from now on where it is there; how many were added within the
        period."""

    async def remove(self, subject: str, member: str) -> None:
        """Removes a member, if it is there."""

    async def count(self, subject: str, period_ms: int) -> int:
        """How many were added within the period, each once."""


class MemoryDistinctCounts:
    """`added_ms` is when each member of a subject was added last, `ends_ms` when a subject has none
    any more."""

    def __init__(self, clock: Clock = steady_ms) -> None:
        self.clock = clock
        self.added_ms: dict[str, dict[str, int]] = {}
        self.ends_ms: dict[str, int] = {}
        self.sweep_at, self.swept_ms = SWEEP, 0

    async def add(self, subject: str, member: str, period_ms: int) -> int:
        now_ms = self.clock()
        if len(self.added_ms) >= self.sweep_at or abs(now_ms - self.swept_ms) >= period_ms:
            self._forget_old(now_ms)
        known = self.added_ms.get(subject, {})
        self.added_ms[subject] = {
            one: at_ms for one, at_ms in known.items() if _counts(at_ms, now_ms, period_ms)
        }
        self.added_ms[subject][member] = now_ms
        self.ends_ms[subject] = now_ms + period_ms
        return len(self.added_ms[subject])

    async def remove(self, subject: str, member: str) -> None:
        self.added_ms.get(subject, {}).pop(member, None)

    async def count(self, subject: str, period_ms: int) -> int:
        now_ms = self.clock()
        known = self.added_ms.get(subject, {})
        return sum(_counts(at_ms, now_ms, period_ms) for at_ms in known.values())

    def _forget_old(self, now_ms: int) -> None:
        """Whenever the table has doubled, where each call pays for two, and once in a period."""
        self.ends_ms = {one: end_ms for one, end_ms in self.ends_ms.items() if end_ms > now_ms}
        self.added_ms = {one: self.added_ms[one] for one in self.ends_ms}
        self.sweep_at, self.swept_ms = max(SWEEP, 2 * len(self.added_ms)), now_ms


class RedisDistinctCounts:
    """A sorted set a subject, which expires when nothing is added."""

    def __init__(self, client: Store) -> None:
        self.client = client
        self.script = script(DISTINCT)

    async def add(self, subject: str, member: str, period_ms: int) -> int:
        return await self._run("add", subject, member, period_ms)

    async def remove(self, subject: str, member: str) -> None:
        await self._run("remove", subject, member, 0)

    async def count(self, subject: str, period_ms: int) -> int:
        return await self._run("count", subject, "", period_ms)

    async def _run(self, act: str, subject: str, member: str, period_ms: int) -> int:
        with unknown_when_lost():
            arguments = [act, member, period_ms]
            return int(await self.client.run(self.script, [key(subject)], arguments))


def key(subject: str) -> str:
    return named(f"distinct:{subject}")


def _counts(added_ms: int, now_ms: int, period_ms: int) -> bool:
    """What is further ahead was added before the clock was set back: it is over."""
    return now_ms - period_ms < added_ms <= now_ms + AHEAD_MS
