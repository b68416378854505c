"""This process's picture of the people in the tiles it watches, and who of them is near a place."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from heapq import nsmallest
from typing import NamedTuple

from presence.geo import Cell, Tile, apart, label_m, tiles_within
from presence.people import Person, Place, TileEvent
from presence.registry import Tileful

SHOWN_MAX = 50


class Neighbour(NamedTuple):
    """Someone in range, in the order people are listed: by label, then by id, never finer."""

    label_m: int
    person_id: str
    person: Person


@dataclass(frozen=True, slots=True)
class Nearby:
    """Who is in range of a place: the same answer for everyone in that cell with that radius.

    `shown` are the nearest, `totals` counts everyone by the metres of their label.
    """

    place: Place
    shown: tuple[Neighbour, ...]
    totals: Mapping[int, int]

    @property
    def count(self) -> int:
        return sum(self.totals.values())

    @property
    def rest(self) -> int:
        return self.count - len(self.shown)

    def seen_by(self, person_id: str) -> "Nearby":
        """The same without the one who looks: they are in their own cell, so in the first label."""
        totals = Counter(self.totals)
        totals[0] -= 1
        others = tuple(one for one in self.shown if one.person_id != person_id)
        return replace(self, shown=others[:SHOWN_MAX], totals=+totals)


class Roster:
    def __init__(self) -> None:
        self.versions: dict[Tile, int] = {}
        self.cells: dict[Tile, dict[Cell, dict[str, Person]]] = {}
        self.homes: dict[Tile, dict[str, Cell]] = {}

    def load(self, tile: Tile, tileful: Tileful) -> None:
        self.versions[tile] = tileful.version
        self.cells[tile], self.homes[tile] = {}, {}
        for person in tileful.people.values():
            self._put(tile, person)

    def forget(self, tile: Tile) -> None:
        self.versions.pop(tile, None)
        self.cells.pop(tile, None)
        self.homes.pop(tile, None)

    def apply(self, event: TileEvent) -> bool:
        """Takes a change over. False where one was missed: the tile must be read again."""
        known = self.versions.get(event.tile)
        if known is None or event.version <= known:
            return True
        if event.version > known + 1:
            return False
        self.versions[event.tile] = event.version
        self._drop(event.tile, event.person.person_id)
        if event.here:
            self._put(event.tile, event.person)
        return True

    def everyone(self, tiles: Iterable[Tile]) -> Iterable[Person]:
        for tile in tiles:
            for people in self.cells.get(tile, {}).values():
                yield from people.values()

    def person(self, tile: Tile, person_id: str) -> Person | None:
        cell = self.homes.get(tile, {}).get(person_id)
        return self.cells[tile][cell][person_id] if cell else None

    def nearby(self, place: Place, processes: frozenset[str], now_ms: int) -> Nearby:
        """Who of the living is in range of a place: `apart <= min` of both radii."""
        near: dict[str, Neighbour] = {}
        for tile in tiles_within(place.cell, place.radius_m):
            for cell, people in self.cells.get(tile, {}).items():
                metres = apart(place.cell, cell)
                if metres > place.radius_m:
                    continue
                far = label_m(metres)
                for person_id, person in people.items():
                    if metres <= person.radius_m and person.alive(processes, now_ms):
                        twice = near.get(person_id)
                        if twice is None or twice.person.version < person.version:
                            near[person_id] = Neighbour(far, person_id, person)
        shown = tuple(nsmallest(SHOWN_MAX + 1, near.values(), key=lambda one: one[:2]))
        return Nearby(place, shown, Counter(one.label_m for one in near.values()))

    def _put(self, tile: Tile, person: Person) -> None:
        self.homes[tile][person.person_id] = person.cell
        self.cells[tile].setdefault(person.cell, {})[person.person_id] = person

    def _drop(self, tile: Tile, person_id: str) -> None:
        cell = self.homes[tile].pop(person_id, None)
        if cell is not None:
            people = self.cells[tile][cell]
            del people[person_id]
            if not people:
                del self.cells[tile][cell]
