"""The history in memory, for the embedded form: one process."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter

from chat.history.contract import AFTER_COUNT, Reading, life_ms
from chat.history.memory_reactions import MemoryReactions, Reacting, expired_of
from chat.history.turns import MemoryTurns
from chat.messages import (
    BEGINNING,
    Appended,
    Draft,
    Entry,
    Message,
    Reacted,
    Retraction,
    StreamId,
    just_before,
    message_of,
    stream_id_of,
)
from chat.reactions import Choices, ChosenReaction
from neartalk.clock import Clock, steady_ms
from neartalk.codes import Refused
from neartalk.limits import Rules
from presence.geo import Tile

at = attrgetter("at")


@dataclass(slots=True)
class Stream:
    """One tile's entries in order, the refs that are known, and the last id that was given."""

    entries: list[Entry] = field(default_factory=list)
    refs: dict[tuple[str, str], StreamId] = field(default_factory=dict)
    kept_refs: list[tuple[StreamId, tuple[str, str]]] = field(default_factory=list)
    last: StreamId = BEGINNING
    reacting: dict[StreamId, Reacting] = field(default_factory=dict)
    # None of those who are reacted to stands before it.
    reacting_since: StreamId = BEGINNING

    def expire(self, oldest: StreamId) -> None:
        """Forgets entries and refs up to an id. Nearly always there are none, and it costs nothing
        to see so."""
        if self.entries and self.entries[0].at <= oldest:
            del self.entries[: bisect_right(self.entries, oldest, key=at)]
        if self.kept_refs and self.kept_refs[0][0] <= oldest:
            spent = bisect_right(self.kept_refs, oldest, key=itemgetter(0))
            for _, ref in self.kept_refs[:spent]:
                self.refs.pop(ref, None)
            del self.kept_refs[:spent]
        if self.reacting and self.reacting_since <= oldest:
            for marked in expired_of(self.reacting, oldest):
                self.drop(marked)
            self.reacting_since = min(self.reacting, default=BEGINNING)

    def find(self, place: StreamId) -> Entry | None:
        """The entry of this id."""
        index = bisect_left(self.entries, place, key=at)
        found = self.entries[index] if index < len(self.entries) else None
        return found if found and found.at == place else None

    def drop(self, place: StreamId | None) -> None:
        """Removes the entry of this id, if it is still there."""
        if place and (found := self.find(place)):
            self.entries.remove(found)


class MemoryHistory:
    def __init__(self, clock: Clock = steady_ms, rules: Rules | None = None) -> None:
        self.clock = clock
        self.streams: dict[Tile, Stream] = {}
        self.turns = MemoryTurns(rules or Rules())
        self.gone: dict[tuple[Tile, str], str] = {}
        self.reactions = MemoryReactions(self.turns.rules)

    async def append(self, draft: Draft, earlier: Iterable[Tile] = ()) -> Appended:
        known = await self.known(draft.person_id, draft.ref, (*earlier, draft.tile))
        if known:
            return Appended(known, BEGINNING, fresh=False)
        self.turns.allow(draft, self.clock())
        message = message_of(draft, self._next_id(self._fresh(draft.tile)))
        return self._put(draft.tile, message, (draft.person_id, draft.ref))

    async def known(self, person_id: str, ref: str, tiles: Iterable[Tile]) -> StreamId | None:
        found = (self._fresh(tile).refs.get((person_id, ref)) for tile in tiles)
        return next(filter(None, found), None)

    async def remove(
        self, tiles: Iterable[Tile], message_id: str, person_id: str
    ) -> tuple[Retraction, StreamId] | None:
        place = stream_id_of(message_id)
        for tile in tiles:
            stream = self._fresh(tile)
            index = bisect_left(stream.entries, place or BEGINNING, key=at)
            found = stream.entries[index] if index < len(stream.entries) else None
            if isinstance(found, Message) and (found.id, found.person_id) == (
                message_id,
                person_id,
            ):
                del stream.entries[index]
                if reacting := stream.reacting.pop(found.at, None):
                    stream.drop(reacting.marked)
                retraction = Retraction(self._next_id(stream), found.place, person_id, message_id)
                self.gone[tile, message_id] = person_id
                return retraction, self._put(tile, retraction).previous
        return None

    async def removed(self, tiles: Iterable[Tile], message_id: str, person_id: str) -> bool:
        alive = self._alive(message_id)
        return alive and any(self.gone.get((tile, message_id)) == person_id for tile in tiles)

    async def react(
        self, message: Message, choice: ChosenReaction
    ) -> tuple[Reacted, StreamId] | None:
        stream = self._fresh(message.tile)
        if stream.find(message.at) != message:
            raise Refused("not-found")
        reacting = stream.reacting.get(message.at, Reacting())
        if choice.reaction == reacting.reaction_of(choice.person_id):
            return None
        self.reactions.allow(choice.person_id, self.clock())
        since = min(stream.reacting_since, message.at) if stream.reacting else message.at
        stream.reacting[message.at], stream.reacting_since = reacting, since
        reacting.change(choice)
        stream.drop(reacting.marked)
        entry = reacting.entry(self._next_id(stream), message, choice)
        return entry, self._put(message.tile, entry).previous

    async def choices(self, messages: Iterable[tuple[Tile, str]]) -> Mapping[str, Choices]:
        found = {}
        for tile, message_id in messages:
            reacting = self._fresh(tile).reacting.get(stream_id_of(message_id) or BEGINNING)
            found[message_id] = reacting.choices if reacting else Choices()
        return found

    async def page(
        self, below: Mapping[Tile, StreamId | None], since_ms: Mapping[Tile, int], count: int
    ) -> Reading:
        found = {}
        for tile, place in below.items():
            entries = self._fresh(tile).entries
            end = bisect_left(entries, place, key=at) if place else len(entries)
            start = bisect_right(entries, just_before(since_ms.get(tile, 0)), key=at)
            found[tile] = entries[max(start, end - count) : end]
        return Reading(self.clock(), found)

    async def after(self, last: Mapping[Tile, StreamId]) -> Reading:
        found = {}
        for tile, place in last.items():
            # In most of the places that are polled nothing was said for long.
            entries = self._fresh(tile).entries if tile in self.streams else []
            start = bisect_right(entries, place, key=at)
            found[tile] = entries[start : start + AFTER_COUNT]
        return Reading(self.clock(), found)

    async def now_ms(self) -> int:
        return self.clock()

    async def trim(self) -> None:
        for tile in [*self.streams]:
            if not self._fresh(tile).entries:
                del self.streams[tile]
        self.turns.forget(self.clock())
        self.reactions.forget(self.clock())
        self.gone = {key: who for key, who in self.gone.items() if self._alive(key[1])}

    # ---- Steps -------------------------------------------------------------------------------

    def _alive(self, message_id: str) -> bool:
        """Whether a message of this id would be alive."""
        sent = stream_id_of(message_id)
        return sent is not None and sent > just_before(self.clock() - life_ms() + 1)

    def _next_id(self, stream: Stream) -> StreamId:
        now = self.clock()
        return max(StreamId(now, 0), StreamId(stream.last.ms, stream.last.seq + 1))

    def _put(self, tile: Tile, entry: Entry, ref: tuple[str, str] | None = None) -> Appended:
        stream = self.streams.setdefault(tile, Stream())
        previous, stream.last = stream.last, entry.at
        stream.entries.append(entry)
        if ref:
            stream.refs[ref] = entry.at
            stream.kept_refs.append((entry.at, ref))
        return Appended(entry.at, previous)

    def _fresh(self, tile: Tile) -> Stream:
        """The stream of a tile, without expired entries; an empty one where there is none."""
        stream = self.streams.get(tile)
        if stream is None:
            return Stream()
        stream.expire(just_before(self.clock() - life_ms() + 1))
        return stream
