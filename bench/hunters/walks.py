"""Pure: people who walk, the fixes that their phones have, and what their pages tell of them.

Positions are metres east and north of the middle of HOME; the rule of the page is that of
static/js/place/movement.js.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from bench.hunters.candidates import METRES_A_DEGREE
from bench.hunters.exact import HOME
from presence.geo import CELL_DEGREES, cell_at, centre
from presence.geo.cells import spot

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from bench.hunters.candidates import Cell

Point = tuple[float, float]
Column = tuple[int, int]

NEAR_M, FIXES = 150.0, 3
SPEED_MPS, SPEED_SPREAD = 1.4, 0.1
BLOCK_M = 150.0
FIX_NOISE_M = 8.0
# How far somebody walks straight on between two tellings, as a hunter finds out by walking.
TOLD_EVERY_M, TOLD_SPREAD_M = 158.0, 8.0
HOME_LAT, HOME_LON = centre(HOME)
EAST_M = METRES_A_DEGREE * math.cos(math.radians(HOME_LAT))
# A cell in metres, and where HOME stands on the grid.
WIDE_M, HIGH_M = CELL_DEGREES * EAST_M, CELL_DEGREES * METRES_A_DEGREE
HOME_AT = spot(HOME)


class Told(NamedTuple):
    """A page tells a cell, so many seconds after the walk began."""

    at_s: float
    cell: Cell


def column_of(x: float, y: float) -> Column:
    """The cell around a point as columns and rows from HOME: what a tracker reckons with."""
    return math.floor(x / WIDE_M + 0.5), math.floor(y / HIGH_M + 0.5)


def column_of_cell(cell: Cell) -> Column:
    at = spot(cell)
    return at.x - HOME_AT.x, at.y - HOME_AT.y


def cell_of(x: float, y: float) -> Cell:
    return cell_at(HOME_LAT + y / METRES_A_DEGREE, HOME_LON + x / EAST_M)


def straight(chance: random.Random, seconds: int) -> list[Point]:
    """Straight on, at a pace of one's own. A point for each second."""
    x, y = start(chance)
    heading, pace = chance.uniform(0, 2 * math.pi), chance.gauss(SPEED_MPS, SPEED_SPREAD)
    dx, dy = pace * math.cos(heading), pace * math.sin(heading)
    return [(x + second * dx, y + second * dy) for second in range(seconds)]


def through_streets(chance: random.Random, seconds: int) -> list[Point]:
    """To the left or the right every block or so."""
    x, y = start(chance)
    heading, pace = chance.uniform(0, 2 * math.pi), chance.gauss(SPEED_MPS, SPEED_SPREAD)
    found = []
    for _ in range(seconds):
        found.append((x, y))
        if chance.random() < pace / BLOCK_M:
            heading += chance.choice((-0.5, 0.5)) * math.pi
        x, y = x + pace * math.cos(heading), y + pace * math.sin(heading)
    return found


def start(chance: random.Random) -> Point:
    return chance.uniform(-2000, 2000), chance.uniform(-2000, 2000)


def publications_of(walk: Sequence[Point], chance: random.Random) -> list[Told]:
    """What the page of somebody tells who walks so, with a fix a second."""
    found: list[Told] = []
    anchor: Point | None = None
    outside = 0
    for second, (x, y) in enumerate(walk):
        fix = x + chance.gauss(0, FIX_NOISE_M), y + chance.gauss(0, FIX_NOISE_M)
        away = math.dist(anchor, fix) if anchor else math.inf
        outside = outside + 1 if away > NEAR_M else 0
        if anchor and outside < FIXES:
            continue
        anchor, outside = fix, 0
        cell = cell_of(*fix)
        if not found or found[-1].cell != cell:
            found.append(Told(float(second), cell))
    return found
