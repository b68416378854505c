"""What a reader who arrives, comes back or moves must be shown, from the history of many tiles."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from chat.feed.rendered import Said
from chat.feed.timeline import Shown, shown_of
from chat.history import History
from chat.messages import Removal, StreamId
from presence.geo import Tile, in_range
from presence.people import Place

PAGE_MIN, PAGE_MAX = 16, 200
ARRIVAL_MAX = 200
RESUME_MAX = 2_000

# Told of each page that was read: the tile, below which place, what was found, and whether the
# page was full.
Found = Callable[[Tile, StreamId | None, list[Shown], bool], None]


def nothing(tile: Tile, below: StreamId | None, shown: list[Shown], full: bool) -> None:
    """For who does not keep what was read."""


@dataclass(slots=True)
class Replay:
    """What was found, in the order it was said; `more` says that there was too much of it."""

    messages: list[Said] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    more: bool = False

    def sort_out(self, shown: Iterable[Shown], wanted: Callable[[Said], bool]) -> None:
        for one in shown:
            if isinstance(one, Removal):
                self.removals.append(one)
            elif wanted(one):
                self.messages.append(one)

    def oldest(self, limit: int) -> StreamId | None:
        """The oldest that will be shown, once there are as many as may be."""
        self.messages.sort(key=lambda said: (said.at, said.id))
        return self.messages[-limit].at if len(self.messages) >= limit else None

    def cut(self, limit: int) -> None:
        self.more = len(self.messages) > limit
        del self.messages[:-limit]


def heard_at(place: Place, shown: Shown) -> bool:
    """Whether what was said is in range of a reader's place."""
    return in_range(*place, *shown.place)


async def gather(
    history: History,
    below: Mapping[Tile, StreamId | None],
    wanted: Callable[[Said], bool],
    *,
    limit: int,
    held: Iterable[Shown] = (),
    since_ms: int = 0,
    found: Found = nothing,
) -> Replay:
    """The newest `limit` messages that are wanted: those `held`, and what stands below a place in
    each tile (None: the end).

    A busy tile is read page by page, until it has no newer candidate than those already found.
    Pages begin small: in a busy place many tiles hold far more than anybody is shown.
    """
    replay = Replay()
    replay.sort_out(held, wanted)
    page = min(PAGE_MAX, max(PAGE_MIN, 2 * limit // max(1, len(below))))
    while below := _worth_reading(below, replay.oldest(limit)):
        reading = await history.page(below, dict.fromkeys(below, since_ms), page)
        rest: dict[Tile, StreamId | None] = {}
        for tile, entries in reading.entries.items():
            shown = [shown_of(entry, reading.now_ms) for entry in entries]
            found(tile, below[tile], shown, len(shown) == page)
            replay.sort_out(shown, wanted)
            if len(shown) == page:
                rest[tile] = shown[0].at
        below = rest
        page = min(PAGE_MAX, 2 * page)
    replay.cut(limit)
    return replay


def _worth_reading(
    below: Mapping[Tile, StreamId | None], oldest: StreamId | None
) -> Mapping[Tile, StreamId | None]:
    """The tiles that may hold anything newer than the oldest that will be shown."""
    if oldest is None:
        return below
    return {tile: at for tile, at in below.items() if at is None or at >= oldest}
