"""Hints between processes, by groups of the channel layer and by each process's own channel.

Any hint may be lost: readers find gaps, and poll.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.instruments import Instruments
from presence.hub.groups import Groups, unknown_when_layer_lost
from presence.hub.leases import Leases

log = logging.getLogger("neartalk.hub")

WAITING_MAX = 500
AGAIN_S = 0.05
# Every process joins this group, so that a new one is known before the next poll.
PROCESSES = "processes"

Hint = dict[str, Any]


class Hints:
    """Publishes hints to the groups of places, and receives those of other processes.

    Nothing is published without a layer, or while no other process lives. `waiting` are hints by
    the group they will be published to, `publishing` the groups that some are on their way to.
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
        self.groups = Groups(layer, kind, background)
        self.group = self.groups.group
        self.join, self.leave = self.groups.join, self.groups.leave
        self.waiting: dict[str, list[Hint]] = {}
        self.publishing: set[str] = set()

    async def open(self) -> None:
        """Opens the channel of this process, and publishes that it began.

        Raises Refused: `store-unavailable`.
        """
        await self.groups.open()
        await self.join([PROCESSES])
        self._enqueue(self.group(PROCESSES), {"type": "process.began"})

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
        if group not in self.publishing:
            self.publishing.add(group)
            self.background.later(self._flush(group))

    async def _flush(self, group: str) -> None:
        """Sends what waits for one group together, then what has come meanwhile. No group waits for
        another: the host of the layer that has it may hang."""
        try:
            while waiting := self.waiting.pop(group, None):
                await self._send(group, waiting)
        finally:
            self.publishing.discard(group)

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
                hints = await self.layer.receive(self.groups.channel)
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
