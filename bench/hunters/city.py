"""Sessions of one address look for somebody whose name they know, in ten by ten kilometres."""

from __future__ import annotations

import asyncio
import math
import random
from typing import TYPE_CHECKING, Any

from bench.hunters.candidates import (
    METRES_A_DEGREE,
    REACH_MAX,
    around,
    best_place,
    cells_of,
    few,
    fitting,
    places_to_try,
)
from bench.hunters.looking import go, observe
from bench.hunters.moved_time import TIME
from bench.hunters.product import Prober, Product
from presence.geo import RADIUS_STOPS_M, apart, cell_at, centre
from presence.values import Place

if TYPE_CHECKING:
    from bench.hunters.candidates import Cell, Hypothesis

SOUTH, WEST = 52.47, 13.33
SIDE_M = 10_000
REACH_M = 500
# Circles of the reach cover the plane on a grid of triangles; less half a cell each way.
SEEN_M = REACH_M - 60
SPACING_M = SEEN_M * math.sqrt(3)
# What the product does not take for far, whichever cells are between.
FOOT_M = 300.0
SESSIONS = 10
HUNTER = "198.51.100.99"
NAME = "Wanted"


def cell_in_city(north_m: float, east_m: float) -> Cell:
    lat = SOUTH + north_m / METRES_A_DEGREE
    return cell_at(lat, WEST + east_m / METRES_A_DEGREE / math.cos(math.radians(SOUTH)))


def spots(south_m: float = 0, north_m: float = SIDE_M, spacing_m: float = SPACING_M) -> list[Cell]:
    """Where hunters have to stand so that nobody in a part of the city is missed, row by row, there
    and back."""
    step_m = SEEN_M + math.sqrt(SEEN_M**2 - (spacing_m / 2) ** 2)
    rows = math.ceil((north_m - south_m) / step_m)
    columns = math.ceil(SIDE_M / spacing_m)
    found: list[Cell] = []
    for row in range(rows):
        shift_m = spacing_m / 2 * (row % 2)
        line = [
            cell_in_city(south_m + (row + 0.5) * step_m, shift_m + column * spacing_m)
            for column in range(columns + 1)
        ]
        found += line if row % 2 else reversed(line)
    return found


def routes(sessions: int, on_foot: int) -> list[list[Cell]]:
    """What each session searches: those on foot go no further at once than people walk, and have as
    much less of the city as they are slower."""
    foot_spots = len(spots(spacing_m=FOOT_M)) / len(spots())
    share = on_foot / (on_foot + (sessions - on_foot) * foot_spots)
    on_foot_m = SIDE_M * share
    parts = (spots(0, on_foot_m, FOOT_M), on_foot), (spots(on_foot_m), sessions - on_foot)
    return [
        some[turn * len(some) // count : (turn + 1) * len(some) // count]
        for some, count in parts
        for turn in range(count)
    ]


class Pack:
    """Hunters who tell each other what they see. `left` is what fits, once somebody was seen."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.seen = asyncio.Event()
        self.left: list[Hypothesis] = []
        self.wanted = ""
        self.probes = 0

    async def search(self, hunter: Prober, route: list[Cell]) -> None:
        """Until one of them has seen whoever is wanted; then together, until one cell is left."""
        for cell in route:
            await go(hunter, Place(cell, REACH_MAX))
            if self.seen.is_set():
                break
            self.probes += 1
            if self.wanted in await hunter.listed():
                self.left = fitting(
                    around(cell, RADIUS_STOPS_M), cell, await observe(hunter, cell, self.wanted)
                )
                self.seen.set()
                break
        await self.seen.wait()
        await self.close_in(hunter, cell)

    async def close_in(self, hunter: Prober, here: Cell) -> None:
        while len(cells_of(self.left)) > 1:
            sample = few(self.left, self.chance)
            tries = [
                one
                for one in places_to_try(sample, here, self.chance)
                if apart(one, here) <= REACH_MAX
            ]
            # Who is too far away goes near first.
            if not tries:
                tries = [toward(here, self.left[0].cell)]
            here = best_place(sample, tries)
            await go(hunter, Place(here, REACH_MAX))
            self.probes += 1
            self.left = fitting(self.left, here, await observe(hunter, here, self.wanted))


def toward(here: Cell, there: Cell) -> Cell:
    """A cell on the way, as far as one may go at once."""
    (lat, lon), (to_lat, to_lon) = centre(here), centre(there)
    part = min(1.0, (REACH_MAX - 200) / apart(here, there))
    return cell_at(lat + part * (to_lat - lat), lon + part * (to_lon - lon))


async def hunt(seed: int, sessions: int, on_foot: int) -> dict[str, float]:
    """One hunt of somebody who stands still somewhere, with a page open."""
    chance, product = random.Random(seed), Product()
    hunted = await product.visitor(name=NAME)
    where = cell_in_city(chance.uniform(0, SIDE_M), chance.uniform(0, SIDE_M))
    await hunted.publish(Place(where, REACH_M))
    line = hunted.open()
    await line.expect("people")
    pack = Pack(chance)
    pack.wanted = hunted.person_id
    began_s = TIME.now_s
    hunters = [await product.visitor(HUNTER) for _ in range(sessions)]
    tasks = [
        asyncio.ensure_future(pack.search(one, route))
        for one, route in zip(hunters, routes(sessions, on_foot), strict=True)
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    took_s = TIME.now_s - began_s
    for task in tasks:
        task.cancel()
    await line.close()
    right = cells_of(pack.left) == {where}
    return {"seconds": took_s, "probes": pack.probes, "right": right}


async def attack(
    hunts: int, seed: int = 1, *, sessions: int = SESSIONS, on_foot: int = 0
) -> dict[str, Any]:
    found = [await hunt(seed * 1000 + turn, sessions, on_foot) for turn in range(hunts)]
    took = sorted(one["seconds"] for one in found)
    return {
        "hunts": hunts,
        "right": sum(bool(one["right"]) for one in found),
        "quickest_s": round(took[0], 1),
        "median_s": round(took[len(took) // 2], 1),
        "slowest_s": round(took[-1], 1),
        "spots": len(spots()),
    }
