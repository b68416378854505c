"""Squares: which cells one has, what is beside it, and how wide it is for whoever speaks."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pygeohash
import pytest

from presence.geo import (
    CELL_DEGREES,
    CELL_LEVEL,
    RADIUS_STOPS_M,
    Cell,
    Square,
    apart,
    cell_at,
    centre,
    is_beside,
    published_point,
    spot,
    square_of,
    tile_of,
    tiles_around,
)
from presence.geo.cells import COLUMNS, ROW_FIRST, ROW_LAST

if TYPE_CHECKING:
    from collections.abc import Iterator

# Here, on the equator, in the south, at the antimeridian from both sides, and at both ends.
SPOTS = [
    (52.5, 13.4),
    (0.001, 0.001),
    (-33.9, 151.2),
    (10.0, 179.9995),
    (-0.001, -179.9995),
    (84.99, 20.0),
    (-84.99, -70.0),
]
CELLS_BY_REACH = {
    100: 1,
    150: 1,
    200: 4,
    300: 4,
    400: 4,
    500: 16,
    700: 16,
    1000: 16,
    1500: 32,
    2000: 32,
}


def cells_in(square: Square) -> list[Cell]:
    """Those that somebody may be in."""
    rows = range(max(square.y, ROW_FIRST), min(square.y + square.rows, ROW_LAST + 1))
    return [
        cell_at(*published_point(cell_of(x, y)))
        for y in rows
        for x in range(square.x, square.x + square.columns)
    ]


def cell_of(x: int, y: int) -> Cell:
    lat, lon = (y + 0.5) * CELL_DEGREES - 90, (x + 0.5) * CELL_DEGREES - 180
    return pygeohash.encode(lat, lon, CELL_LEVEL)


def near(chance: random.Random, cell: Cell, steps: int) -> Cell:
    """A cell so many columns and rows away at the most, that somebody may be in."""
    lat, lon = centre(cell)
    lat += chance.randint(-steps, steps) * CELL_DEGREES
    lon += chance.randint(-steps, steps) * CELL_DEGREES
    return cell_at(max(-85.0, min(85.0, lat)), (lon + 180) % 360 - 180)


def trials(count: int = 1_500) -> Iterator[tuple[random.Random, Cell, int]]:
    """A cell where somebody speaks, and how far they reach."""
    chance = random.Random(count)
    for _ in range(count):
        yield chance, near(chance, cell_at(*chance.choice(SPOTS)), 6), chance.choice(RADIUS_STOPS_M)


@pytest.mark.parametrize("reach_m", RADIUS_STOPS_M)
def test_so_many_cells_have_the_square_of_each_reach(reach_m: int) -> None:
    assert len(cells_in(square_of("u33dc0q", reach_m))) == CELLS_BY_REACH[reach_m]


def test_all_cells_of_a_square_have_it_and_lie_in_one_tile() -> None:
    for _, cell, reach_m in trials():
        square = square_of(cell, reach_m)
        cells = cells_in(square)
        assert cell in cells
        assert {square_of(one, reach_m) for one in cells} == {square}
        assert {tile_of(one) for one in cells} == {tile_of(cell)}


def test_the_squares_of_a_cell_lie_in_each_other() -> None:
    """So who speaks at several reaches tells the smallest of them, and not where two cross."""
    for _, cell, _ in trials(200):
        inner: set[Cell] = set()
        for reach_m in RADIUS_STOPS_M:
            outer = {*cells_in(square_of(cell, reach_m))}
            assert inner <= outer
            inner = outer


def test_beside_a_square_is_whoever_is_so_far_from_any_of_its_cells() -> None:
    for chance, cell, reach_m in trials():
        square = square_of(cell, reach_m)
        here = near(chance, cell, 24 if abs(spot(cell).lat) < 80 else 160)
        nearest_m = min(apart(here, one) for one in cells_in(square))
        for radius_m in RADIUS_STOPS_M:
            assert is_beside(here, square, radius_m) == (nearest_m <= radius_m)


def test_whoever_is_beside_a_square_is_in_a_tile_around_it_and_none_is_named_in_vain() -> None:
    for chance, cell, reach_m in trials(400):
        square = square_of(cell, reach_m)
        here = near(chance, cell, 24 if abs(spot(cell).lat) < 80 else 160)
        tiles = tiles_around(square, reach_m)
        if is_beside(here, square, reach_m):
            assert tile_of(here) in tiles
        tile = chance.choice(sorted(tiles))
        all_of_it = cells_in(square_of(f"{tile}s", 2000))
        assert any(is_beside(one, square, reach_m) for one in all_of_it)


def test_a_square_is_no_wider_than_whoever_speaks_there_reaches() -> None:
    """From the middle of one side to that of the other, on the equator, where cells are widest."""
    for reach_m in RADIUS_STOPS_M:
        square = square_of(cell_at(0.001, 0.001), reach_m)
        row = [one for one in cells_in(square) if spot(one).y == square.y]
        column = [one for one in cells_in(square) if spot(one).x == square.x]
        assert apart(row[0], row[-1]) <= reach_m
        assert apart(column[0], column[-1]) <= reach_m


def test_no_square_leads_round_the_world() -> None:
    for _, cell, reach_m in trials(200):
        square = square_of(cell, reach_m)
        assert square.x + square.columns <= COLUMNS
