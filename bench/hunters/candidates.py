"""Pure: which cells somebody may stand in, by what was shown of them, and where to look next.

Hunters know the rules: they reckon with the product's own geometry.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from presence.geo import CELL_DEGREES, RADIUS_STOPS_M, apart, cell_at, centre, label_m
from presence.geo.cells import spot
from presence.geo.distances import EARTH_RADIUS_M

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence

Cell = str
REACH_MAX = RADIUS_STOPS_M[-1]
METRES_A_DEGREE = math.radians(EARTH_RADIUS_M)


class Hypothesis(NamedTuple):
    """Somebody stands in a cell and reaches so far."""

    cell: Cell
    reach_m: int


class Sight(NamedTuple):
    """What one place shows of somebody: the metres of their label, and the narrowest stop of one's
    own reach that shows them."""

    metres: int | None
    stop_m: int


@lru_cache(maxsize=64)
def cells_within(cell: Cell, radius_m: float) -> tuple[Cell, ...]:
    """All cells at most so far apart from one."""
    here = spot(cell)
    rows = math.ceil(radius_m / (CELL_DEGREES * METRES_A_DEGREE)) + 1
    columns = math.ceil(rows / here.cos_lat) + 1
    around = (
        cell_at(here.lat + dy * CELL_DEGREES, here.lon + dx * CELL_DEGREES)
        for dy in range(-rows, rows + 1)
        for dx in range(-columns, columns + 1)
    )
    return tuple(one for one in around if apart(cell, one) <= radius_m)


def sight(one: Hypothesis, place: Cell) -> Sight | None:
    """What a place shows of them; None where nothing."""
    metres = apart(one.cell, place)
    if metres > min(one.reach_m, REACH_MAX):
        return None
    return Sight(label_m(metres), stop_above(metres))


def stop_above(metres: float) -> int:
    return next(stop for stop in RADIUS_STOPS_M if stop >= metres)


def around(place: Cell, reaches_m: Iterable[int]) -> list[Hypothesis]:
    """Everything that may be so of somebody whom a place shows."""
    return [
        Hypothesis(cell, reach_m)
        for reach_m in reaches_m
        for cell in cells_within(place, min(reach_m, REACH_MAX))
    ]


def fitting(hypotheses: Iterable[Hypothesis], place: Cell, seen: Sight | None) -> list[Hypothesis]:
    """Those that agree with what a place shows. Metres of None say nothing."""

    def fits(one: Hypothesis) -> bool:
        due = sight(one, place)
        if seen is None or due is None:
            return due is seen
        return due.stop_m == seen.stop_m and seen.metres in {None, due.metres}

    return [one for one in hypotheses if fits(one)]


def cells_of(hypotheses: Iterable[Hypothesis]) -> set[Cell]:
    return {one.cell for one in hypotheses}


def remaining(hypotheses: Sequence[Hypothesis], place: Cell, *, labels: bool = True) -> float:
    """How many hypotheses are left on average once the place has been seen."""
    outcomes = Counter(
        due if labels or due is None else Sight(None, due.stop_m)
        for due in (sight(one, place) for one in hypotheses)
    )
    return sum(count * count for count in outcomes.values()) / len(hypotheses)


def best_place(
    hypotheses: Sequence[Hypothesis], places: Sequence[Cell], *, labels: bool = True
) -> Cell:
    """The place that leaves the fewest."""
    return min(places, key=lambda place: (remaining(hypotheses, place, labels=labels), place))


def places_to_try(
    hypotheses: Sequence[Hypothesis], here: Cell, chance: random.Random, around_m: int = 1000
) -> list[Cell]:
    """Places near whoever is looked for, within one walk of where the hunter is: the more, the
    fewer hypotheses there are to judge them by."""
    count = 24_000 // max(60, len(hypotheses))
    middle = centre_of(cells_of(hypotheses))
    around_it = [one for one in cells_within(middle, around_m) if apart(one, here) <= REACH_MAX]
    return chance.sample(around_it, min(count, len(around_it))) or [middle]


def few(
    hypotheses: Sequence[Hypothesis], chance: random.Random, most: int = 400
) -> list[Hypothesis]:
    """A sample of many, which is enough to choose by."""
    if len(hypotheses) <= most:
        return [*hypotheses]
    return chance.sample([*hypotheses], most)


def centre_of(cells: Iterable[Cell]) -> Cell:
    spots = [centre(cell) for cell in cells]
    return cell_at(
        sum(lat for lat, _ in spots) / len(spots), sum(lon for _, lon in spots) / len(spots)
    )


def share_of_best(hypotheses: Iterable[Hypothesis]) -> tuple[Cell, float]:
    """The likeliest cell, and how likely it is where all that fits is as likely."""
    weights: Mapping[Cell, int] = Counter(one.cell for one in hypotheses)
    cell = max(weights, key=lambda one: (weights[one], one))
    return cell, weights[cell] / sum(weights.values())
