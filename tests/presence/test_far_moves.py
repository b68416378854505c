"""Sessions of a network that look far and wide are slowed; whoever walks, rides or sits is not."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from django.test import AsyncRequestFactory

from neartalk.limits import RULES, MemoryDistinctCounts, widest_network
from neartalk.parts import Platform
from presence import api
from presence.far_moves import FAR_HOLDS_MS, FAR_TILES, far_holds_ms
from presence.geo import Roughness, cell_at, tile_of
from presence.place_clock import reaching
from presence.sessions import cookie_name
from presence.values import PendingPlace, Person, Place, Session, Timing
from tests.presence.platforms import platform_at
from tests.presence.process_pair import process_pair

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from django.core.handlers.asgi import ASGIRequest
    from pytest_django.fixtures import Settings

    from tests.support.processes import Process

    Make = Callable[[], AbstractAsyncContextManager[Platform]]

pytestmark = pytest.mark.usefixtures("patient")

NOW_MS = 1_800_000_000_000
PERIOD_MS = RULES[FAR_TILES].period_s * 1000
MOST = RULES[FAR_TILES].allowance
NETWORK = ["cafe"]
# Three kilometres apart.
SPOTS = [Place(cell_at(52.52, 13.0 + turn / 20), 500) for turn in range(40)]
# Of one tile, and 306 m further on than its second.
HERE, BESIDE, WALKED_ON = (Place(cell_at(52.52, lon), 500) for lon in (13.40, 13.4015, 13.4045))
_sessions = itertools.count()


@pytest.fixture(autouse=True)
def _clock(settings: Settings) -> None:
    settings.PLACE_CLOCK = True


@pytest.fixture(params=["memory", "redis", "cluster"])
def make(request: pytest.FixtureRequest) -> Make:
    """What a process stands on, with what it counts in memory, in Redis or in a cluster."""
    kept = request.param != "memory"
    url = request.getfixturevalue(f"{request.param}_url") if kept else ""
    return lambda: platform_at(url)


def session_at(place: Place, pending: PendingPlace | None = None) -> Session:
    person = Person("id", "Alice", place.cell, place.radius_m, place.roughness)
    timing = Timing(NOW_MS - 130_000, pending=pending)
    return Session(f"digest {next(_sessions)}", person, 3, timing=timing)


async def holds_ms(
    platform: Platform, at: Place, told: Place, networks: list[str] = NETWORK
) -> int:
    """How long a place holds, in effect for somebody new, before another one."""
    return await far_holds_ms(platform, networks, session_at(at), told, NOW_MS)


async def leave_tiles(platform: Platform, tiles: int = MOST) -> None:
    """Sessions of the network go on from as many places."""
    for spot in SPOTS[:tiles]:
        assert await holds_ms(platform, spot, SPOTS[-1]) == 0


async def test_beyond_fifteen_tiles_a_place_holds_longer_before_the_next_far_one(
    make: Make,
) -> None:
    async with make() as platform:
        await leave_tiles(platform)
        assert await holds_ms(platform, SPOTS[0], SPOTS[-1]) == 0
        assert await holds_ms(platform, SPOTS[MOST], SPOTS[-1]) == FAR_HOLDS_MS
        assert await holds_ms(platform, SPOTS[0], SPOTS[-1]) == FAR_HOLDS_MS
        assert await holds_ms(platform, SPOTS[0], SPOTS[-1], ["another"]) == 0
        assert await holds_ms(platform, SPOTS[0], SPOTS[-1], ["another", "cafe"]) == FAR_HOLDS_MS


async def test_whoever_walks_is_neither_counted_nor_slowed() -> None:
    platform = Platform.build()
    for turn, spot in enumerate(SPOTS):
        walked = Place(cell_at(52.5228, 13.0 + turn / 20), 500)
        assert await holds_ms(platform, spot, walked) == 0
    await leave_tiles(platform)
    await holds_ms(platform, SPOTS[MOST], SPOTS[-1])
    assert await holds_ms(platform, BESIDE, WALKED_ON) == 0
    assert await holds_ms(platform, HERE, SPOTS[0]) == FAR_HOLDS_MS


async def test_a_first_place_is_no_move() -> None:
    platform = Platform.build()
    await leave_tiles(platform)
    await holds_ms(platform, SPOTS[MOST], SPOTS[-1])
    assert await holds_ms(platform, Place("", 0), HERE) == 0


async def test_people_in_one_bus_leave_the_same_tiles() -> None:
    platform = Platform.build()
    for turn in range(60):
        for spot in SPOTS[:8]:
            seat = Place(tile_of(spot.cell) + "0123456789bcdefgh"[turn % 17], 500)
            assert await holds_ms(platform, seat, SPOTS[-1]) == 0


async def test_one_place_counts_once_however_often_its_person_tells_of_others() -> None:
    platform = Platform.build()
    for told in 10 * SPOTS[1:]:
        assert await holds_ms(platform, SPOTS[0], told) == 0


async def test_what_comes_too_late_for_a_move_counts_the_tile_of_that_too() -> None:
    """Else every other place of a hunter were free."""
    platform = Platform.build()
    soon_ms = NOW_MS + 5_000
    for turn, here in enumerate(SPOTS[: MOST // 2]):
        lon = 13.0 + turn / 20
        nearer, told = (Place(cell_at(lat, lon), 500) for lat in (52.526, 52.5245))
        assert tile_of(nearer.cell) != tile_of(here.cell)
        waits = session_at(here, PendingPlace(nearer, soon_ms, soon_ms, 0, soon_ms + 1))
        assert await far_holds_ms(platform, NETWORK, waits, told, NOW_MS) == 0
    assert MOST == 15
    assert await holds_ms(platform, SPOTS[-2], SPOTS[-1]) == 0
    assert await holds_ms(platform, SPOTS[-3], SPOTS[-1]) == FAR_HOLDS_MS


async def test_it_is_judged_by_the_place_that_is_published_alone() -> None:
    """Of whoever chose an area nothing within it."""
    platform = Platform.build()
    await leave_tiles(platform)
    await holds_ms(platform, SPOTS[MOST], SPOTS[-1])
    area = reaching(HERE.cell, 500, Roughness.AREA)
    found = set()
    for north in range(6):
        for east in range(8):
            told = Place(cell_at(52.5155 + north / 1000, 13.392 + east / 1000), 500, Roughness.AREA)
            if tile_of(told.cell) == tile_of(HERE.cell):
                found.add(await holds_ms(platform, area, told))
    assert found == {0}


async def test_tiles_of_ten_minutes_ago_are_forgotten() -> None:
    now_ms = NOW_MS
    platform = Platform.build()
    object.__setattr__(platform, "distinct", MemoryDistinctCounts(lambda: now_ms))
    await leave_tiles(platform)
    now_ms += PERIOD_MS - 1
    assert await holds_ms(platform, SPOTS[MOST], SPOTS[-1]) == FAR_HOLDS_MS
    now_ms += 1
    assert await holds_ms(platform, SPOTS[MOST + 1], SPOTS[-1]) == 0


async def test_a_rule_that_is_off_counts_nothing_and_slows_nobody(settings: Settings) -> None:
    settings.RATE_LIMITS_OFF = [FAR_TILES]
    platform = Platform.build()
    await leave_tiles(platform, tiles=30)
    settings.RATE_LIMITS_OFF = []
    assert await holds_ms(platform, SPOTS[30], SPOTS[-1]) == 0


async def test_operators_see_which_networks_are_slowed() -> None:
    platform = Platform.build()
    await leave_tiles(platform)
    for spot in SPOTS[MOST : MOST + 3]:
        assert await holds_ms(platform, spot, SPOTS[-1], ["cafe", "", "quiet"]) == FAR_HOLDS_MS
    counted: Counter[tuple[str, str]] = Counter()
    for hit, count in platform.records.hits.counts.items():
        counted[hit.rule, hit.subject] += count
    assert counted == {(FAR_TILES, "cafe"): 3}


async def test_nothing_that_is_kept_names_a_tile_or_a_cell() -> None:
    platform = Platform.build()
    counts = MemoryDistinctCounts(lambda: NOW_MS)
    object.__setattr__(platform, "distinct", counts)
    await leave_tiles(platform)
    assert not any(tile_of(spot.cell) in repr(counts.added_ms) for spot in SPOTS)


async def test_a_call_is_answered_with_the_longer_wait_and_others_are_not_slowed(
    settings: Settings,
) -> None:
    async with process_pair() as pair:
        settings.RATE_LIMITS_SCALE = 1
        process = pair.first
        waits_s: list[int] = []
        for address in ("198.51.100.1", "198.51.100.2"):
            key, session = await process.presence.sessions.open("Alice")
            await pair.registry.place(session.digest, HERE, "")
            request = call_of(process, key, address)
            if not waits_s:
                origin = await process.platform.origins.of(request.scope)
                networks = [widest_network(origin)]
                for spot in SPOTS[: MOST + 1]:
                    await holds_ms(process.platform, spot, SPOTS[-1], networks)
            answer = await api.location_update(request)
            waits_s.append(json.loads(answer.content)["effective_in"])
        slowed_s, other_s = waits_s
        assert (slowed_s, other_s) == (240, 120)


def call_of(process: Process, key: str, address: str) -> ASGIRequest:
    """A call by which somebody tells that they are elsewhere."""
    body = json.dumps({"lat": 52.5243, "lon": 13.4, "radius": 500})
    request = AsyncRequestFactory().generic(
        "POST", "/api/location/update", body, content_type="application/json"
    )
    request.COOKIES[cookie_name()] = key
    request.scope = {**request.scope, "state": process.state, "client": (address, 50_000)}
    vars(request)["htmx"] = False
    return request
