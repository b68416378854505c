"""uvicorn's WebSocket protocol, less what fan-out does not need: it takes frames already built."""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

EXTENSION = "neartalk.protocol"


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Puts itself into the scope's extensions; keeps when the peer last gave a sign of life."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.heard()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    def handle_pong(self, event: Frame) -> None:
        self.heard()
        super().handle_pong(event)

    def heard(self) -> None:
        self.heard_at = self.loop.time()

    def quiet_s(self) -> float:
        """Seconds since the last frame or pong."""
        return self.loop.time() - self.heard_at

    def write_frame(self, wire: bytes) -> None:
        """Writes a whole frame, built elsewhere, unless the socket is closing."""
        if self.handshake_complete and not self.close_sent and not self.transport.is_closing():
            self.transport.write(wire)

    def close_with(self, code: int) -> None:
        """Starts the closing handshake from outside the application's own task."""
        self.loop.create_task(self._close(code))

    async def _close(self, code: int) -> None:
        if not self.close_sent and not self.disconnected:
            await self.send({"type": "websocket.close", "code": code, "reason": ""})
