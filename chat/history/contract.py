"""The history of messages: the contract that the memory and the Redis form both keep.

There is one stream a tile. An entry expires 30 minutes after it was appended, by the store's clock.
Every method may raise `Refused("store-unavailable")`: then it is unknown what was done.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from chat.messages import Appended, Draft, Entry, Message, Reacted, Retraction, StreamId
from chat.reactions import Choices, ChosenReaction
from presence.geo import Tile

# The most entries of a tile in the answer of one `after`. So many mean that there may be more.
AFTER_COUNT = 2_000


@dataclass(frozen=True, slots=True)
class Reading:
    """Entries by tile in the order of their ids.

    `now_ms` is the store's clock, read before the entries: everything that was appended before is
    among them.
    """

    now_ms: int
    entries: Mapping[Tile, Sequence[Entry]]


class History(Protocol):
    async def append(self, draft: Draft, earlier: Iterable[Tile] = ()) -> Appended:
        """Keeps a message, in one atomic step: answers a known ref; else takes the allowances
        (`acts_of`), all or none; then appends.

        `earlier` are tiles that the person left moments ago: their refs are asked first. Raises
        Refused: `too-fast`, `repeated`, `copied`, each with `retry_after`.
        """

    async def known(self, person_id: str, ref: str, tiles: Iterable[Tile]) -> StreamId | None:
        """The id of the message that a person sent under a ref, in any of these tiles."""

    async def remove(
        self, tiles: Iterable[Tile], message_id: str, person_id: str
    ) -> tuple[Retraction, StreamId] | None:
        """Removes a message of this person from whichever of the tiles holds it, and appends a
        retraction there.

        Returns the retraction and the id before it; None where no tile holds such a message.
        """

    async def removed(self, tiles: Iterable[Tile], message_id: str, person_id: str) -> bool:
        """Whether a message of this person was removed from any of these tiles, as long as the
        message would have lived."""

    async def react(
        self, message: Message, choice: ChosenReaction
    ) -> tuple[Reacted, StreamId] | None:
        """Sets, changes or takes back what a person chose of a living message, in one atomic step:
        takes the allowance, keeps the choice until the message ends, and appends the counts in
        place of the entry that held them before.

        Returns that entry and the id before it; None where the person had chosen the same. Raises
        Refused: `not-found` where the message is gone, `too-fast`.
        """

    async def choices(self, messages: Iterable[tuple[Tile, str]]) -> Mapping[str, Choices]:
        """Everybody's choices of these messages, each by its tile and id, all asked at once."""

    async def page(
        self, below: Mapping[Tile, StreamId | None], since_ms: Mapping[Tile, int], count: int
    ) -> Reading:
        """The newest `count` entries of each tile with ids below one (None: the end).

        Leaves out what is older than the tile's `since_ms` (0: no bound), and what has expired.
        """

    async def after(self, last: Mapping[Tile, StreamId]) -> Reading:
        """Everything alive in each tile after an id; at most AFTER_COUNT entries of a tile."""

    async def now_ms(self) -> int:
        """The store's clock."""

    async def trim(self) -> None:
        """Deletes expired entries in every tile, also where nobody sends any more."""


def life_ms() -> int:
    """How long a message lives, in milliseconds."""
    return settings.MESSAGE_LIFE_SECONDS * 1000
