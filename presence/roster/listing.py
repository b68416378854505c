"""Whom one reader is shown, as data; what is different later, and how it is applied. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from presence.roster.nearby import Nearby


class Entry(NamedTuple):
    """One person of a list: all that its readers see of them. Entries sort as they are listed.
    `is_open`: their door in voice. Whether any other is closed, or none, nobody is told.
    `is_away`: only a push reaches them."""

    label_m: int
    person_id: str
    name: str
    is_open: bool = False
    is_away: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The list of one reader: the nearest people by their ids, without the reader.

    `totals` counts everybody else in range by the metres of their label.
    """

    people: Mapping[str, Entry]
    totals: Mapping[int, int]

    @classmethod
    def of(cls, nearby: Nearby) -> "Listing":
        """The list of a reader, from who is near as they see it (`Nearby.seen_by`)."""
        return cls(
            {
                one: Entry(far, one, who.name, is_open, who.is_away)
                for far, one, who, is_open in nearby.shown
            },
            nearby.totals,
        )

    @property
    def count(self) -> int:
        return sum(self.totals.values())


NOBODY = Listing({}, {})


@dataclass(frozen=True, slots=True)
class ListingChange:
    """What makes of one list the next: entries that `came` and `changed`, ids that `left`.

    `was` and `count` are how many are counted before and after. `totals` are those that differ, by
    label; 0 for a label under which nobody is left.
    """

    was: int
    count: int
    came: tuple[Entry, ...]
    left: tuple[str, ...]
    changed: tuple[Entry, ...]
    totals: Mapping[int, int]

    def __bool__(self) -> bool:
        return bool(self.totals) or self.names_or_count

    @property
    def names_or_count(self) -> bool:
        """Whether it shows to who is told no totals by label."""
        return bool(self.came or self.left or self.changed) or self.was != self.count

    @property
    def person_ids(self) -> set[str]:
        """Everybody it is about."""
        return {*self.left, *(one.person_id for one in (*self.came, *self.changed))}


def difference(before: Listing, after: Listing) -> ListingChange:
    """What makes of the one list the other."""
    old, new, was = before.people, after.people, before.totals
    return ListingChange(
        before.count,
        after.count,
        tuple([one for person_id, one in new.items() if person_id not in old]),
        tuple([person_id for person_id in old if person_id not in new]),
        tuple([one for person_id, one in new.items() if old.get(person_id, one) != one]),
        {far: total for far, total in after.totals.items() if was.get(far) != total}
        | dict.fromkeys(was.keys() - after.totals.keys(), 0),
    )


def apply(listing: Listing, change: ListingChange) -> Listing:
    """The list after a change: what a reader makes of it."""
    people = {**listing.people, **{one.person_id: one for one in change.came + change.changed}}
    for person_id in change.left:
        del people[person_id]
    totals = {**listing.totals, **change.totals}
    return Listing(
        {one.person_id: one for one in sorted(people.values())},
        {far: total for far, total in totals.items() if total},
    )
