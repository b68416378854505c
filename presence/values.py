"""Plain values of presence: a person as others may see them, the session behind, their changes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, NamedTuple, Self

from django.conf import settings

from neartalk import graphemes
from neartalk.clock import APART_MS, lasts
from presence import blocks, names
from presence.door_holder import door_of
from presence.geo import (
    Cell,
    Roughness,
    Square,
    Tile,
    apart,
    coarser,
    in_range,
    label_m,
    square_of,
    tile_of,
)

# How long somebody without a socket is shown after each call.
HTTP_ONLY_MS = 60_000
# No told place waits longer (`place_clock`).
WAITS_MAX_MS = 330_000


def unheld_ms(*, reachable: bool) -> int:
    """How long somebody is shown whom no process holds: after a call, or away."""
    return settings.SESSION_IDLE_SECONDS * 1000 if reachable else HTTP_ONLY_MS


class Place(NamedTuple):
    """A cell, a radius and how finely others can place it. Range is judged by its circle alone,
    labels by the cell and the roughness."""

    cell: Cell
    radius_m: int
    roughness: Roughness = Roughness.BLOCK

    @property
    def site(self) -> tuple[Cell, Roughness]:
        """Where it is, whatever its radius: another one is a move."""
        return self.cell, self.roughness

    @property
    def circle(self) -> tuple[Cell, int]:
        return self.cell, self.radius_m

    @property
    def tile(self) -> Tile:
        return tile_of(self.cell)

    @property
    def square(self) -> Square:
        """By which goes what is said here, for whoever was not there."""
        return square_of(*self.circle)

    def in_range(self, other: "Place") -> bool:
        """Each is inside the other's circle."""
        return in_range(*self.circle, *other.circle)

    def label_m(self, other: "Place") -> int:
        """The metres of the label between two places, the same from either."""
        roughness = coarser(self.roughness, other.roughness)
        return label_m(apart(self.cell, other.cell), roughness)


def place_of(parts: Sequence[Any]) -> Place:
    """A place as it is kept; what the release before kept has no roughness, and what a newer one
    adds is left out."""
    cell, radius_m, *rough = parts[:3]
    return Place(cell, radius_m, Roughness.kept(*rough))


@cache
def field_names(kind: type) -> frozenset[str]:
    """Of a dataclass whose fields other processes write: a newer release may know more."""
    return frozenset(one.name for one in fields(kind))


class PendingPlace(NamedTuple):
    """A told place that does not hold yet: it takes effect at `due_ms`.

    `slow_ms` and `quick_ms` are the moments that were drawn for it, the second only where it was
    far away (else 0): telling more often draws none anew. What is told later waits until `limit_ms`
    at most; what comes too late for that is `next`, before which this one holds for `next_ms` at
    least, where that is not 0.
    """

    place: Place
    due_ms: int
    slow_ms: int
    quick_ms: int
    limit_ms: int
    next: Place | None = None
    next_ms: int = 0

    def waits(self, now_ms: int) -> bool:
        """One that is due later than any may be was told before the clock was set back: it is
        due."""
        return lasts(self.due_ms, now_ms, WAITS_MAX_MS)


class Timing(NamedTuple):
    """Of a place in effect: since when it holds, and what waits to replace it.

    `spaced_ms` is when the last move had taken effect that was no quicker than others; 0 where the
    first place holds.
    """

    moved_ms: int = 0
    spaced_ms: int = 0
    pending: PendingPlace | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Someone here now, as the registry publishes them in the tile of their cell.

    `version` grows with every change. `process` names the server process that holds their sockets
    (they are gone when its lease is); with none, they are shown until `until_ms`. One that
    `lingers` is where somebody has just been: whoever looked is seen for a while.
    `door` is the number of the process that has their open door in voice (`door_of`); 0 where it is
    not open, or no process holds them.
    Who is `reachable` by push and whom no process holds is away until `until_ms`.
    """

    person_id: str
    name: str
    cell: Cell = ""
    radius_m: int = 0
    roughness: Roughness = Roughness.BLOCK
    version: int = 0
    process: str = ""
    until_ms: int = 0
    lingers: bool = False
    door: int = 0
    reachable: bool = False

    @property
    def is_away(self) -> bool:
        """Whether a push is all that reaches them: they hear nothing, and their session lives."""
        return self.reachable and not self.process and not self.lingers

    @property
    def may_become_away(self) -> bool:
        """Whether a push will be all that reaches them, once no process holds them."""
        return self.reachable and bool(self.process) and not self.lingers

    @property
    def key(self) -> str:
        """By which their tile lists them: once as they are, and once for each time that they left a
        place a moment ago. It names no place: the release before shows it as an id."""
        return f"{self.person_id}~{self.until_ms}" if self.lingers else self.person_id

    @property
    def place(self) -> Place:
        return Place(self.cell, self.radius_m, self.roughness)

    @property
    def tile(self) -> Tile:
        return tile_of(self.cell)

    @property
    def colour(self) -> int:
        return names.colour(self.person_id)

    @property
    def tag(self) -> str:
        return names.tag(self.person_id)

    @property
    def initial(self) -> str:
        return graphemes.initial(self.name)

    def alive(self, processes: frozenset[str], now_ms: int) -> bool:
        if self.process:
            return self.process in processes
        return lasts(self.until_ms, now_ms, unheld_ms(reachable=self.reachable))

    def is_open(self, processes: frozenset[str]) -> bool:
        """Whether their door in voice is open: only while the process lives that has it."""
        return self.door > 0 and self.door in map(door_of, processes)

    def with_door(self, process: str, *, is_open: bool) -> Self:
        """A process opens their door, or closes it if it is still the one that has it. The door of
        somebody whom no process holds stays closed: nobody shows them for longer than a minute."""
        door = door_of(process)
        if not self.process or (not is_open and self.door != door):
            return self
        return self.changed(door=door if is_open else 0)

    def stays_in(self, tile: Tile) -> bool:
        """Whether a tile is to list them: they are there, and were neither removed nor left."""
        return self.tile == tile and bool(self.process or self.until_ms)

    def changed(self, **fields: str | int | bool) -> Self:
        return replace(self, **fields)  # type: ignore[arg-type]


class Left(NamedTuple):
    """A tile a person was in before, and when they left it."""

    tile: Tile
    left_ms: int


@dataclass(frozen=True, slots=True)
class Session:
    """The secret side of a person; `digest` is the SHA-256 of the key, which is kept nowhere.

    `placed_ms` is when the place last changed, `cell_ms` since when the person is listed in their
    cell, as roughly as now. `recent_tiles` lists the tiles left in the last half hour, the oldest
    first. `note` is an error code to send to the person when they come back. `device` and `origin`
    are digests of what the session was opened from, "" where unknown. `blocked` are those whom the
    person blocked.
    `blocked_by` are those who blocked the person, each with the milliseconds of the store's clock
    when they did. `timing` says since when the place holds, and what waits to replace it.
    """

    digest: str
    person: Person
    renames_left: int
    placed_ms: int = 0
    recent_tiles: tuple[Left, ...] = ()
    note: str = ""
    opened_ms: int = 0
    device: str = ""
    origin: str = ""
    blocked: frozenset[str] = frozenset()
    blocked_by: Mapping[str, int] = field(default_factory=dict)
    cell_ms: int = 0
    timing: Timing = field(default_factory=Timing)

    @property
    def requested(self) -> Place:
        """Where the person said last that they are; they are shown there once it takes effect."""
        pending = self.timing.pending
        return pending.next or pending.place if pending else self.person.place

    def is_due(self, now_ms: int) -> bool:
        """Whether a told place waits no longer: it takes effect by `Registry.place`."""
        pending = self.timing.pending
        return pending is not None and not pending.waits(now_ms)

    def moved_since(self, mark_ms: int, now_ms: int) -> bool:
        """Whether the place was another at a mark. A move that is yet to come was before the clock
        was set back."""
        return mark_ms < self.placed_ms <= now_ms + APART_MS

    def in_cell_at(self, sent_ms: int) -> bool:
        """Whether the person was where they are when something was said: only then are they told
        from how far."""
        return sent_ms >= self.cell_ms

    @property
    def hidden(self) -> frozenset[str]:
        """Those between whom and the person a block stands: each is gone for the other."""
        return blocks.hidden(self.blocked, self.blocked_by)

    @property
    def unlisted(self) -> frozenset[str]:
        """The same for lists (`blocks.unlisted`)."""
        return blocks.unlisted(self.blocked, self.blocked_by)

    def may_receive(self, person_id: str, sent_ms: int) -> bool:
        """Whether the person is shown a message of this author."""
        return blocks.may_receive(person_id, sent_ms, self.blocked, self.blocked_by)


def person_id_of(digest: str) -> str:
    """The public id of a session's person, from which the digest cannot be found."""
    return hashlib.sha256(f"person:{digest}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class TileEvent:
    """One change of a tile: `person` came, moved or changed (`here`), or is gone from it.

    `version` is the tile's count of changes, by which a reader finds that it missed one.
    """

    tile: Tile
    version: int
    here: bool
    person: Person


@dataclass(frozen=True, slots=True)
class Change:
    """What an act changed: the session as it is now, and the events of its tiles."""

    session: Session
    events: tuple[TileEvent, ...] = ()
