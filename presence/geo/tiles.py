"""Which tiles a circle reaches: they are what is subscribed to and read for it."""

import math
from collections.abc import Mapping
from functools import lru_cache

import pygeohash

from presence.geo.cells import (
    CELL_DEGREES,
    COLUMNS,
    ROW_FIRST,
    ROW_LAST,
    TILE_LEVEL,
    Cell,
    Tile,
    cos_lat,
    spot,
)
from presence.geo.distances import (
    CELL_HEIGHT_M,
    RADIUS_MIN_M,
    RADIUS_STOPS_M,
    columns_reached,
)

TILES_MAX = 300
TILE_COLUMNS, TILE_ROWS = 8, 4  # cells in a tile, each way


@lru_cache(maxsize=4096)
def tiles_within(cell: Cell, radius_m: float) -> frozenset[Tile]:
    """The tiles with at least one cell at most radius_m apart from this one, and no other tile."""
    here = spot(cell)
    return tiles_beside(here.x, here.x, here.y, radius_m)


def tiles_beside(first_x: int, last_x: int, y: int, radius_m: float) -> frozenset[Tile]:
    """The same for a row of cells, from a column to another one."""
    return frozenset(
        _tile(tile_x % (COLUMNS // TILE_COLUMNS), tile_y)
        for tile_y, columns in _reach(y, radius_m).items()
        if columns >= 0
        for tile_x in range(
            (first_x - columns) // TILE_COLUMNS, (last_x + columns) // TILE_COLUMNS + 1
        )
    )


@lru_cache(maxsize=4096)
def _reach(here_y: int, radius_m: float) -> Mapping[int, int]:
    """Columns of cells that a circle around a row reaches each way, at most, by row of tiles."""
    rows = math.ceil(radius_m / CELL_HEIGHT_M) + 1
    reach: dict[int, int] = {}
    for y in range(max(ROW_FIRST, here_y - rows), min(ROW_LAST, here_y + rows) + 1):
        columns = columns_reached(abs(y - here_y), cos_lat(here_y) * cos_lat(y), radius_m)
        reach[y // TILE_ROWS] = max(columns, reach.get(y // TILE_ROWS, -1))
    return reach


def capped_radius_m(cell: Cell, radius_m: int) -> int:
    """The widest stop that is no wider than the radius and needs at most TILES_MAX tiles.

    Whoever could choose what lies between two stops would learn to the metre how far apart two
    cells are: by the radius from which on somebody is in range.
    """
    for stop in reversed(RADIUS_STOPS_M):
        if stop <= radius_m and len(tiles_within(cell, stop)) <= TILES_MAX:
            return stop
    return RADIUS_MIN_M


@lru_cache(maxsize=1 << 14)
def _tile(tile_x: int, tile_y: int) -> Tile:
    lat = (tile_y + 0.5) * TILE_ROWS * CELL_DEGREES - 90
    lon = (tile_x + 0.5) * TILE_COLUMNS * CELL_DEGREES - 180
    return pygeohash.encode(lat, lon, TILE_LEVEL)
