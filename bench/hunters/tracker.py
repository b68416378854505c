"""Pure: where somebody walks, by when which cell of theirs took effect. A particle filter that
knows the rules of the page and of the clock of places, and how fast people walk.

Each particle is a walk that may be: where it is, where the page last told its place, and the way it
came. When a cell takes effect, particles count as much as it is likely that theirs would have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.hunters.walks import (
    BLOCK_M,
    HIGH_M,
    SPEED_MPS,
    SPEED_SPREAD,
    TOLD_EVERY_M,
    TOLD_SPREAD_M,
    WIDE_M,
    column_of,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from bench.hunters.walks import Column, Point

STEP_S = 5.0
# What a particle counts that contradicts what was seen: chance has more ways than a model.
UNLIKELY = 0.01


class Effect(NamedTuple):
    """A cell took effect, as columns and rows; how late is what the hunter knows of that."""

    at_s: float
    cell: Column


@dataclass(frozen=True)
class ClockRules:
    """How long after it was told a move takes effect, and how long after the last one at least."""

    least_s: float
    most_s: float
    between_s: float


@dataclass(frozen=True)
class Motion:
    """How people are known to walk: whether they turn at corners."""

    turns: bool


@dataclass(slots=True)
class Particle:
    """`told` is what its page has told, newest first: (seconds, cell, those before). `way` is where
    it was, newest first. `waits_s` is since when something told is not in effect yet."""

    x: float
    y: float
    heading: float
    pace: float
    anchor: Point
    until_m: float
    told: Any
    way: Any
    waits_s: float | None = None
    weight: float = 1.0


class Track(NamedTuple):
    """Where somebody was taken to be at each step: as it was known then, and in the end."""

    live: list[Point]
    back: list[Point]


class Tracker:
    def __init__(
        self, first: Column, rules: ClockRules, motion: Motion, chance: random.Random, count: int
    ) -> None:
        self.rules, self.motion, self.chance = rules, motion, chance
        self.in_effect, self.effect_s, self.now_s = first, 0.0, 0.0
        self.particles = [self._fresh(first) for _ in range(count)]

    def track(self, effects: Sequence[Effect], seconds: float) -> Track:
        live, due = [], list(reversed(effects))
        while self.now_s < seconds:
            live.append(self._mean())
            self.step()
            while due and due[-1].at_s <= self.now_s:
                self.observe(due.pop())
        return Track(live, self._back(len(live)))

    # ---- Time goes by ------------------------------------------------------------------------

    def step(self) -> None:
        self.now_s += STEP_S
        chance, turns = self.chance, self.motion.turns
        for one in self.particles:
            one.way = (one.x, one.y, one.way)
            if turns and chance.random() < STEP_S * one.pace / BLOCK_M:
                one.heading += math.pi * (0.5 if chance.random() < 0.5 else -0.5)
            one.x += STEP_S * one.pace * math.cos(one.heading)
            one.y += STEP_S * one.pace * math.sin(one.heading)
            if math.dist(one.anchor, (one.x, one.y)) > one.until_m:
                self._publish(one)
            if one.waits_s is not None and self.now_s > self._latest_s(one.waits_s):
                one.weight *= UNLIKELY
                one.waits_s = None
        self._resample_if_few()

    def _publish(self, one: Particle) -> None:
        one.anchor, one.until_m = (one.x, one.y), self._until_m()
        cell = column_of(one.x, one.y)
        if cell != one.told[1]:
            one.told = (self.now_s, cell, one.told)
            if one.waits_s is None and cell != self.in_effect:
                one.waits_s = self.now_s

    def _latest_s(self, told_s: float) -> float:
        """By when what was told first after the last effect must have taken effect."""
        return max(told_s + self.rules.most_s, self.effect_s + self.rules.between_s) + 2 * STEP_S

    # ---- A cell takes effect -----------------------------------------------------------------

    def observe(self, effect: Effect) -> None:
        late_s = self._lateness_s(effect)
        for one in self.particles:
            one.weight *= max(UNLIKELY, likelihood(one.told, effect, *late_s))
            one.waits_s = None
            if one.told[1] != effect.cell:
                one.waits_s = max(effect.at_s - late_s[0], one.told[0])
        self.in_effect, self.effect_s = effect.cell, effect.at_s
        if all(one.weight <= UNLIKELY for one in self.particles):
            self._begin_anew(effect, late_s)
        self._resample_if_few()

    def _lateness_s(self, effect: Effect) -> tuple[float, float]:
        """The least and the most between the telling and the effect."""
        rules = self.rules
        if effect.at_s - self.effect_s > rules.between_s + 2 * STEP_S:
            return rules.least_s, rules.most_s
        return rules.least_s, max(rules.most_s, rules.between_s)

    def _begin_anew(self, effect: Effect, late_s: tuple[float, float]) -> None:
        """No particle has it: some that were in the cell when it was told."""
        for one in self.particles:
            fresh = self._fresh(effect.cell)
            ahead_s = self.chance.uniform(*late_s)
            one.x = fresh.x + ahead_s * fresh.pace * math.cos(fresh.heading)
            one.y = fresh.y + ahead_s * fresh.pace * math.sin(fresh.heading)
            one.heading, one.pace, one.anchor = fresh.heading, fresh.pace, fresh.anchor
            one.told, one.weight = (effect.at_s - ahead_s, effect.cell, None), 1.0

    # ---- Particles ---------------------------------------------------------------------------

    def _fresh(self, cell: Column) -> Particle:
        chance = self.chance
        x = (cell[0] + chance.uniform(-0.5, 0.5)) * WIDE_M
        y = (cell[1] + chance.uniform(-0.5, 0.5)) * HIGH_M
        pace = chance.gauss(SPEED_MPS, SPEED_SPREAD)
        heading = chance.uniform(0, 2 * math.pi)
        return Particle(
            x, y, heading, pace, (x, y), self._until_m(), (self.now_s, cell, None), None
        )

    def _until_m(self) -> float:
        """A step comes half a step late, on average."""
        return self.chance.gauss(TOLD_EVERY_M - STEP_S * SPEED_MPS / 2, TOLD_SPREAD_M)

    def _resample_if_few(self) -> None:
        weights = [one.weight for one in self.particles]
        total = sum(weights)
        few = total * total / sum(weight * weight for weight in weights) < len(weights) / 3
        if few:
            chosen = self.chance.choices(self.particles, weights, k=len(weights))
            self.particles = [self._like(one) for one in chosen]
        elif total < len(weights) / 1000:
            for one in self.particles:
                one.weight *= len(weights) / total

    def _like(self, one: Particle) -> Particle:
        """A particle much like another."""
        gauss = self.chance.gauss
        return Particle(
            one.x + gauss(0, 4),
            one.y + gauss(0, 4),
            one.heading + gauss(0, 0.03),
            one.pace + gauss(0, 0.01),
            one.anchor,
            one.until_m,
            one.told,
            one.way,
            one.waits_s,
        )

    def _mean(self) -> Point:
        total = sum(one.weight for one in self.particles)
        return (
            sum(one.weight * one.x for one in self.particles) / total,
            sum(one.weight * one.y for one in self.particles) / total,
        )

    def _back(self, steps: int) -> list[Point]:
        """The mean of the ways that are left in the end."""
        sums = [[0.0, 0.0] for _ in range(steps)]
        total = sum(one.weight for one in self.particles)
        for one in self.particles:
            way = one.way
            for at in reversed(sums):
                x, y, way = way
                at[0] += one.weight * x / total
                at[1] += one.weight * y / total
        return [(x, y) for x, y in sums]


def likelihood(told: Any, effect: Effect, least_s: float, most_s: float) -> float:
    """The part of the moments that a telling may have had in which the newest that was told was the
    cell that took effect."""
    first_s, last_s = effect.at_s - most_s, effect.at_s - least_s
    until_s, found_s = math.inf, 0.0
    while told is not None and until_s > first_s:
        at_s, cell, before = told
        if cell == effect.cell:
            found_s += max(0.0, min(until_s, last_s) - max(at_s, first_s))
        until_s, told = at_s, before
    return found_s / (last_s - first_s)
