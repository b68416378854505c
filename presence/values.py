"""Plain values of presence: a person as others may see them, the session behind, their changes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

from neartalk import graphemes
from neartalk.clock import APART_MS, lasts
from presence import blocks, names
from presence.geo import (
    Cell,
    Roughness,
    Tile,
    apart,
    coarser,
    in_range,
    label_m,
    tile_of,
)

# How long somebody without a socket is shown after each call.
HTTP_ONLY_MS = 60_000


class Place(NamedTuple):
    """A cell, a radius and how finely others can place it. Range is judged by its circle alone,
    labels by the cell and the roughness."""

    cell: Cell
    radius_m: int
    roughness: Roughness = Roughness.BLOCK

    @property
    def circle(self) -> tuple[Cell, int]:
        return self.cell, self.radius_m

    def in_range(self, other: "Place") -> bool:
        """Each is inside the other's circle."""
        return in_range(*self.circle, *other.circle)

    def label_m(self, other: "Place") -> int:
        """The metres of the label between two places, the same from either."""
        roughness = coarser(self.roughness, other.roughness)
        return label_m(apart(self.cell, other.cell), roughness)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone here now, as the registry publishes them in the tile of their cell.

    `version` grows with every change. `process` names the server process that holds their sockets
    (they are gone when its lease is); with none, they are shown until `until_ms`.
    """

    person_id: str
    name: str
    cell: Cell = ""
    radius_m: int = 0
    roughness: Roughness = Roughness.BLOCK
    version: int = 0
    process: str = ""
    until_ms: int = 0

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
        return lasts(self.until_ms, now_ms, HTTP_ONLY_MS)

    def stays_in(self, tile: Tile) -> bool:
        """Whether a tile is to list them: they are there, and were neither removed nor left."""
        return self.tile == tile and bool(self.process or self.until_ms)

    def changed(self, **fields: str | int) -> Self:
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
    when they did.
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
