"""Somebody has said a line and left. A newcomer reads the past from six places, each by a session
of its own and at one reach or at two, and says in which cell it was said; or by more sessions.
"""

from __future__ import annotations

import random
from itertools import combinations
from typing import TYPE_CHECKING, Any

from bench.hunters.candidates import (
    REACH_MAX,
    Hypothesis,
    around,
    cells_of,
    cells_within,
    few,
    places_to_try,
    share_of_best,
)
from bench.hunters.exact import HOME
from bench.hunters.product import Prober, Product
from presence.geo import RADIUS_STOPS_M, apart, label_m
from presence.values import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bench.hunters.candidates import Cell

PLACES = 6
REACHES_EACH = 2
AUTHORS_M = (500, 1000, 2000)

# Whether each reach shows a message; and the metres of its label, None where it has none.
Readings = dict[int, tuple[bool, int | None]]


class PastReader:
    """Reads with new sessions at each place: the first place of each is in effect at once."""

    def __init__(self, product: Product) -> None:
        self.product = product

    async def read(self, cell: Cell, reaches_m: Sequence[int], message_id: str) -> Readings:
        found: Readings = {}
        for first in range(0, len(reaches_m), REACHES_EACH):
            reader = await self.product.visitor()
            for reach_m in reaches_m[first : first + REACHES_EACH]:
                await reader.insist(Place(cell, reach_m))
                shown = {one["id"]: one["metres"] for one in await reader.read()}
                found[reach_m] = message_id in shown, shown.get(message_id)
            await reader.leave()
        return found


def shows(one: Hypothesis, cell: Cell, reach_m: int) -> bool:
    """Whether a reach shows what was said by somebody there."""
    return apart(one.cell, cell) <= min(reach_m, one.reach_m)


def agrees(one: Hypothesis, cell: Cell, readings: Readings) -> bool:
    due_m = label_m(apart(one.cell, cell))
    return all(
        shown == shows(one, cell, reach_m) and metres in {None, due_m}
        for reach_m, (shown, metres) in readings.items()
    )


def spread(one: Hypothesis, cell: Cell) -> int:
    """The narrowest reach that shows it, as a number among the stops; after the last, none does."""
    return next(
        (turn for turn, stop in enumerate(RADIUS_STOPS_M) if shows(one, cell, stop)),
        len(RADIUS_STOPS_M),
    )


def best_reaches(counts: Sequence[int], count: int) -> tuple[float, tuple[int, ...]]:
    """How many are left on average, and by which so many reaches, of hypotheses that are first
    shown by each of the stops."""

    def left(cuts: Collection[int]) -> int:
        sums, at = [0], 0
        for turn, found in enumerate(counts):
            sums[at] += found
            if turn in cuts:
                sums.append(0)
                at += 1
        return sum(one * one for one in sums)

    stops = range(len(RADIUS_STOPS_M))
    best = min(combinations(stops, min(count, len(stops))), key=left)
    return left(best) / max(1, sum(counts)), tuple(RADIUS_STOPS_M[turn] for turn in best)


def best_reading(
    sample: Sequence[Hypothesis], places: Sequence[Cell], count: int
) -> tuple[Cell, tuple[int, ...]]:
    """The place and the reaches that leave the fewest."""
    found = []
    for place in places:
        counts = [0] * (len(RADIUS_STOPS_M) + 1)
        for one in sample:
            counts[spread(one, place)] += 1
        found.append((*best_reaches(counts, count), place))
    _, reaches_m, place = min(found)
    return place, reaches_m


async def spoken(product: Product, place: Place) -> tuple[Prober, str]:
    """Somebody new who has said a line, and its id."""
    author = await product.visitor()
    await author.publish(place)
    line = author.open()
    await line.expect("people")
    line.send("chat.send", text=f"Anybody here? {author.name}", ref=f"ref-{author.person_id}")
    message_id = str((await line.expect("chat.ack"))["id"])
    await line.close()
    return author, message_id


async def place_message(
    reader: PastReader, message_id: str, first: Cell, reaches: int, chance: random.Random
) -> list[Hypothesis]:
    """What fits after six places, each chosen by what those before it showed, read at so many
    reaches."""
    left, here = around(first, RADIUS_STOPS_M), first
    for turn in range(PLACES):
        sample = few(left, chance, 200)
        places = places_to_try(sample, here, chance)[:120] if turn else [first]
        here, reaches_m = best_reading(sample, places, reaches)
        readings = await reader.read(here, reaches_m, message_id)
        left = [one for one in left if agrees(one, here, readings)]
    return left


async def attack(messages: int, seed: int = 1, *, reaches: int = 1) -> dict[str, Any]:
    """So many messages; which of them are placed in the very cell by the best guess, and how many
    would be by chance among what fits. At each place they are read at so many reaches, by a session
    for two."""
    chance, product = random.Random(seed), Product()
    reader = PastReader(product)
    placed, expected, left_cells = 0, 0.0, []
    for turn in range(messages):
        where = chance.choice(cells_within(HOME, 5000))
        reach_m = AUTHORS_M[turn % len(AUTHORS_M)]
        author, message_id = await spoken(product, Place(where, reach_m))
        await author.leave()
        first = chance.choice(cells_within(where, reach_m))
        left = await place_message(reader, message_id, first, reaches, chance)
        cells = cells_of(left)
        guess, sure = share_of_best(Hypothesis(cell, REACH_MAX) for cell in sorted(cells))
        placed += guess == where
        expected += sure
        left_cells.append(len(cells))
        assert where in cells, (where, reach_m)
    return {
        "messages": messages,
        "placed": placed,
        "by_chance": round(expected, 1),
        "median_cells": sorted(left_cells)[messages // 2],
    }
