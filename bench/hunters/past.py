"""Somebody has said a line and left; or several, a cell further on each time. Newcomers read the
past from places that are chosen by what those before showed, at each by a session for each reach,
and say in which cell the last line was said.

They know the rule, and reckon with how likely everything is that fits.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from bench.hunters.candidates import (
    REACH_MAX,
    Hypothesis,
    cells_of,
    cells_within,
    few,
    places_to_try,
)
from bench.hunters.exact import HOME
from bench.hunters.product import Prober, Product
from presence.geo import RADIUS_STOPS_M, apart, is_beside, label_m, square_of, tiles_within
from presence.values import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.hunters.candidates import Cell

AUTHORS_M = (500, 1000, 2000)
# Each with the tile before it is a cell of that.
LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"

# Whether each reach shows a message; and the metres of its label, None where it has none.
Readings = dict[int, tuple[bool, int | None]]


class PastReader:
    """Reads with new sessions at each place: the first place of each is in effect at once."""

    def __init__(self, product: Product) -> None:
        self.product = product

    def shows(self, one: Hypothesis, cell: Cell, reach_m: int) -> bool:
        """Whether a reach shows what was said by somebody there: as the product's docs say."""
        return is_beside(cell, square_of(*one), min(reach_m, one.reach_m))

    async def read(self, cell: Cell, message_ids: Sequence[str]) -> list[Readings]:
        """What a place shows of each message, at every reach."""
        found: list[Readings] = [{} for _ in message_ids]
        for reach_m in RADIUS_STOPS_M:
            reader = await self.product.visitor()
            await reader.insist(Place(cell, reach_m))
            shown = {one["id"]: one["metres"] for one in await reader.read()}
            await reader.leave()
            for readings, message_id in zip(found, message_ids, strict=True):
                readings[reach_m] = message_id in shown, shown.get(message_id)
        return found

    def around(self, first: Cell) -> list[Hypothesis]:
        """Everything that may be so of a message that is shown at a place."""
        cells = [f"{tile}{one}" for tile in tiles_within(first, REACH_MAX) for one in LETTERS]
        return [
            one
            for one in (Hypothesis(cell, stop) for stop in RADIUS_STOPS_M for cell in sorted(cells))
            if self.shows(one, first, REACH_MAX)
        ]

    def agrees(self, one: Hypothesis, cell: Cell, readings: Readings) -> bool:
        return all(
            shown == self.shows(one, cell, reach_m)
            and (metres is None or metres == label_m(apart(one.cell, cell)))
            for reach_m, (shown, metres) in readings.items()
        )

    def left_by(self, sample: Sequence[Hypothesis], place: Cell) -> float:
        """How many hypotheses a reading at a place leaves on average."""
        counts = Counter(
            next((stop for stop in RADIUS_STOPS_M if self.shows(one, place, stop)), 0)
            for one in sample
        )
        return sum(count * count for count in counts.values()) / len(sample)


async def spoken(product: Product, cells: Sequence[Cell], reach_m: int) -> tuple[Prober, list[str]]:
    """Somebody new who has said a line in each of these cells, and the ids of the lines."""
    author = await product.visitor()
    return author, [await speak(author, Place(cell, reach_m)) for cell in cells]


async def speak(author: Prober, place: Place) -> str:
    """The id of a line, said once the place is in effect."""
    told = await author.insist(place)
    while told["cell"] != place.cell:
        await asyncio.sleep(max(1, told["effective_in"]))
        told = await author.insist(place)
    line = author.open()
    await line.expect("people")
    ref = f"ref-{author.person_id}-{place.cell}"
    line.send("chat.send", text=f"Anybody here? {author.name}, {place.cell}", ref=ref)
    message_id = str((await line.expect("chat.ack"))["id"])
    await line.close()
    return message_id


async def place_messages(
    reader: PastReader,
    message_ids: Sequence[str],
    first: Cell,
    places: int,
    chance: random.Random,
) -> list[list[Hypothesis]]:
    """What fits of each message after so many places, each chosen by what those before showed. The
    first one shows them all."""
    left = [reader.around(first) for _ in message_ids]
    here = first
    for turn in range(places):
        if turn:
            samples = [few(each, chance, 120 // len(left)) for each in left]
            tried = places_to_try(samples[-1], here, chance)[:40]
            here = min(
                tried,
                key=lambda place: (sum(reader.left_by(one, place) for one in samples), place),
            )
        for at, readings in enumerate(await reader.read(here, message_ids)):
            left[at] = [one for one in left[at] if reader.agrees(one, here, readings)]
    return left


def weights_of_last(left: Sequence[Sequence[Hypothesis]]) -> Counter[Cell]:
    """How likely each cell of the last line is, of somebody who went on by a cell each time."""
    weights = Counter(one.cell for one in left[0])
    for after in left[1:]:
        fits = Counter(one.cell for one in after)
        weights = Counter(
            {
                cell: count * sum(weights[one] for one in cells_within(cell, 0) if one != cell)
                for cell, count in fits.items()
            }
        )
    return +weights


def walk_on(chance: random.Random, first: Cell, lines: int) -> list[Cell]:
    """A cell for each line, each one beside the one before."""
    cells = [first]
    while len(cells) < lines:
        cells.append(chance.choice([one for one in cells_within(cells[-1], 0) if one != cells[-1]]))
    return cells


async def attack(
    messages: int,
    seed: int = 1,
    *,
    places: int = 6,
    lines: int = 1,
    every_reach: bool = False,
) -> dict[str, Any]:
    """So many people, who reach as far as most do or, in turn, to each of the stops; whose last
    line is placed in the very cell by the best guess, and how many would be by chance among what
    fits."""
    authors_m = RADIUS_STOPS_M if every_reach else AUTHORS_M
    chance, product = random.Random(seed), Product()
    reader = PastReader(product)
    placed, expected, left_cells = 0, 0.0, []
    fewest: dict[int, int] = {}
    for turn in range(messages):
        cells = walk_on(chance, chance.choice(cells_within(HOME, 5000)), lines)
        reach_m = authors_m[turn % len(authors_m)]
        author, message_ids = await spoken(product, cells, reach_m)
        await author.leave()
        # Time stands while somebody computes: what is said as one comes is heard.
        await asyncio.sleep(1)
        first = place_that_shows(reader, cells, reach_m, chance)
        left = await place_messages(reader, message_ids, first, places, chance)
        weights = weights_of_last(left)
        guess = max(weights, key=lambda one: (weights[one], one))
        placed += guess == cells[-1]
        expected += weights[guess] / weights.total()
        fit = len(cells_of(left[-1]))
        left_cells.append(fit)
        fewest[reach_m] = min(fit, fewest.get(reach_m, fit))
        assert weights[cells[-1]], (cells, reach_m)
    return {
        "messages": messages,
        "placed": placed,
        "by_chance": round(expected, 1),
        "median_cells": sorted(left_cells)[messages // 2],
        "fewest_cells": min(left_cells),
        "fewest_by_reach": fewest,
    }


def place_that_shows(
    reader: PastReader, cells: Sequence[Cell], reach_m: int, chance: random.Random
) -> Cell:
    """Where somebody is shown what was said in each of the cells."""
    said = [Hypothesis(cell, reach_m) for cell in cells]
    around = cells_within(cells[-1], reach_m)
    while True:
        place = chance.choice(around)
        if all(reader.shows(one, place, REACH_MAX) for one in said):
            return place
