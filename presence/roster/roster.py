"""This process's picture of the people in the tiles it subscribed to: who is near a place.

Everything here costs by the populated cells in reach and by who is shown, not by who is counted.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain, groupby
from typing import TypeVar

from neartalk.clock import lasts
from presence.blocks import lingering_mark
from presence.door_holder import door_of
from presence.geo import Roughness, Tile, coarsened_m
from presence.grid import Grid
from presence.registry import TileSnapshot
from presence.roster.cell_index import CellIndex
from presence.roster.nearby import SHOWN_MAX, Nearby, Neighbour
from presence.values import Person, Place, TileEvent, unheld_ms

# A process by its name, or by the number of its doors.
K = TypeVar("K", str, int)


class Roster:
    def __init__(self) -> None:
        self.versions: dict[Tile, int] = {}
        self.people: dict[Tile, dict[str, Person]] = {}
        self.cells = Grid[CellIndex]()
        # A person once for each entry: a move writes the new tile first, and some linger.
        self.listed: dict[str, tuple[Person, ...]] = {}
        self.held: dict[str, set[tuple[Tile, str]]] = {}
        self.minutes: list[tuple[int, Tile, str]] = []
        self.doors: dict[int, set[tuple[Tile, str]]] = {}
        # Until then whose time is over are judged one by one.
        self.judged_ms = 0

    def load(self, tile: Tile, snapshot: TileSnapshot) -> None:
        """Replaces what is known of a tile. Who is in it as before costs nothing."""
        self.versions[tile] = snapshot.version
        known = self.people.setdefault(tile, {})
        for key in [one for one in known if snapshot.people.get(one) != known[one]]:
            self._drop(tile, key)
        for key, person in snapshot.people.items():
            if key not in known:
                self._put(tile, person)

    def forget(self, tile: Tile) -> None:
        self.load(tile, TileSnapshot())
        del self.versions[tile], self.people[tile]

    def apply(self, event: TileEvent) -> bool:
        """Applies a change of a tile. False if one before it was missed: the tile must be read."""
        known = self.versions.get(event.tile)
        if known is None or event.version <= known:
            return True
        if event.version > known + 1:
            return False
        self.versions[event.tile] = event.version
        self._drop(event.tile, event.person.key)
        if event.here:
            self._put(event.tile, event.person)
        return True

    def person(self, tile: Tile, key: str) -> Person | None:
        return self.people.get(tile, {}).get(key)

    def lapsed(self, since_ms: int, now_ms: int) -> list[Person]:
        """Those without a socket whose time ended after `since_ms`, and by now."""
        first, last = (
            bisect_left(self.minutes, (until_ms + 1, "", "")) for until_ms in (since_ms, now_ms)
        )
        return [self.people[tile][key] for _, tile, key in self.minutes[first:last]]

    def dead(self, processes: frozenset[str], now_ms: int) -> list[Person]:
        """Everyone who is not alive: those whose process is none of these, or time over."""
        orphans = [
            self.people[tile][person_id]
            for process in self.held.keys() - processes
            for tile, person_id in self.held[process]
        ]
        return [*orphans, *self.lapsed(-1, now_ms)]

    def tiles_of(self, processes: Iterable[str]) -> set[Tile]:
        """The tiles in which any of these processes holds somebody, or an open door."""
        each = [(self.held.get(one, ()), self.doors.get(door_of(one), ())) for one in processes]
        return {tile for tile, _ in chain(*chain(*each))}

    def nearby(
        self,
        place: Place,
        processes: frozenset[str],
        now_ms: int,
        hidden: frozenset[str] = frozenset(),
    ) -> Nearby:
        """Who of the living is in range of a place: `apart <= min` of both radii. `hidden` are as
        if they were not here."""
        self._judge_ended(now_ms)
        living = {*processes, ""}  # who is away, and whose time is not over
        near: dict[int, list[list[str]]] = defaultdict(list)
        loose: list[Neighbour] = []
        block = Roughness.BLOCK  # which nearly all are: once a rank, a call would cost a twentieth
        for metres, far, index in self.cells.within(place):
            for radius_m, process, roughness, rank in index.ranks.values():
                if radius_m >= metres and process in living:
                    told = far if roughness is block else coarsened_m(far, metres, roughness)
                    if alike := rank if process else self._alike(rank, now_ms):
                        near[told].append(without(alike, hidden))
            if index.loose:
                loose += [
                    Neighbour(coarsened_m(far, metres, one.roughness), one.person_id, one)
                    for one in index.loose.values()
                    if one.radius_m >= metres
                    and one.alive(processes, now_ms)
                    and not is_hidden(one, hidden)
                ]
        # The newest comes last and stays: a person stands in two tiles while they move, and where
        # they linger.
        newest = {one.person_id: one for one in sorted(loose, key=_version)}
        for far, ones in groupby(sorted(newest.values()), key=_label_m):
            near[far].append([one.person_id for one in ones])
        totals = {far: sum(map(len, ranks)) for far, ranks in near.items()}
        return Nearby(place, self._nearest(near, newest, processes), totals)

    def holds(self, hidden: frozenset[str], place: Place) -> bool:
        """Whether any of these is listed in range of a place."""
        known = (one for person_id in hidden for one in self.listed.get(person_id, ()))
        return any(place.in_range(one.place) for one in known)

    def lists(
        self,
        person_id: str,
        place: Place,
        processes: frozenset[str],
        now_ms: int,
        hidden: frozenset[str],
    ) -> bool:
        """Whether somebody is counted in what `nearby` says of a place."""
        return any(
            place.in_range(one.place)
            and one.alive(processes, now_ms)
            and not is_hidden(one, hidden)
            for one in self.listed.get(person_id, ())
        )

    def _nearest(
        self,
        near: Mapping[int, list[list[str]]],
        loose: Mapping[str, Neighbour],
        processes: frozenset[str],
    ) -> tuple[Neighbour, ...]:
        shown: list[Neighbour] = []
        for far in sorted(near):
            room = SHOWN_MAX + 1 - len(shown)
            firsts = sorted(chain.from_iterable(rank[:room] for rank in near[far]))[:room]
            people = [loose[one].person if one in loose else self.listed[one][0] for one in firsts]
            shown += [
                Neighbour(far, one.person_id, one, one.door > 0 and one.is_open(processes))
                for one in people
            ]
        return tuple(shown)

    def _put(self, tile: Tile, person: Person) -> None:
        self.people[tile][person.key] = person
        self._list(person.person_id, (*self.listed.get(person.person_id, ()), person))
        if person.process:
            enlist(self.held, person.process, (tile, person.key))
        else:
            insort(self.minutes, (person.until_ms, tile, person.key))
        if person.door:
            enlist(self.doors, person.door, (tile, person.key))

    def _drop(self, tile: Tile, key: str) -> None:
        person = self.people[tile].pop(key, None)
        if person is None:
            return
        others = tuple(one for one in self.listed[person.person_id] if one is not person)
        self._list(person.person_id, others)
        if person.process:
            delist(self.held, person.process, (tile, key))
        else:
            del self.minutes[bisect_left(self.minutes, (person.until_ms, tile, key))]
        if person.door:
            delist(self.doors, person.door, (tile, key))

    def _judge_ended(self, now_ms: int) -> None:
        """Those whose time has ended since the last time are judged one by one from now on."""
        for person in self.lapsed(self.judged_ms, now_ms):
            self.cells[person.cell].loosen(person)
        self.judged_ms = max(self.judged_ms, now_ms)

    def _alike(self, rank: list[str], now_ms: int) -> list[str]:
        """Those of a rank of people who are away whose time is not over: all, unless the end of
        somebody's was written before the clock was set back."""
        longest_ms = unheld_ms(reachable=True)
        if lasts(self.minutes[-1][0], now_ms, longest_ms):
            return rank
        return [one for one in rank if lasts(self.listed[one][0].until_ms, now_ms, longest_ms)]

    def _list(self, person_id: str, persons: tuple[Person, ...]) -> None:
        """Puts a person where they are counted: with their like if they are listed but once."""
        for one in self.listed.pop(person_id, ()):
            index = self.cells[one.cell]
            index.drop(one)
            if not index:
                del self.cells[one.cell]
        for one in persons:
            if one.cell not in self.cells:
                self.cells[one.cell] = CellIndex()
            alike = bool(one.process) or (one.is_away and one.until_ms > self.judged_ms)
            self.cells[one.cell].put(one, ranked=alike and len(persons) == 1)
        if persons:
            self.listed[person_id] = persons


def enlist(index: dict[K, set[tuple[Tile, str]]], holder: K, entry: tuple[Tile, str]) -> None:
    index.setdefault(holder, set()).add(entry)


def delist(index: dict[K, set[tuple[Tile, str]]], holder: K, entry: tuple[Tile, str]) -> None:
    index[holder].remove(entry)
    if not index[holder]:
        del index[holder]


def is_hidden(person: Person, hidden: frozenset[str]) -> bool:
    """Whether an entry is as if it were not here. `hidden` are ids, and marks of those whose
    lingering entries are hidden too (`blocks.unlisted`)."""
    if person.person_id not in hidden:
        return False
    return not person.lingers or lingering_mark(person.person_id) in hidden


def without(rank: list[str], hidden: frozenset[str]) -> list[str]:
    return [one for one in rank if one not in hidden] if hidden else rank


def _version(one: Neighbour) -> int:
    return one.person.version


def _label_m(one: Neighbour) -> int:
    return one.label_m
