"""From history to the hub: each tile's entries in order, once, whatever hints are lost or late.

A hint carries the place before it. A place that is not the last one seen is a gap, and what is
missing is read from history; a poll every 2 s catches a dropped last hint.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from chat.feed.rendered import Said
from chat.feed.replay import ARRIVAL_MAX, RESUME_MAX, Replay, gather, heard_at, nothing
from chat.feed.tail import Shown, Tail, after
from chat.history import AFTER_COUNT, History
from chat.messages import (
    BEGINNING,
    Appended,
    Draft,
    Entry,
    StreamId,
    entry_of,
    message_of,
    public_id,
    to_fields,
)
from neartalk.codes import Refused
from presence.delivery import Socket, gap, rows, signal
from presence.geo import Tile, apart, area_of, label, tiles_within
from presence.hub import Arrival, Hub
from presence.people import Session

CHUNK_ROWS = 20
STORE_WAIT_S = 2.0
RECENT_MS = 120_000
NEW_MS = 60_000


class Feed:
    """The hub's source of messages. One a process."""

    # How long a hint may be on its way before what it would have told is read.
    patience_s = 0.02

    def __init__(self, hub: Hub, history: History) -> None:
        self.hub = hub
        self.rules = hub.platform.rules
        self.instruments = hub.platform.instruments
        self.history = history
        self.tails: dict[Tile, Tail] = {}
        self.mark_ms = 0
        self.begun = 0
        self.kept = 0
        # What closed them: a hint that was late, reading, or the poll where no hint came at all.
        self.gaps = Counter({"hint": 0, "reading": 0, "poll": 0})
        hub.attach(self)

    # ---- What a person does ------------------------------------------------------------------

    async def send(self, socket: Socket, text: str, ref: str) -> None:
        """Keeps a message, acks it, and only then shows it to anybody.

        Raises Refused: as `History.append` does; with `store-unavailable` nobody knows whether it
        was kept.
        """
        person = socket.person
        session, place = socket.session, person.place
        speed = "chat.new" if self._is_new(session) else "chat.send"
        draft = Draft(person.person_id, person.name, place, text, ref, speed, session.origin)
        appended = await self._append(draft, socket.session)
        message_id = public_id(appended.at, draft.person_id, ref)
        socket.write(signal(socket.form, "ack", ref=ref, id=message_id))
        if appended.fresh:
            self.kept += 1
            self.hub.activity.count_message(area_of(draft.place.cell))
            self._publish(message_of(draft, appended.at), appended.previous)

    def _is_new(self, session: Session) -> bool:
        """In the first minute one speaks slowly."""
        age_ms = self.hub.now_ms() - session.opened_ms
        return age_ms < NEW_MS and self.rules["chat.new"].on

    async def ack_known(self, socket: Socket, ref: str) -> bool:
        """Acks a message that is kept already; whether it is.

        Raises Refused: `store-unavailable`.
        """
        person = socket.person
        tiles = [*self._just_left(socket.session), person.tile]
        known = await self.history.known(person.person_id, ref, tiles)
        if known:
            message_id = public_id(known, person.person_id, ref)
            socket.write(signal(socket.form, "ack", ref=ref, id=message_id))
        return known is not None

    def _just_left(self, session: Session) -> list[Tile]:
        recent = self.hub.now_ms() - RECENT_MS
        return [left.tile for left in session.recent_tiles if left.left_ms > recent]

    async def _append(self, draft: Draft, session: Session) -> Appended:
        earlier = self._just_left(session)
        try:
            async with self._in_time():
                return await self.history.append(draft, earlier)
        except Refused as refused:
            refused.ref = draft.ref
            raise

    async def remove(self, session: Session, message_id: str) -> None:
        """Takes one's own message back, everywhere. Raises Refused: `not-found`."""
        tiles = {session.person.tile, *(left.tile for left in session.recent_tiles)}
        if not await self.take_back(tiles, message_id, session.person.person_id):
            raise Refused("not-found")

    async def take_back(self, tiles: Iterable[Tile], message_id: str, person_id: str) -> bool:
        """The same for whoever decides it: whether any of the tiles held the message."""
        async with self._in_time():
            found = await self.history.remove(tiles, message_id, person_id)
        if found:
            self._publish(*found)
        return found is not None

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """For what somebody waits for. Raises Refused: `store-unavailable`, where it takes too
        long."""
        try:
            async with asyncio.timeout(STORE_WAIT_S):
                yield
        except TimeoutError as late:
            self.instruments.unavailable["history",] += 1
            raise Refused("store-unavailable", retry_after=2) from late

    def _publish(self, entry: Entry, previous: StreamId) -> None:
        """Own sockets by a call, the other processes by a hint."""
        self.take(entry, previous)
        self.hub.hints.publish(entry.tile, to_hint(entry, previous))

    # ---- In order, once ----------------------------------------------------------------------

    async def begin(self, tiles: Iterable[Tile]) -> None:
        """Follows these tiles from now on; what stands there already is each reader's replay."""
        fresh = {tile: Tail() for tile in tiles}
        self.tails.update(fresh)
        now = await self.history.now_ms()
        self.begun += 1
        for tile, tail in fresh.items():
            tail.begin(now)
            self._resume(tile, tail)

    async def restart(self) -> None:
        """The store began anew: what it holds after the places seen so far is handed over.

        Only where its clock is behind them do they mean nothing any more.
        """
        now = await self.history.now_ms()
        self.mark_ms = min(self.mark_ms, now)
        for tail in self.tails.values():
            if tail.last is not None:
                tail.last = tail.last if tail.last.ms <= now else BEGINNING
                tail.forget(after(tail.last))
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
            if not tail.mending:
                tail.mending = True
                self.hub.later(self._mend(entry.tile, tail))
        else:
            self._deliver(tail, [entry])
            if tail.waiting:
                self._resume(entry.tile, tail)

    async def _mend(self, tile: Tile, tail: Tail) -> None:
        """Most gaps close by themselves: two processes spoke at once, and the hint of what came
        first is on its way. What does not come is read."""
        await asyncio.sleep(self.patience_s)
        tail.mending = False
        if tail.waiting and not tail.reading:
            self.gaps["reading"] += 1
            await self._read_on(tile, tail)
        elif not tail.waiting:
            self.gaps["hint"] += 1

    async def _read_on(self, tile: Tile, tail: Tail) -> None:
        tail.reading = True
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

    def _deliver(self, tail: Tail, entries: Iterable[Entry]) -> bool:
        """The one place where messages reach sockets; nothing passes it twice. Whether any did."""
        before = tail.last
        for entry in entries:
            if tail.last is None or entry.at <= tail.last:
                continue
            now_ms = self.hub.now_ms()
            shown = tail.take(entry, now_ms)
            if isinstance(shown, Said):
                self.instruments.delivery_seconds.observe(max(0, now_ms - entry.at.ms) / 1000)
                self.hub.audience.broadcast(shown)
            else:
                self.hub.audience.retract(shown)
        return tail.last != before

    async def poll(self) -> None:
        """Reads what hints have missed. The mark: everything before it has been handed over."""
        begun = self.begun
        mark_ms = await self._catch_up(self.tails)
        if begun == self.begun:
            self.mark_ms = mark_ms

    async def _catch_up(self, tiles: Iterable[Tile]) -> int:
        """Hands over what these tiles hold by now; the store's clock before it was read."""
        mark_ms = 0
        tails = {tile: tail for tile in tiles if (tail := self.tails.get(tile))}
        last = {tile: tail.last for tile, tail in tails.items() if tail.last is not None}
        while last or not mark_ms:
            reading = await self.history.after(last)
            mark_ms = mark_ms or reading.now_ms
            for tile, entries in reading.entries.items():
                if self.tails.get(tile) is tails[tile] and self._deliver(tails[tile], entries):
                    self.gaps["poll"] += 1
            last = {
                tile: entries[-1].at
                for tile, entries in reading.entries.items()
                if len(entries) == AFTER_COUNT
            }
        return mark_ms

    async def trim(self) -> None:
        await self.history.trim()
        for tail in self.tails.values():
            tail.trim(self.hub.now_ms())

    # ---- Arrivals ----------------------------------------------------------------------------

    async def replay(self, socket: Socket, arrival: Arrival) -> set[str]:
        """Writes what is in range and alive, then the mark. Returns the ids that were written."""
        tiles = tiles_within(socket.place.cell, socket.place.radius_m)
        mark_ms = await self._catch_up(tiles)
        replay = await self._gather(socket, tiles, arrival, now_ms=mark_ms)
        for message_rows in self._chunks(socket, replay.messages):
            socket.write(rows(socket.form, message_rows))
            await socket.connection.drained()
        if arrival.mark_ms is not None:
            self._tell_missed(socket, replay, arrival)
        socket.write(signal(socket.form, "mark", mark=mark_ms))
        return {said.id for said in replay.messages}

    async def _gather(
        self, socket: Socket, tiles: Iterable[Tile], arrival: Arrival, *, now_ms: int
    ) -> Replay:
        """From the tails, and from the store what they do not hold. `now_ms` is the store's own
        clock: what this process knows of it may be late by as long as an answer took.
        """
        place, since_ms, before = socket.place, arrival.since_ms, arrival.moved_from
        tails = {tile: tail for tile in tiles if (tail := self.tails.get(tile))}

        def wanted(said: Said) -> bool:
            if not socket.may_receive(said) or (since_ms is not None and said.at.ms < since_ms):
                return False
            return heard_at(place, said) and not (before and heard_at(before, said))

        def found(tile: Tile, below: StreamId | None, older: list[Shown], full: bool) -> None:
            if below is not None:
                tails[tile].extend_back(below, older, full=full)

        return await gather(
            self.history,
            {
                tile: tail.since
                for tile, tail in tails.items()
                if tail.lacks(now_ms) and (since_ms is None or tail.since.ms >= since_ms)
            },
            wanted,
            limit=ARRIVAL_MAX if since_ms is None else RESUME_MAX,
            held=[shown for tail in tails.values() for shown in tail.alive(now_ms)],
            since_ms=since_ms or 0,
            found=found if since_ms is None else nothing,
        )

    def _chunks(self, socket: Socket, messages: Sequence[Said]) -> Iterable[list[str]]:
        now_ms, mine = self.hub.now_ms(), socket.person.person_id
        for start in range(0, len(messages), CHUNK_ROWS):
            chunk = messages[start : start + CHUNK_ROWS]
            for said in chunk:
                said.age(now_ms)
            yield [
                said.row(
                    socket.form,
                    label(apart(socket.place.cell, said.place.cell)),
                    mine=said.person_id == mine,
                )
                for said in chunk
            ]

    def _tell_missed(self, socket: Socket, replay: Replay, arrival: Arrival) -> None:
        """For one who comes back: what was taken back meanwhile, and whether it was too much."""
        removed = [
            one.removed_id
            for one in replay.removals
            if one.at.ms >= (arrival.mark_ms or 0)
            and heard_at(socket.place, one)
            and socket.may_receive(one)
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
