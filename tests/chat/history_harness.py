"""Harnesses of both histories: one interface to move their time and to read what they store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from redis.asyncio import Redis

from chat.history import History, MemoryHistory, life_ms
from chat.history.redis import RedisHistory
from chat.history.stream import refs_key, stream_key
from chat.messages import (
    Appended,
    Draft,
    Entry,
    Message,
    StreamId,
)
from neartalk.codes import Refused
from neartalk.redis import Store, named
from neartalk.redis.shared import store_at
from presence.geo import Cell, Tile, cell_at, tile_of
from presence.values import Place
from tests.support.clusters import client_at

HALF_HOUR_MS = 1_800_000
AT_ONCE = 50
CELLS = [cell_at(52.52, 13.4 + step / 50) for step in range(40)]
HERE, THERE, ELSEWHERE = CELLS[:3]
HOME_TILE, OUT_TILE, AWAY_TILE = map(tile_of, CELLS[:3])


class HistoryHarness(Protocol):
    """A history, and what only a test does to it: to move its time and to read all of it."""

    @property
    def history(self) -> History: ...
    async def pass_ms(self, ms: int) -> None:
        """By the store's clock."""

    async def everything(self) -> str:
        """All that is stored, keys and values."""


class MemoryHistoryHarness:
    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self.history = MemoryHistory(lambda: self.now)

    async def pass_ms(self, ms: int) -> None:
        self.now += ms

    async def everything(self) -> str:
        return repr(vars(self.history))


class RedisHistoryHarness:
    """`client` is a connection of the test's own to the Redis of the history."""

    def __init__(self, client: Redis, store: Store) -> None:
        self.client = client
        self.history = RedisHistory(store)

    async def pass_ms(self, ms: int) -> None:
        end = await self.history.now_ms() + ms
        if ms > 200:  # Redis looks at who waits ten times a second
            await self.client.blpop(["nobody"], timeout=(ms - 100) / 1000)
        while await self.history.now_ms() < end:
            pass

    async def everything(self) -> str:
        read: dict[str, Callable[[str], Any]] = {
            "hash": self.client.hgetall,
            "stream": self.client.xrange,
            "string": self.client.get,
            "zset": lambda key: self.client.zrange(key, 0, -1, withscores=True),
        }
        found = {}
        async for key in self.client.scan_iter():
            kind = await self.client.type(key)
            if kind != "none":  # allowances come and go
                found[key] = await read[kind](key)
        return repr(found)

    async def keep_old(self, count: int) -> list[StreamId]:
        """Entries that have lived their time and that nobody has trimmed yet."""
        oldest = await self.history.now_ms() - life_ms() - count
        ids = [StreamId(oldest + number, 0) for number in range(count)]
        pipe = self.client.pipeline(transaction=False)
        for number, at in enumerate(ids):
            old = {"person": "old", "name": "Old", "cell": HERE, "radius_m": "500"}
            entry = {**old, "text": f"old text {number}", "ref": f"old-ref-{number}"}
            pipe.xadd(stream_key(HOME_TILE), entry, id=str(at))
            pipe.hset(refs_key(HOME_TILE), f"old:old-ref-{number}", str(at))
            if len(pipe) >= 500:
                await pipe.execute()
        await pipe.execute()
        await self.client.zadd(named("history:due"), {HOME_TILE: oldest + life_ms()})
        return ids


MakeHarness = Callable[[], AbstractAsyncContextManager[HistoryHarness]]


@asynccontextmanager
async def memory_harness() -> AsyncIterator[MemoryHistoryHarness]:
    yield MemoryHistoryHarness()


@asynccontextmanager
async def redis_harness(url: str) -> AsyncIterator[RedisHistoryHarness]:
    store = store_at(url.split(","))
    try:
        async with client_at(url) as client:
            yield RedisHistoryHarness(client, store)
    finally:
        await store.aclose()


def draft(text: str, who: str = "alice", cell: Cell = HERE, ref: str = "") -> Draft:
    return Draft(who, who.title(), Place(cell, 500), text, ref or f"ref-of-{text}-by-{who}")


def kept(sent: Draft, appended: Appended) -> Message:
    assert appended.fresh
    return Message(appended.at, sent.person_id, sent.name, sent.place, sent.text, sent.ref)


async def append_text(
    harness: HistoryHarness, text: str, who: str = "alice", cell: Cell = HERE
) -> Message:
    sent = draft(text, who, cell)
    return kept(sent, await harness.history.append(sent))


async def appended(harness: HistoryHarness, sent: list[Draft]) -> list[Appended]:
    """Many at once, but no more than the client has connections."""
    answers: list[Appended] = []
    for start in range(0, len(sent), AT_ONCE):
        some = sent[start : start + AT_ONCE]
        answers += await asyncio.gather(*map(harness.history.append, some))
    return answers


async def all_of(harness: HistoryHarness, tile: Tile = HOME_TILE) -> list[Entry]:
    return [*(await harness.history.page({tile: None}, {}, 10_000)).entries[tile]]


def texts(entries: Iterable[Entry]) -> list[str]:
    return [entry.text for entry in entries if isinstance(entry, Message)]


async def spend(harness: HistoryHarness, cell: Cell = HERE) -> Refused:
    """Sends until it is refused."""
    for number in range(10_000):
        try:
            await harness.history.append(draft(f"spent {number}", cell=cell))
        except Refused as refused:
            return refused
    raise AssertionError("never refused")
