"""Broadcasts each tile's entries in order, once, whatever hints are lost or late.

A hint carries the id before its entry. An id that is not the last one broadcast means a gap: what
is missing is read from history.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable

from chat.feed.reaction_broadcaster import ReactionBroadcaster
from chat.feed.rendered_message import RenderedMessage
from chat.feed.timeline import NextStep, Timeline
from chat.history import AFTER_COUNT, History
from chat.messages import Entry, Reacted, Retraction, StreamId
from presence.geo import Tile
from presence.hub import Hub


class Sequencer:
    """The timelines of the tiles that this process is subscribed to.

    `subscribed` counts subscriptions: the poller sees from it that one was added meanwhile.
    """

    # A missing hint may be on its way: history is read once this is over.
    reorder_delay_s = 0.02

    def __init__(self, hub: Hub, history: History) -> None:
        self.history = history
        self.audience = hub.audience
        self.now_ms = hub.now_ms
        self.later = hub.later
        self.forget_push = hub.pushes.forget
        self.delivery_seconds = hub.platform.instruments.delivery_seconds
        self.reactions = ReactionBroadcaster(hub, history)
        self.timelines: dict[Tile, Timeline] = {}
        self.subscribed = 0
        # By what closed them: a late hint, reading, or the poll where no hint came at all.
        self.gaps = Counter({"hint": 0, "reading": 0, "poll": 0})

    # ---- Subscriptions -----------------------------------------------------------------------

    async def subscribe(self, tiles: Iterable[Tile]) -> None:
        """Broadcasts what is kept in these tiles from now on. Older entries are for the replay.

        Raises Refused: `store-unavailable`. Then entries of these tiles wait until the next try.
        """
        fresh = {tile: Timeline() for tile in tiles}
        self.timelines.update(fresh)
        now_ms = await self.history.now_ms()
        self.subscribed += 1
        for tile, timeline in fresh.items():
            timeline.begin(now_ms)
            self._resume(tile, timeline)

    def unsubscribe(self, tiles: Iterable[Tile]) -> None:
        for tile in tiles:
            self.timelines.pop(tile, None)

    def expire(self) -> None:
        for timeline in self.timelines.values():
            timeline.expire(self.now_ms())

    # ---- In order, once ----------------------------------------------------------------------

    def apply(self, entry: Entry, previous: StreamId) -> None:
        """Broadcasts an entry if it is the next one. Else it waits until history was read."""
        timeline = self.timelines.get(entry.tile)
        if timeline is None:
            return
        step = timeline.step(previous)
        if step is NextStep.BROADCAST:
            self.broadcast(timeline, [entry])
            if timeline.waiting:
                self._resume(entry.tile, timeline)
            return
        timeline.waiting.append((entry, previous))
        if step is NextStep.FILL_GAP:
            timeline.reordering = True
            self.later(self._fill_gap(entry.tile, timeline))

    def broadcast(self, timeline: Timeline, entries: Iterable[Entry]) -> bool:
        """Writes entries to the sockets in range: the only place where any reaches them.

        Entries up to the timeline's last one are skipped. True if any was left.
        """
        before = timeline.last
        for entry in entries:
            if timeline.last is None or entry.at <= timeline.last:
                continue
            now_ms = self.now_ms()
            rendered = timeline.apply(entry)
            if isinstance(rendered, RenderedMessage):
                self.delivery_seconds.observe(max(0, now_ms - entry.at.ms) / 1000)
                self.audience.broadcast(rendered)
            elif isinstance(rendered, Retraction):
                self.audience.retract(rendered)
                self.forget_push(rendered.removed_id)
            elif isinstance(rendered, Reacted):
                self.reactions.apply(timeline, rendered)
        return timeline.last != before

    # ---- Gaps --------------------------------------------------------------------------------

    async def _fill_gap(self, tile: Tile, timeline: Timeline) -> None:
        """Reads what is missing, unless its hint comes first: two processes that publish at the
        same time often arrive in the wrong order."""
        await asyncio.sleep(self.reorder_delay_s)
        timeline.reordering = False
        if timeline.waiting and not timeline.reading:
            self.gaps["reading"] += 1
            await self._read_on(tile, timeline)
        elif not timeline.waiting:
            self.gaps["hint"] += 1

    async def _read_on(self, tile: Tile, timeline: Timeline) -> None:
        timeline.reading = True
        # History holds what waits by now, or holds it no more: then nobody is sent it.
        timeline.waiting.clear()
        try:
            await self._read_rest(tile, timeline)
        finally:
            self._resume(tile, timeline)

    async def _read_rest(self, tile: Tile, timeline: Timeline) -> None:
        """Broadcasts everything that the history of a tile holds by now."""
        full = True
        while full and timeline.last is not None:
            entries = (await self.history.after({tile: timeline.last})).entries[tile]
            if self.timelines.get(tile) is not timeline:
                return  # unsubscribed, or subscribed again, meanwhile
            self.broadcast(timeline, entries)
            full = len(entries) == AFTER_COUNT

    def _resume(self, tile: Tile, timeline: Timeline) -> None:
        """Applies what waited while history was read."""
        timeline.reading = False
        waiting, timeline.waiting = timeline.waiting, []
        for entry, previous in sorted(waiting, key=lambda hint: hint[0].at):
            self.apply(entry, previous)
