"""From one place, by every metre of one's reach: how many cells fit somebody who is in range?"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from bench.hunters.candidates import (
    REACH_MAX,
    Hypothesis,
    cells_within,
    fitting,
    remaining,
    sight,
)
from bench.hunters.exact import HOME
from bench.hunters.product import Prober, Product
from presence.geo import RADIUS_MAX_M, RADIUS_MIN_M, apart, label_m
from presence.values import Place

if TYPE_CHECKING:
    from bench.hunters.candidates import Cell

REACHES_M = (500, 2000)


async def least_reach(hunter: Prober, cell: Cell, person_id: str) -> tuple[int, int]:
    """The widest reach that does not show somebody, 0 where all do, and the narrowest that does: as
    the product answers that it took them. By halves of whole metres."""
    low, high = RADIUS_MIN_M - 1, RADIUS_MAX_M
    hides_m, shows_m = 0, RADIUS_MAX_M
    while high - low > 1:
        middle = (low + high) // 2
        taken = int((await hunter.insist(Place(cell, middle)))["radius"])
        if person_id in await hunter.listed():
            high, shows_m = middle, taken
        else:
            low, hides_m = middle, taken
    return hides_m, shows_m


async def fits(product: Product, where: Cell, start: Cell, reach_m: int) -> int:
    """How many cells agree with all that one place shows. The hunter knows how far they reach."""
    hunted, hunter = await product.visitor(), await product.visitor()
    await hunted.publish(Place(where, reach_m))
    line = hunted.open()
    await line.expect("people")
    await hunter.publish(Place(start, REACH_MAX))
    metres = (await hunter.listed())[hunted.person_id]
    hides_m, shows_m = await least_reach(hunter, start, hunted.person_id)
    left = {
        cell
        for cell in cells_within(start, reach_m)
        if label_m(apart(cell, start)) == metres
        and apart(cell, start) <= shows_m
        and not (hides_m and apart(cell, start) <= hides_m)
    }
    assert where in left
    await line.close()
    await hunted.leave()
    await hunter.leave()
    return len(left)


async def attack(hunts: int, seed: int = 1) -> dict[str, Any]:
    """By the reach of those who stand in range: whether the product shows each of them as the rules
    say, and how many cells fit on average over all who may stand there."""
    chance, product = random.Random(seed), Product()
    found: dict[str, Any] = {}
    for reach_m in REACHES_M:
        agrees, fewest = True, len(cells_within(HOME, reach_m))
        for _ in range(hunts):
            where = chance.choice(cells_within(HOME, 5000))
            start = chance.choice(cells_within(where, reach_m))
            cells = await fits(product, where, start, reach_m)
            agrees &= cells == expected_at(where, start, reach_m)
            fewest = min(fewest, cells)
        everybody = [Hypothesis(cell, reach_m) for cell in cells_within(HOME, reach_m)]
        expected = round(remaining(everybody, HOME), 1)
        found[str(reach_m)] = {"agrees": agrees, "expected": expected, "fewest": fewest}
    return found


def expected_at(where: Cell, start: Cell, reach_m: int) -> int:
    """How many cells show the same as this one, by the rules: labels and stops."""
    everybody = [Hypothesis(cell, reach_m) for cell in cells_within(start, reach_m)]
    return len(fitting(everybody, start, sight(Hypothesis(where, reach_m), start)))
