"""Reads what no hint announced, in all subscribed tiles at once; keeps the mark of how far."""

from collections.abc import Iterable

from chat.feed.sequencer import Sequencer
from chat.history import AFTER_COUNT, History
from presence.geo import Tile


class Poller:
    """`mark_ms`: every entry older than this, by the store's clock, was broadcast here."""

    def __init__(self, history: History, sequencer: Sequencer) -> None:
        self.history = history
        self.sequencer = sequencer
        self.mark_ms = 0

    async def poll(self) -> None:
        """Broadcasts what hints have missed, and moves the mark.

        The mark stays where tiles were added meanwhile: they were not read. Raises Refused:
        `store-unavailable`.
        """
        subscribed = self.sequencer.subscribed
        mark_ms = await self.catch_up(self.sequencer.timelines)
        if subscribed == self.sequencer.subscribed:
            self.mark_ms = mark_ms

    async def restart(self) -> None:
        """The store was restarted: broadcasts what it holds after the last ids seen so far.

        Where its clock is behind an id, the id means nothing any more. Raises Refused:
        `store-unavailable`.
        """
        now_ms = await self.history.now_ms()
        self.mark_ms = min(self.mark_ms, now_ms)
        lost = await self._lost(now_ms)
        for tile, timeline in self.sequencer.timelines.items():
            timeline.rewind(lost=tile in lost)
        await self.poll()

    async def _lost(self, now_ms: int) -> set[Tile]:
        """The tiles whose last id is ahead of the clock, and is not in the store: it was lost, and
        the clock was set back. Where the clock alone was, the id still stands."""
        ahead = {
            tile: one.last
            for tile, one in self.sequencer.timelines.items()
            if one.last is not None and one.last.ms > now_ms
        }
        if not ahead:
            return set()
        newest = (await self.history.page(dict.fromkeys(ahead), {}, 1)).entries
        return {tile for tile, last in ahead.items() if all(one.at < last for one in newest[tile])}

    async def catch_up(self, tiles: Iterable[Tile]) -> int:
        """Broadcasts what these tiles hold by now.

        Returns the store's clock in milliseconds, as it was before the tiles were read. Raises
        Refused: `store-unavailable`.
        """
        mark_ms = 0
        known = self.sequencer.timelines
        timelines = {tile: timeline for tile in tiles if (timeline := known.get(tile))}
        last = {tile: one.last for tile, one in timelines.items() if one.last is not None}
        while last or not mark_ms:
            reading = await self.history.after(last)
            mark_ms = mark_ms or reading.now_ms
            for tile, entries in reading.entries.items():
                timeline = timelines[tile]
                if (
                    entries
                    and known.get(tile) is timeline
                    and self.sequencer.broadcast(timeline, entries)
                ):
                    self.sequencer.gaps["poll"] += 1
            last = {
                tile: entries[-1].at
                for tile, entries in reading.entries.items()
                if len(entries) == AFTER_COUNT
            }
        return mark_ms
