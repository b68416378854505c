"""The price of a session as clients meet it: over two processes that share a Redis."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from altcha import Challenge, Payload, solve_challenge

from presence.guest import guest
from tests.presence.http_callers import CREATE, browser, code
from tests.support.client import HERE, api, bearer_of, elsewhere, place, running
from tests.support.servers import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

    Servers = tuple[Server, Server]

# All that a test may take.
PATIENCE_S = 100.0
CHALLENGE = "/api/session/challenge"
FREE = 3
_addresses = (f"198.51.100.{last}" for last in itertools.count(1))


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Three free sessions, and ten at the first price."""
    with ExitStack() as stack:
        redis = Valkey()
        stack.callback(redis.close)
        env = {
            "REDIS_URL": redis.start().url,
            "TRUSTED_PROXIES": "1",
            "RATE_LIMITS_OFF": "session.call,address.work",
            "RATE_LIMITS_SCALE": "0.1",
        }
        first, second = (stack.enter_context(running("uvicorn", **env)) for _ in range(2))
        yield first, second


def by(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def create(server: Server, address: str, **body: Any) -> httpx.Response:
    async with api(server, headers=by(address)) as http:
        return await http.post(CREATE, json=body)


async def challenge(server: Server, address: str) -> dict[str, Any]:
    async with api(server, headers=by(address)) as http:
        answer = await http.get(CHALLENGE)
        assert answer.status_code == 200
        assert "no-store" in answer.headers["cache-control"]
        return dict(answer.json())


def solve(fields: dict[str, Any]) -> str:
    made = Challenge.from_dict(fields)
    found = solve_challenge(made)
    assert found
    return Payload(made, found).to_base64()


async def spend_free(servers: Servers, address: str) -> None:
    for server in itertools.islice(itertools.cycle(servers), FREE):
        assert (await create(server, address)).status_code == 201


async def test_whoever_comes_after_the_free_ones_pays_once_on_either_server(
    servers: Servers,
) -> None:
    address, other = next(_addresses), next(_addresses)
    first, second = servers
    async with api(first, headers=by(address)) as http:
        assert (await http.get(CHALLENGE)).status_code == 204
    await spend_free(servers, address)
    refused = await create(first, address, username="Ada")
    assert code(refused) == (428, "work-needed")
    fields = await challenge(first, address)
    assert fields["parameters"]["data"] == {"most": 1440, "price_ms": 1000}
    assert address not in json.dumps(fields)
    solution = solve(fields)

    assert code(await create(second, other, altcha=solution)) == (422, "work-wrong")
    made = await create(second, address, username="Ada", altcha=solution)
    assert made.status_code == 201
    assert made.json()["username"] == "Ada"
    again = await asyncio.gather(*(create(one, address, altcha=solution) for one in servers * 3))
    assert {code(one) for one in again} == {(409, "work-spent")}
    assert code(await create(first, address)) == (428, "work-needed")


async def test_a_name_that_is_refused_spends_no_work(servers: Servers) -> None:
    address = next(_addresses)
    await spend_free(servers, address)
    solution = solve(await challenge(servers[0], address))
    refused = await create(servers[0], address, username="x" * 99, altcha=solution)
    assert code(refused) == (422, "name-too-long")
    assert (await create(servers[1], address, altcha=solution)).status_code == 201


@pytest.mark.parametrize(
    "bad",
    [
        *(True, False, 0, 1, 1.5, [], {}, ["e30="], {"challenge": {}}),
        *("e30=", "null", "🙂", "\ud800", "\x00", "a" * 9000, base64.b64encode(b"[]").decode()),
    ],
)
async def test_what_is_no_solution_is_wrong_also_where_nothing_is_asked_for(
    servers: Servers, bad: object
) -> None:
    async with api(
        servers[0], headers={**by("203.0.113.1"), "Content-Type": "application/json"}
    ) as http:
        answer = await http.post(CREATE, content=json.dumps({"altcha": bad}))
    assert code(answer) == (422, "work-wrong")


async def test_a_page_is_told_in_its_own_form(servers: Servers) -> None:
    address = next(_addresses)
    await spend_free(servers, address)
    async with browser(servers[0]) as http:
        http.headers.update(by(address))
        refused = await http.post(CREATE)
        assert code(refused) == (428, "work-needed")
        assert (await http.get(CHALLENGE)).json()["parameters"]["data"]["price_ms"] == 1000


async def test_challenges_have_an_allowance_of_their_own(servers: Servers) -> None:
    address = next(_addresses)
    await spend_free(servers, address)
    async with api(servers[0], headers=by(address)) as http:
        # Those of one network have their turn one after the other.
        http.timeout = PATIENCE_S
        answers = await asyncio.gather(*(http.get(CHALLENGE) for _ in range(100)))
    refused = [one for one in answers if one.is_error]
    assert len(refused) <= 40
    assert {one.json()["code"] for one in refused} == {"too-many-calls"}
    assert all(int(one.headers["Retry-After"]) >= 1 for one in refused)


async def stand_at(server: Server, address: str, key: str, lat: float, lon: float) -> None:
    async with api(server, headers={**by(address), **bearer_of(key)}) as http:
        await place(http, lat, lon, 500)


async def test_visitors_who_look_in_many_tiles_make_the_next_session_dearer(
    servers: Servers,
) -> None:
    """Whichever process they come to; the scale makes a spot no smaller."""
    address = next(_addresses)
    keys = [(await create(servers[turn % 2], address)).json()["session_id"] for turn in range(FREE)]
    for _ in range(2):
        solved = await asyncio.to_thread(solve, await challenge(servers[0], address))
        made = await create(servers[1], address, altcha=solved)
        keys.append(made.json()["session_id"])
    found = []
    for turn, key in enumerate(keys):
        await stand_at(servers[turn % 2], address, key, HERE[0] + turn / 10, HERE[1])
        found.append((await challenge(servers[0], address))["parameters"]["data"]["price_ms"])
    assert found == [1000] * 4 + [3000]


async def test_different_people_who_report_somebody_make_the_next_session_dearer(
    servers: Servers,
) -> None:
    """The scale lets one network that reports pass, where it is two."""
    spot, address = elsewhere(), next(_addresses)
    made = [(await create(servers[0], address)).json() for _ in range(FREE)]
    for one in made:
        await stand_at(servers[0], address, one["session_id"], *spot)
    for price_ms in (1000, 9000):
        reporter = next(_addresses)
        key = (await create(servers[1], reporter)).json()["session_id"]
        await stand_at(servers[1], reporter, key, *spot)
        async with api(servers[1], headers={**by(reporter), **bearer_of(key)}) as http:
            body = {"person_id": made[0]["person_id"], "reason": "spam"}
            assert (await http.post("/api/report", json=body)).status_code == 201
        fields = await challenge(servers[0], address)
        assert fields["parameters"]["data"]["price_ms"] == price_ms


async def test_a_visit_of_an_operators_command_pays_as_well(servers: Servers) -> None:
    address = next(_addresses)
    await spend_free(servers, address)

    def visit() -> str:
        with guest(servers[0].url, "Visitor", timeout_s=60, headers=by(address)) as me:
            return me.person_id

    assert len(await asyncio.to_thread(visit)) == 16
