"""Harnesses of both registries: one interface to move their time and to read what they store."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from redis.asyncio import Redis

from neartalk.redis import Store
from neartalk.redis.client import RedisClient
from neartalk.redis.cluster import Cluster
from neartalk.redis.shared import store_at
from presence.geo import Tile, cell_at, tile_of
from presence.registry import MemoryRegistry, RedisRegistry, Registry
from presence.registry.redis_fields import session_key
from presence.values import Change, Person, Place, Session, person_id_of
from tests.support.clusters import client_at
from tests.support.waiting import deadline

HALF_HOUR_MS = 1_800_000
HERE, THERE, ELSEWHERE = (cell_at(52.52, lon) for lon in (13.40, 13.42, 13.44))
NEXT_DOOR = cell_at(52.52, 13.4015)  # another cell of the tile of HERE
AT_HOME, OUT, AWAY = (Place(cell, 500) for cell in (HERE, THERE, ELSEWHERE))
WIDER, MOVED_A_BIT = Place(HERE, 2000), Place(NEXT_DOOR, 500)
TILES = HOME_TILE, OUT_TILE, AWAY_TILE = tile_of(HERE), tile_of(THERE), tile_of(ELSEWHERE)
ROUNDS = 50
ALICE, BOB = (person_id_of(f"digest of {name}") for name in ("Alice", "Bob"))


class RegistryHarness(Protocol):
    """A registry, and what only a test does to it: to move its time and to read all of it."""

    @property
    def registry(self) -> Registry: ...
    async def pass_ms(self, ms: int) -> None:
        """By the store's clock."""

    def skip_ms(self, ms: int) -> None:
        """The same, in no time: sessions do not end sooner."""

    async def left_ms(self, digest: str) -> int:
        """How long the session still lives if nobody touches it."""

    async def gone(self, digest: str) -> bool:
        """Whether the session has ended; asking does not keep it."""

    async def leave_ms(self, digest: str, ms: int) -> None:
        """Brings the session to so many ms before its end."""

    async def restart(self) -> None:
        """The store forgets everything."""

    async def everything(self) -> str:
        """All that is stored, keys and values."""


class MemoryRegistryHarness:
    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self.registry = MemoryRegistry(self._clock)

    def _clock(self) -> int:
        return self.now

    async def pass_ms(self, ms: int) -> None:
        self.now += ms

    def skip_ms(self, ms: int) -> None:
        self.now += ms

    async def left_ms(self, digest: str) -> int:
        return self.registry.sessions.ends_ms[digest] - self.now

    async def gone(self, digest: str) -> bool:
        return self.registry.sessions.ends_ms.get(digest, 0) <= self.now

    async def leave_ms(self, digest: str, ms: int) -> None:
        self.now = self.registry.sessions.ends_ms[digest] - ms

    async def restart(self) -> None:
        self.registry = MemoryRegistry(self._clock)

    async def everything(self) -> str:
        parts = self.registry.sessions, self.registry.tiles, self.registry.leases
        return repr([vars(part) for part in parts])


class RedisRegistryHarness:
    """`client` is a connection of the test's own to the Redis of the registry."""

    def __init__(self, client: Redis, store: Store) -> None:
        self.client = client
        self.store = store
        self.registry = RedisRegistry(store)

    async def pass_ms(self, ms: int) -> None:
        end = await now_of(self) + ms
        if ms > 200:  # Redis looks at who waits ten times a second
            await self.client.blpop(["nobody"], timeout=(ms - 100) / 1000)
        async with deadline(f"{ms} ms of the store's clock"):
            while await now_of(self) < end:
                pass

    def skip_ms(self, ms: int) -> None:
        for node in nodes_of(self.store):
            node.clock.agree(node.clock.ahead_ms + ms)

    async def left_ms(self, digest: str) -> int:
        return int(await self.client.pttl(session_key(digest)))

    async def gone(self, digest: str) -> bool:
        return not await self.client.exists(session_key(digest))

    async def leave_ms(self, digest: str, ms: int) -> None:
        assert await self.client.pexpire(session_key(digest), ms)

    async def restart(self) -> None:
        await self.client.flushdb()

    async def everything(self) -> str:
        read: dict[str, Callable[[str], Any]] = {
            "hash": self.client.hgetall,
            "string": self.client.get,
            "zset": lambda key: self.client.zrange(key, 0, -1, withscores=True),
        }
        found = {}
        async for key in self.client.scan_iter():
            found[key] = await read[await self.client.type(key)](key)
        return repr(found)


def nodes_of(store: Any) -> list[RedisClient]:
    """The clients of its nodes, as far as it has asked them."""
    return [*store.topology.clients.values()] if isinstance(store, Cluster) else [store]


MakeHarness = Callable[[], AbstractAsyncContextManager[RegistryHarness]]


@asynccontextmanager
async def memory_harness() -> AsyncIterator[MemoryRegistryHarness]:
    yield MemoryRegistryHarness()


@asynccontextmanager
async def redis_harness(url: str) -> AsyncIterator[RedisRegistryHarness]:
    store = store_at(url.split(","))
    try:
        async with client_at(url) as client:
            yield RedisRegistryHarness(client, store)
    finally:
        await store.aclose()


async def now_of(harness: RegistryHarness) -> int:
    return (await harness.registry.status(())).now_ms


async def opened(harness: RegistryHarness, name: str) -> Session:
    return await harness.registry.open(f"digest of {name}", name)


async def shown(harness: RegistryHarness) -> dict[Tile, list[Person]]:
    found = await harness.registry.people(TILES)
    assert found.keys() == set(TILES)
    return {
        tile: [*snapshot.people.values()] for tile, snapshot in found.items() if snapshot.people
    }


async def session_of(harness: RegistryHarness, digest: str) -> Session:
    session = await harness.registry.get(digest)
    assert session is not None
    return session


def events_of(*changes: Change | None) -> list[tuple[Tile, int, bool]]:
    """What readers of the tiles learn."""
    assert all(changes)
    events = [event for change in changes if change for event in change.events]
    return [(event.tile, event.version, event.here) for event in events]
