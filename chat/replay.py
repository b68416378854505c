"""What a reader who arrives, comes back or moves must be shown, from the history of many tiles."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from chat.history import History
from chat.messages import Entry, Message, Removal, StreamId
from presence.geo import Tile, in_range
from presence.people import Place

PAGE_MIN, PAGE_MAX = 16, 200
ARRIVAL_MAX = 200
RESUME_MAX = 2_000


@dataclass(slots=True)
class Replay:
    """`first` are each tile's newest entries, at most `page`, unfiltered: they bring the hub up to
    the same point.

    `mark_ms` is the store's clock before anything was read.
    """

    mark_ms: int = 0
    messages: list[Message] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    more: bool = False
    page: int = 0
    first: Mapping[Tile, list[Entry]] = field(default_factory=dict)


def heard_at(place: Place, entry: Entry) -> bool:
    """Whether what was said is in range of a reader's place."""
    return in_range(*place, *entry.place)


async def gather(
    history: History,
    tiles: Iterable[Tile],
    wanted: Callable[[Message], bool],
    *,
    limit: int,
    since_ms: Mapping[Tile, int] | None = None,
    before: StreamId | None = None,
) -> Replay:
    """The newest `limit` messages that are wanted, in the order they were said.

    A busy tile is read page by page, until it has no newer candidate than those already found.
    Pages begin small: in a busy place many tiles hold far more than anybody is shown.
    """
    below: dict[Tile, StreamId | None] = dict.fromkeys(tiles, before)
    page = min(PAGE_MAX, max(PAGE_MIN, 2 * limit // max(1, len(below))))
    replay = Replay(page=page)
    while below:
        reading = await history.page(below, since_ms or {}, page)
        if not replay.mark_ms:
            replay.mark_ms = reading.now_ms
            replay.first = {tile: [*entries] for tile, entries in reading.entries.items()}
        for entries in reading.entries.values():
            _sort_out(entries, wanted, replay)
        replay.messages.sort(key=lambda message: (message.at, message.id))
        full = len(replay.messages) >= limit
        oldest = replay.messages[-limit].at if full else None
        below = {
            tile: entries[0].at
            for tile, entries in reading.entries.items()
            if len(entries) == page and (oldest is None or entries[0].at >= oldest)
        }
        page = min(PAGE_MAX, 2 * page)
    replay.more = len(replay.messages) > limit
    del replay.messages[:-limit]
    return replay


def _sort_out(entries: Iterable[Entry], wanted: Callable[[Message], bool], replay: Replay) -> None:
    for entry in entries:
        if isinstance(entry, Removal):
            replay.removals.append(entry)
        elif wanted(entry):
            replay.messages.append(entry)
