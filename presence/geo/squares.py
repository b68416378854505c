"""Squares: groups of cells, about as wide as somebody reaches, by which goes what they said before.

They stand still: one of 2 x 2 cells, of 4 x 4, or a whole tile, each a quarter or a half of the
next. So squares of one cell lie within each other, and those of several reaches together say the
smallest.
"""

from functools import lru_cache
from typing import NamedTuple

from presence.geo.cells import COLUMNS, Cell, Tile, spot
from presence.geo.distances import across
from presence.geo.tiles import TILE_COLUMNS, TILE_ROWS, tiles_beside

# Columns and rows of cells, and from which reach on: whoever speaks reaches from one side of their
# square to the other.
SIZES = (
    (TILE_COLUMNS, TILE_ROWS, 1_500),
    (4, 4, 500),
    (2, 2, 200),
    (1, 1, 0),
)


class Square(NamedTuple):
    """Its south-western cell on the integer grid, and how many columns and rows it has."""

    x: int
    y: int
    columns: int
    rows: int


@lru_cache(maxsize=1 << 14)
def square_of(cell: Cell, radius_m: int) -> Square:
    """The square that stands for a cell in which somebody speaks who reaches so far."""
    at = spot(cell)
    columns, rows = next((width, height) for width, height, least in SIZES if radius_m >= least)
    return Square(at.x - at.x % columns, at.y - at.y % rows, columns, rows)


def is_beside(cell: Cell, square: Square, radius_m: float) -> bool:
    """Whether any cell of a square is at most so far apart from this one, RADIUS_MAX_M at most."""
    at = spot(cell)
    east = (at.x - square.x) % COLUMNS
    dx = 0 if east < square.columns else min(east - square.columns + 1, COLUMNS - east)
    nearest_y = min(max(at.y, square.y), square.y + square.rows - 1)
    metres = across(at.y, nearest_y).metres
    return dx < len(metres) and metres[dx] <= radius_m


def tiles_around(square: Square, radius_m: float) -> frozenset[Tile]:
    """The tiles of all cells that are at most so far apart from any of a square."""
    last_x = square.x + square.columns - 1
    rows = range(square.y, square.y + square.rows)
    return frozenset().union(*(tiles_beside(square.x, last_x, y, radius_m) for y in rows))
