"""Who is in voice, and how they stand with each other: the contract of the memory and the Redis
store.

Every method may raise `Refused("store-unavailable")`: the answer is unknown.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, Self, TypeVar

from neartalk.clock import lasts
from presence.geo import RADIUS_MAX_M, parent, tiles_within
from presence.values import Place

District = str
DISTRICT_LEVEL = 5  # characters of a geohash: 5 km

# How long the store keeps a caller without a sign of life. Longer than a decline is remembered, and
# than processes take to give signs.
KEEP_MS = 900_000
# For so long somebody whose socket closed keeps their calls, and may come back to them.
AWAY_MS = 30_000
# For so long a decline, and the end of a call, keep two apart.
DECLINED_MS = 600_000


class Tie(StrEnum):
    """How a caller stands with one other person. The other's tie says the same from their side.

    The values stand in Redis and on the wire.
    """

    OUTGOING = "knocked"  # this caller knocked, and waits for an answer
    INCOMING = "knocks"  # the other knocked
    WAITING = "waiting"  # both agreed, and wait for a free place
    LIVE = "live"  # the two are to be connected


class DoorState(StrEnum):
    """Whether others may come in. The values stand in Redis and on the wire."""

    OPEN = "open"  # a standing yes to whoever is in reach
    ASK = "ask"
    LOCKED = "locked"  # nobody may ask, nor do they


NOWHERE = Place("", 0)


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone in voice. `version` grows with every change.

    `direct`: others may see their network address. `instance` names this life of their client.
    `process` holds their socket and is reached by `channel`. Without a process they are away, and
    stay until `until_ms`. `declined`: until when each person may not knock at them again, and no
    door connects the two. `knock_tat_ms`: the GCRA state of their own knocks. `hidden`: the people
    between whom and them a block stands.
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
    door: DoorState = DoorState.ASK

    def alive(self, processes: Collection[str], now_ms: int) -> bool:
        """Whether they are in voice: their process lives, or they may still come back."""
        if self.process:
            return self.process in processes
        return lasts(self.until_ms, now_ms, AWAY_MS)

    @property
    def calls(self) -> set[str]:
        """The ids of those with whom they are in a call, or wait for one that both agreed to."""
        return {other for other, tie in self.ties.items() if tie in {Tie.WAITING, Tie.LIVE}}

    @property
    def joined(self) -> bool:
        """Whether they joined and did not leave. `alive` says whether that still holds."""
        return bool(self.process or self.until_ms)

    @property
    def district(self) -> District:
        return district_of(self.place)

    def changed(self, **fields: Any) -> Self:
        return replace(self, **fields)

    def tied(self, other_id: str, tie: Tie | None) -> Self:
        """A copy with this tie to somebody, or with none."""
        others = {other: known for other, known in self.ties.items() if other != other_id}
        return self.changed(ties=others if tie is None else {**others, other_id: tie})

    def tied_by(self, tie: Tie) -> list[str]:
        """The ids of those with whom they have this tie."""
        return sorted(other for other, known in self.ties.items() if known is tie)

    @property
    def public(self) -> tuple[Any, ...]:
        """What people without a tie to them are shown of them."""
        return self.name, self.place, bool(self.process), self.hidden, self.door

    def declines(self, now_ms: int) -> dict[str, int]:
        """Whom they declined and until when, without declines that are over."""
        each = self.declined.items()
        return {id: until_ms for id, until_ms in each if lasts(until_ms, now_ms, DECLINED_MS)}


def district_of(place: Place) -> District:
    """The geohash of 5 characters around a place: the unit in which callers are listed."""
    return parent(place.cell, DISTRICT_LEVEL)


def districts_in_reach(place: Place) -> frozenset[District]:
    """Every district that may hold somebody whose circle overlaps this one."""
    tiles = tiles_within(place.cell, place.radius_m + RADIUS_MAX_M)
    return frozenset(parent(tile, DISTRICT_LEVEL) for tile in tiles)


class Decision(Protocol):
    """What a step decides: `callers` are those that it changes, with higher versions."""

    @property
    def callers(self) -> Collection[Caller]: ...


D = TypeVar("D", bound=Decision)
Decide = Callable[[Mapping[str, Caller]], D]


class Callers(Protocol):
    async def change(
        self, ids: Collection[str], decide: Decide[D], beside: Collection[str] = ()
    ) -> D:
        """One transaction: writes the callers that `decide` changes, and returns its decision.

        `decide` gets these people and all whom they are tied to, and those `beside` without their
        ties, as far as they are known. It is called again if another transaction was quicker: of
        those beside, with somebody whom it changes. What it raises leaves everything as it was.
        """

    async def read(self, ids: Collection[str]) -> Mapping[str, Caller]:
        """Those of these people who are known."""

    async def within(self, districts: Iterable[District]) -> list[Caller]:
        """Everyone who joined there and did not leave, alive or not (`Caller.alive`)."""

    async def touch(self, callers: Iterable[Caller]) -> None:
        """Keeps these callers for another KEEP_MS."""
