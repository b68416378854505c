"""Faults that go on for a while: connections to Redis cut at random, and a PostgreSQL that is
read-only; and the reports that are filed meanwhile."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import httpx
import psycopg
import redis.asyncio as aioredis
from redis.exceptions import RedisError

from chat.devtools import in_reach
from neartalk.devtools import ApiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator

    from chat.devtools import ChatClient, Visitor
    from neartalk.devtools import Api
    from tests.support.servers import Postgres

CUT_AFTER_S = 0.02, 0.3


class Cuts:
    """How often connections were cut so far."""

    count = 0


@asynccontextmanager
async def connections_cut(urls: Collection[str]) -> AsyncIterator[Cuts]:
    """Cuts every connection to each of these Redis nodes again and again, 20 to 300 ms after the
    time before."""
    cuts = Cuts()
    tasks = [asyncio.create_task(cut_again(url, cuts)) for url in urls]
    try:
        yield cuts
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def cut_again(url: str, cuts: Cuts) -> None:
    async with aioredis.Redis.from_url(url) as client:
        while True:
            await asyncio.sleep(random.uniform(*CUT_AFTER_S))
            for kind in ("normal", "pubsub"):
                cuts.count += int(await client.execute_command("CLIENT", "KILL", "TYPE", kind))


@contextmanager
def read_only(postgres: Postgres) -> Iterator[None]:
    """Every transaction is read-only, in sessions that are open too."""
    set_read_only(postgres, "on")
    try:
        yield
    finally:
        set_read_only(postgres, "off")


def set_read_only(postgres: Postgres, word: str) -> None:
    writes = "-c default_transaction_read_only=off"
    with psycopg.connect(postgres.url(), autocommit=True, options=writes) as connection:
        connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {word}".encode())
        connection.execute("SELECT pg_reload_conf()")
        row = None
        while row != (word,):
            # A connection of its own: this one has its own setting.
            with psycopg.connect(postgres.url()) as other:
                row = other.execute("SHOW default_transaction_read_only").fetchone()


def reports_kept(postgres: Postgres) -> int:
    with psycopg.connect(postgres.url()) as connection:
        row = connection.execute("SELECT count(*) FROM chat_report").fetchone()
    return int(row[0]) if row else 0


async def file_reports(
    api: Api, reporters: Collection[ChatClient], subjects: Collection[ChatClient], most: int
) -> int:
    """Files so many reports of subjects by people in range of them. Returns how many were answered
    with 201."""
    pairs = [
        (one.person, other.person)
        for other in subjects
        for one in reporters
        if one is not other and in_reach(one.person.place, other.person.place)
    ]
    chosen = random.sample(pairs, min(most, len(pairs)))
    return sum([await file_report(api, *pair) for pair in chosen])


async def file_report(api: Api, reporter: Visitor, subject: Visitor) -> bool:
    try:
        await api.call(
            "POST", "/api/report", reporter.key, person_id=subject.person_id, reason="other"
        )
    except (ApiError, httpx.HTTPError):
        return False
    return True


async def ghosts(urls: Collection[str], here: Collection[ChatClient]) -> int:
    """Entries of tiles, in all these Redis nodes, of people who are not here or are elsewhere. Who
    lingers is one of them until a round has taken them out."""
    places = {page.person.person_id: page.person.place for page in here}
    count = 0
    for url in urls:
        async with aioredis.Redis.from_url(url, decode_responses=True) as client:
            async for key in client.scan_iter("*{*}:people", count=1000):
                tile = key.partition("{")[2][:6]
                for person_id in await client.hkeys(key):
                    place = places.get(person_id)
                    right = place is not None and place.cell.startswith(tile)
                    count += person_id != "v" and not right
    return count


async def no_ghosts(
    urls: Collection[str], here: Collection[ChatClient], timeout_s: float
) -> tuple[int, float]:
    """How many ghosts are left after so long, and the seconds until there were none."""
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    found = -1
    while found and loop.time() < start_s + timeout_s:
        await asyncio.sleep(0.2)
        try:
            found = await ghosts(urls, here)
        except (RedisError, OSError):
            found = -1
    return found, loop.time() - start_s
