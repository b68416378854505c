"""`/ws`: checks the shape of a frame, calls the part that decides, writes what it answers."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar
from urllib.parse import parse_qs

from chat.parts import Chat
from chat.reactions import REACTIONS
from chat.spam import refuse_spam
from chat.strikes import record_strike
from neartalk.codes import Refused
from neartalk.limits import Meter, widest_network
from neartalk.text import TextRefused, clean_message
from presence.consumers import SocketConsumer
from presence.decoding import ref_of
from presence.delivery import Form, Socket, gap, signals
from presence.incoming import Action
from presence.values import Session

# A mark is never of the future, as far as this process knows the store's clock.
AHEAD_MS = 5_000
PONGS = signals("pong")


class ChatConsumer(SocketConsumer):
    """The socket of chat. Frames of others reach it through the hub."""

    kind = "ws"
    frame_max = 16_384
    socket: Socket | None = None
    # What it may still ask for of whole lists of people, once it has asked.
    lists: Meter | None = None
    # The same of lists of who reacted.
    reactors: Meter | None = None

    def enter(self, scope: dict[str, Any]) -> None:
        super().enter(scope)
        chat: Chat = scope["state"]["chat"]
        self.feed, self.hub = chat.feed, self.presence.hub

    def subprotocol(self, offered: list[str]) -> str | None:
        chosen = super().subprotocol(offered)
        self.form = Form.JSON if chosen else Form.HTML
        return chosen

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self.hub.later(work)

    async def arrive(self, session: Session) -> None:
        network = widest_network(self.origin)
        self.socket = Socket(session, self.form, self.connection, network)
        since_ms = await self._since()
        await self.hub.join(self.socket, since_ms)

    def gone(self) -> None:
        if self.socket:
            self.hub.exit(self.socket)

    # ---- What a frame may ask for ------------------------------------------------------------

    async def send_message(self, frame: dict[str, Any]) -> None:
        """Keeps a message and acks it."""
        text, ref = frame.get("text"), ref_of(frame)
        if not isinstance(text, str) or ref is None:
            raise Refused("bad-frame")
        reply_to = text_or_bad(frame.get("reply_to")) if "reply_to" in frame else None
        mentions = texts_or_bad(frame.get("mentions")) if "mentions" in frame else []
        socket = self._joined_socket()
        person_id, device = socket.person.person_id, socket.session.device
        try:
            self.platform.sanctions.refuse_muted(person_id, device)
        except Refused:
            if await self.feed.sender.ack_known(socket, ref):
                return  # it was kept before they were muted
            raise
        try:
            await self.feed.sender.send(socket, checked(text), ref, reply_to, mentions)
        except Refused as refused:
            await record_strike(self.platform, person_id, device, refused)
            raise

    async def remove_message(self, frame: dict[str, Any]) -> None:
        message_id = text_or_bad(frame.get("id"))
        await self.feed.sender.remove(self._joined_socket(), message_id, ref_of(frame))

    async def react(self, frame: dict[str, Any]) -> None:
        """Keeps what a person chose of a message, or that they took it back."""
        message_id, reaction = text_or_bad(frame.get("id")), frame.get("reaction")
        if "reaction" not in frame or (reaction is not None and reaction not in REACTIONS):
            raise Refused("bad-frame")
        socket = self._joined_socket()
        self.platform.sanctions.refuse_muted(socket.person.person_id, socket.session.device)
        await self.feed.reaction_sender.react(socket, message_id, reaction or "", ref_of(frame))

    async def list_reactors(self, frame: dict[str, Any]) -> None:
        """Answers with who chose what of a message of one's own."""
        message_id, socket = text_or_bad(frame.get("id")), self._joined_socket()
        self.reactors = self.reactors or Meter(self.platform.rules, "chat.reactors")
        self.reactors.allow("too-fast")
        await self.feed.reaction_sender.list_reactors(socket, message_id, ref_of(frame))

    async def list_people(self, frame: dict[str, Any]) -> None:
        """Answers with the list of people as it was last sent: a change of it was missed."""
        self.lists = self.lists or Meter(self.platform.rules, "socket.people")
        self.lists.allow("too-fast")
        self.hub.repeat_people(self._joined_socket())

    async def ping(self, frame: dict[str, Any]) -> None:
        self.write(PONGS[self.form])

    # ---- Steps -------------------------------------------------------------------------------

    async def _since(self) -> int | None:
        """The mark of the URL in milliseconds, where it is of this epoch. Else writes a gap."""
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        if "since" not in query:
            return None
        await self.hub.start()
        since, epoch = query["since"][0], query.get("epoch", [""])[0]
        current, ahead_ms = self.hub.leases.epoch, self.hub.now_ms() + AHEAD_MS
        is_time = since.isascii() and since.isdigit() and len(since) < 16
        if is_time and epoch == current and int(since) <= ahead_ms:
            return int(since)
        restarted = bool(epoch) and epoch != current
        reason = "restarted" if restarted else "unknown-mark"
        self.write(gap(self.form, reason, self.connection.language))
        return None

    def _joined_socket(self) -> Socket:
        """The socket, once its session is known.

        Raises Refused: `store-unavailable` before: the client sends the frame again.
        """
        if self.socket is None:
            raise Refused("store-unavailable", retry_after=2)
        return self.socket

    actions: ClassVar[dict[str, Action]] = {
        "chat.send": send_message,
        "chat.remove": remove_message,
        "chat.react": react,
        "chat.reactors": list_reactors,
        "people": list_people,
        "ping": ping,
    }


def text_or_bad(value: object) -> str:
    """A field that is a text. Raises Refused: `bad-frame`."""
    if not isinstance(value, str):
        raise Refused("bad-frame")
    return value


def texts_or_bad(value: object) -> list[str]:
    """A field that is a list of texts. Raises Refused: `bad-frame`."""
    if not isinstance(value, list):
        raise Refused("bad-frame")
    return [text_or_bad(one) for one in value]


def checked(text: str) -> str:
    """A text as others will see it. Raises Refused: what is wrong with it."""
    try:
        cleaned = clean_message(text)
        refuse_spam(cleaned)
    except TextRefused as why:
        raise Refused(why.code) from why
    return cleaned
