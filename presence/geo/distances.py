"""How far apart two cells are, who is in range of whom, and the labels under which it is told."""

import math
from functools import lru_cache
from typing import NamedTuple

from presence.geo.cells import COLUMNS, Cell, Roughness, cos_lat, spot

RADIUS_MIN_M = 100
RADIUS_MAX_M = 2000
AREA_STEP_M = 500
RADIUS_STOPS_M = (100, 150, 200, 300, 400, 500, 700, 1000, 1500, 2000)
EARTH_RADIUS_M = 6371008.8  # mean radius R1 of WGS 84 (H. Moritz, Geodetic Reference System 1980)
HALF_CELL_RADIANS = math.pi / COLUMNS
CELL_HEIGHT_M = 2 * HALF_CELL_RADIANS * EARTH_RADIUS_M


class Across(NamedTuple):
    """How far the cells of one row are from those of another, by the columns between them; the
    labels to a block, and to an area."""

    metres: tuple[float, ...]
    labels_m: tuple[int, ...]
    area_labels_m: tuple[int, ...]


@lru_cache(maxsize=1 << 16)
def apart(a: Cell, b: Cell) -> float:
    """Metres between two cells: 0 if they are the same or touch, else from centre to centre."""
    here, there = spot(a), spot(b)
    dy = abs(here.y - there.y)
    dx = abs(here.x - there.x)
    dx = min(dx, COLUMNS - dx)
    if dx <= 1 and dy <= 1:
        return 0.0
    return haversine_m(dx, dy, here.cos_lat * there.cos_lat)


@lru_cache(maxsize=1 << 14)
def across(y_a: int, y_b: int) -> Across:
    """What `apart` and `label_m` say of the cells of two rows, as far as RADIUS_MAX_M reaches.

    All cells of a row share it: whoever moves along finds it known.
    """
    dy, cos_cos = abs(y_a - y_b), cos_lat(y_a) * cos_lat(y_b)
    metres = [
        0.0 if dx <= 1 and dy <= 1 else haversine_m(dx, dy, cos_cos)
        for dx in range(columns_reached(dy, cos_cos, RADIUS_MAX_M) + 1)
    ]
    to_area = tuple(label_m(one, Roughness.AREA) for one in metres)
    return Across(tuple(metres), tuple(map(label_m, metres)), to_area)


def in_range(a: Cell, radius_a_m: float, b: Cell, radius_b_m: float) -> bool:
    """Each cell is inside the other's circle: the rule for chat."""
    metres = apart(a, b)
    return metres <= radius_a_m and metres <= radius_b_m


def circles_overlap(a: Cell, radius_a_m: float, b: Cell, radius_b_m: float) -> bool:
    """The two circles share ground: the rule for voice."""
    return apart(a, b) <= radius_a_m + radius_b_m


def label(apart_m: float) -> str:
    """The only way a distance is ever shown."""
    return label_of(label_m(apart_m))


@lru_cache
def label_of(metres: int) -> str:
    """The label of so many metres, as `label_m` gives them."""
    if metres == 0:
        return "right around you"
    return f"~{metres} m" if metres < 1000 else f"~{metres / 1000:g} km"


def coarser(one: Roughness, other: Roughness) -> Roughness:
    """How finely two are told of each other: neither more finely than they chose."""
    return one if one == Roughness.AREA else other


def label_m(apart_m: float, roughness: Roughness = Roughness.BLOCK) -> int:
    """The metres of a label: the nearest step of 50 m to 500, of 100 m to 1 km, then of 200 m. With
    or of an area, the nearest of 500 m."""
    if roughness == Roughness.AREA:
        return AREA_STEP_M * math.floor(apart_m / AREA_STEP_M + 0.5)
    if apart_m <= 0:
        return 0
    step = 50 if apart_m < 500 else 100 if apart_m < 1000 else 200
    return max(50, step * math.floor(apart_m / step + 0.5))


def coarsened_m(block_m: int, apart_m: float, roughness: Roughness) -> int:
    """The label `block_m` of a distance, or a coarser one where whoever stands there chose it."""
    return label_m(apart_m, roughness) if roughness == Roughness.AREA else block_m


def haversine_m(dx: int, dy: int, cos_cos: float) -> float:
    """Great-circle metres over dx columns and dy rows; cos_cos is the product of both cosines.

    R. W. Sinnott, Virtues of the Haversine, Sky and Telescope 68(2), 1984. Counting in whole cells
    makes the answer the same both ways, and across the antimeridian.
    """
    sin_lat = math.sin(dy * HALF_CELL_RADIANS)
    sin_lon = math.sin(dx * HALF_CELL_RADIANS)
    root = math.sqrt(sin_lat * sin_lat + cos_cos * sin_lon * sin_lon)
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, root))


def columns_reached(dy: int, cos_cos: float, radius_m: float) -> int:
    """How many columns to each side a circle reaches, dy rows from its centre; -1 if none."""
    sin_radius = math.sin(min(radius_m / EARTH_RADIUS_M, math.pi) / 2)
    rest = max(0.0, sin_radius**2 - math.sin(dy * HALF_CELL_RADIANS) ** 2) / cos_cos
    columns = int(math.asin(min(1.0, math.sqrt(rest))) / HALF_CELL_RADIANS)
    # The inverse may be off by a rounding error; apart() has the last word.
    while columns < COLUMNS // 2 and haversine_m(columns + 1, dy, cos_cos) <= radius_m:
        columns += 1
    while columns >= 0 and haversine_m(columns, dy, cos_cos) > radius_m:
        columns -= 1
    return max(columns, 1) if dy <= 1 else columns
