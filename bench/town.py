"""A town to measure in: a real Redis, real server processes, and people in tiles side by side."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import redis.asyncio as aioredis

from bench.walkers import lists_wrong
from chat.devtools import ChatClient, Sent, Visitor, arrive
from neartalk.devtools import Api
from presence.values import Place
from tests.support.servers import Postgres, Server, Valkey

SOUTH, WEST = 52.4981689453125, 13.38134765625  # a tile's corner in Berlin
TILE_HEIGHT, TILE_WIDTH = 180 / 2**15, 360 / 2**15
TILE_COLUMNS = 8
RADII_M = (200, 300, 500, 700, 1000, 2000)
PLAIN = {"RATE_LIMITS_SCALE": "1000", "HINTS_DROPPED": "0.2", "DRAIN_SECONDS": "5"}


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as history holds it, read from Redis directly."""

    ms: int
    seq: int
    tile: str
    person_id: str
    ref: str
    text: str
    place: Place


@dataclass(slots=True)
class Town:
    redis: Valkey
    servers: list[Server]
    begin: Callable[[], Awaitable[Server]]
    postgres: Postgres | None = None
    pages: list[ChatClient] = field(default_factory=list)
    walkers: list[ChatClient] = field(default_factory=list)
    said: list[Sent] = field(default_factory=list)
    # So many times as long as usual may everything take: the machine may be busy.
    times: float = 1.0

    @property
    def doors(self) -> list[str]:
        return [server.url for server in self.servers]

    # ---- People ------------------------------------------------------------------------------

    async def settle_in(
        self, count: int, tiles: int, doors: list[str] | None = None
    ) -> list[ChatClient]:
        """So many people in so many tiles, each with a page open and arrived."""
        people = await self.arrive(count, tiles)
        pages = [ChatClient(person, doors or self.doors) for person in people]
        for turn, page in enumerate(pages):
            page.url_turn = turn
        self.pages += pages
        for page in pages:
            page.open()
        await self.until(lambda: all(page.live for page in pages), 30, "not everybody arrived")
        return pages

    async def let_walk(self, count: int, tiles: int) -> list[ChatClient]:
        """So many more, who say nothing: they may move and leave."""
        before = [*self.pages]
        self.walkers = await self.settle_in(count, tiles)
        self.pages = before
        return self.walkers

    async def arrive(self, count: int, tiles: int) -> list[Visitor]:
        """New sessions with a place, a radius and no socket yet."""
        gate = asyncio.Semaphore(16)
        async with Api([server.url for server in self.servers]) as api:

            async def one(turn: int) -> Visitor:
                async with gate:
                    return await arrive(api, spot_in(turn % tiles), random.choice(RADII_M))

            return await asyncio.gather(*(one(turn) for turn in range(count)))

    # ---- What they do ------------------------------------------------------------------------

    async def talk(self, rate: float, seconds: float, pages: Collection[ChatClient] = ()) -> None:
        """So many messages a second, each from somebody else by chance."""
        speakers = [*(pages or self.pages)]
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        for turn in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, start_s + turn / rate - loop.time()))
            self.said.append(random.choice(speakers).send_message(f"message {len(self.said)}"))

    async def all_acked(self, timeout_s: float = 30) -> None:
        await self.until(
            lambda: not any(page.pending for page in self.pages),
            timeout_s,
            "messages were never confirmed",
        )

    async def history(self) -> list[StoredMessage]:
        """Every message in every tile's stream, as Redis holds it."""
        client = aioredis.Redis.from_url(self.redis.url, decode_responses=True)
        kept = []
        async with client:
            async for key in client.scan_iter("*{*}:history", count=1000):
                for raw_id, entry in await client.xrange(key):
                    if "text" not in entry:
                        continue  # counts of reactions
                    ms, _, seq = raw_id.partition("-")
                    place = Place(entry["cell"], int(entry["radius_m"]))
                    found = (entry["person"], entry["ref"], entry["text"])
                    tile = key.partition("{")[2][:6]
                    kept.append(StoredMessage(int(ms), int(seq), tile, *found, place))
        return sorted(kept, key=lambda one: (one.ms, one.seq, one.tile))

    # ---- What must hold ----------------------------------------------------------------------

    async def until(self, holds: Callable[[], bool], timeout_s: float, or_else: str) -> float:
        """As the function of that name, on this machine."""
        return await until(holds, timeout_s * self.times, or_else)

    async def within(self, holds: Callable[[], bool], timeout_s: float) -> float | None:
        """The same."""
        return await within(holds, timeout_s * self.times)

    def lists_wrong(self, here: Collection[ChatClient]) -> int:
        """Pages whose list of people is not who is in range, by name (the nearest 50 of them)."""
        return lists_wrong(here)


def spot_in(tile: int) -> tuple[float, float]:
    """Anywhere in one of the tiles."""
    lat = SOUTH + (tile // TILE_COLUMNS + random.random()) * TILE_HEIGHT
    lon = WEST + (tile % TILE_COLUMNS + random.random()) * TILE_WIDTH
    return lat, lon


@asynccontextmanager
async def town(
    env: dict[str, str] | None = None,
    server: Callable[..., Server] = Server,
    processes: int = 2,
    *,
    records: bool = False,
    times: float = 1.0,
) -> AsyncIterator[Town]:
    """With `records` in one PostgreSQL, which the town can reach too."""
    async with AsyncExitStack() as stack:
        redis = await started(stack, Valkey())
        postgres = await started(stack, Postgres()) if records else None
        shared = {**PLAIN, "REDIS_URL": redis.url, **(env or {})}
        if postgres:
            shared["DATABASE_URL"] = postgres.url()
            await asyncio.to_thread(Server("uvicorn", shared).migrate)

        async def begin() -> Server:
            """One more process."""
            return cast(Server, await started(stack, server("uvicorn", shared)))

        servers = [await begin() for _ in range(processes)]
        place = Town(redis, servers, begin, postgres, times=times)
        stack.push_async_callback(leave, place)
        yield place


async def leave(place: Town) -> None:
    await asyncio.gather(*(page.close() for page in (*place.pages, *place.walkers)))
    await asyncio.sleep(0.05)  # an aborted transport closes its socket a turn later


async def started(stack: AsyncExitStack, daemon: Any) -> Any:
    stack.callback(daemon.close)
    return await asyncio.to_thread(daemon.start)


async def until(
    holds: Callable[[], bool], timeout_s: float, or_else: str, every_s: float = 0.02
) -> float:
    """Waits for something that is seen to hold; the seconds it took."""
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    while not holds():
        if loop.time() - start_s > timeout_s:
            raise TimeoutError(or_else)
        await asyncio.sleep(every_s)
    return loop.time() - start_s


async def within(holds: Callable[[], bool], timeout_s: float) -> float | None:
    """The seconds until something held; None where it did not in time."""
    try:
        return await until(holds, timeout_s, "", 0.05)
    except TimeoutError:
        return None
