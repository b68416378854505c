"""Who listens, and where: a crowd is a place for each socket. NearTalk's people come with a session
and a place; elsewhere whoever is in the same cell is in the same room."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import count as numbers
from itertools import islice, product
from typing import TYPE_CHECKING

import httpx

from bench.load import LoadSocket
from bench.town import RADII_M, SOUTH, WEST
from presence.geo import CELL_DEGREES, cell_at, centre, in_range
from presence.values import Place
from tests.support.client import route_hint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.stacks import Running

RADIUS_M = 500
TOWN_COLUMNS, TOWN_ROWS = 20, 15
AT_ONCE = 8
# Hints deal the places of `routed` evenly to 1, 2 and 4 processes.
WAYS = 4
BEHIND_MAX_S = 2.0


def one_place(count: int) -> list[Place]:
    return [Place(cell_at(SOUTH, WEST), RADIUS_M)] * count


def rooms(count: int, each: int) -> list[Place]:
    """Places so far apart that nobody hears another; who is next in the list is elsewhere."""
    cells = [cell_at(50 - turn % 100, turn // 100) for turn in range(count)]
    return [Place(cell, RADIUS_M) for _ in range(each) for cell in cells]


def routed(count: int, each: int) -> list[Place]:
    """Places far apart whose hints, one after the other, leave 0, 1, 2, 3, 0, ...: where sockets
    take servers in turn, all of a place are at one. `count` is a multiple of WAYS."""
    return [Place(cell, RADIUS_M) for _ in range(each) for cell in islice(cells_by_hint(), count)]


def dealt(count: int, each: int) -> list[Place]:
    """The same places, and those of each are at all servers."""
    cells = [*islice(cells_by_hint(), count)]
    turns = product(range(each), range(count))
    return [Place(cells[(turn + shift) % count], RADIUS_M) for shift, turn in turns]


def cells_by_hint() -> Iterator[str]:
    found = 0
    for turn in numbers():
        cell = cell_at(50 - turn % 100, turn // 100)
        if route_hint(cell) % WAYS == found % WAYS:
            found += 1
            yield cell


def town(count: int) -> list[Place]:
    """300 cells side by side, 1.9 km by 2.3 km, and the six radii, evenly over all."""
    cells = [
        cell_at(SOUTH + row * CELL_DEGREES, WEST + column * CELL_DEGREES)
        for row in range(TOWN_ROWS)
        for column in range(TOWN_COLUMNS)
    ]
    radii, size = len(RADII_M), len(cells)
    return [
        Place(cells[turn % size], RADII_M[(turn + turn // size) % radii]) for turn in range(count)
    ]


def audiences(crowd: Sequence[Place]) -> list[int]:
    """For each of a crowd, how many of it hear them, they themselves among these."""
    sizes = Counter(crowd)
    heard = {
        place: sum(
            size
            for other, size in sizes.items()
            if in_range(place.cell, place.radius_m, other.cell, other.radius_m)
        )
        for place in sizes
    }
    return [heard[place] for place in crowd]


async def seats(
    running: Running, crowd: Sequence[Place], *, speaks: bool = True
) -> list[LoadSocket]:
    """Seats for a crowd, once everybody may come. Where nobody speaks, nobody's audience counts."""
    if running.stack.is_neartalk:
        headers = [f"Authorization: Bearer {key}" for key in await arrive(running, crowd)]
    else:
        headers = [f"X-Room: {place.cell}" for place in crowd]
    heard = audiences(crowd) if speaks else [0] * len(crowd)
    return [LoadSocket(*each) for each in zip(heard, headers, strict=True)]


async def arrive(running: Running, crowd: Sequence[Place]) -> list[str]:
    """A new session with a place for each of a crowd; their keys."""
    keys = [""] * len(crowd)

    async def some(start: int) -> None:
        url = running.urls[start % len(running.urls)]
        # A client each: a pool of many connections is searched through for every call.
        async with client_of(url) as client:
            for turn in range(start, len(crowd), AT_ONCE):
                answer = await client.post("/api/session/create", json={})
                keys[turn] = str(answer.json()["session_id"])
                bearer = {"Authorization": f"Bearer {keys[turn]}"}
                await move(client, bearer, crowd[turn])

    await asyncio.gather(*(some(start) for start in range(AT_ONCE)))
    return keys


async def stroll(
    running: Running, seats: Sequence[LoadSocket], places: Sequence[Place], rate: float
) -> None:
    """One after the other goes to their place, so many a second, until all are there.

    Raises TimeoutError if the server does not keep up.
    """
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    async with client_of(running.urls[0]) as client:
        for turn, (seat, place) in enumerate(zip(seats, places, strict=True)):
            early_s = start_s + turn / rate - loop.time()
            if early_s < -BEHIND_MAX_S:
                raise TimeoutError(f"people walk {-early_s:.1f} s behind")
            await asyncio.sleep(max(0.0, early_s))
            name, _, value = seat.header.partition(": ")
            await move(client, {name: value}, place)


def next_to(place: Place) -> Place:
    """The same reach, one cell further east."""
    lat, lon = centre(place.cell)
    return Place(cell_at(lat, lon + CELL_DEGREES), place.radius_m)


async def move(client: httpx.AsyncClient, bearer: dict[str, str], place: Place) -> None:
    lat, lon = centre(place.cell)
    body = {"lat": lat, "lon": lon, "radius": place.radius_m}
    answer = await client.post("/api/location/update", json=body, headers=bearer)
    assert answer.json()["cell"] == place.cell, answer.text


def client_of(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)
