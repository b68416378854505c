"""Leases of processes in Redis, in a sorted set, and how the store stands."""

from collections.abc import Iterable

from neartalk.clock import lasts
from neartalk.redis import Store, named, unknown_when_lost
from presence.geo import Tile
from presence.registry.contract import LEASE_MS, SET_BACK_MS, StoreStatus
from presence.registry.epoch import Epoch
from presence.registry.redis_fields import TILE_KEEP_MS, paired, people_key, scripts_of

LEASES = "leases"
# Beside the processes: the latest time of the store's clock, and how often it was set back.
CLOCK, TURNS = ":clock", ":turns"


class RedisLeases:
    def __init__(self, client: Store) -> None:
        self.client = client
        self.epoch = Epoch(client)
        self.scripts = scripts_of("renew")

    async def renew(self, process: str) -> None:
        arguments = [process, LEASE_MS, SET_BACK_MS]
        with unknown_when_lost():
            # First, or a lease of an earlier time were written.
            await self.client.share_clock()
            await self.client.run(self.scripts["renew"], [named(LEASES)], arguments)

    async def status(self, tiles: Iterable[Tile]) -> StoreStatus:
        wanted = [*tiles]
        renewed = [
            command
            for key in map(people_key, wanted)
            for command in (("HGET", key, "v"), ("PEXPIRE", key, TILE_KEEP_MS))
        ]
        # First: what is read of another life is found to be of one by the next pulse.
        epoch = await self.epoch.read()
        with unknown_when_lost():
            now_ms, (leases, *rest) = await self.client.ask_timed(
                [("ZRANGE", named(LEASES), 0, -1, "WITHSCORES"), *renewed]
            )
        ends = {process: int(float(end)) for process, end in paired(leases).items()}
        turns = ends.pop(TURNS, 0)
        ends.pop(CLOCK, None)
        return StoreStatus(
            now_ms,
            f"{epoch}{turns:x}" if turns else epoch,
            frozenset(process for process, end in ends.items() if lasts(end, now_ms, LEASE_MS)),
            {tile: int(v or 0) for tile, v in zip(wanted, rest[::2], strict=True)},
        )
