"""Three follow somebody who walks for twenty minutes, and say where they are: at each moment, and
in the end looking back."""

from __future__ import annotations

import asyncio
import math
import random
from statistics import mean
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.hunters.candidates import REACH_MAX, cells_within
from bench.hunters.lines import LineTracker
from bench.hunters.looking import go
from bench.hunters.moved_time import TIME
from bench.hunters.product import CallRefused, Prober, Product
from bench.hunters.tracker import STEP_S, ClockRules, Effect, Motion, Track, Tracker
from bench.hunters.walks import (
    HIGH_M,
    WIDE_M,
    cell_of,
    column_of_cell,
    publications_of,
    straight,
    through_streets,
)
from presence import place_clock
from presence.geo import apart, label_m
from presence.values import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from bench.hunters.candidates import Cell
    from bench.hunters.walks import Point, Told

WALK_S = 1200
REACH_M = 500
FOLLOWERS = 3
LOOK_S = 2.0
# Followers stand around where they will be needed: near enough to see, at three angles.
BESIDE_M = 230.0
TELL_S = 20.0
# From what is told to what holds, on average.
LEAD_S = 70.0
LINES, PARTICLES = 250, 3000


class Decoder:
    """Which cells fit what all followers see now; what did not change is taken not to have."""

    def __init__(self, first: Cell) -> None:
        self.cells = {first}
        self.effects: list[tuple[float, Cell]] = []

    def observe(self, at_s: float, labels: dict[Cell, int | None]) -> None:
        if all(self._agrees(cell, labels) for cell in self.cells):
            return
        still = {cell for cell in self.cells if self._agrees(cell, labels)}
        if not still:
            near = {one for cell in self.cells for one in cells_within(cell, 700)}
            still = {cell for cell in near if self._agrees(cell, labels)} or self.cells
        self.cells = still
        known = self.effects[-1][1] if self.effects else None
        if len(still) == 1 and (cell := next(iter(still))) != known:
            self.effects.append((at_s, cell))

    @staticmethod
    def _agrees(cell: Cell, labels: dict[Cell, int | None]) -> bool:
        def due(place: Cell) -> int | None:
            metres = apart(cell, place)
            return label_m(metres) if metres <= REACH_M else None

        return all(due(place) == label for place, label in labels.items())


class Hunt:
    """One walk, and those who follow it. `truth` are the effects as the registry had them."""

    def __init__(self, product: Product, walk: list[Point], told: list[Told]) -> None:
        self.product, self.walk, self.told = product, walk, told
        self.decoder = Decoder(told[0].cell)
        self.places: dict[Prober, Cell] = {}
        self.truth: list[tuple[float, Cell]] = []
        self.held = self.looks = 0

    async def run(self) -> None:
        self.walker = await self.product.visitor()
        await self.walker.publish(Place(self.told[0].cell, REACH_M))
        line = self.walker.open()
        await line.expect("people")
        self.began_s = TIME.now_s
        followers = [await self.product.visitor() for _ in range(FOLLOWERS)]
        for turn, one in enumerate(followers):
            place = self._beside(turn, column_of_cell(self.told[0].cell))
            await one.publish(Place(place, REACH_MAX))
            self.places[one] = place
        work: list[Awaitable[Any]] = [self._walk(), self._observe()]
        work += [self._follow(one, turn) for turn, one in enumerate(followers)]
        tasks = [asyncio.ensure_future(one) for one in work]
        await asyncio.sleep(WALK_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await line.close()
        for one in (self.walker, *followers):
            await one.leave()

    @property
    def now_s(self) -> float:
        return TIME.now_s - self.began_s

    async def _walk(self) -> None:
        for told in self.told[1:]:
            await asyncio.sleep(max(0.0, told.at_s - self.now_s))
            await self.walker.insist(Place(told.cell, REACH_M))

    async def _observe(self) -> None:
        while True:
            found = await self.product.registry.find(self.walker.person_id)
            cell = found.person.cell
            if not self.truth or self.truth[-1][1] != cell:
                self.truth.append((self.now_s, cell))
            labels: dict[Cell, int | None] = {}
            for follower, place in self.places.items():
                try:
                    labels[place] = (await follower.listed()).get(self.walker.person_id)
                except CallRefused:
                    continue
            self.decoder.observe(self.now_s, labels)
            self.looks += 1
            self.held += self.decoder.cells == {cell}
            await asyncio.sleep(LOOK_S)

    async def _follow(self, follower: Prober, turn: int) -> None:
        """Goes where the walker will be when it holds."""
        while True:
            await asyncio.sleep(TELL_S)
            place = self._beside(turn, self._ahead())
            if apart(place, self.places[follower]):
                await go(follower, Place(place, REACH_MAX))
                self.places[follower] = place

    def _ahead(self) -> tuple[float, float]:
        """Where they will be soon, by the last two cells that were sure."""
        known = self.decoder.effects[-2:]
        (at_s, cell), *_ = known[::-1] or [(0.0, self.told[0].cell)]
        x, y = column_of_cell(cell)
        if len(known) < 2:
            return x, y
        (before_s, before), _ = known
        from_x, from_y = column_of_cell(before)
        share = min(1.5, (self.now_s - at_s + LEAD_S) / max(60.0, at_s - before_s))
        return x + share * (x - from_x), y + share * (y - from_y)

    @staticmethod
    def _beside(turn: int, column: tuple[float, float]) -> Cell:
        angle = 2 * math.pi * turn / FOLLOWERS
        return cell_of(
            column[0] * WIDE_M + BESIDE_M * math.cos(angle),
            column[1] * HIGH_M + BESIDE_M * math.sin(angle),
        )


def tracked(
    effects: list[tuple[float, Cell]],
    first: Cell,
    rules: ClockRules,
    seed: int,
    *,
    turns: bool,
) -> Track:
    began, chance = column_of_cell(first), random.Random(seed)
    seen = [Effect(at_s, column_of_cell(cell)) for at_s, cell in effects if at_s > 1]
    seconds = WALK_S - STEP_S
    if turns:
        return Tracker(began, rules, Motion(turns=True), chance, PARTICLES).track(seen, seconds)
    return LineTracker(began, rules, chance, LINES).track(seen, seconds)


class Errors(NamedTuple):
    live_m: float
    back_m: float


def errors_of(track: Track, walk: list[Point]) -> Errors:
    truth = [walk[int(turn * STEP_S)] for turn in range(len(track.live))]
    return Errors(mean(map(math.dist, track.live, truth)), mean(map(math.dist, track.back, truth)))


def rules_now() -> ClockRules:
    """The clock of places as the product has it; what takes effect is seen a look later."""
    least_ms, most_ms = place_clock.SLOW_MS
    return ClockRules(least_ms / 1000, most_ms / 1000 + 2 * LOOK_S, place_clock.HOLDS_MS / 1000)


async def attack(walks: int, seed: int = 1) -> dict[str, Any]:
    """So many walks of either kind, followed; and as if the cell in effect were known at all
    times."""
    product, rules = Product(), rules_now()
    found: dict[str, Any] = {}
    for turns in (False, True):
        followed: list[Errors] = []
        known: list[Errors] = []
        held = []
        for turn in range(walks):
            chance = random.Random(seed * 1000 + turn)
            walk = (through_streets if turns else straight)(chance, WALK_S)
            hunt = Hunt(product, walk, told := publications_of(walk, chance))
            await hunt.run()
            held.append(hunt.held / hunt.looks)
            for effects, into in ((hunt.decoder.effects, followed), (hunt.truth[1:], known)):
                into.append(
                    errors_of(tracked(effects, told[0].cell, rules, turn, turns=turns), walk)
                )
        found["streets" if turns else "straight"] = {
            "held": round(mean(held), 2),
            "followed": mean_of(followed),
            "known": mean_of(known),
        }
    return found


def mean_of(errors: list[Errors]) -> dict[str, float]:
    return {
        "live_m": round(mean(one.live_m for one in errors)),
        "back_m": round(mean(one.back_m for one in errors)),
    }
