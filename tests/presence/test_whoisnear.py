"""manage.py whoisnear: what somebody in a place would be shown, and no more."""

from __future__ import annotations

import asyncio
import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from neartalk.redis.client import connect
from presence.geo import cell_at
from presence.registry import RedisRegistry, redis_leases
from presence.values import Place
from tests.support.client import HERE, elsewhere, north, person, running
from tests.support.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import Settings
    from redis import Redis as Client

    from tests.support.servers import Server

WHERE = [str(degrees) for degrees in HERE]
CELL = cell_at(*HERE)


def run(*args: str) -> str:
    out = StringIO()
    call_command("whoisnear", *args, stdout=out)
    return out.getvalue()


def found_by(*args: str) -> dict[str, Any]:
    [found] = json.loads(run(*args, "--json"))
    return dict(found)


@pytest.fixture
def town(
    redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Puts people into Redis: a name, how many cells north of HERE, and how far they reach. The
    process that holds them lives for as long as the test, however slow that is."""
    monkeypatch.setattr(redis_leases, "LEASE_MS", 600_000)
    settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [redis_url]

    async def settle(*people: tuple[str, int, int], process: str = "one") -> None:
        client: Client = connect(redis_url)
        registry = RedisRegistry(client)
        await registry.renew("one")
        for name, cells, radius_m in people:
            digest = f"digest of {name}"
            await registry.open(digest, name)
            place = Place(cell_at(*north(HERE, cells)), radius_m)
            await registry.place(digest, place, process)
        await client.aclose()

    def put(*people: tuple[str, int, int], process: str = "one") -> None:
        asyncio.run(settle(*people, process=process))

    return put


def test_whoever_is_in_range_of_a_place_is_listed_the_nearest_first(
    town: Callable[..., None],
) -> None:
    town(("bob", 2, 500), ("alice", 0, 500), ("shy", 2, 200), ("far", 20, 2000))
    found = found_by(*WHERE)
    assert (found["count"], found["radius"]) == (2, 500)
    listed = [(one["username"], one["distance"]) for one in found["people"]]
    assert listed == [("alice", "right around you"), ("bob", "~300 m")]
    head, _, columns, *rows = run(*WHERE).splitlines()
    assert head == "2 people are in range within 500 m:"
    assert columns.split() == ["name", "person", "distance"]
    assert [row.split()[0] for row in rows] == ["alice", "bob"]
    assert [one["username"] for one in found_by(*WHERE, "--radius", "200")["people"]] == ["alice"]


def test_a_geohash_is_a_place_too(town: Callable[..., None]) -> None:
    town(("alice", 0, 500))
    assert found_by(CELL) == found_by(CELL.upper() + "zz") == found_by(*WHERE)
    assert run(CELL).startswith("1 person is in range")


def test_whose_process_is_dead_is_not_here(town: Callable[..., None]) -> None:
    town(("alice", 0, 500), process="another")
    assert run(*WHERE).strip() == "Nobody is in range within 500 m."


def test_of_a_crowd_the_nearest_50_are_named(town: Callable[..., None]) -> None:
    town(*((f"one {at}", at % 2 * 2, 500) for at in range(60)))
    found = found_by(*WHERE)
    assert (found["count"], len(found["people"])) == (60, 50)
    assert run(*WHERE).startswith("60 people are in range within 500 m, the nearest 50 of them:")


def test_it_tells_no_place_and_no_key_and_writes_nothing(
    redis_url: str, town: Callable[..., None]
) -> None:
    town(("alice", 2, 500), ("bob", 1, 1000))

    async def everything() -> set[str]:
        client: Client = connect(redis_url)
        # Whoever reads first marks the epoch of an empty Redis: here the command, else a server.
        keys = {key async for key in client.scan_iter() if not key.endswith(":epoch")}
        await client.aclose()
        return keys

    before = asyncio.run(everything())
    found = found_by(*WHERE)
    fields = {"person_id", "username", "distance", "metres"}
    assert [one.keys() for one in found["people"]] == [fields] * 2
    both = json.dumps(found) + run(*WHERE)
    cells = [cell_at(*north(HERE, cells)) for cells in (0, 1, 2)]
    assert not [word for word in (*cells, "digest of") if word in both]
    assert asyncio.run(everything()) == before


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ((CELL[:6],), "7 characters"),
        (("u33dc!q",), "is no place"),
        (("north", "south"), "is no place"),
        (("91", "0"), "not a position on Earth"),
        (("nan", "0"), "is no place"),
        (("85.001", "10"), "is no place: beyond 85 degrees"),
        (("upbpbpb",), "is no place: beyond 85 degrees"),
        (("1", "2", "3"), "Where"),
        ((*WHERE, "--radius", "99"), "100 to 2000"),
        ((*WHERE, "--radius", "half"), "100 to 2000"),
        ((*WHERE, "--url", f"http://127.0.0.1:{free_port()}"), "does not answer: ConnectError"),
        (WHERE, "stands in the memory of the server alone"),
    ],
)
def test_what_cannot_be_told_is_said_why(args: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run(*args)


def test_a_redis_that_is_away_is_said(settings: Settings) -> None:
    settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [f"redis://127.0.0.1:{free_port()}"]
    with pytest.raises(CommandError, match="Redis does not answer"):
        run(*WHERE)


# ---- The embedded form ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("uvicorn") as server:
        yield server


async def test_a_server_is_asked_by_a_visitor_who_leaves_at_once(server: Server) -> None:
    spot = elsewhere()
    async with person(server, *north(spot, 2), 500, "alice") as alice:
        where = [str(degrees) for degrees in spot]
        found = await asyncio.to_thread(found_by, *where, "--url", server.url)
        assert [one["username"] for one in found["people"]] == ["alice"]
        assert found["people"][0]["person_id"] == alice.person_id
        answer = await alice.http.get("/api/nearby")
        assert answer.json()["count"] == 0
        refused = asyncio.to_thread(found_by, *where, "--url", f"{server.url}/elsewhere")
        with pytest.raises(CommandError, match="was refused: HTTP 404"):
            await refused
