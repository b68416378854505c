"""Where the people of a world stand: their cells, and where in them.

The worlds that are compared:

- `here`: the one that all others are compared with.
- `elsewhere-in-the-cell`: the same cells, other positions in them, other devices.
- `finer`: other cells, of which every label, and who is in range of whom at each stop, is the same.
- `shifted`: the whole scene three districts further east, in the same area.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import combinations
from math import asin, cos, floor, radians, sin, sqrt

from presence.geo import CELL_DEGREES, Cell, Roughness, cell_at, published_cell, spot

HERE, ELSEWHERE, FINER, SHIFTED = "here", "elsewhere-in-the-cell", "finer", "shifted"
WORLDS = (HERE, ELSEWHERE, FINER, SHIFTED)

PLACES = 3
# Who may choose to be placed to an area.
ROUGH = (1, 4)
EARTH_RADIUS_M = 6371008.8
# In the area u33d, of 256 by 128 cells, whose south-western cell this is.
AREA_X, AREA_Y = 550 * 256, 810 * 128
ORIGIN = AREA_X + 45, AREA_Y + 98
SHIFT_X = 3 * 32
# The corners of three squares of two by two cells in a row from west to east, each 1.4 km from the
# next: within one, all are right around each other. Voice reaches from the first to the third.
SQUARES = ((0, 0), (15, 0), (30, 0))
INSIDE = ((0, 0), (0, 1), (1, 0), (1, 1))
TRIES = 30
HOMES = (0, 0, 1, 1, 1, 1, 2)
# How far people reach, most of them as far as they can: only there the squares see each other.
REACHES_M = (150, 500, 1000, 2000, 2000, 2000, 2000, 2000, 2000)
# From which reach on what somebody said goes by squares of so many columns and rows of cells.
PAST_SQUARES = ((1500, 8, 4), (500, 4, 4), (200, 2, 2), (0, 1, 1))
BORDERS_M = (*{*REACHES_M}, *{a + b for a in REACHES_M for b in REACHES_M})

GridSpot = tuple[int, int]


def cell_of(at: GridSpot) -> Cell:
    return cell_at(*position(at, (0.5, 0.5)))


def position(at: GridSpot, within: tuple[float, float]) -> tuple[float, float]:
    """Degrees of a point in a cell, by shares of the cell from its south-western corner."""
    (x, y), (right, up) = at, within
    return (y + up) * CELL_DEGREES - 90, (x + right) * CELL_DEGREES - 180


@dataclass(frozen=True)
class Scene:
    """The places of each person, on the grid of cells. `jitter` says where in them they stand."""

    kind: str
    places: tuple[tuple[GridSpot, ...], ...]
    jitter: random.Random

    @property
    def spots(self) -> list[GridSpot]:
        return [at for places in self.places for at in places]

    @property
    def cells(self) -> list[Cell]:
        return [*map(cell_of, self.spots)]

    def stand(self, person: int, place: int) -> tuple[float, float]:
        """Anywhere in the cell, to the millimetre; never the same point twice."""
        share = self.jitter.uniform(0.02, 0.98), self.jitter.uniform(0.02, 0.98)
        lat, lon = position(self.places[person][place], share)
        return round(lat, self.jitter.randint(6, 9)), round(lon, self.jitter.randint(6, 9))


def scene_of(kind: str, seed: int) -> Scene:
    here = here_at(random.Random(f"places of {seed}"))
    jitter = random.Random(f"{seed} {'' if kind == HERE else kind}")
    scene = Scene(kind, here, jitter)
    if kind == FINER:
        return finer(scene, random.Random(f"finer than {seed}"))
    if kind == SHIFTED:
        moved = tuple(tuple((x + SHIFT_X, y) for x, y in places) for places in here)
        return replace(scene, places=moved)
    return scene


def here_at(rng: random.Random) -> tuple[tuple[GridSpot, ...], ...]:
    """Of each person two places in the square where they are at home, and one in another."""
    found = []
    for home in HOMES:
        other = rng.choice([one for one in range(len(SQUARES)) if one != home])
        inside = rng.sample(INSIDE, PLACES)
        squares = (SQUARES[home], SQUARES[home], SQUARES[other])
        places = zip(squares, inside, strict=True)
        found.append(tuple((ORIGIN[0] + x + a, ORIGIN[1] + y + b) for (x, y), (a, b) in places))
    return tuple(found)


# ---- Other cells with the same labels ------------------------------------------------------------


def finer(here: Scene, rng: random.Random) -> Scene:
    """Two cells of a square after the other change places, as long as nothing that anybody is told
    changes by it. Who shares a cell still does."""
    there = here
    for _ in range(TRIES):
        x, y = rng.choice(SQUARES)
        pair = [(ORIGIN[0] + x + right, ORIGIN[1] + y + up) for right, up in rng.sample(INSIDE, 2)]
        after = swapped(there, *pair)
        if alike(here, after) and turned_round(here, after) >= turned_round(here, there):
            there = after
    return there


def swapped(scene: Scene, one: GridSpot, other: GridSpot) -> Scene:
    order = {one: other, other: one}
    places = tuple(tuple(order.get(at, at) for at in places) for places in scene.places)
    return replace(scene, places=places)


def alike(here: Scene, there: Scene) -> bool:
    before, after = here.spots, there.spots
    return all(
        follows(before[at], before[other], rough) == follows(after[at], after[other], rough)
        for at in range(len(before))
        for other in range(len(before))
        for rough in {False, other // PLACES in ROUGH}
    ) and all(
        follows_of_past(before[at], before[other]) == follows_of_past(after[at], after[other])
        for at in range(len(before))
        for other in range(len(before))
    )


def metres_between(a: GridSpot, b: GridSpot) -> float:
    """As the docs say it, and not as the code does: that may be what leaks."""
    if abs(a[0] - b[0]) <= 1 and abs(a[1] - b[1]) <= 1:
        return 0.0
    (lat, lon), (other_lat, other_lon) = position(a, (0.5, 0.5)), position(b, (0.5, 0.5))
    up, right = radians(other_lat - lat), radians(other_lon - lon)
    root = sin(up / 2) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(right / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(root))


def label_metres(exact: float) -> int:
    step = 50 if exact < 500 else 100 if exact < 1000 else 200
    return step * floor(exact / step + 0.5)


def follows(a: GridSpot, b: GridSpot, rough: bool) -> tuple[object, ...]:
    """All that may follow from how far two cells are apart: the label, and within which reaches
    each other's middle lies. A `rough` person is placed to an area, whose steps are coarser."""
    if rough:
        middle = spot(published_cell(cell_of(b), Roughness.AREA))
        b = middle.x, middle.y
    metres = metres_between(a, b)
    label = floor(metres / 500 + 0.5) if rough else label_metres(metres)
    shown = label if metres <= max(REACHES_M) else None
    return shown, *(metres <= reach for reach in BORDERS_M), a == b


def follows_of_past(a: GridSpot, b: GridSpot) -> list[bool]:
    """All that may follow of what was said at b before somebody came to a: for each reach of
    whoever spoke, within which reaches any cell of its square lies."""
    return [
        metres_between(a, nearest_of_square(a, b, author_m)) <= min(author_m, reach_m)
        for author_m in {*REACHES_M}
        for reach_m in {*REACHES_M}
    ]


def nearest_of_square(a: GridSpot, b: GridSpot, author_m: int) -> GridSpot:
    """The cell nearest to a of the square of b."""
    size = next((right, up) for least, right, up in PAST_SQUARES if author_m >= least)
    corner = [at - at % wide for at, wide in zip(b, size, strict=True)]
    x, y = (
        min(max(at, low), low + wide - 1) for at, low, wide in zip(a, corner, size, strict=True)
    )
    return x, y


def turned_round(here: Scene, there: Scene) -> int:
    """How many times the nearer of two with one label is the further one in the other world."""
    found = 0
    for reader in range(len(here.spots)):
        before = [metres_between(here.spots[reader], at) for at in here.spots]
        after = [metres_between(there.spots[reader], at) for at in there.spots]
        for a, b in combinations(range(len(before)), 2):
            same = label_metres(before[a]) == label_metres(before[b])
            found += same and (before[a] - before[b]) * (after[a] - after[b]) < 0
    return found
