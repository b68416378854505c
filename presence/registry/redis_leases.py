"""Leases of processes in Redis, in a sorted set, and how the store stands."""

from collections.abc import Iterable

from neartalk.clock import lasts
from neartalk.redis import Store, named, unknown_when_lost
from presence.geo import Tile
from presence.registry.contract import LEASE_MS, SET_BACK_MS, StoreStatus
from presence.registry.epoch import Epoch
from presence.registry.redis_fields import paired, people_key, scripts_of, tile_keep_ms

LEASES = "leases"
# Beside the processes stand the latest time of the store's clock (`:clock`), how often it was set
# back, and whatever a newer release adds.
TURNS = ":turns"
# Tiles are kept for ten minutes and asked about every other second: their time is renewed once in
# so many times.
RENEWED_EACH = 4


class RedisLeases:
    def __init__(self, client: Store) -> None:
        self.client = client
        self.epoch = Epoch(client)
        self.scripts = scripts_of("renew")
        self.asked = 0

    async def renew(self, process: str) -> None:
        arguments = [process, LEASE_MS, SET_BACK_MS]
        with unknown_when_lost():
            # First, or a lease of an earlier time were written.
            await self.client.share_clock()
            await self.client.run(self.scripts["renew"], [named(LEASES)], arguments)

    async def status(self, tiles: Iterable[Tile]) -> StoreStatus:
        wanted = [*tiles]
        keys = [*map(people_key, wanted)]
        versions = [("HGET", key, "v") for key in keys]
        renewals = [
            ("PEXPIRE", key, tile_keep_ms()) for key in keys if self.asked % RENEWED_EACH == 0
        ]
        self.asked += 1 if keys else 0
        # First: what is read of another life is found to be of one by the next pulse.
        epoch = await self.epoch.read()
        with unknown_when_lost():
            now_ms, (leases, *rest) = await self.client.ask_timed(
                [("ZRANGE", named(LEASES), 0, -1, "WITHSCORES"), *versions, *renewals]
            )
        ends = {process: int(float(end)) for process, end in paired(leases).items()}
        turns = ends.get(TURNS, 0)
        return StoreStatus(
            now_ms,
            f"{epoch}{turns:x}" if turns else epoch,
            frozenset(
                process
                for process, end in ends.items()
                if not process.startswith(":") and lasts(end, now_ms, LEASE_MS)
            ),
            {tile: int(v or 0) for tile, v in zip(wanted, rest, strict=False)},
        )
