"""What both sockets share: a frame is decoded, its shape checked, its action called, and a refusal
said.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, cast

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from neartalk.codes import CODES, SERVICE_RESTART, Refused
from neartalk.limits import Act, Allowances, Origin, allow, narrowest, origin_of, peer_and_forwarded
from neartalk.server import EXTENSION
from presence.delivery import Form, Frame, QueuedConnection, TransportConnection, refusal
from presence.parts import Presence
from presence.people import Session

Action = Callable[[Any, dict[str, Any]], Awaitable[None]]


class SocketConsumer(AsyncConsumer):
    """One socket. It has no channel of its own: what it hears comes from this process's nouns."""

    actions: ClassVar[dict[str, Action]]
    frame_max: ClassVar[int]
    # What it is counted as.
    kind: ClassVar[str]
    form = Form.JSON
    connection: QueuedConnection | TransportConnection
    arriving: asyncio.Task[None] | None = None
    origin: Origin = MappingProxyType({})

    def subprotocol(self, offered: list[str]) -> str | None:
        """Which of the subprotocols that a client offers is spoken."""
        return None

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs beside the socket."""
        raise NotImplementedError

    async def arrive(self, session: Session) -> None:
        """The session is known, and has a place."""
        raise NotImplementedError

    def gone(self) -> None:
        """The socket is."""
        raise NotImplementedError

    def count(self) -> None:
        """One more frame of the client, whatever is in it. Raises Refused: `too-fast`."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Channels' own starts a task for each frame, and waits for one shared thread before it,
        to close ORM connections."""
        self.base_send = send
        self.enter(scope)
        try:
            while True:
                message = await receive()
                await self.handlers[message["type"]](self, message)
        except StopConsumer:
            return
        except BaseException:
            # Whatever it was: a socket that ends may not stay among those who are written to.
            if self.arriving:
                self._leave()
            raise
        finally:
            self.presence.evictions.forget(self)
            self.platform.instruments.closed[self.kind, self.form] += 1

    def enter(self, scope: Mapping[str, Any]) -> None:
        """Finds the parts of its process in the state of the scope."""
        self.scope = scope
        self.presence: Presence = scope["state"]["presence"]
        self.platform = self.presence.platform

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        chosen = self.subprotocol(self.scope["subprotocols"])
        self.platform.instruments.opened[self.kind, self.form] += 1
        await self.send({"type": "websocket.accept", "subprotocol": chosen})
        direct = self.scope.get("extensions", {}).get(EXTENSION)
        backlog = self.platform.backlog
        self.connection = (
            TransportConnection(direct) if direct else QueuedConnection(self.base_send, backlog)
        )
        self.arriving = self.later(self._arrive())

    async def _arrive(self) -> None:
        """On its own, so that a slow arrival does not keep the socket from being heard."""
        try:
            session = await self.presence.sessions.of_scope(self.scope)
            # At once: a ban that is read from now on finds the socket here.
            self.presence.evictions.admit(self, session)
            self.origin = await origin_of(self.platform.keys, *peer_and_forwarded(self.scope))
            await allow_socket(self.platform.allowances, self.origin, session)
            if not session.person.cell:
                raise Refused("no-place")
            await self.arrive(session)
        except Refused as refused:
            again = refused.code == "store-unavailable"
            self.refuse(Refused("try-later", retry_after=2) if again else refused)
        except Exception:
            # Whatever it was, a socket that stays open must not stay deaf.
            self.refuse(Refused("try-later", retry_after=2))
            raise

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        try:
            self.count()
            frame = decode(message, self.frame_max)
            action = self.actions.get(str(frame.get("type")))
            if action is None:
                raise Refused("unknown-type")
            await action(self, frame)
        except Refused as refused:
            self.refuse(refused)

    async def websocket_drain(self, message: dict[str, Any]) -> None:
        """The process ends: what was said until now has left before the close, the rest is with
        the process to which they come next."""
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
        """Says why, and closes where the code says so."""
        self.platform.instruments.count_refusal(refused)
        if refused.rule:
            self.platform.records.hits.count(refused.rule, narrowest(self.origin))
        self.write(refusal(self.form, refused))
        if close := CODES[refused.code].close:
            self.connection.close(close)

    handlers: ClassVar[dict[str, Action]] = {
        "websocket.connect": websocket_connect,
        "websocket.receive": websocket_receive,
        "websocket.drain": websocket_drain,
        "websocket.disconnect": websocket_disconnect,
    }


async def allow_socket(allowances: Allowances, origin: Origin, session: Session) -> None:
    """Raises Refused: `too-many-sockets`."""
    if origin:
        await allow(allowances, "too-many-sockets", Act("socket.address", narrowest(origin)))
    await allow(allowances, "too-many-sockets", Act("socket.session", session.digest))


def decode(message: dict[str, Any], size_max: int) -> dict[str, Any]:
    """The JSON object of a frame of at most so many bytes.

    Raises Refused: `too-large`, `bad-json`, `bad-frame`.
    """
    text = message.get("text")
    if text is None:
        raise Refused("bad-frame")
    if len(text) > size_max or len(text.encode()) > size_max:
        raise Refused("too-large")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as why:
        raise Refused("bad-json") from why
    if not isinstance(frame, dict):
        raise Refused("bad-json")
    return cast(dict[str, Any], frame)
