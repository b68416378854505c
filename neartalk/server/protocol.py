"""uvicorn's WebSocket protocol, less what fan-out does not need: it takes frames already built."""

import asyncio
import time
from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request

from neartalk.limits import Lane, Lanes
from neartalk.server.backlog import Backlog
from neartalk.server.inbox import Inbox
from neartalk.server.keepalive import Keepalive
from neartalk.server.transport import DirectTransport

EXTENSION = "neartalk.protocol"
PING = b"\x89\x00"
# How the answer begins; behind it stands the mask. From a peer that was quiet for so long it is
# taken without the parser, which costs ten times as much: nobody can send many of these.
PONG, PONG_SIZE = b"\x8a\x80", 6
QUIET_S = 1.0
# Bytes of a peer that are parsed in one turn of the loop: 340 frames at most. Before the next the
# parser rests so many times as long, and longer where the peer's network has spent its allowance.
PIECE = 2_048
REST = 19
# What came before a connection was lost is handled, up to that.
LAST_PIECES = 8
# Pieces of one message; empty ones count as well.
FRAGMENTS_MAX = 1_024
# Of all transports that may be written to: an event of their own takes a kilobyte.
WRITABLE = asyncio.Event()
WRITABLE.set()


class Traffic(Protocol):
    """What the connections of a process share. The application puts it into its lifespan's state
    under the name `neartalk`."""

    backlog: Backlog
    keepalive: Keepalive
    lanes: Lanes


def is_one_frame(piece: bytes) -> bool:
    """Whether these bytes of a peer are one whole frame: a head, a mask and what that hides."""
    size = piece[1] & 0x7F if len(piece) > 1 else 0
    if size < 126:
        return len(piece) == 6 + size
    return size == 126 and len(piece) == 8 + int.from_bytes(piece[2:4], "big")


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Puts itself into the scope's extensions; keeps when the peer last gave a sign of life."""

    direct: DirectTransport
    lane: Lane
    slot: int | None = None
    parsing = False
    # Whether the parser is known to stand between two frames.
    between = True

    @property
    def traffic(self) -> Traffic:
        return cast(Traffic, self.app_state["neartalk"])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = cast(Any, Inbox())
        self.writable = WRITABLE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.direct = DirectTransport(cast(asyncio.Transport, transport), self.traffic.backlog)
        super().connection_made(cast(Any, self.direct))
        self.heard_at = self.loop.time()
        self.unparsed = bytearray()
        self.lane = self.traffic.lanes.own

    def connection_lost(self, exc: Exception | None) -> None:
        for _ in range(LAST_PIECES):
            if self.unparsed and not self.close_sent:
                self._parse_piece()
        self.unparsed.clear()
        super().connection_lost(exc)
        self.direct.connection_lost()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self
            self.lane = self.traffic.lanes.of_scope(self.scope)
        # The parser would keep them as long as the socket; the scope has its own.
        event.headers.clear()

    def pause_writing(self) -> None:
        self.writable = asyncio.Event()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.writable = WRITABLE

    # ---- What comes, piece by piece --------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parses what it can at once; the rest waits here, and nothing more is read meanwhile."""
        quiet_s, self.heard_at = self.quiet_s(), self.loop.time()
        if not self.handshake_initiated:
            super().data_received(data)
            if not data.endswith(b"\r\n\r\n"):
                self.between = False
            return
        if quiet_s > QUIET_S and self._is_pong(data):
            return
        self.unparsed += data
        if not self.parsing and self._may_parse:
            self._parse()
        elif not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    async def receive(self) -> Any:
        # Here, and not in a coroutine of the inbox: all that wait are kept.
        inbox = cast(Inbox, self.queue)
        while inbox.empty():
            await inbox.wait()
        message = inbox.pop()
        self._parse_on()
        return message

    @property
    def _may_parse(self) -> bool:
        """Whether all frames before are handled, or none will be."""
        return self.queue.empty() or self.close_sent

    def _parse(self) -> None:
        self.parsing = False
        start_s = time.perf_counter()
        self._parse_piece()
        took_s = time.perf_counter() - start_s
        self.lane.charge(took_s)
        self._parse_on(REST * took_s)

    def _is_pong(self, data: bytes) -> bool:
        """Whether it is the answer to a ping, and not the inside of another frame."""
        is_alone = self.between and not self.unparsed and len(data) == PONG_SIZE
        return is_alone and data.startswith(PONG)

    def _parse_piece(self) -> None:
        piece = bytes(self.unparsed[:PIECE])
        del self.unparsed[:PIECE]
        if self.between and not is_one_frame(piece):
            self.between = False
        super().data_received(piece)

    def _parse_on(self, rest_s: float = 0.0) -> None:
        """The next piece has its turn once all frames before it are handled; when none is left,
        the peer is read on."""
        if self.parsing or self.disconnected or not self._may_parse:
            return
        if self.unparsed:
            self.parsing = True
            if not self.read_paused:
                self.read_paused = True
                self.transport.pause_reading()
            self.loop.call_later(rest_s, self.lane.call, self._parse)
        elif self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < FRAGMENTS_MAX:
            super().handle_cont(event)
        elif not self.close_sent:
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.handle_parser_exception()

    def send_receive_event_to_app(self) -> None:
        """uvicorn's own would log a line with each text that is not UTF-8."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            self.frames = [b"".join(self.frames)]
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    # ---- Signs of life: one round for all, in place of two timers for each -------------------

    def start_keepalive(self) -> None:
        self.response.headers.clear()
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
            self._parse_on()

    def retire(self) -> None:
        """The process ends: the application handles what came before, and closes."""
        self.queue.put_nowait(cast(Any, {"type": "websocket.drain"}))

    def close_with(self, code: int) -> None:
        """Starts the closing handshake from outside the application's own task."""
        self.loop.create_task(self._close(code))

    async def _close(self, code: int) -> None:
        if not self.close_sent and not self.disconnected:
            await self.send({"type": "websocket.close", "code": code, "reason": ""})
