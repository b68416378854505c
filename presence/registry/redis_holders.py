"""Whom each process holds, in Redis: a sorted set of person ids a process, without an order."""

import asyncio
from collections.abc import Collection
from typing import Any

from neartalk.redis import Store, unknown_when_lost
from presence.registry.redis_fields import TILE_KEEP_MS, held_key


class RedisHolders:
    def __init__(self, client: Store) -> None:
        self.client = client

    async def held(self, process: str) -> frozenset[str]:
        key = held_key(process)
        with unknown_when_lost():
            found, _ = await self.client.ask(
                [("ZRANGE", key, 0, -1), ("PEXPIRE", key, TILE_KEEP_MS)]
            )
        return frozenset(found)

    async def hold(self, person_ids: Collection[str], process: str) -> None:
        if person_ids:
            key = held_key(process)
            members = [part for person_id in person_ids for part in (0, person_id)]
            with unknown_when_lost():
                await self.client.ask([("ZADD", key, *members), ("PEXPIRE", key, TILE_KEEP_MS)])

    def hold_soon(self, process: str, person_id: str) -> asyncio.Future[Any]:
        """Enters a person among those whom a process holds; it is sent at once."""
        if not process:
            nothing = asyncio.get_running_loop().create_future()
            nothing.set_result(None)
            return nothing
        key = held_key(process)
        holding = asyncio.gather(
            self.client.send("ZADD", key, 0, person_id),
            # That of a process which is killed ends.
            self.client.send("PEXPIRE", key, TILE_KEEP_MS),
        )
        # Nobody waits for it where the placing failed.
        holding.add_done_callback(lambda answer: answer.cancelled() or answer.exception())
        return holding

    async def release(self, process: str, person_id: str) -> None:
        with unknown_when_lost():
            await self.client.send("ZREM", held_key(process), person_id)
