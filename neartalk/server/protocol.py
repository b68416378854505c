"""uvicorn's WebSocket protocol, less what fan-out does not need: it takes frames already built."""

import asyncio
from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from neartalk.server.backlog import Backlog
from neartalk.server.keepalive import Keepalive
from neartalk.server.transport import DirectTransport

EXTENSION = "neartalk.protocol"
PING = b"\x89\x00"


class Traffic(Protocol):
    """What the connections of a process share. The application puts it into its lifespan's state
    under the name `neartalk`."""

    backlog: Backlog
    keepalive: Keepalive


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Puts itself into the scope's extensions; keeps when the peer last gave a sign of life."""

    direct: DirectTransport
    slot: int | None = None

    @property
    def traffic(self) -> Traffic:
        return cast(Traffic, self.app_state["neartalk"])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.direct = DirectTransport(cast(asyncio.Transport, transport), self.traffic.backlog)
        super().connection_made(cast(Any, self.direct))
        self.heard_at = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.direct.connection_lost()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    def data_received(self, data: bytes) -> None:
        self.heard_at = self.loop.time()
        super().data_received(data)

    # ---- Signs of life: one round for all, in place of two timers for each -------------------

    def start_keepalive(self) -> None:
        self.slot = self.traffic.keepalive.add(self)

    def stop_keepalive(self) -> None:
        if self.slot is not None:
            self.traffic.keepalive.remove(self, self.slot)
            self.slot = None

    def quiet_s(self) -> float:
        """Seconds since anything came from the peer."""
        return self.loop.time() - self.heard_at

    def ping(self) -> None:
        self.direct.write_frame(PING)

    def drop(self) -> None:
        self.direct.abort()

    # ---- The end -----------------------------------------------------------------------------

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.close_sent:
            self.direct.stop_frames()

    def retire(self) -> None:
        """The process ends: the application handles what came before, and closes."""
        self.queue.put_nowait(cast(Any, {"type": "websocket.drain"}))

    def close_with(self, code: int) -> None:
        """Starts the closing handshake from outside the application's own task."""
        self.loop.create_task(self._close(code))

    async def _close(self, code: int) -> None:
        if not self.close_sent and not self.disconnected:
            await self.send({"type": "websocket.close", "code": code, "reason": ""})
