"""What was said: the contract that the memory and the Redis sibling both keep.

One stream a tile; each entry is gone 30 minutes after it was appended, by the store's own clock.
Every method may raise `Refused("store-unavailable")`: the answer is unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from chat.messages import Appended, Draft, Entry, Retraction, StreamId
from presence.geo import Tile

# So many entries of a tile come with one `after`; as many as this mean that there may be more.
AFTER_COUNT = 2_000


@dataclass(frozen=True, slots=True)
class Reading:
    """Entries by tile in the order of their ids, as they stood at `now_ms` of the store's clock.

    Everything appended before `now_ms` that was asked for is in it: the clock is read first.
    """

    now_ms: int
    entries: Mapping[Tile, Sequence[Entry]]


class History(Protocol):
    async def append(self, draft: Draft, earlier: Iterable[Tile] = ()) -> Appended:
        """One atomic step: a known ref is answered; else what it takes of the allowances
        (`acts_of`) is taken, all or nothing; then it is kept.

        `earlier` are tiles the person left moments ago, whose refs are asked first.
        Raises Refused: `too-fast`, `repeated`, `copied`, each with `retry_after`.
        """

    async def known(self, person_id: str, ref: str, tiles: Iterable[Tile]) -> StreamId | None:
        """The place of the message that a person sent under a ref, in any of these tiles."""

    async def remove(
        self, tiles: Iterable[Tile], message_id: str, person_id: str
    ) -> tuple[Retraction, StreamId] | None:
        """Takes a message of this person back from whichever of the tiles holds it.

        Returns the retraction and the place before it; None where no tile holds such a message.
        """

    async def page(
        self, below: Mapping[Tile, StreamId | None], since_ms: Mapping[Tile, int], count: int
    ) -> Reading:
        """The newest `count` entries of each tile that stand below a place (None: the end).

        Nothing older than the tile's `since_ms` (0: no bound) or than a message lives.
        """

    async def after(self, last: Mapping[Tile, StreamId]) -> Reading:
        """Everything alive in each tile after the last place seen there."""

    async def now_ms(self) -> int:
        """The store's clock."""

    async def trim(self) -> None:
        """Deletes what is due in any tile, quiet ones too."""


def life_ms() -> int:
    """How long a message lives, in milliseconds."""
    return settings.MESSAGE_LIFE_SECONDS * 1000
