"""Counts of what happens, by the hour and by area (a geohash of 4 characters, 39 km x 20 km).

They are kept in memory and written to the database when the hour ends. No area is written with
what fewer than 5 people did: a process writes an area only if it counted 5 people there itself,
and all other areas together, as elsewhere. So each time that the row of an area grows, it grows by
what 5 people or more did, and no two readings of it reveal less, however many processes add to it.
A process that is killed loses the hour that ran; one that ends in order writes it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from neartalk.clock import Clock, now_ms

HOUR_MS = 3_600_000
FEW = 5
ELSEWHERE = ""
# Of one hour: people that are remembered, more are not counted; areas, more count as elsewhere.
SEEN_MAX = 100_000
AREAS_MAX = 10_000
# Areas of hours that are over and not written yet; more are added to their hour's elsewhere.
WAITING_MAX = 10_000


class HourArea(NamedTuple):
    """The key of a row."""

    hour_ms: int
    area: str


class HourTotals(NamedTuple):
    """`people` are distinct in a process: who comes to another one within the hour counts there
    too. `peak` is the most who were here in any minute; of several processes or areas it is the sum
    of theirs, so that no more were here at once, and maybe fewer.
    """

    people: int = 0
    sessions: int = 0
    messages: int = 0
    voice_minutes: int = 0
    peak: int = 0

    def plus(self, more: Self) -> "HourTotals":
        return HourTotals(*(one + other for one, other in zip(self, more, strict=True)))


@dataclass(slots=True)
class Counts:
    """One area in the hour that runs. The ids in `people` go nowhere, and go with it."""

    people: set[str] = field(default_factory=set)
    sessions: int = 0
    messages: int = 0
    voice_minutes: int = 0
    peak: int = 0


class Activity:
    """Counts of this process, by area."""

    def __init__(self, clock: Clock = now_ms) -> None:
        self.clock = clock
        self.hour_ms = 0
        self.areas: dict[str, Counts] = {}
        self.seen = 0
        self.waiting: dict[HourArea, HourTotals] = {}

    # ---- What happens ------------------------------------------------------------------------

    def count_person(self, person_id: str, area: str) -> None:
        """Somebody has a socket here."""
        people = self._at(area).people
        if person_id not in people and self.seen < SEEN_MAX:
            people.add(person_id)
            self.seen += 1

    def count_present(self, here: Iterable[tuple[str, str]]) -> None:
        """All who have sockets here now, once each: person ids and areas. Each minute."""
        heads: Counter[str] = Counter()
        for person_id, area in here:
            self.count_person(person_id, area)
            heads[area] += 1
        for area, count in heads.items():
            counts = self._at(area)
            counts.peak = max(counts.peak, count)

    def count_session(self, area: str) -> None:
        """A session has its first place."""
        self._at(area).sessions += 1

    def count_message(self, area: str) -> None:
        """A message was kept."""
        self._at(area).messages += 1

    def count_voice_minute(self, area: str) -> None:
        """Somebody was in voice for a minute."""
        self._at(area).voice_minutes += 1

    # ---- What is written ---------------------------------------------------------------------

    def pop_finished(self, *, now: bool = False) -> Mapping[HourArea, HourTotals]:
        """Removes and returns the totals of finished hours; with `now`, also of the one that
        runs."""
        self._turn(now=now)
        waiting, self.waiting = self.waiting, {}
        return waiting

    def put_back(self, totals: Mapping[HourArea, HourTotals]) -> None:
        """Adds totals again that could not be written."""
        for key, figures in totals.items():
            self._wait(key, figures)

    def _at(self, area: str) -> Counts:
        self._turn()
        if area not in self.areas:
            area = area if len(self.areas) < AREAS_MAX else ELSEWHERE
            return self.areas.setdefault(area, Counts())
        return self.areas[area]

    def _turn(self, *, now: bool = False) -> None:
        """Ends the hour if it is over: who was here in it is known no more."""
        hour_ms = self.clock() // HOUR_MS * HOUR_MS
        if hour_ms != self.hour_ms or now:
            for area, figures in publishable(self.areas).items():
                self._wait(HourArea(self.hour_ms, area), figures)
            self.hour_ms, self.areas, self.seen = hour_ms, {}, 0

    def _wait(self, key: HourArea, figures: HourTotals) -> None:
        if key not in self.waiting and len(self.waiting) >= WAITING_MAX:
            key = key._replace(area=ELSEWHERE)
        self.waiting[key] = self.waiting.get(key, HourTotals()).plus(figures)


def publishable(areas: Mapping[str, Counts]) -> dict[str, HourTotals]:
    """The totals of an hour: of each area where 5 people were, and of all others as elsewhere."""
    many = {area for area, counts in areas.items() if area and len(counts.people) >= FEW}
    shown = {area: together([areas[area]]) for area in many}
    rest = together([counts for area, counts in areas.items() if area not in many])
    return {**shown, ELSEWHERE: rest} if any(rest) else shown


def together(areas: Sequence[Counts]) -> HourTotals:
    """The totals of several areas. Whoever was in several of them counts once."""
    people = len(set[str]().union(*(one.people for one in areas)))
    return HourTotals(
        people,
        sum(one.sessions for one in areas),
        sum(one.messages for one in areas),
        sum(one.voice_minutes for one in areas),
        min(people, sum(one.peak for one in areas)),
    )
