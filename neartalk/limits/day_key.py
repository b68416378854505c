"""The key of the day, under which addresses are digested: kept in memory or in Redis."""

import asyncio
import secrets
from typing import Any, Protocol

from neartalk.clock import Clock, steady_ms
from neartalk.limits.rules import DAY_MS
from neartalk.redis import Store, named, unknown_when_lost

KEY = "origins:key"


class DayKey(Protocol):
    async def today(self) -> bytes:
        """The key of this day, 32 bytes. Raises Refused: `store-unavailable`."""


class MemoryDayKey:
    def __init__(self, clock: Clock = steady_ms) -> None:
        self.clock = clock
        self.key = b""
        self.ends_ms = 0

    async def today(self) -> bytes:
        if self.clock() >= self.ends_ms:
            self.key, self.ends_ms = secrets.token_bytes(32), self.clock() + DAY_MS
        return self.key


class RedisDayKey:
    """One key for all processes. Each process keeps it until Redis forgets it."""

    def __init__(self, client: Store, clock: Clock = steady_ms) -> None:
        self.client = client
        self.clock = clock
        self.key = b""
        self.ends_ms = 0
        self.loading: asyncio.Future[Any] | None = None

    async def today(self) -> bytes:
        """Callers share one request in flight: Redis that hangs makes each of them wait 2 s."""
        while self.clock() >= self.ends_ms:
            if self.loading is None:
                self.loading = asyncio.ensure_future(self._load())
                self.loading.add_done_callback(self._end_loading)
            with unknown_when_lost():
                # Whoever is cancelled must not cancel the others' request.
                await asyncio.shield(self.loading)
        return self.key

    async def _load(self) -> None:
        at = named(KEY)
        fresh = "SET", at, secrets.token_hex(32), "NX", "PX", DAY_MS
        _, key, left_ms = await self.client.ask([fresh, ("GET", at), ("PTTL", at)])
        self.key, self.ends_ms = bytes.fromhex(key), self.clock() + max(1, left_ms)

    def _end_loading(self, loading: asyncio.Future[Any]) -> None:
        self.loading = None
        # An error is read here, for all callers may have been cancelled by now.
        if not loading.cancelled():
            loading.exception()
