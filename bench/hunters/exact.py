"""One session that is in range of somebody finds their exact cell."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.hunters.candidates import (
    REACH_MAX,
    around,
    best_place,
    cells_of,
    cells_within,
    few,
    fitting,
    places_to_try,
    remaining,
)
from bench.hunters.looking import go, observe
from bench.hunters.moved_time import TIME
from bench.hunters.product import Prober, Product
from presence.geo import RADIUS_STOPS_M, apart, cell_at
from presence.values import Place

if TYPE_CHECKING:
    from bench.hunters.candidates import Cell, Hypothesis

HOME = cell_at(52.52, 13.4)
REACHES_M = (500, 2000)
PROBES_MAX = 30
FAR_M = 1000
SOON_S = 240


class HuntResult(NamedTuple):
    seconds: float
    probes: int
    cells: int
    right: bool


async def hunt(
    hunter: Prober, start: Cell, hunted: Prober, where: Cell, chance: random.Random
) -> HuntResult:
    """From the first look until one cell is left. The hunter does not know how far they reach."""
    began_s, here, probes = TIME.now_s, start, 0
    left = around(start, RADIUS_STOPS_M)
    while len(cells_of(left)) > 1 and probes < PROBES_MAX:
        if probes:
            here = next_place(left, here, chance)
            await go(hunter, Place(here, REACH_MAX))
        probes += 1
        left = fitting(left, here, await observe(hunter, here, hunted.person_id))
    cells = cells_of(left)
    return HuntResult(TIME.now_s - began_s, probes, len(cells), where in cells)


def next_place(left: list[Hypothesis], here: Cell, chance: random.Random) -> Cell:
    """Where to look next: far away, where that shows about as much, for such a move is quick."""
    sample = few(left, chance)
    near, far = (
        best_place(sample, places) if places else None
        for places in (
            places_to_try(sample, here, chance),
            [
                one
                for one in places_to_try(sample, here, chance, REACH_MAX)
                if apart(one, here) > FAR_M
            ],
        )
    )
    if far and near and remaining(sample, far) <= 1 + 1.5 * remaining(sample, near):
        return far
    return near or here


async def attack(hunts: int, seed: int = 1, *, waited_s: float = 0) -> dict[str, Any]:
    """So many hunts, each of somebody else who has a page open and stands still. The hunter has
    stood there for so long when they come."""
    chance, found = random.Random(seed), []
    product = Product()
    for turn in range(hunts):
        reach_m = REACHES_M[turn % len(REACHES_M)]
        where = chance.choice(cells_within(HOME, 5000))
        hunted, hunter = await product.visitor(), await product.visitor()
        start = chance.choice(cells_within(where, reach_m))
        await hunter.publish(Place(start, REACH_MAX))
        await asyncio.sleep(waited_s)
        await hunted.publish(Place(where, reach_m))
        line = hunted.open()
        await line.expect("people")
        found.append(await hunt(hunter, start, hunted, where, chance))
        await line.close()
        await hunted.leave()
        await hunter.leave()
    return summary(found)


def summary(found: list[HuntResult]) -> dict[str, Any]:
    """Of all hunts: those that ended with the right cell alone, and how long they took."""
    ended = sorted((one for one in found if one.cells == 1), key=lambda one: one.seconds)
    return {
        "hunts": len(found),
        "found": len(ended),
        "right": all(one.right for one in found),
        "three_s": min((one.seconds for one in ended if one.probes > 2), default=None),
        "soon": sum(one.seconds < SOON_S for one in ended),
        "quickest_s": round(ended[0].seconds, 1) if ended else None,
        "median_s": round(ended[len(ended) // 2].seconds, 1) if ended else None,
        "probes": sorted(one.probes for one in ended)[len(ended) // 2] if ended else None,
    }
