"""What a person does: sends messages and retracts them. Each is kept before anybody is shown it."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from chat.feed.away import notices_of
from chat.feed.finder import MessageFinder
from chat.feed.hints import to_hint
from chat.feed.rendered_message import RenderedMessage
from chat.feed.sequencer import Sequencer
from chat.history import History
from chat.messages import Draft, Message, Retraction, StreamId, message_of, public_id
from neartalk.codes import Refused
from presence.delivery import Socket, signal
from presence.geo import Tile, area_of
from presence.hub import Hub
from presence.values import Session

STORE_WAIT_S = 2.0
RECENT_MS = 120_000
NEW_MS = 60_000
MENTIONS_MAX = 5
T = TypeVar("T")


class Sender:
    """Keeps messages and retractions in history, and publishes them to every process.

    `kept` counts the messages that were kept here.
    """

    def __init__(
        self, hub: Hub, history: History, sequencer: Sequencer, finder: MessageFinder
    ) -> None:
        self.history = history
        self.sequencer = sequencer
        self.finder = finder
        self.listed = hub.listed
        self.push = hub.push
        self.hints = hub.hints
        self.activity = hub.activity
        self.now_ms = hub.now_ms
        self.rules = hub.platform.rules
        self.unavailable = hub.platform.instruments.unavailable
        self.kept = 0

    async def send(
        self,
        socket: Socket,
        text: str,
        ref: str,
        reply_to: str | None = None,
        mentions: Sequence[str] = (),
    ) -> None:
        """Keeps a message, acks it, and only then shows it to anybody.

        A known ref is acked again and shown to nobody. Raises Refused: as `History.append` does,
        and `not-found` where it answers what its sender does not hear; after `store-unavailable`
        (at most 2 s) it is unknown whether the message was kept.
        """
        answered = None if reply_to is None else self.finder.held(socket.session, reply_to)
        if reply_to is not None and answered is None:
            answered = await self._in_time(self._find_answered(socket, ref, reply_to))
            if answered is None:
                return
        person, session = socket.person, socket.session
        speed = "chat.new" if self._is_new(session) else "chat.send"
        draft = Draft(
            *(person.person_id, person.name, person.place, text, ref, speed, session.origin),
            reply_to=reply_to or "",
            mentions=self._listed(session, mentions) if mentions else (),
        )
        appended = await self._in_time(self.history.append(draft, self._just_left(session)))
        ack(socket, ref, appended.at)
        if appended.fresh:
            self.kept += 1
            self.activity.count_message(area_of(draft.place.cell))
            message = message_of(draft, appended.at)
            self._publish(message, appended.previous)
            if message.reply_to or message.mentions:
                self._push(message, answered)

    def _push(self, message: Message, answered: RenderedMessage | None) -> None:
        """Tells whom it is written to and who is away. Nobody waits for that."""
        for notice in notices_of(message, answered.person_id if answered else ""):
            self.push(notice)

    async def _find_answered(
        self, socket: Socket, ref: str, reply_to: str
    ) -> RenderedMessage | None:
        """Asks history at once whether a message is sent again, which is acked, and for the one
        that it answers; None where it is acked. Raises Refused: `not-found`, `too-fast`,
        `store-unavailable`."""
        answers = self.ack_known(socket, ref), self.finder.load(socket.session, reply_to)
        known, answered = await asyncio.gather(*answers, return_exceptions=True)
        if isinstance(known, BaseException):
            raise known
        if known:
            return None
        if isinstance(answered, BaseException):
            raise answered
        if answered is None:
            raise Refused("not-found")
        return answered

    def _listed(self, session: Session, person_ids: Iterable[str]) -> tuple[str, ...]:
        """The first of these people who are in range of whoever mentions them, each once."""
        here = self.listed(session, dict.fromkeys(person_ids))
        return tuple(islice(here, MENTIONS_MAX))

    async def ack_known(self, socket: Socket, ref: str) -> bool:
        """Acks a message that is kept already. True if it is.

        Raises Refused: `store-unavailable`.
        """
        person = socket.person
        tiles = [*self._just_left(socket.session), person.tile]
        known = await self.history.known(person.person_id, ref, tiles)
        if known:
            ack(socket, ref, known)
        return known is not None

    async def remove(self, socket: Socket, message_id: str, ref: str | None = None) -> None:
        """Retracts one's own message, and acks that under the ref, if there is one. Of a message
        that was removed before, the socket alone is told again that it is gone.

        Raises Refused: `not-found`, `store-unavailable`.
        """
        person, session = socket.person, socket.session
        tiles = {person.tile, *(left.tile for left in session.recent_tiles)}
        found = await self._in_time(self._remove(tiles, message_id, person.person_id))
        if ref:
            socket.write(signal(socket.form, "ack", ref=ref, id=message_id))
        if found:
            self._publish(*found)
        else:
            socket.write(signal(socket.form, "gone", ids=[message_id]))

    async def retract(self, tiles: Iterable[Tile], message_id: str, person_id: str) -> bool:
        """Removes a person's message from whichever tile holds it, everywhere. True if one did.

        Raises Refused: `store-unavailable`, where it takes over 2 s.
        """
        found = await self._in_time(self.history.remove(tiles, message_id, person_id))
        if found:
            self._publish(*found)
        return found is not None

    async def _remove(
        self, tiles: Iterable[Tile], message_id: str, person_id: str
    ) -> tuple[Retraction, StreamId] | None:
        """Removes a message; None for one that was removed before. Raises Refused: `not-found`."""
        found = await self.history.remove(tiles, message_id, person_id)
        if not found and not await self.history.removed(tiles, message_id, person_id):
            raise Refused("not-found")
        return found

    def _is_new(self, session: Session) -> bool:
        """Whether a session is in its first minute, and may send less often."""
        age_ms = self.now_ms() - session.opened_ms
        return age_ms < NEW_MS and self.rules["chat.new"].on

    def _just_left(self, session: Session) -> list[Tile]:
        """The tiles that a resent message may have been kept in before the person moved."""
        recent_ms = self.now_ms() - RECENT_MS
        return [left.tile for left in session.recent_tiles if left.left_ms > recent_ms]

    async def _in_time(self, work: Coroutine[Any, Any, T]) -> T:
        return await in_time(work, self.unavailable)

    def _publish(self, entry: Message | Retraction, previous: StreamId) -> None:
        """Broadcasts to this process's sockets, and tells the other processes by a hint."""
        self.sequencer.apply(entry, previous)
        self.hints.publish(entry.tile, to_hint(entry, previous))


async def in_time(work: Coroutine[Any, Any, T], unavailable: Counter[Any]) -> T:
    """Ends what somebody waits for after 2 s, and counts it. Raises Refused:
    `store-unavailable`."""
    try:
        async with asyncio.timeout(STORE_WAIT_S):
            return await work
    except TimeoutError as late:
        unavailable["history",] += 1
        raise Refused("store-unavailable", retry_after=2) from late


def ack(socket: Socket, ref: str, at: StreamId) -> None:
    """Tells the sender that history holds the message."""
    message_id = public_id(at, socket.person.person_id, ref)
    socket.write(signal(socket.form, "ack", ref=ref, id=message_id))
