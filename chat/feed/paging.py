"""The newest messages of many tiles that a reader is to be shown, read from history in pages."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from chat.feed.reaction_state import ReactionState
from chat.feed.rendered_message import RenderedMessage
from chat.feed.timeline import TimelineEntry, rendered_entry
from chat.history import History
from chat.messages import Retraction, StreamId
from presence import past
from presence.geo import Tile
from presence.values import Place, Session

PAGE_MIN, PAGE_MAX = 16, 200

# Called with each page that was read: the tile, below which id, what was found, and whether the
# page was full.
OnPage = Callable[[Tile, StreamId | None, list[TimelineEntry], bool], None]


def ignore_page(
    tile: Tile, below: StreamId | None, entries: list[TimelineEntry], full: bool
) -> None:
    """For callers that do not keep what was read."""


@dataclass(slots=True)
class Selection:
    """Messages in the order in which they were sent; `more` says that there were too many."""

    messages: list[RenderedMessage] = field(default_factory=list)
    retractions: list[Retraction] = field(default_factory=list)
    more: bool = False

    def add(
        self, entries: Iterable[TimelineEntry], wanted: Callable[[RenderedMessage], bool]
    ) -> None:
        """Adds every retraction, and the messages that are wanted."""
        for entry in entries:
            if isinstance(entry, Retraction):
                self.retractions.append(entry)
            elif isinstance(entry, RenderedMessage) and wanted(entry):
                self.messages.append(entry)

    def oldest(self, limit: int) -> StreamId | None:
        """The oldest of the newest `limit` messages; None while there are fewer."""
        self.messages.sort(key=lambda message: (message.at, message.id))
        return self.messages[-limit].at if len(self.messages) >= limit else None

    def cut(self, limit: int) -> None:
        self.more = len(self.messages) > limit
        del self.messages[:-limit]


def reaches(place: Place, entry: RenderedMessage | Retraction | ReactionState) -> bool:
    """Whether an entry is in range of a reader's place."""
    return place.in_range(entry.place)


def is_shown(session: Session, entry: RenderedMessage | Retraction | ReactionState) -> bool:
    """Whether whoever has this session is shown an entry that history holds."""
    return past.is_shown(session, entry.place, entry.sent_ms)


async def load_newest(
    history: History,
    below: Mapping[Tile, StreamId | None],
    wanted: Callable[[RenderedMessage], bool],
    *,
    limit: int,
    held: Iterable[TimelineEntry] = (),
    since_ms: int = 0,
    on_page: OnPage = ignore_page,
) -> Selection:
    """The newest `limit` messages that are wanted, of those `held` and of those that stand below an
    id in each tile (None: the end).

    A busy tile is read page by page, until it has no newer candidate than those already found.
    Pages begin small: in a busy place many tiles hold far more than anybody is shown. Raises
    Refused: `store-unavailable`.
    """
    selection = Selection()
    selection.add(held, wanted)
    size = min(PAGE_MAX, max(PAGE_MIN, 2 * limit // max(1, len(below))))
    while below := _worth_reading(below, selection.oldest(limit)):
        reading = await history.page(below, dict.fromkeys(below, since_ms), size)
        rest: dict[Tile, StreamId | None] = {}
        for tile, raw in reading.entries.items():
            entries = [rendered_entry(entry) for entry in raw]
            full = len(entries) == size
            on_page(tile, below[tile], entries, full)
            selection.add(entries, wanted)
            if full:
                rest[tile] = entries[0].at
        below = rest
        size = min(PAGE_MAX, 2 * size)
    selection.cut(limit)
    return selection


def _worth_reading(
    below: Mapping[Tile, StreamId | None], oldest: StreamId | None
) -> Mapping[Tile, StreamId | None]:
    """The tiles that may hold a message newer than the oldest that will be shown."""
    if oldest is None:
        return below
    return {tile: at for tile, at in below.items() if at is None or at >= oldest}
