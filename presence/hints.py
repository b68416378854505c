"""What processes tell each other by the tiles' groups. Any of it may be lost: readers find gaps,
and poll.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from typing import Any

from django.conf import settings

from neartalk.codes import Refused
from neartalk.redis import unknown_when_lost
from presence.geo import Tile

log = logging.getLogger("neartalk.hub")

WAITING_MAX = 500
AGAIN_S = 0.05
# Every process joins this group, so that a new one is known before the next poll.
PROCESSES = "processes"

Hint = dict[str, Any]


def group_name(tile: Tile) -> str:
    return f"tile.{tile}"


class Hints:
    """`take` is called with each hint of another process, `later` runs work on its own, and
    `alone` says whether there is nobody to tell. Without a layer there never is.
    """

    def __init__(
        self,
        layer: Any,
        process: str,
        *,
        take: Callable[[Hint], Awaitable[None]],
        later: Callable[[Coroutine[Any, Any, None]], object],
        alone: Callable[[], bool],
    ) -> None:
        self.layer = layer
        self.process = process
        self.take = take
        self.later = later
        self.alone = alone
        self.channel = ""
        self.waiting: dict[str, list[Hint]] = {}
        self.publishing = False

    async def open(self) -> None:
        """Begins to be heard of, and says so."""
        with unknown_when_lost():
            self.channel = await self.layer.new_channel()
        await self._each([PROCESSES], self.layer.group_add)
        self._publish_later(PROCESSES, {"type": "process.began"})

    async def join(self, tiles: Collection[Tile]) -> None:
        if self.layer:
            await self._each(map(group_name, tiles), self.layer.group_add)

    async def leave(self, tiles: Collection[Tile]) -> None:
        if self.layer:
            await self._each(map(group_name, tiles), self.layer.group_discard)

    async def _each(self, groups: Iterable[str], act: Any) -> None:
        with unknown_when_lost():
            await asyncio.gather(*(act(group, self.channel) for group in groups))

    def tell(self, tile: Tile, hint: Hint) -> None:
        """Publishes to the tile's group."""
        if self.layer and not self.alone() and not dropped_on_purpose():
            self._publish_later(group_name(tile), hint)

    def _publish_later(self, group: str, hint: Hint) -> None:
        waiting = self.waiting.setdefault(group, [])
        if len(waiting) < WAITING_MAX:
            waiting.append(hint)
        if not self.publishing:
            self.publishing = True
            self.later(self._publish())

    async def _publish(self) -> None:
        """One after the other, what waits for the same tile together: the layer has one lock for
        everything, and whoever joins a group would wait behind all hints.
        """
        try:
            while self.waiting:
                group = next(iter(self.waiting))
                await self._send(group, self.waiting.pop(group))
        finally:
            self.publishing = False

    async def _send(self, group: str, each: list[Hint]) -> None:
        try:
            with unknown_when_lost():
                await self.layer.group_send(
                    group, {"type": "hints", "from": self.process, "each": each}
                )
        except Refused as lost:
            log.warning("left to the next poll: %s", lost.code)
        except Exception:
            log.exception("hints could not be published")

    async def listen(self) -> None:
        while True:
            try:
                hints = await self.layer.receive(self.channel)
                if hints["from"] != self.process:
                    for hint in hints["each"]:
                        await self.take({**hint, "from": hints["from"]})
            except Exception:
                log.exception("a hint could not be taken")
                await asyncio.sleep(AGAIN_S)


def dropped_on_purpose() -> bool:
    return settings.HINTS_DROPPED > 0 and secrets.randbelow(1000) < settings.HINTS_DROPPED * 1000
