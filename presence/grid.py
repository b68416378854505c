"""Things in cells, found by circle. The cost is that of the populated cells around it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from presence.geo import COLUMNS, Cell, Roughness, Tile, across, spot, tile_of, tiles_within
from presence.values import Place

T = TypeVar("T")


class Grid(Generic[T]):
    """At most one thing a cell. `tiles` holds them by tile, row and column."""

    def __init__(self) -> None:
        self.tiles: dict[Tile, dict[int, dict[int, T]]] = {}

    def __len__(self) -> int:
        return sum(len(row) for rows in self.tiles.values() for row in rows.values())

    def __contains__(self, cell: Cell) -> bool:
        at = spot(cell)
        return at.x in self.tiles.get(tile_of(cell), {}).get(at.y, ())

    def __getitem__(self, cell: Cell) -> T:
        at = spot(cell)
        return self.tiles[tile_of(cell)][at.y][at.x]

    def __setitem__(self, cell: Cell, it: T) -> None:
        at = spot(cell)
        self.tiles.setdefault(tile_of(cell), {}).setdefault(at.y, {})[at.x] = it

    def __delitem__(self, cell: Cell) -> None:
        at, rows = spot(cell), self.tiles[tile_of(cell)]
        del rows[at.y][at.x]
        if not rows[at.y]:
            del rows[at.y]
        if not rows:
            del self.tiles[tile_of(cell)]

    def of_tile(self, tile: Tile) -> Iterable[T]:
        return (it for row in self.tiles.get(tile, {}).values() for it in row.values())

    def within(self, place: Place) -> Iterator[tuple[float, int, T]]:
        """Each thing inside a circle, with the metres to it and those of its label, as a block."""
        here = spot(place.cell)
        here_x, in_area = here.x, place.roughness == Roughness.AREA
        for tile in tiles_within(place.cell, place.radius_m) & self.tiles.keys():
            for y, row in self.tiles[tile].items():
                metres, labels_m, area_labels_m = across(here.y, y)
                if in_area:
                    labels_m = area_labels_m
                reached = bisect_right(metres, place.radius_m) - 1
                for x, it in row.items():
                    dx = abs(x - here_x)
                    if dx > reached:  # unless the short way leads across the antimeridian
                        dx = COLUMNS - dx
                    if dx <= reached:
                        yield metres[dx], labels_m[dx], it
