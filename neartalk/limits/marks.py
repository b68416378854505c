"""What has happened once, for a while: in memory or in Redis."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from neartalk.clock import Clock, steady_ms
from neartalk.redis import Store, named, unknown_when_lost

SWEEP_S = 60.0


class Marks(Protocol):
    """Names that are known for a while. They hold digests alone, and no log does."""

    async def add(self, name: str, life_ms: int) -> bool:
        """Whether the name is new; of several who add it at once, to one of them. One that is
        known already lasts no longer for it. Raises Refused: `store-unavailable`.
        """

    async def known(self, names: Sequence[str]) -> bool:
        """Whether any of the names is known. Raises Refused: `store-unavailable`."""


class MemoryMarks:
    """What is over is forgotten within a minute, also where nothing else happens: a name may hold
    the digest of a session."""

    def __init__(self, clock: Clock = steady_ms) -> None:
        self.clock = clock
        self.ends_ms: dict[str, int] = {}
        self.timer: asyncio.TimerHandle | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    async def add(self, name: str, life_ms: int) -> bool:
        if self._lasts(name):
            return False
        self.ends_ms[name] = self.clock() + life_ms
        self._schedule(asyncio.get_running_loop())
        return True

    async def known(self, names: Sequence[str]) -> bool:
        return any(map(self._lasts, names))

    def _lasts(self, name: str) -> bool:
        return self.ends_ms.get(name, 0) > self.clock()

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        """One timer for all; that of a loop which has ended is none."""
        if self.timer is None or self.loop is not loop:
            self.loop, self.timer = loop, loop.call_later(SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        self.timer = None
        self.ends_ms = {name: ms for name, ms in self.ends_ms.items() if self._lasts(name)}
        if self.ends_ms:
            self._schedule(asyncio.get_running_loop())


class RedisMarks:
    """A string a name, which expires by itself."""

    def __init__(self, client: Store) -> None:
        self.client = client

    async def add(self, name: str, life_ms: int) -> bool:
        with unknown_when_lost():
            found = await self.client.send("SET", key(name), 1, "NX", "PX", life_ms)
        return found is not None

    async def known(self, names: Sequence[str]) -> bool:
        # One by one: they may stand in several slots.
        with unknown_when_lost():
            return any([await self.client.send("GET", key(name)) for name in names])


def key(name: str) -> str:
    return named(f"mark:{name}")
