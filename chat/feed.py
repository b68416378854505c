"""From history to the hub: each tile's entries in order, once, whatever hints are lost or late.

A hint carries the place before it. A place that is not the last one seen is a gap, and what is
missing is read from history; a poll every 2 s catches a dropped last hint.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from chat.history import AFTER_COUNT, History
from chat.messages import (
    BEGINNING,
    Appended,
    Draft,
    Entry,
    Message,
    Removal,
    StreamId,
    entry_of,
    just_before,
    message_of,
    public_id,
    to_fields,
)
from chat.replay import ARRIVAL_MAX, RESUME_MAX, Replay, gather, heard_at
from chat.said import Said
from chat.store import history
from neartalk.codes import Refused
from presence.frames import gap, rows, signal
from presence.geo import Tile, apart, label, tiles_within
from presence.hub import Hub, hub
from presence.people import Session
from presence.sockets import Socket
from presence.source import Arrival

CHUNK_ROWS = 20
STORE_WAIT_S = 2.0
RECENT_MS = 120_000


@dataclass(slots=True)
class Tail:
    """How far a tile's history has been handed over; hints wait while that is being found out."""

    last: StreamId | None = None
    waiting: list[tuple[Entry, StreamId]] = field(default_factory=list)
    reading: bool = True


class Feed:
    """The hub's source of messages. One a process."""

    def __init__(self, hub: Hub, history: History) -> None:
        self.hub = hub
        self.history = history
        self.tails: dict[Tile, Tail] = {}
        self.mark_ms = 0
        self.begun = 0
        self.repaired = 0
        hub.source = self

    # ---- What a person does ------------------------------------------------------------------

    async def send(self, socket: Socket, text: str, ref: str) -> None:
        """Keeps a message, acks it, and only then shows it to anybody.

        Raises Refused: `too-fast`, or `store-unavailable` when nobody knows whether it was kept.
        """
        person = socket.person
        draft = Draft(person.person_id, person.name, person.place, text, ref)
        appended = await self._append(draft, socket.session)
        message_id = public_id(appended.at, draft.person_id, ref)
        socket.write(signal(socket.form, "ack", ref=ref, id=message_id))
        if appended.fresh:
            self._publish(message_of(draft, appended.at), appended.previous)

    async def _append(self, draft: Draft, session: Session) -> Appended:
        recent = self.hub.now_ms() - RECENT_MS
        earlier = [left.tile for left in session.trail if left.left_ms > recent]
        try:
            async with asyncio.timeout(STORE_WAIT_S):
                return await self.history.append(draft, earlier)
        except TimeoutError as late:
            raise Refused("store-unavailable", retry_after=2, ref=draft.ref) from late
        except Refused as refused:
            refused.ref = draft.ref
            raise

    async def remove(self, session: Session, message_id: str) -> None:
        """Takes one's own message back, everywhere. Raises Refused: `not-found`."""
        tiles = {session.person.tile, *(left.tile for left in session.trail)}
        try:
            async with asyncio.timeout(STORE_WAIT_S):
                found = await self.history.remove(tiles, message_id, session.person.person_id)
        except TimeoutError as late:
            raise Refused("store-unavailable", retry_after=2) from late
        if found is None:
            raise Refused("not-found")
        self._publish(*found)

    def _publish(self, entry: Entry, previous: StreamId) -> None:
        """Own sockets by a call, the other processes by a hint."""
        self.take(entry, previous)
        self.hub.hint(entry.tile, to_hint(entry, previous))

    # ---- In order, once ----------------------------------------------------------------------

    async def begin(self, tiles: Iterable[Tile]) -> None:
        """Follows these tiles from now on; what stands there already is each reader's replay."""
        fresh = {tile: Tail() for tile in tiles}
        self.tails.update(fresh)
        now = await self.history.now_ms()
        self.begun += 1
        for tile, tail in fresh.items():
            tail.last = just_before(now)
            self._resume(tile, tail)

    async def restart(self) -> None:
        """The store began anew: what it holds after the places seen so far is handed over.

        Only where its clock is behind them do they mean nothing any more.
        """
        now = await self.history.now_ms()
        self.mark_ms = min(self.mark_ms, now)
        for tail in self.tails.values():
            if tail.last is not None and tail.last.ms > now:
                tail.last = BEGINNING
        await self.poll()

    def forget(self, tiles: Iterable[Tile]) -> None:
        for tile in tiles:
            self.tails.pop(tile, None)

    async def receive(self, event: dict[str, Any]) -> None:
        self.take(*from_hint(event))

    def take(self, entry: Entry, previous: StreamId) -> None:
        """Hands an entry over if it is the next one; else what lies between is read first."""
        tail = self.tails.get(entry.tile)
        if tail is None:
            return
        if tail.reading or tail.last is None:
            tail.waiting.append((entry, previous))
        elif previous > tail.last:
            tail.waiting.append((entry, previous))
            self._repair(entry.tile, tail)
        else:
            self._deliver(tail, [entry])

    def _repair(self, tile: Tile, tail: Tail) -> None:
        tail.reading = True
        self.repaired += 1
        self.hub.later(self._read_on(tile, tail))

    async def _read_on(self, tile: Tile, tail: Tail) -> None:
        # What waits by now stands in the history, or is gone from it: then nobody is shown it.
        tail.waiting.clear()
        try:
            await self._read_rest(tile, tail)
        finally:
            self._resume(tile, tail)

    async def _read_rest(self, tile: Tile, tail: Tail) -> None:
        """Hands over everything that the history of a tile holds by now."""
        full = True
        while full and tail.last is not None:
            entries = (await self.history.after({tile: tail.last})).entries[tile]
            if self.tails.get(tile) is not tail:
                return  # nobody reaches the tile any more, or somebody began anew
            self._deliver(tail, entries)
            full = len(entries) == AFTER_COUNT

    def _resume(self, tile: Tile, tail: Tail) -> None:
        tail.reading = False
        waiting, tail.waiting = tail.waiting, []
        for entry, previous in sorted(waiting, key=lambda hint: hint[0].at):
            self.take(entry, previous)

    def _deliver(self, tail: Tail, entries: Sequence[Entry]) -> None:
        """The one place where messages reach sockets; nothing passes it twice."""
        for entry in entries:
            if tail.last is None or entry.at <= tail.last:
                continue
            tail.last = entry.at
            if isinstance(entry, Removal):
                self.hub.audience.unsay(entry.place, entry.removed_id)
            else:
                self.hub.audience.say(Said(entry, self.hub.now_ms()))

    async def poll(self) -> None:
        """Reads what hints have missed. The mark: everything before it has been handed over."""
        begun, mark_ms = self.begun, 0
        last = {tile: tail.last for tile, tail in self.tails.items() if tail.last is not None}
        while last or not mark_ms:
            reading = await self.history.after(last)
            mark_ms = mark_ms or reading.now_ms
            for tile, entries in reading.entries.items():
                if tail := self.tails.get(tile):
                    self._deliver(tail, entries)
            last = {
                tile: entries[-1].at
                for tile, entries in reading.entries.items()
                if len(entries) == AFTER_COUNT
            }
        if begun == self.begun:
            self.mark_ms = mark_ms

    async def trim(self) -> None:
        await self.history.trim()

    # ---- Arrivals ----------------------------------------------------------------------------

    async def replay(self, socket: Socket, arrival: Arrival) -> set[str]:
        """Writes what is in range and alive, then the mark. Returns the ids that were written."""
        replay = await self._gather(socket, arrival)
        for tile, entries in replay.first.items():
            await self._catch_up(tile, entries, full=len(entries) == replay.page)
        for message_rows in self._chunks(socket, replay.messages):
            socket.write(rows(socket.form, message_rows))
            await socket.outlet.drained()
        if arrival.mark_ms is not None:
            self._tell_missed(socket, replay, arrival)
        socket.write(signal(socket.form, "mark", mark=replay.mark_ms))
        return {message.id for message in replay.messages}

    async def _gather(self, socket: Socket, arrival: Arrival) -> Replay:
        place, since_ms, before = socket.place, arrival.since_ms, arrival.moved_from
        tiles = tiles_within(place.cell, place.radius_m)

        def wanted(message: Message) -> bool:
            if since_ms is not None and message.at.ms < since_ms:
                return False
            return heard_at(place, message) and not (before and heard_at(before, message))

        limit = ARRIVAL_MAX if since_ms is None else RESUME_MAX
        bounds = {} if since_ms is None else self._bounds(tiles, since_ms)
        return await gather(self.history, tiles, wanted, limit=limit, since_ms=bounds)

    def _bounds(self, tiles: Iterable[Tile], since_ms: int) -> dict[Tile, int]:
        """Never later than what the hub itself has seen, or catching up would leave a hole."""
        tails = {tile: self.tails.get(tile) for tile in tiles}
        return {
            tile: min(since_ms, tail.last.ms) if tail and tail.last else since_ms
            for tile, tail in tails.items()
        }

    async def _catch_up(self, tile: Tile, entries: Sequence[Entry], *, full: bool) -> None:
        """What a reader is shown, the hub has seen: so that it is not shown again by the poll."""
        tail = self.tails.get(tile)
        if tail is None or tail.last is None:
            return
        if full and entries[0].at > tail.last:
            await self._read_rest(tile, tail)
        else:
            self._deliver(tail, entries)

    def _chunks(self, socket: Socket, messages: Sequence[Message]) -> Iterable[list[str]]:
        now_ms, mine = self.hub.now_ms(), socket.person.person_id
        for start in range(0, len(messages), CHUNK_ROWS):
            yield [
                Said(message, now_ms).row(
                    socket.form,
                    label(apart(socket.place.cell, message.place.cell)),
                    mine=message.person_id == mine,
                )
                for message in messages[start : start + CHUNK_ROWS]
            ]

    def _tell_missed(self, socket: Socket, replay: Replay, arrival: Arrival) -> None:
        """For one who comes back: what was taken back meanwhile, and whether it was too much."""
        removed = [
            one.removed_id
            for one in replay.removals
            if one.at.ms >= (arrival.mark_ms or 0) and heard_at(socket.place, one)
        ]
        if removed:
            socket.write(signal(socket.form, "gone", ids=removed))
        if replay.more and not arrival.moved_away:
            socket.write(gap(socket.form, "too-much"))


def to_hint(entry: Entry, previous: StreamId) -> dict[str, Any]:
    """An entry for the tile's group: as it stands in history, with the place before it."""
    return {
        "type": "chat.said",
        "at": str(entry.at),
        "previous": str(previous),
        "fields": to_fields(entry),
    }


def from_hint(event: dict[str, Any]) -> tuple[Entry, StreamId]:
    entry = entry_of(event["at"], event["fields"])
    return entry, StreamId.parse(event["previous"])


@cache
def feed() -> Feed:
    """The feed of this process."""
    return Feed(hub(), history())
