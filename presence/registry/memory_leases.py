"""Leases of processes in memory, and how the store stands."""

import secrets
from collections.abc import Iterable

from neartalk.clock import Clock, lasts
from presence.geo import Tile
from presence.registry.contract import LEASE_MS, SET_BACK_MS, StoreStatus
from presence.registry.memory_tiles import MemoryTiles


class MemoryLeases:
    """`ends_ms` says when the lease of each process ends."""

    def __init__(self, clock: Clock, tiles: MemoryTiles) -> None:
        self.clock = clock
        self.tiles = tiles
        self.epoch = secrets.token_hex(8)
        self.ends_ms: dict[str, int] = {}
        self.latest_ms = 0

    async def renew(self, process: str) -> None:
        self.ends_ms[process] = self.clock() + LEASE_MS

    async def status(self, tiles: Iterable[Tile]) -> StoreStatus:
        now = self.clock()
        if now < self.latest_ms - SET_BACK_MS:
            self.epoch = secrets.token_hex(8)
            self.latest_ms = now
        self.latest_ms = max(self.latest_ms, now)
        processes = frozenset(
            name for name, end in self.ends_ms.items() if lasts(end, now, LEASE_MS)
        )
        versions = {tile: self.tiles.versions.get(tile, 0) for tile in tiles}
        return StoreStatus(now, self.epoch, processes, versions)
