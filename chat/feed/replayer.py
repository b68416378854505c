"""What a socket is sent that arrives, comes back with a mark or moves: the messages in range."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from chat.feed.paging import OnPage, Selection, is_shown, load_newest
from chat.feed.poller import Poller
from chat.feed.reaction_state import ReactionState
from chat.feed.rendered_message import RenderedMessage, heard_m
from chat.feed.sequencer import Sequencer
from chat.feed.timeline import Timeline, TimelineEntry
from chat.history import History
from chat.messages import StreamId
from neartalk.pieces import in_pieces
from presence.delivery import Socket, gap, rows, signal
from presence.geo import Tile, tiles_within
from presence.hub import Arrival

CHUNK_ROWS = 20
# So many ids at most are in one frame: some 20 KB.
IDS_MAX = 500
ARRIVAL_MAX = 200
RESUME_MAX = 2_000
# Counts leave up to a second after a mark may have counted them as sent.
COUNTS_LATE_MS = 5_000


class Replayer:
    """Sends from the timelines of this process what they hold, and from history what they lack."""

    def __init__(
        self,
        history: History,
        poller: Poller,
        sequencer: Sequencer,
    ) -> None:
        self.history = history
        self.poller = poller
        self.timelines = sequencer.timelines
        self.reactions = sequencer.reactions

    async def replay(self, socket: Socket, arrival: Arrival) -> set[str]:
        """Writes what is in range and alive, the reactions to it, then the mark. Returns the ids
        that were written.

        Waits while more than 64 KB are unsent. Raises Refused: `store-unavailable`.
        """
        tiles = tiles_within(socket.place.cell, socket.place.radius_m)
        mark_ms = await self.poller.catch_up(tiles)
        wanted = wanted_by(socket, arrival)
        selection = await self._select(tiles, arrival, wanted, now_ms=mark_ms)
        await self._write(socket, selection)
        if arrival.mark_ms is not None:
            await write_missed(socket, selection, arrival)
        ids = {message.id for message in selection.messages}
        await self.reactions.show(socket, self._states(socket, tiles, arrival, ids))
        socket.write(signal(socket.form, "mark", mark=mark_ms))
        return ids

    async def repeat(
        self,
        socket: Socket,
        person_ids: frozenset[str],
        until: Mapping[Tile, StreamId],
        pending: Collection[str],
    ) -> None:
        """Writes what these people said up to the last entries of the tiles, less what is pending,
        and the counts in which they are: their block was taken back.

        Where the store does not answer, it is left to the next arrival.
        """

        def wanted(message: RenderedMessage) -> bool:
            is_new = message.at > until.get(message.place.tile, message.at)
            theirs = message.person_id in person_ids and socket.may_receive(message)
            fresh = is_new or message.id in pending
            return theirs and not fresh and is_shown(socket.entered, message)

        async with socket.lock:
            tiles = tiles_within(socket.place.cell, socket.place.radius_m)
            now_ms = await self.poller.catch_up(tiles)
            selection = await self._select(tiles, Arrival(), wanted, now_ms=now_ms)
            await self._write(socket, selection)
        ids = {message.id for message in selection.messages}
        await self.reactions.show(socket, self._states(socket, tiles, Arrival(), ids))
        timelines = (self.timelines.get(tile) for tile in tiles)
        states = (one for timeline in timelines if timeline for one in timeline.states.values())
        counted = [one for one in states if socket.shows(one) and one.may_count(person_ids)]
        await self.reactions.show_counts(socket, [one for one in counted if one.id not in ids])

    async def _write(self, socket: Socket, selection: Selection) -> None:
        """Writes messages. Waits while more than 64 KB are unsent."""
        for chunk in self._chunks(socket, selection.messages):
            socket.write(rows(socket.form, chunk))
            await socket.connection.drained()

    def _states(
        self, socket: Socket, tiles: Iterable[Tile], arrival: Arrival, ids: Collection[str]
    ) -> list[ReactionState]:
        """The reactions to what was replayed, and those that have changed since the mark to what
        the reader shows since before."""
        since_ms = arrival.since_ms
        timelines = (self.timelines.get(tile) for tile in tiles)
        states = (one for timeline in timelines if timeline for one in timeline.states.values())
        return [
            one
            for one in states
            if one.id in ids
            or (
                since_ms is not None
                and one.changed_ms >= since_ms - COUNTS_LATE_MS
                and is_shown(socket.entered, one)
                and socket.may_receive(one)
            )
        ]

    async def _select(
        self,
        tiles: Iterable[Tile],
        arrival: Arrival,
        wanted: Callable[[RenderedMessage], bool],
        *,
        now_ms: int,
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
            wanted,
            limit=ARRIVAL_MAX if since_ms is None else RESUME_MAX,
            held=[entry for one in timelines.values() for entry in one.alive(now_ms)],
            since_ms=since_ms or 0,
            on_page=prepend_to(timelines) if since_ms is None else note_reactions(timelines),
        )

    def _chunks(self, socket: Socket, messages: Sequence[RenderedMessage]) -> Iterable[list[str]]:
        """The rows of so many messages at once as a socket's reader sees them."""
        for chunk in in_pieces(messages, CHUNK_ROWS):
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


def note_reactions(timelines: Mapping[Tile, Timeline]) -> OnPage:
    """Keeps of each page that was read the counts of reactions alone."""

    def on_page(tile: Tile, below: StreamId | None, older: list[TimelineEntry], full: bool) -> None:
        timelines[tile].note_all(older)

    return on_page


async def write_missed(socket: Socket, selection: Selection, arrival: Arrival) -> None:
    """Writes to a socket that comes back what was retracted since its mark, and a gap where it
    missed more than is replayed. Waits while more than 64 KB are unsent."""
    removed = [
        one.removed_id
        for one in selection.retractions
        if one.at.ms >= (arrival.mark_ms or 0)
        and is_shown(socket.entered, one)
        and socket.may_receive(one)
    ]
    for some in in_pieces(removed, IDS_MAX):
        socket.write(signal(socket.form, "gone", ids=some))
        await socket.connection.drained()
    if selection.more and not arrival.moved_away:
        socket.write(gap(socket.form, "too-much", socket.connection.language))
