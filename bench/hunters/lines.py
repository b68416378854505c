"""Pure: as tracker.py, of somebody who is known to walk straight on.

Where they began, which way and how fast is all there is to find: sets of these move about by the
Metropolis rule, as far as they go with every effect that was seen (Gilks and Berzuini, Following a
moving target, 2001).
"""

from __future__ import annotations

import math
from statistics import pstdev
from typing import TYPE_CHECKING, NamedTuple

from bench.hunters.tracker import STEP_S, UNLIKELY, Effect, Track
from bench.hunters.walks import (
    HIGH_M,
    SPEED_MPS,
    SPEED_SPREAD,
    TOLD_EVERY_M,
    TOLD_SPREAD_M,
    WIDE_M,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from bench.hunters.tracker import ClockRules
    from bench.hunters.walks import Column, Point

MOVES = 4
# How far a told point may lie from where the line says, by noise of fixes that adds up.
STRAY_M = 12.0


class StraightWay(NamedTuple):
    x: float
    y: float
    heading: float
    pace: float

    def at(self, seconds: float) -> Point:
        gone_m = self.pace * seconds
        return self.x + gone_m * math.cos(self.heading), self.y + gone_m * math.sin(self.heading)


class LineTracker:
    def __init__(self, first: Column, rules: ClockRules, chance: random.Random, count: int) -> None:
        self.first, self.rules, self.chance = first, rules, chance
        self.effects: list[Effect] = []
        self.lines = [self._fresh() for _ in range(count)]

    def track(self, effects: Sequence[Effect], seconds: float) -> Track:
        live: list[Point] = []
        due, now_s = list(reversed(effects)), 0.0
        while now_s < seconds:
            live.append(self._mean(now_s))
            now_s += STEP_S
            while due and due[-1].at_s <= now_s:
                self.observe(due.pop())
        return Track(live, [self._mean(turn * STEP_S) for turn in range(len(live))])

    def observe(self, effect: Effect) -> None:
        """Draws anew by how well each line goes with one more effect, and lets all move."""
        before = self.effects[-1].at_s if self.effects else 0.0
        weights = [self._fits(line, effect, before) for line in self.lines]
        self.effects.append(effect)
        self.lines = self.chance.choices(self.lines, weights, k=len(self.lines))
        for _ in range(MOVES):
            steps = self._steps()
            self.lines = [self._moved(line, steps) for line in self.lines]

    # ---- How well a line goes with what was seen ----------------------------------------------

    def _fits(self, line: StraightWay, effect: Effect, before_s: float) -> float:
        """The part of the moments of telling at which its page's last word was that cell."""
        rules = self.rules
        bound = effect.at_s - before_s <= rules.between_s + 2 * STEP_S
        most_s = max(rules.most_s, rules.between_s) if bound else rules.most_s
        first_s, last_s = effect.at_s - most_s - STEP_S, effect.at_s - rules.least_s
        every_s = TOLD_EVERY_M / line.pace
        found = 0.0
        for turn in range(max(0, int(first_s / every_s) - 1), int(last_s / every_s) + 2):
            told_s, stray_m = turn * every_s, 2 + TOLD_SPREAD_M * math.sqrt(turn)
            share = within(told_s, stray_m / line.pace, first_s, last_s)
            told_s = min(max(told_s, first_s, 0.0), last_s)
            found += share * inside(line.at(told_s), effect.cell)
        return max(UNLIKELY, found)

    def _score(self, line: StraightWay) -> float:
        """The logarithm of how likely all of it is."""
        score = math.log(max(1e-9, inside((line.x, line.y), self.first)))
        score -= ((line.pace - SPEED_MPS) / SPEED_SPREAD) ** 2 / 2
        before_s = 0.0
        for effect in self.effects:
            score += math.log(self._fits(line, effect, before_s))
            before_s = effect.at_s
        return score

    # ---- Lines -------------------------------------------------------------------------------

    def _moved(self, line: StraightWay, steps: StraightWay) -> StraightWay:
        gauss = self.chance.gauss
        tried = StraightWay(
            *(value + gauss(0, step) for value, step in zip(line, steps, strict=True))
        )
        gain = self._score(tried) - self._score(line)
        return tried if gain >= 0 or self.chance.random() < math.exp(gain) else line

    def _steps(self) -> StraightWay:
        wide = [pstdev(values) for values in zip(*self.lines, strict=True)]
        return StraightWay(*(0.4 * one + 1e-6 for one in wide))

    def _fresh(self) -> StraightWay:
        chance = self.chance
        return StraightWay(
            (self.first[0] + chance.uniform(-0.5, 0.5)) * WIDE_M,
            (self.first[1] + chance.uniform(-0.5, 0.5)) * HIGH_M,
            chance.uniform(0, 2 * math.pi),
            chance.gauss(SPEED_MPS, SPEED_SPREAD),
        )

    def _mean(self, now_s: float) -> Point:
        xs, ys = zip(*(line.at(now_s) for line in self.lines), strict=True)
        return sum(xs) / len(xs), sum(ys) / len(ys)


def inside(point: Point, cell: Column) -> float:
    """How likely a point that strays lies in a cell."""
    found = 1.0
    scale = math.sqrt(2) * STRAY_M
    for value, column, size_m in zip(point, cell, (WIDE_M, HIGH_M), strict=True):
        low, high = (column - 0.5) * size_m, (column + 0.5) * size_m
        found *= (math.erf((high - value) / scale) - math.erf((low - value) / scale)) / 2
    return found


def within(mean: float, spread: float, low: float, high: float) -> float:
    """How likely what is normally distributed lies between two values."""
    scale = math.sqrt(2) * spread
    return (math.erf((high - mean) / scale) - math.erf((low - mean) / scale)) / 2
