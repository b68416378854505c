"""What the clock of places costs people who do no harm: somebody walks for twenty minutes among
fifty others, half of whom walk too. Whom did they miss, and how late was their list?

Beside it stands whom they would be shown if what pages tell held at once. The same for somebody who
rides, also where many of their network do.
"""

from __future__ import annotations

import asyncio
import random
from statistics import mean, median
from typing import TYPE_CHECKING, Any

from bench.hunters.moved_time import TIME
from bench.hunters.product import Prober, Product
from bench.hunters.walks import (
    SPEED_MPS,
    Told,
    cell_of,
    publications_of,
    straight,
    through_streets,
)
from presence.geo import in_range
from presence.values import Place

if TYPE_CHECKING:
    from bench.hunters.candidates import Cell
    from bench.hunters.product import ProberSocket
    from bench.hunters.walks import Point

WALK_S = 1200
# A tram through a city, stops aside.
RIDE_MPS = 8.0
REACH_M = 500
# How far from the way others are; whoever is met for less than that is not counted as met.
ASIDE_M = 700.0
MET_S = 30.0


class Passer:
    """Somebody, what their page tells, and the last of it."""

    def __init__(self, visitor: Prober, told: list[Told]) -> None:
        self.visitor, self.told = visitor, told
        self.cell: Cell = told[0].cell

    async def arrive(self) -> ProberSocket:
        await self.visitor.publish(Place(self.cell, REACH_M))
        line = self.visitor.open()
        await line.expect("people")
        return line

    async def walk(self, began_s: float) -> None:
        for told in self.told[1:]:
            await asyncio.sleep(max(0.0, began_s + told.at_s - TIME.now_s))
            self.cell = told.cell
            await self.visitor.insist(Place(told.cell, REACH_M))


class Meeting:
    """Somebody is in reach by what both pages told, from then on; `shown_s` is when the list said
    so."""

    def __init__(self, from_s: float) -> None:
        self.from_s, self.until_s = from_s, from_s
        self.shown_s: float | None = None


class Diary:
    """The meetings of one person, second by second; `seconds` counts who was shown, and who of them
    was out of reach by then."""

    def __init__(self) -> None:
        self.open: dict[str, Meeting] = {}
        self.over: list[Meeting] = []
        self.shown = self.gone = 0

    def note(self, now_s: float, due: set[str], shown: set[str]) -> None:
        for person_id in due - self.open.keys():
            self.open[person_id] = Meeting(now_s)
        for person_id in self.open.keys() - due:
            self.over.append(self.open.pop(person_id))
        for person_id, meeting in self.open.items():
            meeting.until_s = now_s
            if person_id in shown and meeting.shown_s is None:
                meeting.shown_s = now_s
        self.shown += len(shown)
        self.gone += len(shown - due)

    def summary(self) -> dict[str, Any]:
        all_of = [*self.over, *self.open.values()]
        met = [one for one in all_of if one.until_s - one.from_s >= MET_S]
        late = [one.shown_s - one.from_s for one in met if one.shown_s is not None]
        return {
            "met": len(met),
            "missed": len(met) - len(late),
            "late_mean_s": round(mean(late), 1) if late else 0.0,
            "late_median_s": round(median(late), 1) if late else 0.0,
            "late_most_s": round(max(late, default=0.0), 1),
            "stale_share": round(self.gone / self.shown, 3) if self.shown else 0.0,
        }


def beside(walk: list[Point], chance: random.Random) -> Point:
    x, y = chance.choice(walk)
    return x + chance.uniform(-ASIDE_M, ASIDE_M), y + chance.uniform(-ASIDE_M, ASIDE_M)


def moved_to(walk: list[Point], x: float, y: float) -> list[Point]:
    from_x, from_y = walk[0]
    return [(one_x - from_x + x, one_y - from_y + y) for one_x, one_y in walk]


def ridden(walk: list[Point]) -> list[Point]:
    """The same way, faster."""
    (x, y), factor = walk[0], RIDE_MPS / SPEED_MPS
    return [(x + factor * (one_x - x), y + factor * (one_y - y)) for one_x, one_y in walk]


async def attack(
    others: int, seed: int = 1, *, rides: bool = False, crowded: bool = False
) -> dict[str, Any]:
    """`crowded`: sessions of the same network go far and wide."""
    chance, product, diary = random.Random(seed), Product(), Diary()
    walk = straight(chance, WALK_S)
    if rides:
        walk = ridden(walk)
    if crowded:
        product.allow("place.tiles", 1)
    passers = [Passer(await product.visitor(), publications_of(walk, chance))]
    for turn in range(others):
        x, y = beside(walk, chance)
        told = [Told(0.0, cell_of(x, y))]
        if turn % 2:
            told = publications_of(moved_to(through_streets(chance, WALK_S), x, y), chance)
        passers.append(Passer(await product.visitor(), told))
    lines = [await one.arrive() for one in passers]
    began_s, (walker, *rest) = TIME.now_s, passers
    tasks = [asyncio.ensure_future(one.walk(began_s)) for one in passers]
    for _ in range(WALK_S):
        await asyncio.sleep(1)
        due = {
            one.visitor.person_id
            for one in rest
            if in_range(one.cell, REACH_M, walker.cell, REACH_M)
        }
        diary.note(TIME.now_s, due, {*lines[0].list.people})
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for line in lines:
        await line.close()
    return diary.summary()
