"""What processes tell each other by groups of the channel layer, and by each one's own channel.
Any of it may be lost: readers find gaps, and poll.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from typing import Any

from django.conf import settings

from neartalk.codes import Refused
from neartalk.instruments import Instruments
from neartalk.redis import TIMEOUT_S, unknown_when_lost

log = logging.getLogger("neartalk.hub")

WAITING_MAX = 500
AGAIN_S = 0.05
REJOIN_S = 2.0
# Every process joins this group, so that a new one is known before the next poll.
PROCESSES = "processes"

Hint = dict[str, Any]


class Hints:
    """Groups are of places: `kind` says of which. `take` is called with each hint of another
    process, `later` runs work on its own, and `alone` says whether there is nobody to tell.
    Without a layer there never is. `missed` are places whose groups are still to be joined.
    """

    def __init__(
        self,
        layer: Any,
        process: str,
        kind: str,
        instruments: Instruments,
        *,
        take: Callable[[Hint], Awaitable[None]],
        later: Callable[[Coroutine[Any, Any, None]], object],
        alone: Callable[[], bool],
    ) -> None:
        self.layer = layer
        self.process = process
        self.kind = kind
        self.counted = instruments.hints
        self.take = take
        self.later = later
        self.alone = alone
        self.channel = ""
        self.waiting: dict[str, list[Hint]] = {}
        self.publishing = False
        self.missed: set[str] = set()
        self.rejoining = False

    async def open(self) -> None:
        """Begins to be heard of, and says so."""
        with unknown_when_lost():
            self.channel = await self.layer.new_channel()
        await self.join([PROCESSES])
        self._enqueue(self.group(PROCESSES), {"type": "process.began"})

    def group(self, place: str) -> str:
        return f"{self.kind}.{place}"

    async def join(self, places: Collection[str]) -> None:
        """What cannot be joined within 2 s is tried again beside all that goes on: without their
        hints, readers have their polls."""
        if self.layer:
            await asyncio.gather(*map(self._join, places))
            if self.missed and not self.rejoining:
                self.rejoining = True
                log.warning("groups could not be joined", extra={"code": "store-unavailable"})
                self.later(self._rejoin())

    async def _join(self, place: str) -> None:
        self.missed.add(place)
        try:
            with suppress(Refused), unknown_when_lost():
                async with asyncio.timeout(TIMEOUT_S):
                    await self.layer.group_add(self.group(place), self.channel)
                self.missed.discard(place)
        except Exception:
            # Its receiver and we may open a lost connection at the same time.
            log.exception("a group could not be joined")

    async def _rejoin(self) -> None:
        try:
            while self.missed:
                await asyncio.sleep(REJOIN_S)
                await asyncio.gather(*map(self._join, self.missed))
        finally:
            self.rejoining = False

    async def leave(self, places: Collection[str]) -> None:
        self.missed.difference_update(places)
        if self.layer:
            with unknown_when_lost():
                leaves = (self.layer.group_discard(self.group(one), self.channel) for one in places)
                await asyncio.gather(*leaves)

    def publish(self, place: str, hint: Hint) -> None:
        """Publishes to the place's group."""
        if self.layer and not self.alone() and not dropped_on_purpose():
            self._enqueue(self.group(place), hint)

    async def send(self, channel: str, hint: Hint) -> None:
        """Tells one process alone."""
        with unknown_when_lost():
            await self.layer.send(channel, self._packed([hint]))

    def _enqueue(self, group: str, hint: Hint) -> None:
        waiting = self.waiting.setdefault(group, [])
        if len(waiting) < WAITING_MAX:
            waiting.append(hint)
        else:
            self.counted[self.kind, "dropped"] += 1
        if not self.publishing:
            self.publishing = True
            self.later(self._flush())

    async def _flush(self) -> None:
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
                await self.layer.group_send(group, self._packed(each))
            self.counted[self.kind, "sent"] += len(each)
        except Refused as lost:
            self.counted[self.kind, "dropped"] += len(each)
            log.warning("left to the next poll", extra={"code": lost.code})
        except Exception:
            log.exception("hints could not be published")

    def _packed(self, each: list[Hint]) -> dict[str, Any]:
        return {"type": "hints", "from": self.process, "each": each}

    async def listen(self) -> None:
        while True:
            try:
                hints = await self.layer.receive(self.channel)
                if hints["from"] != self.process:
                    self.counted[self.kind, "received"] += len(hints["each"])
                    for hint in hints["each"]:
                        await self.take({**hint, "from": hints["from"]})
            except Exception:
                log.exception("a hint could not be taken")
                await asyncio.sleep(AGAIN_S)


def dropped_on_purpose() -> bool:
    return settings.HINTS_DROPPED > 0 and secrets.randbelow(1000) < settings.HINTS_DROPPED * 1000
