"""Deletes expired entries from Redis, also in tiles where nobody sends any more."""

import asyncio
import logging
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from chat.history.contract import life_ms
from chat.history.stream import refs_key, stream_key
from chat.messages import Appended
from neartalk.redis import Store, named, refusal_log, refusal_of, script
from presence.geo import Tile

log = logging.getLogger("chat.history.redis")

LUA = Path(__file__).parent / "lua"
DUE = "history:due"
TRIM_TILES, TRIM_ENTRIES = 100, 1000
MINUTE_MS = 60_000


class Trimmer:
    """DUE is a sorted set: each tile that holds entries, by when its next one expires."""

    def __init__(self, client: Store) -> None:
        self.client = client
        self.script = script(LUA / "trim.lua")
        self.under_way: set[asyncio.Future[Any]] = set()

    def follow_up(self, tile: Tile, kept: Appended, due: int) -> None:
        """Enters the tile into DUE once a minute, and trims it where entries are due.

        Nobody waits for it. If it is lost, the tile is trimmed later: the next minute's message
        enters it again, and its keys expire by themselves.
        """
        if kept.at.ms // MINUTE_MS != kept.previous.ms // MINUTE_MS:
            due_ms = kept.at.ms + life_ms()
            self._fire_and_forget(self.client.send("ZADD", named(DUE), "NX", due_ms, tile))
        if due:
            self._fire_and_forget(self._trim_entries(tile))

    def _fire_and_forget(self, answer: Awaitable[Any]) -> None:
        lost = asyncio.ensure_future(answer)
        self.under_way.add(lost)
        lost.add_done_callback(self.under_way.discard)
        lost.add_done_callback(log_lost)

    async def _trim_entries(self, tile: Tile) -> int | None:
        """In how many milliseconds the next entry is due; None where none is left."""
        keys = [stream_key(tile), refs_key(tile)]
        wait_ms: int | None = await self.client.run(self.script, keys, [life_ms(), TRIM_ENTRIES])
        return wait_ms

    async def trim(self) -> None:
        """Trims every tile that is due, TRIM_TILES at once. Raises what a `Store` raises."""
        now_ms = await self.client.now_ms(named(DUE))
        ask = "ZRANGEBYSCORE", named(DUE), "-inf", now_ms, "LIMIT", 0, TRIM_TILES
        while due := await self.client.send(*ask):
            await asyncio.gather(*(self._trim(tile, now_ms) for tile in due))

    async def _trim(self, tile: Tile, now_ms: int) -> None:
        """Trims one tile, and enters it anew. Its keys expire by themselves, should a message be
        kept between the two steps.

        `now_ms` is the clock of the master that has DUE, and the tile's may be behind it.
        """
        wait_ms = await self._trim_entries(tile)
        await (
            self.client.send("ZREM", named(DUE), tile)
            if wait_ms is None
            else self.client.send("ZADD", named(DUE), now_ms + wait_ms, tile)
        )


def log_lost(answer: asyncio.Future[Any]) -> None:
    if answer.cancelled() or not (why := answer.exception()):
        return
    if word := refusal_of(why):
        refusal_log.note(word)
    else:
        log.warning("a tile was not looked after", extra={"error": type(why).__name__})
