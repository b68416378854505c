"""Who is here: the contract that the memory and the Redis sibling both keep.

Every method that reaches a store may raise `Refused("store-unavailable")`: the answer is unknown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from presence.geo import Tile
from presence.people import Change, Person, Place, Session

LEASE_MS = 15_000
HTTP_ONLY_MS = 60_000
RECENT_TILES_MAX = 60
BLOCKED_MAX = 500


@dataclass(frozen=True, slots=True)
class TileSnapshot:
    """The people of one tile, and its count of changes when they were read."""

    version: int = 0
    people: Mapping[str, Person] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What a process asks every 2 s: the store's clock and epoch, live processes, tile versions."""

    now_ms: int
    epoch: str
    processes: frozenset[str]
    versions: Mapping[Tile, int]


class Registry(Protocol):
    async def open(self, digest: str, name: str, *, device: str = "", origin: str = "") -> Session:
        """A new session, in no place yet."""

    async def get(self, digest: str) -> Session | None:
        """The session, and 30 more minutes for it; None where there is none (any more)."""

    async def find(self, person_id: str) -> Session | None:
        """The session of a person, which does not live longer by it."""

    async def touch(self, digests: Iterable[str]) -> None:
        """30 more minutes for each: a live socket is not idle."""

    async def rename(self, digest: str, name: str) -> Change:
        """The same name again costs nothing. Raises Refused: `session-unknown`, `renames-spent`."""

    async def place(self, digest: str, place: Place | None, process: str) -> Change:
        """Publishes the person in the tile of `place.cell`, then takes them out of the tile before.

        With None they stay wherever they are by now, whoever moved them last.
        Without a `process` that holds their sockets they are shown for a minute.
        Raises Refused: `session-unknown`.
        """

    async def depart(self, digest: str, process: str) -> Change | None:
        """Takes the person out of their tile unless another process holds them by now."""

    async def block(self, digest: str, person_id: str) -> list[Change]:
        """From now on neither of the two sees or hears the other, as long as both sessions live;
        what became of both, as far as they are known. A second time nothing changes.

        Raises Refused: `session-unknown`, `blocks-spent`.
        """

    async def close(self, digest: str) -> Change | None:
        """Ends the session and takes the person out of their tile."""

    async def note(self, digest: str, code: str) -> None:
        """Keeps one error code to tell the person when they come back; "" forgets it."""

    async def restore(self, sessions: Iterable[Session], process: str) -> list[Change]:
        """Registers sessions again that a restarted store has lost; newer ones stay."""

    async def people(self, tiles: Iterable[Tile]) -> Mapping[Tile, TileSnapshot]:
        """Everyone published in each tile, dead or alive: `Person.alive` tells."""

    async def reap(self, people: Iterable[Person]) -> list[Change]:
        """Takes people out of their tiles whose process is dead or whose minute is over."""

    async def renew(self, process: str) -> None:
        """15 more seconds for the lease that all of this process's people stand on."""

    async def status(self, tiles: Iterable[Tile]) -> StoreStatus: ...
