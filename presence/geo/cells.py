"""Cells and tiles: where positions are snapped to, and how cells lie on a grid.

A cell is a geohash of precision 7, a tile its parent of precision 6 (Niemeyer, geohash, 2008).
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import pygeohash

Cell = str
Tile = str

LATITUDE_MAX = 85.0
# Characters of a geohash: a cell is 153 m wide at the equator, a tile 1.2 km, an area 39 km.
CELL_LEVEL, TILE_LEVEL, AREA_LEVEL = 7, 6, 4

# The integer grid: column x has 18 bits, eastwards from 180 W; row y has 17, from the south pole.
# A cell is 45 / 2**15 degrees high and wide, so floats hold every border and centre exactly.
COLUMNS = 1 << 18
CELL_DEGREES = 360 / COLUMNS
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


class Roughness(StrEnum):
    """How finely others can place somebody: to a block, which is a cell, or to an area, a tile.

    The values stand in the stores and on the wire.
    """

    BLOCK = "block"
    AREA = "area"

    @classmethod
    def kept(cls, value: str | None = None) -> "Roughness":
        """By what a store or a process tells: a block where that is nothing, and what only a newer
        release knows the coarsest."""
        return cls.BLOCK if not value or value == cls.BLOCK else cls.AREA


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
    return GridCell(x, y, box.latitude, box.longitude, cos_lat(y))


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


def published_cell(cell: Cell, roughness: Roughness) -> Cell:
    """The cell that stands for a position from here on: of an area the middle one, whichever of its
    tile it was."""
    return middle_cell(tile_of(cell)) if roughness == Roughness.AREA else cell


def cos_lat(y: int) -> float:
    return math.cos(math.radians((y + 0.5) * CELL_DEGREES - 90))
