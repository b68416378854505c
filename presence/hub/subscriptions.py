"""The tiles that people here reach: their groups are joined, and who is in them is kept current."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any

from presence.geo import Tile, tiles_within
from presence.hub.broadcaster import PresenceBroadcaster
from presence.hub.hints import Hints
from presence.hub.leases import Leases
from presence.hub.reconcile import Reconciler
from presence.hub.source import NullSource, Source
from presence.people import Place, TileEvent
from presence.registry import Registry
from presence.roster import Nearby, Roster


class TileSubscriptions:
    """`tiles` are those whose groups, roster and feed this process follows. `source` is set by the
    chat before the first socket joins. `later` runs work on its own."""

    source: Source = NullSource()

    def __init__(
        self,
        registry: Registry,
        leases: Leases,
        hints: Hints,
        broadcaster: PresenceBroadcaster,
        reconciler: Reconciler,
        later: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self.registry = registry
        self.leases = leases
        self.hints = hints
        self.broadcaster = broadcaster
        self.roster, self.audience = broadcaster.roster, broadcaster.audience
        self.reconciler = reconciler
        self.later = later
        self.tiles: set[Tile] = set()
        self.gate = asyncio.Lock()
        self.stale: set[Tile] = set()
        self.refreshing = False

    # ---- Which tiles -------------------------------------------------------------------------

    async def subscribe(self, tiles: Collection[Tile]) -> None:
        """Returns once these tiles are watched: their groups, roster and feed."""
        if self.tiles.issuperset(tiles):
            return
        async with self.gate:
            # Whoever asked for them may have gone meanwhile.
            fresh = {tile for tile in tiles if tile in self.audience.by_tile} - self.tiles
            if fresh:
                await self._begin(fresh)

    async def _begin(self, tiles: set[Tile]) -> None:
        """Joins the groups first, then reads: what changes in between is heard."""
        await self.hints.join(tiles)
        await self.read(tiles)
        await self.source.begin(tiles)
        self.tiles |= tiles

    async def unsubscribe_unused(self) -> None:
        """Lets go of tiles that nobody here reaches any more."""
        async with self.gate:
            spare = self.tiles - self.audience.by_tile.keys()
            # All at once: whoever enters one of them from now on waits for the gate.
            self.tiles -= spare
            self.source.forget(spare)
            for tile in spare:
                self.roster.forget(tile)
            await self.hints.leave(spare)

    # ---- Who is in them ----------------------------------------------------------------------

    async def read(self, tiles: Iterable[Tile]) -> None:
        found = await self.registry.people(tiles)
        people = (person for snapshot in found.values() for person in snapshot.people.values())
        if not {person.process for person in people} <= self.leases.processes | {""}:
            for process in (await self.registry.status(())).processes:
                self.note_process(process)
        for tile, snapshot in found.items():
            self.roster.load(tile, snapshot)
            self.broadcaster.tile_changed(tile)
            for person in snapshot.people.values():
                self.reconciler.load_if_newer(person)

    def compare(self, versions: Mapping[Tile, int]) -> None:
        """Reads those tiles again that are not what the store says."""
        self._reread(
            tile for tile, version in versions.items() if self.roster.versions.get(tile) != version
        )

    def _reread(self, tiles: Iterable[Tile]) -> None:
        self.stale.update(tiles)
        if not self.refreshing:
            self.refreshing = True
            self.later(self._refresh())

    async def _refresh(self) -> None:
        try:
            while self.stale:
                tiles = {tile for tile in self.stale if tile in self.tiles}
                self.stale.clear()
                await self.read(tiles)
                self.reconciler.republish_unlisted(tiles)
        finally:
            self.refreshing = False

    def apply(self, event: TileEvent) -> None:
        """Takes one change of a tile over."""
        if event.tile not in self.roster.versions:
            return
        before = self.broadcaster.appearance_of(
            self.roster.person(event.tile, event.person.person_id)
        )
        self.note_process(event.person.process)
        if not self.roster.apply(event):
            self._reread({event.tile})
        after = self.broadcaster.appearance_of(event.person if event.here else None)
        self.broadcaster.person_changed(before, after)
        self.reconciler.load_if_newer(event.person)
        if not event.here:
            self.reconciler.republish_removed(event.person, event.tile)

    def note_process(self, process: str) -> None:
        """Whoever has just written lives, and so do its people."""
        if self.leases.note_process(process):
            self.processes_changed({process})

    def processes_changed(self, processes: Collection[str]) -> None:
        """These processes died, or live again, and their people with them."""
        for tile in self.roster.tiles_of(processes):
            self.broadcaster.tile_changed(tile)

    async def nearby(self, place: Place, hidden: frozenset[str]) -> Nearby:
        """Who is near a place that this process may not be watching, read from the registry."""
        tiles = tiles_within(place.cell, place.radius_m)
        if tiles <= self.tiles:
            return self.broadcaster.nearby(place, hidden)
        roster = Roster()
        status = await self.registry.status(())
        for tile, snapshot in (await self.registry.people(tiles)).items():
            roster.load(tile, snapshot)
        return roster.nearby(place, status.processes, status.now_ms, hidden)
