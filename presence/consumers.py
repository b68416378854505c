"""What both sockets share: how they arrive and leave, and how refusals are sent."""

import asyncio
from collections.abc import Coroutine
from types import MappingProxyType
from typing import Any, ClassVar

from channels.exceptions import StopConsumer

from neartalk.codes import CODES, SERVICE_RESTART, Refused
from neartalk.http import language_of
from neartalk.limits import Origin, narrowest
from neartalk.server import EXTENSION
from presence.allowances import allow_socket
from presence.delivery import PROTOCOL, Form, Frame, QueuedConnection, TransportConnection, refusal
from presence.incoming import Action, FrameReader
from presence.parts import Presence
from presence.values import Session

# How a socket ends that cannot arrive for what, on a socket that is here, is an answer.
ON_ARRIVAL = {"store-unavailable": "try-later", "store-refuses": "out-of-order"}

# JSON, by its version and as it was called before there was one.
SUBPROTOCOLS = (f"neartalk.v{PROTOCOL}.json", "neartalk.json")
# The first close code that an application chooses freely (RFC 6455, 7.4.2).
PRIVATE = 3_000


class SocketConsumer(FrameReader):
    """One socket. It has no channel of its own: the hubs of this process write to it."""

    # What it is counted as.
    kind: ClassVar[str]
    form = Form.JSON
    connection: QueuedConnection | TransportConnection
    accepted = False
    arriving: asyncio.Task[None] | None = None
    digest = ""
    origin: Origin = MappingProxyType({})

    def subprotocol(self, offered: list[str]) -> str | None:
        """Which of the subprotocols that a client offers is spoken: the one that names a version
        before the other. None where neither is offered."""
        return next((name for name in SUBPROTOCOLS if name in offered), None)

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs beside the socket."""
        raise NotImplementedError

    async def arrive(self, session: Session) -> None:
        """Joins a socket whose session is known and has a place. Raises Refused."""
        raise NotImplementedError

    def gone(self) -> None:
        """Leaves whatever it joined: the socket is closed."""
        raise NotImplementedError

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Dispatches frames one after the other.

        Channels' own dispatch starts a task for each frame, and before it waits for the one shared
        thread to close ORM connections.
        """
        self.base_send = send
        self.enter(scope)
        try:
            while True:
                message = await receive()
                await self.handlers[message["type"]](self, message)
                # A queue that is filled hands out one after the other: others have their turn.
                await asyncio.sleep(0)
        except StopConsumer:
            return
        except BaseException:
            # Leave on any error, so that nobody writes to a closed socket.
            if self.accepted:
                self._leave()
            raise
        finally:
            self.presence.evictions.forget(self)
            if self.digest:
                self.lane.remove_session(self.digest)
            self.platform.instruments.closed[self.kind, self.form] += 1

    def enter(self, scope: dict[str, Any]) -> None:
        """Finds the parts of its process in the state of the scope."""
        self.scope = scope
        self.presence: Presence = scope["state"]["presence"]
        self.platform = self.presence.platform
        self.meter(self.platform.rules)
        self.lane = self.platform.lanes.own

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        self.lane = self.platform.lanes.of_scope(self.scope)
        chosen = self.subprotocol(self.scope["subprotocols"])
        self.platform.instruments.opened[self.kind, self.form] += 1
        await self.send({"type": "websocket.accept", "subprotocol": chosen})
        direct = self.scope.get("extensions", {}).get(EXTENSION)
        backlog, self.paces = self.platform.backlog, direct is not None
        language = language_of(dict(self.scope["headers"]))
        self.connection = (
            TransportConnection(direct, language)
            if direct
            else QueuedConnection(self._send_queued, backlog, language)
        )
        self.accepted = True
        self.arriving = self.later(self._arrive_in_turn())

    async def _send_queued(self, message: dict[str, Any]) -> None:
        """Daphne refuses to close with a code that IANA registered; clients come back after either
        one."""
        if message["type"] == "websocket.close" and message["code"] < PRIVATE:
            message = {**message, "code": message["code"] + PRIVATE}
        await self.base_send(message)

    async def _arrive_in_turn(self) -> None:
        """Runs as a task, so that frames are handled while the arrival is slow."""
        await self.lane.turn()
        try:
            await self.lane.measured(self._arrive())
        finally:
            # The server holds it as long as the socket, and with it the key of the session.
            self.scope.clear()
            self.arriving = None

    async def _arrive(self) -> None:
        try:
            session = await self.presence.sessions.of_scope(self.scope)
            # At once, so that a ban that is read from now on reaches this socket.
            self.presence.evictions.admit(self, session)
            self.digest = session.digest
            self.lane.add_session(self.digest)
            self.origin = await self.platform.origins.of(self.scope)
            await allow_socket(self.platform.allowances, session)
            if not session.person.cell:
                raise Refused("no-place")
            await self.arrive(session)
        except Refused as refused:
            code = ON_ARRIVAL.get(refused.code)
            self.refuse(Refused(code, retry_after=refused.retry_after) if code else refused)
        except Exception:
            # A socket that stayed open would be sent nothing.
            self.refuse(Refused("try-later", retry_after=2))
            raise

    async def websocket_drain(self, message: dict[str, Any]) -> None:
        """The process ends: what was sent until now leaves before the close. The client gets the
        rest from the process that it comes to next."""
        self._leave()
        await self.send({"type": "websocket.close", "code": SERVICE_RESTART})
        raise StopConsumer

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        self._leave()
        raise StopConsumer

    def _leave(self) -> None:
        if self.arriving:
            self.arriving.cancel()
        self.connection.stop()
        self.gone()

    def write(self, frame: Frame) -> None:
        self.connection.write(frame)

    def refuse(self, refused: Refused) -> None:
        """Counts and writes a refusal, and closes the socket if its code says so."""
        self.platform.instruments.count_refusal(refused)
        if refused.rule:
            self.platform.records.hits.count(refused.rule, narrowest(self.origin))
        self.write(refusal(self.form, refused, self.connection.language))
        if close := CODES[refused.code].close:
            self.connection.close(close)

    handlers: ClassVar[dict[str, Action]] = {
        "websocket.connect": websocket_connect,
        "websocket.receive": FrameReader.websocket_receive,
        "websocket.drain": websocket_drain,
        "websocket.disconnect": websocket_disconnect,
    }
