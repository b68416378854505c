"""The people that a cohort was last sent, from which the list of each of its readers follows."""

from collections.abc import Collection, Mapping
from copy import copy
from typing import Self

from presence.roster import SHOWN_MAX, Entry, Listing, Nearby


class CohortListing:
    """Whom a cohort was last sent, and in which `version`; 0 before anybody was sent anything.

    Each reader misses themselves. All of them are in the cell of the cohort and counted under its
    label, so the totals are less by one for everyone. `whole` has the 51 nearest: whoever is one of
    them reads the 50 others. Where it is `crowded`, all others read `first`, the 50 nearest.
    """

    __slots__ = ("crowded", "version", "whole")

    def __init__(self, nearby: Nearby, version: int) -> None:
        listing = Listing.of(nearby)
        self.version = version
        self.crowded = nearby.rest > 0
        self.whole = Listing(listing.people, moved(listing.totals, 0, -1))

    def at(self, version: int) -> Self:
        """The same in another version."""
        other = copy(self)
        other.version = version
        return other

    def without(self, hidden: Collection[str]) -> Self | None:
        """The same as if these were not here. None where it is crowded: who takes their places is
        not known."""
        if self.crowded:
            return None
        other, totals = copy(self), self.whole.totals
        for one in self.whole.people.keys() & hidden:
            totals = moved(totals, self.whole.people[one].label_m, -1)
        people = {key: one for key, one in self.whole.people.items() if key not in hidden}
        other.whole = Listing(people, totals)
        return other

    @property
    def first(self) -> Listing:
        return Listing(dict([*self.whole.people.items()][:SHOWN_MAX]), self.whole.totals)

    def of(self, person_id: str) -> Listing:
        """The list as one reader sees it."""
        own = self.whole.people.get(person_id)
        if own:
            return self._without(own)
        return self.first if self.crowded else Listing(self.whole.people, self._uncounted())

    def counts(self, person_id: str) -> bool:
        """Whether a reader is counted in it where all its readers are. Not so in the moments in
        which the roster does not list them, or elsewhere. In a crowd whoever is none of the nearest
        is taken for counted: in such a moment their count is less by one."""
        own = self.whole.people.get(person_id)
        return own.label_m == 0 if own else self.crowded

    def _without(self, own: Entry) -> Listing:
        others = {key: one for key, one in self.whole.people.items() if one is not own}
        totals = moved(self._uncounted(), own.label_m, -1) if own.label_m else self.whole.totals
        return Listing(others, totals)

    def _uncounted(self) -> Mapping[int, int]:
        """The totals of a reader who is not counted."""
        return moved(self.whole.totals, 0, 1)


def moved(totals: Mapping[int, int], far: int, by: int) -> Mapping[int, int]:
    """Totals with more or less under one label; those of 0 are left out."""
    found = {**totals, far: totals.get(far, 0) + by}
    return found if found[far] else {label: n for label, n in found.items() if n}
