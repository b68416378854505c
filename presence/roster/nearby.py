"""Who is in range of a place: plain values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from presence.values import Person, Place

SHOWN_MAX = 50


class Neighbour(NamedTuple):
    """Someone in range, in the order people are listed: by label, then by id, never finer.
    `is_open`: their door in voice."""

    label_m: int
    person_id: str
    person: Person
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Nearby:
    """Who is in range of a place: the same answer for everyone there.

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
        """The same without one person who is counted in it.

        If not all are shown, that person may be one of the rest. They are then counted under the
        first label, as they are in their own cell.
        """
        own = next((one.label_m for one in self.shown if one.person_id == person_id), 0)
        others = tuple(one for one in self.shown if one.person_id != person_id)
        totals = Counter(self.totals)
        if self.rest or len(others) < len(self.shown):
            totals[own] -= 1
        return replace(self, shown=others[:SHOWN_MAX], totals=+totals)
