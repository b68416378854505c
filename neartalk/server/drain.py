"""A process ends without a loss: nobody new comes in, and its sockets go to others bit by bit."""

import asyncio
import math
import signal
import socket
from collections.abc import Awaitable, Callable, Collection
from types import FrameType
from typing import Protocol

import uvicorn
from django.conf import settings

from neartalk.server.protocol import WebSocketProtocol

TICK_S = 0.1
# What was begun for the last sockets may wait for a store, which is given 2 s.
LAST_WORDS_S = 3.0
# For all that follows on the sockets: calls under way, hints, the lease, records.
END_S = 15.0


class Retiring(Protocol):
    """An open socket."""

    def retire(self) -> None:
        """Says its last words, and sends its peer elsewhere; a second time does nothing."""


async def drain(
    open_sockets: Callable[[], Collection[Retiring]],
    seconds: float,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Retires as many sockets at each tick, and returns once all are gone, or LAST_WORDS_S after
    the last."""
    sockets, ticks = [*open_sockets()], max(1, round(seconds / TICK_S))
    for tick in range(ticks + round(LAST_WORDS_S / TICK_S)):
        here = open_sockets()
        if not here:
            return
        due = slice(len(sockets) * tick // ticks, len(sockets) * (tick + 1) // ticks)
        # In the end also those that came meanwhile, on a connection that a proxy had kept.
        for one in sockets[due] if tick < ticks else here:
            one.retire()
        await sleep(TICK_S)


class DrainingServer(uvicorn.Server):
    """uvicorn's own ends all sockets at once, and itself by the signal it was sent."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A second signal ends the process at once, as an alarm does if something hangs."""
        platform = self.lifespan.state.get("neartalk") if hasattr(self, "lifespan") else None
        # None while it starts: then it serves nobody, and ends once it has started.
        if platform:
            platform.draining.set()
        self.should_exit = True
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        signal.alarm(math.ceil(settings.DRAIN_SECONDS + END_S))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Nobody finds us any more, and HTTP connections end with their next answer; what is left
        after the sockets is uvicorn's to end."""
        for listener in [*self.servers, *(sockets or ())]:
            listener.close()
        self.server_state.default_headers = [
            *self.server_state.default_headers,
            (b"connection", b"close"),
        ]
        await drain(self._sockets, settings.DRAIN_SECONDS)
        await super().shutdown(sockets)

    def _sockets(self) -> list[WebSocketProtocol]:
        return [one for one in self.server_state.connections if isinstance(one, WebSocketProtocol)]
