"""The cells that a circle reaches are those that comparing every two cells finds."""

import random

import pytest

from presence.geo import (
    CELL_DEGREES,
    LATITUDE_MAX,
    RADIUS_STOPS_M,
    apart,
    cell_at,
    label_m,
    tile_of,
)
from presence.grid import Grid
from presence.values import Place

CELLS = 400


@pytest.mark.parametrize(
    ("lat", "lon"), [(52.52, 13.405), (0.0, 0.0), (-16.8, 180.0), (84.99, -179.99), (-85.0, 30.0)]
)
def test_a_circle_finds_the_cells_in_it_as_far_as_they_are_apart(lat: float, lon: float) -> None:
    rng, grid = random.Random(f"{lat} {lon}"), Grid[str]()
    cells = {
        cell_at(
            max(-LATITUDE_MAX, min(LATITUDE_MAX, lat + rng.uniform(-16, 16) * CELL_DEGREES)),
            (lon + rng.uniform(-16, 16) * CELL_DEGREES + 180) % 360 - 180,
        )
        for _ in range(CELLS)
    }
    for cell in cells:
        grid[cell] = cell
    for cell in rng.sample(sorted(cells), 20):
        for radius_m in RADIUS_STOPS_M:
            found = sorted(
                (far, label, it) for far, label, it in grid.within(Place(cell, radius_m))
            )
            due = sorted(
                (apart(cell, other), label_m(apart(cell, other)), other)
                for other in cells
                if apart(cell, other) <= radius_m
            )
            assert found == due


def test_nothing_is_left_of_what_was_taken_out() -> None:
    grid, cells = Grid[int](), [cell_at(52.52, 13.4 + step * CELL_DEGREES) for step in range(40)]
    for number, cell in enumerate(cells):
        grid[cell] = number
    assert len(grid) == 40
    assert all(grid[cell] == number for number, cell in enumerate(cells))
    tile = tile_of(cells[0])
    assert {*grid.of_tile(tile)} == {n for n, cell in enumerate(cells) if tile_of(cell) == tile}
    for cell in cells:
        del grid[cell]
        assert cell not in grid
    assert not grid.tiles
