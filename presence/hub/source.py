"""The source of messages, as the hub needs it: the chat's feed implements it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from presence.delivery import Socket
from presence.geo import Tile
from presence.values import Session


@dataclass(frozen=True, slots=True)
class Arrival:
    """Why a socket reads history: it came, with a mark or without, or it moved: then from where,
    with the session as it was when the socket entered there.

    `moved_away` says that cell or radius changed after the mark, which then resumes nothing.
    """

    mark_ms: int | None = None
    moved_away: bool = False
    moved_from: Session | None = None

    @property
    def since_ms(self) -> int | None:
        return None if self.moved_away else self.mark_ms


class NullSource:
    """A source without messages, for a hub to which none was attached."""

    mark_ms = 0

    async def begin(self, tiles: Iterable[Tile]) -> None: ...
    def forget(self, tiles: Iterable[Tile]) -> None: ...
    async def poll(self) -> None: ...
    async def restart(self) -> None: ...
    async def trim(self) -> None: ...
    async def receive(self, event: dict[str, Any]) -> None: ...
    def apply_block(self, socket: Socket) -> None: ...
    def repeat(self, socket: Socket, person_ids: Collection[str]) -> None: ...
    async def replay(self, socket: Socket, arrival: Arrival) -> set[str]:
        return set()


class Source(Protocol):
    """Follows the messages of tiles. `mark_ms`: every message before it was handed to the hub.

    Its coroutines may raise Refused: `store-unavailable`.
    """

    @property
    def mark_ms(self) -> int:
        """Every message older than this, by the store's clock, was handed to the hub."""

    async def begin(self, tiles: Iterable[Tile]) -> None:
        """Follows these tiles from now on. Where it raises, the hub ends them by `forget`."""

    def forget(self, tiles: Iterable[Tile]) -> None:
        """Follows these tiles no more, nor what was begun of them."""

    async def poll(self) -> None:
        """Reads what hints have missed, and moves the mark."""

    async def restart(self) -> None:
        """The store began anew: hands over what it holds by now."""

    async def trim(self) -> None:
        """Deletes messages that have expired, in quiet tiles too."""

    async def receive(self, event: dict[str, Any]) -> None:
        """Applies a hint of another process."""

    def apply_block(self, socket: Socket) -> None:
        """The person of a socket has blocked somebody: writes what they show in which those are."""

    def repeat(self, socket: Socket, person_ids: Collection[str]) -> None:
        """The person of a socket blocks these no more: what they said until now is written soon."""

    async def replay(self, socket: Socket, arrival: Arrival) -> set[str]:
        """Writes the messages that a socket which arrived or moved is to show; their ids."""
