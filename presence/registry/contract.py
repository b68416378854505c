"""Who is here: the contract that the memory and the Redis sibling both keep.

Every method that reaches a store may raise `Refused("store-unavailable")`: the answer is unknown.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from django.conf import settings

from neartalk.push import PushSubscription
from presence.geo import Roughness, Tile
from presence.values import Change, Person, Place, Session

LEASE_MS = 15_000
# A store whose clock goes back further has a new epoch: marks of before mean nothing any more.
SET_BACK_MS = 1_000
RECENT_TILES_MAX = 60
BLOCKED_MAX = 500


@dataclass(frozen=True, slots=True)
class TileSnapshot:
    """The people of one tile, and its version: the count of its changes when they were read."""

    version: int = 0
    people: Mapping[str, Person] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The store's clock and epoch, the processes with a lease, and versions of tiles.

    The epoch is another once the store has lost what it held, or its clock was set back.
    """

    now_ms: int
    epoch: str
    processes: frozenset[str]
    versions: Mapping[Tile, int]


class Registry(Protocol):
    async def open(
        self,
        digest: str,
        name: str,
        *,
        device: str = "",
        origin: str = "",
        roughness: Roughness = Roughness.BLOCK,
    ) -> Session:
        """A new session, in no place yet. `device` and `origin` are digests, "" if unknown."""

    async def get(self, digest: str) -> Session | None:
        """The session, which lives 30 more minutes; None if it is unknown or expired."""

    async def find(self, person_id: str) -> Session | None:
        """The session of a person, without making it live longer."""

    async def touch(self, digests: Iterable[str]) -> None:
        """Makes each session live 30 more minutes: one with a live socket is not idle."""

    async def rename(self, digest: str, name: str) -> Change:
        """Changes a name; the same name again is no change.

        Raises Refused: `session-unknown`, `renames-spent`.
        """

    async def place(
        self,
        digest: str,
        place: Place | None,
        process: str,
        *,
        was: str | None = None,
        told_ms: int = 0,
    ) -> Change:
        """Publishes the person in the tile of `place.cell`, at once and whatever waits, then
        removes them from the tile before; for a while they linger where they were.

        With None they are where they were, or at the told place that is due by now.
        `process` holds their sockets; if it is "", they are shown for a minute. With `was`,
        whoever holds them by now stays, unless that is the process named. `told_ms` is when the
        person was last told of somebody who had come: as long after that they linger, too.
        Raises Refused: `session-unknown`.
        """

    async def request_place(
        self,
        digest: str,
        asked: Place,
        process: str,
        *,
        was: str | None = None,
        told_ms: int = 0,
        far_holds_ms: int = 0,
    ) -> Change:
        """A person tells where they are: takes effect now or later, as `place_clock` has it. They
        are published as by `place`, with the radius, which always holds at once. Before a far one
        the place in effect holds for `far_holds_ms` at least.

        Raises Refused: `session-unknown`.
        """

    async def depart(self, digest: str, process: str, *, told_ms: int = 0) -> Change | None:
        """Removes the person from their tile, unless another process holds them by now. Whoever
        has just come lingers there. Who is reachable by push stays listed, away, and their session
        lives 30 more minutes."""

    async def release(self, person_id: str, process: str) -> Change | None:
        """The same by the public side: the process holds this person no more."""

    async def block(self, digest: str, person_id: str, *, told_ms: int = 0) -> list[Change]:
        """Hides the two from each other as long as both sessions live; the changes of both, as far
        as they are known. A second time nothing changes. For the other the person lingers as if
        they had left.

        Raises Refused: `session-unknown`, `blocks-spent`.
        """

    async def unblock(self, digest: str, person_id: str) -> list[Change]:
        """Takes back a block of the person's own; the changes of both. One of the other's stands
        on.

        Raises Refused: `session-unknown`, and `not-found` where there is no such block, or the
        other's session is over.
        """

    async def complete_blocks(self, sessions: Iterable[Session]) -> list[Change]:
        """Writes the other side of each block of these sessions where it is missing; the changes of
        those who lacked it. A block that either of two knows of stands between both: as the store
        has it by now, for it may have been taken back."""

    async def close(self, digest: str, *, told_ms: int = 0, at_once: bool = False) -> Change | None:
        """Ends the session and removes the person from their tile. None if they were in none.
        Whoever has just come lingers there, unless they are to be gone `at_once`."""

    async def set_door(self, person_id: str, process: str, *, is_open: bool) -> Change | None:
        """Lists the person with an open door in voice, which this process has by their socket; or
        with none, if no other process has it by now. None, or a change without events, where there
        was nothing to do: also of whoever has no session, and whom no process holds. A door goes
        with the lease of the process that has it, a departure, and a store that lost it."""

    async def set_push(
        self, digest: str, push: PushSubscription | None, *, endpoint: str = ""
    ) -> Change | None:
        """Keeps by what the person is reached while they are away, for as long as the session
        lives; with None it is forgotten, with an `endpoint` only if it is that one. Whoever is away
        and reached by nothing leaves their tile; whoever has just come lingers there. None where
        there was nothing to do.

        Raises Refused: `session-unknown`, if there is something to keep.
        """

    async def push_of(self, person_id: str) -> PushSubscription | None:
        """By what a person is reached; None where they chose nothing, or have no session."""

    async def note(self, digest: str, code: str) -> None:
        """Keeps one error code to send to the person when they come back; "" forgets it."""

    async def restore(self, sessions: Iterable[Session], process: str) -> list[Change]:
        """Registers sessions that a restarted store has lost, and publishes their people under this
        process. What the store knows already stays."""

    async def held(self, process: str) -> frozenset[str]:
        """The ids of those who were placed under a process and did not depart from it, and perhaps
        of others."""

    async def hold(self, person_ids: Collection[str], process: str) -> None:
        """They are among those whom a process holds, whatever was lost."""

    async def persons(self, person_ids: Iterable[str]) -> Mapping[str, Person]:
        """Those of these people who have a session, as it says."""

    async def reconcile(self, listed: Iterable[Person]) -> list[Change]:
        """Brings entries of tiles in line with the sessions of their people: removes whoever is
        elsewhere, or gone, and replaces what is older. Where they agree, and of whoever lingers,
        nothing changes."""

    async def unlist(self, person: Person, tiles: Iterable[Tile]) -> list[Change]:
        """Removes older entries of a person from tiles that they have left."""

    async def people(self, tiles: Iterable[Tile]) -> Mapping[Tile, TileSnapshot]:
        """Everyone published in each tile by their keys (`Person.key`), whether alive
        (`Person.alive`) or not."""

    async def reap(self, people: Iterable[Person]) -> list[Change]:
        """Removes people from their tiles, unless they changed since this version of them."""

    async def renew(self, process: str) -> None:
        """Extends the lease of a process by 15 s. Without one its people are not alive."""

    async def status(self, tiles: Iterable[Tile]) -> StoreStatus:
        """How the store stands, with the versions of these tiles."""


def idle_ms() -> int:
    """How long a session lives after the last call."""
    return settings.SESSION_IDLE_SECONDS * 1000


def trail_ms() -> int:
    """How long tiles that a person has left are remembered: as long as messages live there."""
    return settings.MESSAGE_LIFE_SECONDS * 1000


def nobody(person: Person) -> Session:
    """What a change of a tile alone says of a session: nothing."""
    return Session("", person, 0)


def closed(session: Session) -> Session:
    """As it was, without the door and by nothing reachable: whoever has it says so again."""
    return replace(session, person=session.person.changed(door=0, reachable=False))
