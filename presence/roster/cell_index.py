"""The people of one cell, sorted so that counting them costs nothing by the person."""

from bisect import bisect_left, insort

from presence.values import Person


class CellIndex:
    """The people of one cell.

    `ranks` are sorted ids by radius and process: all of one rank are in range, and alive, together.
    `loose` are people judged one by one, by their keys: no process holds them, or they are listed
    more than once.
    """

    __slots__ = ("loose", "ranks")

    def __init__(self) -> None:
        self.ranks: dict[tuple[int, str], tuple[int, str, list[str]]] = {}
        self.loose: dict[str, Person] = {}

    def __bool__(self) -> bool:
        return bool(self.ranks or self.loose)

    def put(self, person: Person, *, alone: bool) -> None:
        if alone and person.process:
            key = person.radius_m, person.process
            _, _, rank = self.ranks.setdefault(key, (*key, []))
            insort(rank, person.person_id)
        else:
            self.loose[person.key] = person

    def drop(self, person: Person) -> None:
        if self.loose.pop(person.key, None) is None:
            key = person.radius_m, person.process
            _, _, rank = self.ranks[key]
            del rank[bisect_left(rank, person.person_id)]
            if not rank:
                del self.ranks[key]
