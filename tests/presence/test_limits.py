"""How often an address and a session may do something, over two processes that share a Redis."""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from neartalk.limits import RULES
from presence.geo import CELL_DEGREES
from presence.sessions import digest_of
from presence.values import person_id_of
from tests.support.client import (
    HERE,
    Tab,
    Unexpected,
    bearer_of,
    elsewhere,
    north,
    opened,
    place,
    running,
    session,
)
from tests.support.http_connections import ConnectionPool
from tests.support.servers import Valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from tests.support.client import Frame, Spot
    from tests.support.servers import Server

    Servers = tuple[Server, Server]

CONNECTIONS = 50  # of each process
_addresses = (f"198.51.100.{last}" for last in itertools.count(1))


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        redis = Valkey()
        stack.callback(redis.close)
        env = {
            "REDIS_URL": redis.start().url,
            "TRUSTED_PROXIES": "1",
            "RATE_LIMITS_OFF": "session.call,address.work",
        }
        first, second = (stack.enter_context(running("uvicorn", **env)) for _ in range(2))
        yield first, second


@asynccontextmanager
async def callers(servers: Servers) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A client of each process."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=one.url, timeout=60, transport=ConnectionPool(CONNECTIONS)
                )
            )
            for one in servers
        ]


async def tried(
    clients: list[httpx.AsyncClient],
    path: str,
    bodies: list[Frame],
    headers: list[dict[str, str]],
    *,
    method: str = "POST",
) -> list[Frame]:
    """All at once, by turns at the processes: the refusals; whatever else is a yes."""
    calls = (
        client.request(method, path, json=body, headers=header)
        for client, body, header in zip(
            itertools.cycle(clients), bodies, itertools.cycle(headers), strict=False
        )
    )
    answers = await asyncio.gather(*calls)
    refused = [answer for answer in answers if answer.status_code >= 400]
    assert all(answer.status_code in {428, 429} for answer in refused)
    waits = [answer for answer in refused if answer.status_code == 429]
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in waits)
    return [answer.json() for answer in refused]


def by(*addresses: str) -> dict[str, str]:
    return {"X-Forwarded-For": ", ".join(addresses)}


async def test_an_address_begins_exactly_its_free_sessions_whatever_it_claims_to_be(
    servers: Servers,
) -> None:
    tries = tries_of("session.address")
    own = next(_addresses)
    forged = [by(f"203.0.113.{last % 250}", own) for last in range(tries)]
    async with callers(servers) as clients:
        began = time.monotonic()
        refused = await tried(clients, "/api/session/create", [{}] * tries, forged)
        assert tries - len(refused) in allowed("session.address", began)
        assert {one["code"] for one in refused} == {"work-needed"}
        other = await tried(clients, "/api/session/create", [{}], [by(next(_addresses))])
        assert other == []


@pytest.mark.parametrize(
    ("rule", "address"),
    [
        ("session.64", "2001:db8:1:1::{:x}"),
        ("session.56", "2001:db8:2:{:x}::1"),
        ("session.48", "2001:db8:3:{:x}00::1"),
    ],
)
async def test_ipv6_is_counted_by_networks(servers: Servers, rule: str, address: str) -> None:
    """However many addresses of it somebody has."""
    tries = tries_of(rule)
    several = [by(address.format(number % 250)) for number in range(tries)]
    async with callers(servers) as clients:
        began = time.monotonic()
        refused = await tried(clients, "/api/session/create", [{}] * tries, several)
        assert tries - len(refused) in allowed(rule, began)


@asynccontextmanager
async def someone(servers: Servers, spot: Spot) -> AsyncIterator[tuple[Any, str]]:
    """The clients of both processes, and the key of a session that has a place."""
    async with callers(servers) as clients:
        clients[0].headers.update(by(next(_addresses)))
        created = await session(clients[0])
        key = str(created["session_id"])
        for client in clients:
            client.headers.update(bearer_of(key))
        await place(clients[0], *spot, 500)
        yield clients, key


async def test_a_session_moves_exactly_as_often_as_it_may(servers: Servers) -> None:
    lat, lon = spot = elsewhere()
    # So near each other that nobody is too far away.
    around = [
        (lat + row * CELL_DEGREES, lon + column * CELL_DEGREES)
        for row in range(4)
        for column in range(4)
    ]
    async with someone(servers, spot) as (clients, _):
        bodies = [where(one) for one in around[1:]]
        began = time.monotonic()
        refused = await tried(clients, "/api/location/update", bodies, [{}])
        assert {one["code"] for one in refused} == {"too-often"}
        assert len(bodies) - len(refused) + 1 in allowed("place.move", began)


async def test_a_session_changes_its_reach_exactly_as_often_as_it_may(servers: Servers) -> None:
    """One after the other, at one process and then the other: what is no change is not counted."""
    spot, reach_m, changes = elsewhere(), 500, 0
    async with someone(servers, spot) as (clients, _):
        began = time.monotonic()
        for client in itertools.islice(itertools.cycle(clients), 2 * RULES["place.radius"].burst):
            asked_m = 400 if reach_m == 300 else 300
            body = {**where(spot), "radius": asked_m}
            answer = await client.post("/api/location/update", json=body)
            if answer.is_success:
                reach_m, changes = asked_m, changes + 1
            else:
                assert answer.json()["code"] == "too-often"
        assert changes in allowed("place.radius", began)


async def test_a_session_blocks_exactly_as_many_as_it_may(servers: Servers) -> None:
    tries = tries_of("person.block")
    async with someone(servers, elsewhere()) as (clients, _):
        bodies = [{"person_id": f"{turn:016x}"} for turn in range(tries)]
        began = time.monotonic()
        refused = await tried(clients, "/api/block", bodies, [{}])
        assert tries - len(refused) in allowed("person.block", began)
        assert {one["code"] for one in refused} == {"too-often"}


async def test_a_session_reports_exactly_as_often_as_it_may(servers: Servers) -> None:
    tries = tries_of("chat.report")
    async with someone(servers, HERE) as (clients, _), someone(servers, HERE) as (_, bob):
        body = {"person_id": person_id_of(digest_of(bob)), "reason": "spam"}
        began = time.monotonic()
        refused = await tried(clients, "/api/report", [body] * tries, [{}])
        assert tries - len(refused) in allowed("chat.report", began)
        assert {one["code"] for one in refused} == {"too-many-reports"}


async def test_a_network_reports_exactly_as_often_as_it_may_however_many_sessions_it_has(
    servers: Servers,
) -> None:
    own = by(next(_addresses))
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(someone(servers, HERE)) for _ in range(20)]
        clients, bob = people[0]
        headers = [{**bearer_of(key), **own} for _, key in people[1:]]
        body = {"person_id": person_id_of(digest_of(bob)), "reason": "spam"}
        began = time.monotonic()
        # Each session alone may report 3 times at once: 57 together.
        asked = [header for header in headers for _ in range(3)]
        refused = await tried(clients, "/api/report", [body] * len(asked), asked)
        assert len(asked) - len(refused) in allowed("chat.report.address", began)


async def test_a_session_asks_for_a_relay_exactly_as_often_as_it_may(servers: Servers) -> None:
    tries = tries_of("voice.ice")
    async with someone(servers, elsewhere()) as (clients, _):
        began = time.monotonic()
        refused = await tried(clients, "/api/voice/ice", [{}] * tries, [{}], method="GET")
        assert tries - len(refused) in allowed("voice.ice", began)


async def test_nobody_is_far_away_at_once(servers: Servers) -> None:
    spot = elsewhere()
    async with someone(servers, spot) as (clients, _):
        near, far = north(spot, 12), north(spot, 100)
        refused = await tried(clients, "/api/location/update", [where(far)], [{}])
        assert [one["code"] for one in refused] == ["too-far"]
        # 15 km, of which 2 are free, at 300 km/h.
        assert 150 <= refused[0]["retry_after"] <= 162
        assert await tried(clients, "/api/location/update", [where(near)], [{}]) == []
        where_now = (await clients[1].get("/api/nearby")).json()
        assert where_now["count"] == 0


async def test_a_session_opens_exactly_as_many_sockets_as_it_may(servers: Servers) -> None:
    async with someone(servers, HERE) as (_, key), AsyncExitStack() as stack:
        turns = itertools.islice(itertools.cycle(servers), 40)
        began = time.monotonic()
        found = await asyncio.gather(*(first_word(stack, one, bearer_of(key)) for one in turns))
        welcome = found.count("welcome")
        assert welcome in allowed("socket.session", began)
        assert found.count("too-many-sockets") == 40 - welcome


async def test_many_sessions_of_one_address_open_their_sockets_at_once(servers: Servers) -> None:
    """As after a restart: more than the 200 that one address had before."""
    own = by(next(_addresses))
    async with callers(servers) as clients, AsyncExitStack() as stack:
        keys = []
        for _ in range(30):
            clients[0].headers.update(by(next(_addresses)))
            keys.append(str((await session(clients[0]))["session_id"]))
            clients[0].headers.update(bearer_of(keys[-1]))
            await place(clients[0], *HERE, 500)
            del clients[0].headers["Authorization"]
        asked = [(one, {**bearer_of(key), **own}) for key in keys for one in (*servers,) * 4]
        found = await asyncio.gather(*(first_word(stack, one, who) for one, who in asked))
        assert found.count("welcome") == len(asked)


def tries_of(rule: str) -> int:
    """All that a rule lets pass, and after that twice what is on its way at once."""
    return RULES[rule].burst + 4 * CONNECTIONS


def allowed(rule: str, began_s: float) -> range:
    """How many acts a rule let pass since: its burst, and what came back meanwhile."""
    passed_ms = (time.monotonic() - began_s) * 1000
    burst = RULES[rule].burst
    return range(burst, burst + int(passed_ms / RULES[rule].interval_ms) + 2)


def where(spot: Spot) -> Frame:
    return {"lat": spot[0], "lon": spot[1], "radius": 500}


async def first_word(stack: AsyncExitStack, server: Server, headers: Mapping[str, str]) -> str:
    """What a socket is told first: that it is welcome, or why not."""
    socket = await stack.enter_async_context(opened(server, headers))
    tab = Tab(socket)
    try:
        frame = (await tab._receive())[0]
    except Exception as why:
        raise Unexpected("no word") from why
    return str(frame.get("code", frame["type"]))
