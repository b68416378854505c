"""Hints between processes, by groups of the channel layer and by each process's own channel.

Any hint may be lost: readers find gaps, and poll.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.instruments import Instruments
from neartalk.redis import TIMEOUT_S, unknown_when_lost
from presence.hub.leases import Leases

log = logging.getLogger("neartalk.hub")

WAITING_MAX = 500
AGAIN_S = 0.05
REJOIN_S = 2.0
# Every process joins this group, so that a new one is known before the next poll.
PROCESSES = "processes"

Hint = dict[str, Any]


@contextmanager
def unknown_when_layer_lost() -> Iterator[None]:
    """As `unknown_when_lost`, for a call of the channel layer: a connection that ends while another
    task opens it, or writes to it, is told by uvloop and redis-py as other errors.

    Raises Refused.
    """
    with unknown_when_lost():
        try:
            yield
        except (RuntimeError, AttributeError) as why:
            raise ConnectionError("the channel layer has lost its connection") from why


class Hints:
    """Publishes hints to the groups of places, and receives those of other processes.

    `kind` says of which places the groups are. Nothing is published without a layer, or while no
    other process lives. `waiting` are hints by the group they will be published to, `missed` are
    places whose groups are still to be joined.
    """

    def __init__(
        self,
        layer: Any,
        leases: Leases,
        kind: str,
        background: Background,
        instruments: Instruments,
    ) -> None:
        self.layer = layer
        self.leases = leases
        self.process = leases.process
        self.kind = kind
        self.background = background
        self.counted = instruments.hints
        self.channel = ""
        self.waiting: dict[str, list[Hint]] = {}
        self.publishing = False
        self.missed: set[str] = set()
        self.rejoining = False

    async def open(self) -> None:
        """Opens the channel of this process, and publishes that it began.

        Raises Refused: `store-unavailable`.
        """
        with unknown_when_layer_lost():
            self.channel = await self.layer.new_channel()
        await self.join([PROCESSES])
        self._enqueue(self.group(PROCESSES), {"type": "process.began"})

    def group(self, place: str) -> str:
        return f"{self.kind}.{place}"

    async def join(self, places: Collection[str]) -> None:
        """Joins the groups of places. What is not joined within 2 s is tried again by a task: until
        then, what happens there is found by polls."""
        if self.layer:
            await asyncio.gather(*map(self._join, places))
            if self.missed and not self.rejoining:
                self.rejoining = True
                log.warning("groups could not be joined", extra={"code": "store-unavailable"})
                self.background.later(self._rejoin())

    async def _join(self, place: str) -> None:
        self.missed.add(place)
        try:
            with suppress(Refused), unknown_when_layer_lost():
                async with asyncio.timeout(TIMEOUT_S):
                    await self.layer.group_add(self.group(place), self.channel)
                self.missed.discard(place)
        except Exception:
            # The place stays among the missed: it is tried again, whatever it was.
            log.exception("a group could not be joined")

    async def _rejoin(self) -> None:
        try:
            while self.missed:
                await asyncio.sleep(REJOIN_S)
                await asyncio.gather(*map(self._join, self.missed))
        finally:
            self.rejoining = False

    async def leave(self, places: Collection[str]) -> None:
        """Leaves the groups of places. Raises Refused: `store-unavailable`."""
        self.missed.difference_update(places)
        if self.layer:
            with unknown_when_layer_lost():
                leaves = (self.layer.group_discard(self.group(one), self.channel) for one in places)
                await asyncio.gather(*leaves)

    def publish(self, place: str, hint: Hint) -> None:
        """Publishes to the group of a place, soon.

        While the layer hangs at most 500 hints wait for each group; more are dropped.
        """
        if self.layer and not self.leases.alone and not dropped_on_purpose():
            self._enqueue(self.group(place), hint)

    async def send(self, channel: str, hint: Hint) -> None:
        """Sends to the channel of one process. Raises Refused: `store-unavailable`."""
        with unknown_when_layer_lost():
            await self.layer.send(channel, self._packed([hint]))

    def _enqueue(self, group: str, hint: Hint) -> None:
        waiting = self.waiting.setdefault(group, [])
        if len(waiting) < WAITING_MAX:
            waiting.append(hint)
        else:
            self.counted[self.kind, "dropped"] += 1
        if not self.publishing:
            self.publishing = True
            self.background.later(self._flush())

    async def _flush(self) -> None:
        """Sends group by group, what waits for one group together.

        The layer has one lock for everything: a join would wait behind hints sent at once.
        """
        try:
            while self.waiting:
                group = next(iter(self.waiting))
                await self._send(group, self.waiting.pop(group))
        finally:
            self.publishing = False

    async def _send(self, group: str, each: list[Hint]) -> None:
        try:
            with unknown_when_layer_lost():
                await self.layer.group_send(group, self._packed(each))
            self.counted[self.kind, "sent"] += len(each)
        except Refused as lost:
            self.counted[self.kind, "dropped"] += len(each)
            if lost.code != "store-refuses":
                log.warning("left to the next poll", extra={"code": lost.code})
        except Exception:
            log.exception("hints could not be published")

    def _packed(self, each: list[Hint]) -> dict[str, Any]:
        return {"type": "hints", "from": self.process, "each": each}

    async def received(self) -> AsyncIterator[Hint]:
        """Each hint of another process as it comes, for ever; `from` names the process."""
        while True:
            for hint in await self._receive():
                yield hint

    async def _receive(self) -> list[Hint]:
        """The hints that come next; a layer that fails is asked again."""
        while True:
            with self.failures_logged():
                hints = await self.layer.receive(self.channel)
                if hints["from"] == self.process:
                    return []
                self.counted[self.kind, "received"] += len(hints["each"])
                return [{**hint, "from": hints["from"]} for hint in hints["each"]]
            await asyncio.sleep(AGAIN_S)

    @contextmanager
    def failures_logged(self) -> Iterator[None]:
        """Around what is done with a hint: its failure is logged, and the next hint is received."""
        try:
            yield
        except Exception:
            log.exception("a hint could not be taken")


def dropped_on_purpose() -> bool:
    return settings.HINTS_DROPPED > 0 and secrets.randbelow(1000) < settings.HINTS_DROPPED * 1000
