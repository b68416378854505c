"""Cells and tiles: how far apart, under which label, and which tiles a circle reaches.

A cell is a geohash of precision 7, a tile its parent of precision 6 (Niemeyer, geohash, 2008).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import pygeohash

Cell = str
Tile = str

RADIUS_MIN_M = 100
RADIUS_MAX_M = 2000
RADIUS_STOPS_M = (100, 150, 200, 300, 400, 500, 700, 1000, 1500, 2000)
LATITUDE_MAX = 85.0
# Characters of a geohash: a cell is 153 m wide at the equator, a tile 1.2 km, an area 39 km.
CELL_LEVEL, TILE_LEVEL, AREA_LEVEL = 7, 6, 4
TILES_MAX = 300

EARTH_RADIUS_M = 6371008.8  # mean radius R1 of WGS 84 (H. Moritz, Geodetic Reference System 1980)

# The integer grid: column x has 18 bits, eastwards from 180 W; row y has 17, from the south pole.
# A cell is 45 / 2**15 degrees high and wide, so floats hold every border and centre exactly.
COLUMNS = 1 << 18
CELL_DEGREES = 360 / COLUMNS
HALF_CELL_RADIANS = math.pi / COLUMNS
CELL_HEIGHT_M = 2 * HALF_CELL_RADIANS * EARTH_RADIUS_M
TILE_COLUMNS, TILE_ROWS = 8, 4  # cells in a tile, each way
ROW_FIRST = int((90 - LATITUDE_MAX) / CELL_DEGREES)
ROW_LAST = int((90 + LATITUDE_MAX) / CELL_DEGREES)


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell on the integer grid, with its centre in degrees."""

    x: int
    y: int
    lat: float
    lon: float
    cos_lat: float


class Across(NamedTuple):
    """How far the cells of one row are from those of another, by the columns between them."""

    metres: tuple[float, ...]
    labels_m: tuple[int, ...]


class BeyondLatitude(ValueError):
    """A place nearer to a pole than LATITUDE_MAX, where cells are too narrow to meet in."""


def cell_at(lat: float, lon: float) -> Cell:
    """Snap degrees to a cell. ValueError if not on Earth; BeyondLatitude beyond 85 degrees."""
    if not (abs(lat) <= 90 and abs(lon) <= 180):  # so written, NaN is refused too
        raise ValueError("not a position on Earth")
    if abs(lat) > LATITUDE_MAX:
        raise BeyondLatitude("beyond 85 degrees")
    return pygeohash.encode(lat, -180.0 if lon == 180 else lon, CELL_LEVEL)


def published_point(cell: Cell) -> tuple[float, float]:
    """What clients tell of a cell: its middle, or the nearest point to it this side of 85 degrees,
    which runs through the outermost cells. BeyondLatitude if none of it lies there."""
    at = spot(cell)
    if not ROW_FIRST <= at.y <= ROW_LAST:
        raise BeyondLatitude("beyond 85 degrees")
    return max(-LATITUDE_MAX, min(LATITUDE_MAX, at.lat)), at.lon


def centre(cell: Cell) -> tuple[float, float]:
    """Latitude and longitude in degrees of the middle of a cell, exactly."""
    at = spot(cell)
    return at.lat, at.lon


@lru_cache(maxsize=1 << 14)
def spot(cell: Cell) -> GridCell:
    """Where a cell stands on the grid. ValueError if it is none."""
    if len(cell) != CELL_LEVEL:
        raise ValueError("a cell is a geohash of 7 characters")
    box = pygeohash.decode_exactly(cell)
    x = int((box.longitude + 180) / CELL_DEGREES)
    y = int((box.latitude + 90) / CELL_DEGREES)
    return GridCell(x, y, box.latitude, box.longitude, _cos_lat(y))


def parent(geohash: str, level: int) -> str:
    """The geohash of `level` characters around a longer one; "", no place, stays ""."""
    return geohash[:level]


def tile_of(cell: Cell) -> Tile:
    return parent(cell, TILE_LEVEL)


def area_of(cell: Cell) -> str:
    """The geohash of 4 characters by which activity is counted: 39 km x 20 km at the equator."""
    return parent(cell, AREA_LEVEL)


def middle_cell(tile: Tile) -> Cell:
    """The cell of a tile whose south-western corner is the middle of the tile."""
    return f"{tile}s"


@lru_cache(maxsize=1 << 16)
def apart(a: Cell, b: Cell) -> float:
    """Metres between two cells: 0 if they are the same or touch, else from centre to centre."""
    here, there = spot(a), spot(b)
    dy = abs(here.y - there.y)
    dx = abs(here.x - there.x)
    dx = min(dx, COLUMNS - dx)
    if dx <= 1 and dy <= 1:
        return 0.0
    return _haversine_m(dx, dy, here.cos_lat * there.cos_lat)


@lru_cache(maxsize=1 << 14)
def across(y_a: int, y_b: int) -> Across:
    """What `apart` and `label_m` say of the cells of two rows, as far as RADIUS_MAX_M reaches.

    All cells of a row share it: whoever moves along finds it known.
    """
    dy, cos_cos = abs(y_a - y_b), _cos_lat(y_a) * _cos_lat(y_b)
    metres = [
        0.0 if dx <= 1 and dy <= 1 else _haversine_m(dx, dy, cos_cos)
        for dx in range(_columns_reached(dy, cos_cos, RADIUS_MAX_M) + 1)
    ]
    return Across(tuple(metres), tuple(map(label_m, metres)))


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


def label_m(apart_m: float) -> int:
    """The metres of a label: the nearest step of 50 m to 500, of 100 m to 1 km, then of 200 m."""
    if apart_m <= 0:
        return 0
    step = 50 if apart_m < 500 else 100 if apart_m < 1000 else 200
    return max(50, step * math.floor(apart_m / step + 0.5))


@lru_cache(maxsize=4096)
def tiles_within(cell: Cell, radius_m: float) -> frozenset[Tile]:
    """The tiles with at least one cell at most radius_m apart from this one, and no other tile."""
    here = spot(cell)
    return frozenset(
        _tile(tile_x % (COLUMNS // TILE_COLUMNS), tile_y)
        for tile_y, columns in _reach(here.y, radius_m).items()
        if columns >= 0
        for tile_x in range(
            (here.x - columns) // TILE_COLUMNS, (here.x + columns) // TILE_COLUMNS + 1
        )
    )


@lru_cache(maxsize=4096)
def _reach(here_y: int, radius_m: float) -> Mapping[int, int]:
    """Columns of cells that a circle around a row reaches each way, at most, by row of tiles."""
    rows = math.ceil(radius_m / CELL_HEIGHT_M) + 1
    reach: dict[int, int] = {}
    for y in range(max(ROW_FIRST, here_y - rows), min(ROW_LAST, here_y + rows) + 1):
        columns = _columns_reached(abs(y - here_y), _cos_lat(here_y) * _cos_lat(y), radius_m)
        reach[y // TILE_ROWS] = max(columns, reach.get(y // TILE_ROWS, -1))
    return reach


def capped_radius_m(cell: Cell, radius_m: int) -> int:
    """The radius, or the largest stop below it that needs at most TILES_MAX tiles."""
    narrower = (stop for stop in reversed(RADIUS_STOPS_M) if stop < radius_m)
    for candidate in (radius_m, *narrower):
        if len(tiles_within(cell, candidate)) <= TILES_MAX:
            return candidate
    return RADIUS_MIN_M


def _cos_lat(y: int) -> float:
    return math.cos(math.radians((y + 0.5) * CELL_DEGREES - 90))


def _haversine_m(dx: int, dy: int, cos_cos: float) -> float:
    """Great-circle metres over dx columns and dy rows; cos_cos is the product of both cosines.

    R. W. Sinnott, Virtues of the Haversine, Sky and Telescope 68(2), 1984. Counting in whole cells
    makes the answer the same both ways, and across the antimeridian.
    """
    sin_lat = math.sin(dy * HALF_CELL_RADIANS)
    sin_lon = math.sin(dx * HALF_CELL_RADIANS)
    root = math.sqrt(sin_lat * sin_lat + cos_cos * sin_lon * sin_lon)
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, root))


def _columns_reached(dy: int, cos_cos: float, radius_m: float) -> int:
    """How many columns to each side a circle reaches, dy rows from its centre; -1 if none."""
    sin_radius = math.sin(min(radius_m / EARTH_RADIUS_M, math.pi) / 2)
    rest = max(0.0, sin_radius**2 - math.sin(dy * HALF_CELL_RADIANS) ** 2) / cos_cos
    columns = int(math.asin(min(1.0, math.sqrt(rest))) / HALF_CELL_RADIANS)
    # The inverse may be off by a rounding error; apart() has the last word.
    while columns < COLUMNS // 2 and _haversine_m(columns + 1, dy, cos_cos) <= radius_m:
        columns += 1
    while columns >= 0 and _haversine_m(columns, dy, cos_cos) > radius_m:
        columns -= 1
    return max(columns, 1) if dy <= 1 else columns


@lru_cache(maxsize=1 << 14)
def _tile(tile_x: int, tile_y: int) -> Tile:
    lat = (tile_y + 0.5) * TILE_ROWS * CELL_DEGREES - 90
    lon = (tile_x + 0.5) * TILE_COLUMNS * CELL_DEGREES - 180
    return pygeohash.encode(lat, lon, TILE_LEVEL)
