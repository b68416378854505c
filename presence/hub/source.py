"""Where messages come from, as the hub sees it: what the chat's feed does for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from presence.delivery import Socket
from presence.geo import Tile
from presence.people import Place


@dataclass(frozen=True, slots=True)
class Arrival:
    """Why a socket reads history: it came, with a mark or without, or it moved from a place.

    `moved_away` says that cell or radius changed after the mark, which then resumes nothing.
    """

    mark_ms: int | None = None
    moved_away: bool = False
    moved_from: Place | None = None

    @property
    def since_ms(self) -> int | None:
        return None if self.moved_away else self.mark_ms


class NullSource:
    """Where there is no chat yet: nothing was said."""

    mark_ms = 0

    async def begin(self, tiles: Iterable[Tile]) -> None: ...
    def forget(self, tiles: Iterable[Tile]) -> None: ...
    async def poll(self) -> None: ...
    async def restart(self) -> None: ...
    async def trim(self) -> None: ...
    async def receive(self, event: dict[str, Any]) -> None: ...
    async def replay(self, socket: Socket, arrival: Arrival) -> set[str]:
        return set()


class Source(Protocol):
    """Where messages come from: the chat's feed."""

    @property
    def mark_ms(self) -> int:
        """Every message older than this, by the store's clock, was handed to the hub."""

    async def begin(self, tiles: Iterable[Tile]) -> None:
        """From now on the hub reaches these tiles."""

    def forget(self, tiles: Iterable[Tile]) -> None: ...
    async def poll(self) -> None:
        """Reads what hints have missed, and moves the mark."""

    async def restart(self) -> None:
        """The store began anew: reads what it holds by now."""

    async def trim(self) -> None:
        """Deletes what has lived its time, in quiet tiles too."""

    async def receive(self, event: dict[str, Any]) -> None:
        """A hint from another process."""

    async def replay(self, socket: Socket, arrival: Arrival) -> set[str]:
        """Writes what a reader who arrives or moved must be shown; returns the ids."""
