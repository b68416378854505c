"""What a socket is sent that arrives, comes back with a mark or moves: the messages in range."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from chat.feed.paging import OnPage, Selection, ignore_page, is_shown, load_newest
from chat.feed.poller import Poller
from chat.feed.rendered_message import RenderedMessage, heard_m
from chat.feed.timeline import Timeline, TimelineEntry
from chat.history import History
from chat.messages import StreamId
from presence.delivery import Socket, gap, rows, signal
from presence.geo import Tile, tiles_within
from presence.hub import Arrival

CHUNK_ROWS = 20
ARRIVAL_MAX = 200
RESUME_MAX = 2_000


class Replayer:
    """Sends from the timelines of this process what they hold, and from history what they lack."""

    def __init__(
        self,
        history: History,
        poller: Poller,
        timelines: Mapping[Tile, Timeline],
    ) -> None:
        self.history = history
        self.poller = poller
        self.timelines = timelines

    async def replay(self, socket: Socket, arrival: Arrival) -> set[str]:
        """Writes what is in range and alive, then the mark. Returns the ids that were written.

        Waits while more than 64 KB are unsent. Raises Refused: `store-unavailable`.
        """
        tiles = tiles_within(socket.place.cell, socket.place.radius_m)
        mark_ms = await self.poller.catch_up(tiles)
        selection = await self._select(socket, tiles, arrival, now_ms=mark_ms)
        for chunk in self._chunks(socket, selection.messages):
            socket.write(rows(socket.form, chunk))
            await socket.connection.drained()
        if arrival.mark_ms is not None:
            write_missed(socket, selection, arrival)
        socket.write(signal(socket.form, "mark", mark=mark_ms))
        return {message.id for message in selection.messages}

    async def _select(
        self, socket: Socket, tiles: Iterable[Tile], arrival: Arrival, *, now_ms: int
    ) -> Selection:
        """The messages of a replay. `now_ms` is the store's own clock: what this process knows of
        it may be late by as long as an answer took.
        """
        since_ms = arrival.since_ms
        timelines = {tile: one for tile in tiles if (one := self.timelines.get(tile))}
        return await load_newest(
            self.history,
            {
                tile: one.since
                for tile, one in timelines.items()
                if one.is_partial(now_ms) and (since_ms is None or one.since.ms >= since_ms)
            },
            wanted_by(socket, arrival),
            limit=ARRIVAL_MAX if since_ms is None else RESUME_MAX,
            held=[entry for one in timelines.values() for entry in one.alive(now_ms)],
            since_ms=since_ms or 0,
            on_page=prepend_to(timelines) if since_ms is None else ignore_page,
        )

    def _chunks(self, socket: Socket, messages: Sequence[RenderedMessage]) -> Iterable[list[str]]:
        """The rows of so many messages at once as a socket's reader sees them."""
        for start in range(0, len(messages), CHUNK_ROWS):
            chunk = messages[start : start + CHUNK_ROWS]
            yield [
                message.row(socket.form, heard_m(message.message, socket.entered))
                for message in chunk
            ]


def wanted_by(socket: Socket, arrival: Arrival) -> Callable[[RenderedMessage], bool]:
    """Says of each message whether a replay holds it: in range (`is_shown`), of nobody hidden, not
    older than the mark, and not shown already before a move."""
    entered, since_ms, before = socket.entered, arrival.since_ms, arrival.moved_from

    def wanted(message: RenderedMessage) -> bool:
        if not socket.may_receive(message) or (since_ms is not None and message.at.ms < since_ms):
            return False
        return is_shown(entered, message) and not (before and is_shown(before, message))

    return wanted


def prepend_to(timelines: Mapping[Tile, Timeline]) -> OnPage:
    """Keeps each page that was read for later arrivals."""

    def on_page(tile: Tile, below: StreamId | None, older: list[TimelineEntry], full: bool) -> None:
        if below is not None:
            timelines[tile].prepend(below, older, full=full)

    return on_page


def write_missed(socket: Socket, selection: Selection, arrival: Arrival) -> None:
    """Writes to a socket that comes back what was retracted since its mark, and a gap where it
    missed more than is replayed."""
    removed = [
        one.removed_id
        for one in selection.retractions
        if one.at.ms >= (arrival.mark_ms or 0)
        and is_shown(socket.entered, one)
        and socket.may_receive(one)
    ]
    if removed:
        socket.write(signal(socket.form, "gone", ids=removed))
    if selection.more and not arrival.moved_away:
        socket.write(gap(socket.form, "too-much"))
