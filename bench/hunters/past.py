"""Somebody has said a line and left. A newcomer reads the past from six places, at every reach, and
says in which cell it was said."""

from __future__ import annotations

import random
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
from presence.geo import RADIUS_STOPS_M, apart, cell_at, label_m
from presence.values import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.hunters.candidates import Cell

PLACES = 6
FAR = cell_at(52.52, 15.4)


class PastReader:
    """Reads with a new session at each place: its first place is in effect at once. `widths` are
    the reaches at which the product shows the past, by the reach that is told."""

    def __init__(self, product: Product, widths: Mapping[int, int]) -> None:
        self.product = product
        self.widths = widths

    async def read(self, cell: Cell, message_id: str) -> dict[int, int | None]:
        """The metres of its label by each reach that shows the message; None where it has none."""
        found: dict[int, int | None] = {}
        reader = await self.product.visitor()
        for reach_m in reversed(RADIUS_STOPS_M):
            await reader.insist(Place(cell, reach_m))
            for message in await reader.read():
                if message["id"] == message_id:
                    found[reach_m] = message["metres"]
        await reader.leave()
        return found

    def due(self, one: Hypothesis, cell: Cell) -> frozenset[int]:
        """The reaches that show what was said by somebody there."""
        metres = apart(one.cell, cell)
        return frozenset(
            reach_m
            for reach_m in RADIUS_STOPS_M
            if metres <= min(self.widths[reach_m], one.reach_m)
        )

    def fits(self, one: Hypothesis, cell: Cell, shown: Mapping[int, int | None]) -> bool:
        labels = {metres for metres in shown.values() if metres is not None}
        due = label_m(apart(one.cell, cell))
        return self.due(one, cell) == shown.keys() and labels <= {due}


async def measured_widths(product: Product) -> dict[int, int]:
    """How far each reach shows the past, found with words of one's own: the widest stop up to which
    they are read. A reach that shows none is 0."""
    widths = dict.fromkeys(RADIUS_STOPS_M, 0)
    for stop in RADIUS_STOPS_M:
        cell = max(cells_within(FAR, stop), key=lambda one: apart(FAR, one))
        author, message_id = await spoken(product, Place(cell, REACH_MAX))
        await author.leave()
        reader = PastReader(product, {})
        for reach_m in await reader.read(FAR, message_id):
            widths[reach_m] = max(widths[reach_m], stop)
    return widths


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
    reader: PastReader, message_id: str, first: Cell, chance: random.Random
) -> list[Hypothesis]:
    """What fits after six places, each chosen by what those before it showed."""
    here, left = first, around(first, RADIUS_STOPS_M)
    for turn in range(PLACES):
        if turn:
            sample = few(left, chance, 200)
            here = best_reading(reader, sample, places_to_try(sample, here, chance))
        shown = await reader.read(here, message_id)
        left = [one for one in left if reader.fits(one, here, shown)]
    return left


def best_reading(reader: PastReader, sample: Sequence[Hypothesis], places: Sequence[Cell]) -> Cell:
    """The place that leaves the fewest, by what each reach shows there."""

    def left(place: Cell) -> int:
        counts: dict[frozenset[int], int] = {}
        for one in sample:
            due = reader.due(one, place)
            counts[due] = counts.get(due, 0) + 1
        return sum(count * count for count in counts.values())

    return min(places, key=lambda place: (left(place), place))


async def attack(messages: int, seed: int = 1) -> dict[str, Any]:
    """So many messages; which of them are placed in the very cell by the best guess, and how many
    would be by chance among what fits."""
    chance, product = random.Random(seed), Product()
    reader = PastReader(product, await measured_widths(product))
    placed, expected, left_cells = 0, 0.0, []
    for turn in range(messages):
        where = chance.choice(cells_within(HOME, 5000))
        reach_m = (500, 1000, 2000)[turn % 3]
        author, message_id = await spoken(product, Place(where, reach_m))
        await author.leave()
        first = chance.choice(cells_within(where, reach_m // 2))
        left = await place_message(reader, message_id, first, chance)
        guess, sure = share_of_best(left)
        placed += guess == where
        expected += sure
        left_cells.append(len(cells_of(left)))
        assert where in cells_of(left), (where, reach_m, reader.widths)
    return {
        "messages": messages,
        "placed": placed,
        "by_chance": round(expected, 1),
        "median_cells": sorted(left_cells)[messages // 2],
        "widths": reader.widths,
    }
