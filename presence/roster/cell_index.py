"""The people of one cell, sorted so that counting them costs nothing by the person."""

from bisect import bisect_left, insort

from presence.geo import Roughness
from presence.values import Person

Rank = tuple[int, str, Roughness]


class CellIndex:
    """The people of one cell.

    `ranks` are sorted ids by radius, process and roughness: all of one rank are in range, and
    alive, together, and under one label. Whoever is away is in one of no process until their time
    is over.
    `loose` are people judged one by one, by their keys: they are shown for a minute, linger, or are
    listed more than once.
    """

    __slots__ = ("loose", "ranks")

    def __init__(self) -> None:
        self.ranks: dict[Rank, tuple[int, str, Roughness, list[str]]] = {}
        self.loose: dict[str, Person] = {}

    def __bool__(self) -> bool:
        return bool(self.ranks or self.loose)

    def put(self, person: Person, *, ranked: bool) -> None:
        if ranked:
            key = rank_of(person)
            *_, rank = self.ranks.setdefault(key, (*key, []))
            insort(rank, person.person_id)
        else:
            self.loose[person.key] = person

    def loosen(self, person: Person) -> None:
        """Has somebody judged by themselves from now on."""
        if person.key not in self.loose:
            self.drop(person)
            self.loose[person.key] = person

    def drop(self, person: Person) -> None:
        if self.loose.pop(person.key, None) is None:
            key = rank_of(person)
            *_, rank = self.ranks[key]
            del rank[bisect_left(rank, person.person_id)]
            if not rank:
                del self.ranks[key]


def rank_of(person: Person) -> Rank:
    return person.radius_m, person.process, person.roughness
