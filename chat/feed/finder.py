"""A message by its id, for whoever hears it: from this process's timelines, else from history."""

from collections.abc import Mapping

from chat.feed.paging import is_shown
from chat.feed.rendered_message import RenderedMessage
from chat.feed.timeline import Timeline
from chat.history import History, life_ms
from chat.messages import Message, next_id, stream_id_of
from neartalk.clock import APART_MS
from neartalk.codes import Refused
from neartalk.limits import Meters
from presence.geo import Tile, tiles_within
from presence.hub import Hub
from presence.values import Session

# The allowance of reactions.
RULE = "chat.react"


class MessageFinder:
    """Of a message that somebody does not hear nothing can be told, not even by how long the answer
    takes: `held` finds only what they hear, and `load` asks for the same whatever is there.

    What somebody asks history for has an allowance in the memory of this process."""

    def __init__(self, hub: Hub, history: History, timelines: Mapping[Tile, Timeline]) -> None:
        self.history = history
        self.timelines = timelines
        self.now_ms = hub.now_ms
        self.loads = Meters(hub.platform.rules, RULE)

    def held(self, session: Session, message_id: str) -> RenderedMessage | None:
        """The living message of this id that a person hears, if this process holds it."""
        at = stream_id_of(message_id)
        if at is None or not self._may_live(at.ms):
            return None
        for tile in tiles_within(*session.person.place.circle):
            timeline = self.timelines.get(tile)
            found = timeline.find(at, message_id) if timeline else None
            if found and hears(session, found):
                return found
        return None

    async def load(self, session: Session, message_id: str) -> RenderedMessage | None:
        """The same from history, in one question. Raises Refused: `too-fast`,
        `store-unavailable`."""
        at = stream_id_of(message_id)
        if at is None or not self._may_live(at.ms):
            return None
        self._allow(session)
        tiles = tiles_within(*session.person.place.circle)
        page = self.history.page(dict.fromkeys(tiles, next_id(at)), dict.fromkeys(tiles, at.ms), 1)
        for entries in (await page).entries.values():
            for entry in entries:
                found = RenderedMessage(entry) if isinstance(entry, Message) else None
                if found and found.id == message_id and hears(session, found):
                    return found
        return None

    def expire(self) -> None:
        """Forgets who has asked history for something long ago."""
        self.loads.forget_full()

    def _allow(self, session: Session) -> None:
        """Raises Refused: `too-fast`, which is no strike: nothing was said too often."""
        try:
            self.loads.allow(session.digest.encode(), "too-fast")
        except Refused as refused:
            refused.in_turn = True
            raise

    def _may_live(self, sent_ms: int) -> bool:
        """Whether anything of that time may be alive by now: the store alone knows to the
        millisecond."""
        now_ms = self.now_ms()
        return now_ms - life_ms() < sent_ms <= now_ms + APART_MS


def hears(session: Session, message: RenderedMessage) -> bool:
    """Whether a person is shown a message where they are."""
    return is_shown(session, message) and session.may_receive(message.person_id, message.sent_ms)
