"""Reports over two processes that share a Redis and a PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from redis.asyncio import Redis

from tests.support.client import HERE, bearer_of, north, person, place, session
from tests.support.client import api as client
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Serve
    from tests.support.client import ConnectedPerson
    from tests.support.servers import Postgres, Server, Valkey

STRANGERS = 12


@pytest.fixture
def servers(
    serve: Serve, own_redis: Callable[[], Valkey], database: tuple[Postgres, str]
) -> tuple[Server, Server, Valkey]:
    redis = own_redis()
    env = {"REDIS_URL": redis.url, "DATABASE_URL": database[1], "TRUSTED_PROXIES": "1"}
    return serve("uvicorn", env, migrate=True), serve("uvicorn", env), redis


@pytest.fixture
def database(own_postgres: Callable[[], Postgres]) -> tuple[Postgres, str]:
    postgres = own_postgres()
    return postgres, postgres.create("reports")


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


async def until(url: str, query: str, wanted: object) -> None:
    """Asks again and again until the database says so."""
    async with deadline(f"{query} gives {wanted}"):
        found = None
        while found != wanted:
            found = await asyncio.to_thread(rows, url, query)


async def reported(server: Server, turn: int, whom: ConnectedPerson, message_id: str = "") -> int:
    """By a stranger who comes from a network of their own; the status of the answer."""
    async with client(server) as http:
        http.headers["X-Forwarded-For"] = f"198.51.100.{turn}"
        http.headers.update(bearer_of((await session(http))["session_id"]))
        await place(http, *HERE, 500)
        body = {"person_id": whom.person_id, "reason": "threats"}
        extra = {"message_id": message_id} if message_id else {}
        return (await http.post("/api/report", json={**body, **extra})).status_code


async def test_of_many_who_report_at_once_through_two_processes_one_mutes(
    servers: tuple[Server, Server, Valkey], database: tuple[Postgres, str]
) -> None:
    first, second, redis = servers
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(person(first, *north(HERE, 2), name="alice"))
        message_id = await alice.send_text("A dreadful word.")
        each = (
            reported((first, second)[turn % 2], turn, alice, message_id)
            for turn in range(STRANGERS)
        )
        assert await asyncio.gather(*each) == [201] * STRANGERS
        await until(database[1], "SELECT count(*) FROM chat_report", [(STRANGERS,)])
        mutes = rows(database[1], "SELECT kind, person_id, by_id FROM neartalk_sanction")
        assert mutes == [("mute", alice.person_id, None)]
        held = rows(database[1], "SELECT DISTINCT evidence->0->>'text' FROM chat_report")
        assert held == [("A dreadful word.",)]
        # Where it stands is in Redis alone, and leaves it with the message.
        async with Redis.from_url(redis.url) as store:
            keys = [key async for key in store.scan_iter("*report-tile:*")]
            assert len(keys) == STRANGERS
            assert all([0 < await store.ttl(key) <= 1800 for key in keys])


async def test_reports_are_answered_while_the_database_hangs_and_written_afterwards(
    servers: tuple[Server, Server, Valkey], database: tuple[Postgres, str]
) -> None:
    first, second, _ = servers
    postgres, url = database
    async with person(first, *north(HERE, 2), name="alice") as alice:
        message_id = await alice.send_text("A dreadful word.")
        postgres.pause()
        try:
            each = (reported((first, second)[turn % 2], turn, alice, message_id) for turn in (1, 2))
            assert await asyncio.gather(*each) == [201, 201]
            await alice.send_text("And chat goes on.")
        finally:
            postgres.resume()
        await until(url, "SELECT count(*) FROM chat_report", [(2,)])
        assert rows(url, "SELECT count(*) FROM neartalk_sanction") == [(0,)]


async def test_reports_are_counted_one_after_another_over_all_processes(
    servers: tuple[Server, Server, Valkey], database: tuple[Postgres, str]
) -> None:
    """Or two that come at once would each count without the other."""
    first, second, _ = servers
    url = database[1]
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with person(first, *north(HERE, 2), name="alice") as alice:
        with psycopg.connect(url) as other:
            other.execute("SELECT * FROM neartalk_ratelimit FOR UPDATE")
            assert await reported(first, 1, alice) == await reported(second, 2, alice) == 201
            await until(url, waiting, [(2,)])
        await until(url, "SELECT count(*) FROM chat_report", [(2,)])
