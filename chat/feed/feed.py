"""The parts of the chat that stand between history and the hub, and what the hub calls of them."""

from collections.abc import Collection, Iterable
from typing import Any

from chat.feed.finder import MessageFinder
from chat.feed.hints import from_hint
from chat.feed.poller import Poller
from chat.feed.reaction_sender import ReactionSender
from chat.feed.replayer import Replayer
from chat.feed.sender import Sender
from chat.feed.sequencer import Sequencer
from chat.history import History
from presence.delivery import Socket
from presence.geo import Tile, tiles_within
from presence.hub import Arrival, Hub


class Feed:
    """The hub's `Source` of messages. It becomes that of the hub it is built for."""

    def __init__(self, hub: Hub, history: History) -> None:
        self.hub = hub
        self.history = history
        self.sequencer = Sequencer(hub, history)
        self.poller = Poller(history, self.sequencer)
        self.replayer = Replayer(history, self.poller, self.sequencer)
        self.finder = MessageFinder(hub, history, self.sequencer.timelines)
        self.sender = Sender(hub, history, self.sequencer, self.finder)
        self.reaction_sender = ReactionSender(hub, history, self.sequencer, self.finder)
        hub.attach(self)

    @property
    def mark_ms(self) -> int:
        return self.poller.mark_ms

    async def begin(self, tiles: Iterable[Tile]) -> None:
        await self.sequencer.subscribe(tiles)

    def forget(self, tiles: Iterable[Tile]) -> None:
        self.sequencer.unsubscribe(tiles)

    async def poll(self) -> None:
        await self.poller.poll()

    async def restart(self) -> None:
        await self.poller.restart()

    async def trim(self) -> None:
        """Removes expired entries from the store, then from this process."""
        await self.history.trim()
        self.sequencer.expire()
        self.sequencer.reactions.expire()
        self.finder.expire()

    async def receive(self, hint: dict[str, Any]) -> None:
        """Of a kind that only a newer release knows it is left to the poll."""
        if hint["type"] == "chat.said":
            self.sequencer.apply(*from_hint(hint))

    def repeat(self, socket: Socket, person_ids: Collection[str]) -> None:
        """Writes what these people said, up to now: what comes from now on comes by itself."""
        timelines = self.sequencer.timelines
        until = {tile: one.last for tile, one in timelines.items() if one.last is not None}
        cohort = self.hub.audience.cohort_of(socket)
        pending = {message.id for message, _ in cohort.pending} if cohort else set()
        self.hub.later(self.replayer.repeat(socket, frozenset(person_ids), until, pending))

    def apply_block(self, socket: Socket) -> None:
        """Writes the counts of reactions in which somebody is whom its person has blocked. One that
        reads history has them afterwards."""
        if socket.held is not None:
            return
        tiles = tiles_within(*socket.place.circle)
        timelines = (self.sequencer.timelines.get(tile) for tile in tiles)
        states = (one for timeline in timelines if timeline for one in timeline.states.values())
        blocked = socket.session.blocked
        shown = [one for one in states if socket.shows(one) and one.may_count(blocked)]
        self.hub.later(self.sequencer.reactions.show_counts(socket, shown))

    async def replay(self, socket: Socket, arrival: Arrival) -> set[str]:
        return await self.replayer.replay(socket, arrival)
