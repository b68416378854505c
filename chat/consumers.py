"""`/ws`: decodes a frame, checks its shape, calls the noun that decides, writes what it answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar
from urllib.parse import parse_qs

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from chat.feed import feed
from chat.messages import REF
from neartalk.codes import CODES, Refused
from neartalk.protocol import EXTENSION
from neartalk.text import TextRefused, clean_message
from presence.frames import Form, Frame, gap, refusal, signal
from presence.hub import Hub
from presence.sessions import of_scope
from presence.sockets import AsgiOutlet, DirectOutlet, Socket

FRAME_MAX = 16_384
# A mark is never of the future, but for how well this process knows the store's clock.
AHEAD_MS = 5_000
SUBPROTOCOL = "neartalk.json"
Action = Callable[["ChatConsumer", dict[str, Any]], Awaitable[None]]


class ChatConsumer(AsyncConsumer):
    """One socket. It has no channel of its own: what it hears comes from the hub."""

    socket: Socket | None = None
    outlet: AsgiOutlet | DirectOutlet
    arriving: asyncio.Task[None] | None = None
    actions: ClassVar[dict[str, Action]]

    @property
    def hub(self) -> Hub:
        return feed().hub

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Channels' own starts a task for each frame, and waits for one shared thread before it,
        to close ORM connections."""
        self.scope, self.base_send = scope, send
        try:
            while True:
                message = await receive()
                await self.handlers[message["type"]](self, message)
        except StopConsumer:
            return

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        offered = SUBPROTOCOL in self.scope["subprotocols"]
        self.form = Form.JSON if offered else Form.HTML
        await self.send(
            {"type": "websocket.accept", "subprotocol": SUBPROTOCOL if offered else None}
        )
        direct = self.scope.get("extensions", {}).get(EXTENSION)
        self.outlet = DirectOutlet(direct) if direct else AsgiOutlet(self.base_send)
        self.arriving = self.hub.later(self._arrive())

    async def _arrive(self) -> None:
        """On its own, so that a slow replay does not keep the socket from being heard."""
        try:
            session = await of_scope(self.scope)
            if not session.person.cell:
                raise Refused("no-place")
            self.socket = Socket(session, self.form, self.outlet)
            since_ms = await self._since()
            await self.hub.join(self.socket, since_ms)
        except Refused as refused:
            again = refused.code == "store-unavailable"
            self._refuse(Refused("try-later", retry_after=2) if again else refused)
        except Exception:
            # Whatever it was, a socket that stays open must not stay deaf.
            self._refuse(Refused("try-later", retry_after=2))
            raise

    async def _since(self) -> int | None:
        """The mark of the URL, where it is of this epoch; else the reader is told of the gap."""
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        if "since" not in query:
            return None
        await self.hub.start()
        since, epoch = query["since"][0], query.get("epoch", [""])[0]
        is_time = since.isascii() and since.isdigit() and len(since) < 16
        if is_time and epoch == self.hub.epoch and int(since) <= self.hub.now_ms() + AHEAD_MS:
            return int(since)
        restarted = bool(epoch) and epoch != self.hub.epoch
        self.outlet.write(gap(self.form, "restarted" if restarted else "unknown-mark"))
        return None

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        try:
            frame = decode(message)
            action = self.actions.get(str(frame.get("type")))
            if action is None:
                raise Refused("unknown-type")
            await action(self, frame)
        except Refused as refused:
            self._refuse(refused)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        if self.arriving:
            self.arriving.cancel()
        self.outlet.stop()
        if self.socket:
            self.hub.exit(self.socket)
        raise StopConsumer

    # ---- What a frame may ask for ------------------------------------------------------------

    async def say(self, frame: dict[str, Any]) -> None:
        text, ref = frame.get("text"), frame.get("ref")
        if not isinstance(ref, str) or not REF.fullmatch(ref) or not isinstance(text, str):
            raise Refused("bad-frame")
        try:
            cleaned = clean_message(text)
        except TextRefused as why:
            raise Refused(why.code, ref=ref) from why
        await feed().send(self._present(ref), cleaned, ref)

    async def remove(self, frame: dict[str, Any]) -> None:
        message_id = frame.get("id")
        if not isinstance(message_id, str):
            raise Refused("bad-frame")
        await feed().remove(self._present().session, message_id)

    async def ping(self, frame: dict[str, Any]) -> None:
        self._write(signal(self.form, "pong"))

    # ---- Steps -------------------------------------------------------------------------------

    def _present(self, ref: str | None = None) -> Socket:
        """The socket, once its session is known; what comes before is tried again."""
        if self.socket is None:
            raise Refused("store-unavailable", retry_after=2, ref=ref)
        return self.socket

    def _write(self, frame: Frame) -> None:
        if self.socket:
            self.socket.write(frame)
        else:
            self.outlet.write(frame)

    def _refuse(self, refused: Refused) -> None:
        """Says why, and closes where the code says so."""
        self._write(refusal(self.form, refused))
        if close := CODES[refused.code].close:
            self.outlet.close(close)

    handlers: ClassVar[dict[str, Action]] = {
        "websocket.connect": websocket_connect,
        "websocket.receive": websocket_receive,
        "websocket.disconnect": websocket_disconnect,
    }


ChatConsumer.actions = {
    "chat.send": ChatConsumer.say,
    "chat.remove": ChatConsumer.remove,
    "ping": ChatConsumer.ping,
}


def decode(message: dict[str, Any]) -> dict[str, Any]:
    """The JSON object of a frame. Raises Refused: `too-large`, `bad-json`, `bad-frame`."""
    text = message.get("text")
    if text is None:
        raise Refused("bad-frame")
    if len(text) > FRAME_MAX or len(text.encode()) > FRAME_MAX:
        raise Refused("too-large")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as why:
        raise Refused("bad-json") from why
    if not isinstance(frame, dict):
        raise Refused("bad-json")
    return frame
