"""The groups of the channel layer that this process is in, by which hints reach it."""

import asyncio
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.redis import TIMEOUT_S, unknown_when_lost

log = logging.getLogger("neartalk.hub")

REJOIN_S = 2.0


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


class Groups:
    """`kind` says of which places the groups are, `channel` is that of this process, `missed` are
    places whose groups are still to be joined. Without a layer there are no groups."""

    def __init__(self, layer: Any, kind: str, background: Background) -> None:
        self.layer = layer
        self.kind = kind
        self.background = background
        self.channel = ""
        self.missed: set[str] = set()
        self.rejoining = False

    async def open(self) -> None:
        """Opens the channel of this process. Raises Refused: `store-unavailable`."""
        with unknown_when_layer_lost():
            self.channel = await self.layer.new_channel()

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
        """Leaves the groups of places. Raises Refused: `store-unavailable`, after 2 s at most:
        whoever comes there meanwhile waits."""
        self.missed.difference_update(places)
        if self.layer:
            with unknown_when_layer_lost():
                async with asyncio.timeout(TIMEOUT_S):
                    leaves = (self._leave(place) for place in places)
                    await asyncio.gather(*leaves)

    async def _leave(self, place: str) -> None:
        await self.layer.group_discard(self.group(place), self.channel)
