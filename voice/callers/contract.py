"""Who is in voice, and how they stand with each other: the contract that the memory and the Redis
sibling both keep.

Every method may raise `Refused("store-unavailable")`: the answer is unknown.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, Self

from presence.geo import RADIUS_MAX_M, parent, tiles_within
from presence.people import Place

District = str
DISTRICT_LEVEL = 5  # characters of a geohash: 5 km

# How long a caller is kept without a sign of life: longer than a decline is remembered, and than
# processes take to give signs.
KEEP_MS = 900_000


class Tie(StrEnum):
    """How somebody stands with one other person; that one's tie says the same from their side."""

    KNOCKED = "knocked"  # they knocked, and wait for an answer
    KNOCKS = "knocks"  # the other did
    WAITING = "waiting"  # both agreed, and wait for a free place
    LIVE = "live"  # they are to be connected


NOWHERE = Place("", 0)


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone in voice. `version` grows with every change.

    `direct`: the others may see their network address. `instance` names this life of their client.
    `process` holds their socket, and is reached by `channel`; without one, they are away and stay
    until `until_ms`. `declined` says until when each person may not knock at them again, and
    `knock_tat_ms` is what GCRA keeps of their own knocks. `hidden` are those between whom and them
    a block stands.
    """

    person_id: str
    name: str = ""
    place: Place = NOWHERE
    direct: bool = False
    instance: str = ""
    process: str = ""
    channel: str = ""
    until_ms: int = 0
    version: int = 0
    ties: Mapping[str, Tie] = field(default_factory=dict)
    declined: Mapping[str, int] = field(default_factory=dict)
    knock_tat_ms: int = 0
    hidden: frozenset[str] = frozenset()

    def alive(self, processes: Collection[str], now_ms: int) -> bool:
        return self.process in processes if self.process else self.until_ms > now_ms

    @property
    def joined(self) -> bool:
        """In voice, as far as this says; `alive` knows whether it still holds."""
        return bool(self.process or self.until_ms)

    @property
    def district(self) -> District:
        return district_of(self.place)

    def changed(self, **fields: Any) -> Self:
        return replace(self, **fields)

    def tied(self, other_id: str, tie: Tie | None) -> Self:
        """With this tie to somebody, or with none."""
        others = {other: known for other, known in self.ties.items() if other != other_id}
        return self.changed(ties=others if tie is None else {**others, other_id: tie})

    def tied_by(self, tie: Tie) -> list[str]:
        """Those with whom it stands so, by id."""
        return sorted(other for other, known in self.ties.items() if known is tie)

    @property
    def look(self) -> tuple[Any, ...]:
        """What people see of them who have nothing to do with them."""
        return self.name, self.place, bool(self.process), self.hidden


def district_of(place: Place) -> District:
    """The geohash of 5 characters around a place: the unit in which voice is looked for."""
    return parent(place.cell, DISTRICT_LEVEL)


def districts_heard(place: Place) -> frozenset[District]:
    """Where everyone is whose circle may overlap one's own."""
    tiles = tiles_within(place.cell, place.radius_m + RADIUS_MAX_M)
    return frozenset(parent(tile, DISTRICT_LEVEL) for tile in tiles)


Act = Callable[[dict[str, Caller]], None]


class Callers(Protocol):
    async def change(self, ids: Collection[str], act: Act) -> None:
        """One step: `act` is handed these people and all whom they are tied to, as far as they are
        known, and what it puts in their place, with higher versions, is kept. If others were
        quicker it is done anew.

        Raises what `act` raises; then nothing was changed.
        """

    async def read(self, ids: Collection[str]) -> Mapping[str, Caller]:
        """Those of them who are known."""

    async def within(self, districts: Iterable[District]) -> list[Caller]:
        """Everyone who has joined there and not left, dead or alive: `Caller.alive` tells."""

    async def touch(self, callers: Iterable[Caller]) -> None:
        """Keeps them for as long again."""
