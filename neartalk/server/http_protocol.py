"""uvicorn's HTTP protocol with an end to everything: how long the lines of a request are and take,
how much a request is, how many wait behind it, and how long an answer is not taken."""

from typing import Any, Protocol, cast

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from neartalk.limits import Lane, Lanes
from neartalk.server.deadlines import ANSWER_S, HEAD_S, Deadlines

# Parsed in one go.
PIECE = 8_192
HEAD_MAX = 32_768
LEAST_HEAD = len(b"GET  HTTP/1.1\r\n\r\n")
HEADERS_MAX = 100
# With its body, however it is cut into chunks. The application takes far less.
MESSAGE_MAX = 1_048_576
PIPELINE_MAX = 8
# In that time a loop that was late has read what came in time.
LATE_S = 0.1


class Allowing(Protocol):
    """What the application puts into its lifespan's state under the name `neartalk`."""

    lanes: Lanes
    deadlines: Deadlines


class HttpProtocol(HttpToolsProtocol):
    """A request too long, too slow or too many ends the connection."""

    in_head = True
    refused = False
    # Bytes of the request so far, and those of its lines that the parser has understood.
    taken = 0
    lines = 0

    @property
    def allowing(self) -> Allowing:
        return cast(Allowing, self.app_state["neartalk"])

    @property
    def peer(self) -> str:
        """Whose connections count together; a proxy's do not."""
        return "" if settings.TRUSTED_PROXIES or not self.client else self.client[0]

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.allowing.deadlines.add(self, HEAD_S, self.peer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.allowing.deadlines.remove(self)
        super().connection_lost(exc)

    def expire(self) -> None:
        if self.flow.write_paused:
            self.transport.abort()
        elif self.cycle is None and not self.taken:
            # Browsers connect ahead of need: they may take an answer to nothing for the next one.
            self.transport.close()
        else:
            self.refuse(408)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing was read for the time of uvicorn's keep-alive. A loop that stood still finds that
        before it finds the request that waits to be read, so it looks once more."""
        end = super().timeout_keep_alive_handler
        self.timeout_keep_alive_task = self.loop.call_later(LATE_S, end)

    # ---- What comes --------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self.in_head and self not in self.allowing.deadlines.due_s:
            self.allowing.deadlines.add(self, HEAD_S, self.peer)
        at = 0
        while at < len(data):
            room = (HEAD_MAX if self.in_head else MESSAGE_MAX) - self.taken
            if room <= 0:
                self.refuse(431 if self.in_head else 413)
                return
            piece = data[at : at + min(PIECE, room)]
            at += len(piece)
            self.taken += len(piece)
            super().data_received(piece)
            if self.transport.is_closing() or self.upgraded:
                return
            if self.refused:
                self.refuse(431)
                return
            if len(self.pipeline) > PIPELINE_MAX:
                self.transport.abort()
                return

    def on_message_begin(self) -> None:
        self.lines = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self.lines += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        # Of a request behind another the first piece is not in `taken`.
        self.lines += len(name) + len(value) + len(": \r\n")
        if len(self.headers) < HEADERS_MAX and self.lines <= HEAD_MAX - LEAST_HEAD:
            super().on_header(name, value)
        else:
            self.refused = True

    def on_headers_complete(self) -> None:
        if self.refused:
            return
        self.in_head = False
        self.taken = 0
        self.allowing.deadlines.remove(self)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self.refused:
            self.in_head = True
            self.taken = 0
            super().on_message_complete()

    def refuse(self, status: int) -> None:
        """Answers without the application, unless it answers already, and closes."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(STATUS_LINE[status] + b"neartalk: 1\r\nconnection: close\r\n\r\n")
        self.transport.close()

    # ---- What leaves -------------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        self.allowing.deadlines.add(self, ANSWER_S)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.allowing.deadlines.remove(self)

    # ---- Sockets -----------------------------------------------------------------------------

    upgraded = False

    def handle_websocket_upgrade(self) -> None:
        """The handshake has its turn among what else comes from its network."""
        self.upgraded = True
        lane = self.allowing.lanes.of_scope(cast(dict[str, Any], self.scope))
        if lane.full:
            self.refuse(429)
            return
        self.flow.pause_reading()
        lane.call(lambda: self._upgrade(lane))

    def _upgrade(self, lane: Lane) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()
            with lane.work():
                super().handle_websocket_upgrade()
